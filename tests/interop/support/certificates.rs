//! Certificates made for a test: an authority of its own, and what it vouches for.

use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use tempfile::TempDir;

/// An authority and the folder with the files it wrote.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// The files of one server.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "An authority of the tests");
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("authority.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    /// Its own certificate, for those who are to believe it.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A server's certificate for these names and addresses.
    pub fn certify(&self, names: &[&str]) -> Certificate {
        self.certify_with(names, |_| {})
    }

    /// The same, with something unusual about it.
    pub fn certify_with(
        &self,
        names: &[&str],
        edit: impl FnOnce(&mut CertificateParams),
    ) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let certificate = server(names, edit).signed_by(&key, &self.issuer).unwrap();
        self.write(&certificate.pem(), &key)
    }

    /// A certificate that nobody but itself vouches for.
    pub fn self_signed(&self, names: &[&str]) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let certificate = server(names, |_| {}).self_signed(&key).unwrap();
        self.write(&certificate.pem(), &key)
    }

    fn write(&self, certificate: &str, key: &KeyPair) -> Certificate {
        let count = fs::read_dir(self.folder.path()).unwrap().count();
        let file = |ending: &str| self.folder.path().join(format!("{count}.{ending}"));
        let files = Certificate {
            certificate: file("pem"),
            key: file("key"),
        };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}

fn server(names: &[&str], edit: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    edit(&mut params);
    params
}
