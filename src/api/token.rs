//! The token that opens the API: a file of the profile, for its owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::driver::seed;
use crate::profile::Profile;
use crate::tr;

/// A shorter one can be guessed.
const SHORTEST: usize = 32;
/// A longer one is no token.
const LONGEST: u64 = 1024;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error("{}", tr!("{file}: others can read it; remove it, and the next start makes another", file = path.display()))]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// Somebody wrote something else into it.
    #[error("{}", tr!("{file}: no token of at least {n} characters; remove it, and the next start makes another", file = path.display(), n = SHORTEST))]
    Short {
        /// The file.
        path: PathBuf,
    },
}

/// `api-token` of the profile.
pub fn token_path(profile: &Profile) -> PathBuf {
    profile.dir().join("api-token")
}

/// The profile's token, made where there is none.
pub(super) fn load(profile: &Profile) -> Result<String, TokenError> {
    let path = token_path(profile);
    let io = |source| TokenError::Io {
        path: path.clone(),
        source,
    };
    match File::open(&path) {
        Ok(file) => read(file, &path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = URL_SAFE_NO_PAD.encode(seed());
            write(&path, &token).map_err(io)?;
            Ok(token)
        }
        Err(error) => Err(io(error)),
    }
}

fn read(file: File, path: &Path) -> Result<String, TokenError> {
    let path = path.to_owned();
    let mut text = String::new();
    let read = file
        .metadata()
        .and_then(|known| Ok((known, file.take(LONGEST).read_to_string(&mut text)?)));
    match read {
        Err(source) => Err(TokenError::Io { path, source }),
        Ok((known, _)) if known.permissions().mode() & 0o077 != 0 => Err(TokenError::Open { path }),
        Ok(_) if text.trim().len() < SHORTEST => Err(TokenError::Short { path }),
        Ok(_) => Ok(text.trim().to_owned()),
    }
}

/// The file appears whole or not at all.
fn write(path: &Path, token: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    writeln!(file, "{token}")?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn profile() -> (tempfile::TempDir, Profile) {
        let dir = tempfile::tempdir().unwrap();
        let profile = Profile::locate(Some(dir.path().to_owned())).unwrap();
        (dir, profile)
    }

    #[test]
    fn a_token_is_made_once_for_its_owner_alone_and_a_new_one_where_it_was_removed() {
        let (_dir, profile) = profile();
        let first = load(&profile).unwrap();
        assert_eq!(first.len(), 43);
        let mode = fs::metadata(token_path(&profile))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(load(&profile).unwrap(), first);
        fs::remove_file(token_path(&profile)).unwrap();
        assert_ne!(load(&profile).unwrap(), first);
    }

    #[test]
    fn a_token_that_others_can_read_or_guess_is_refused() {
        let (_dir, profile) = profile();
        load(&profile).unwrap();
        let path = token_path(&profile);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refusal = load(&profile).unwrap_err().to_string();
        assert!(refusal.contains("others can read it"), "{refusal}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "secret\n").unwrap();
        let refusal = load(&profile).unwrap_err().to_string();
        assert!(refusal.contains("at least 32 characters"), "{refusal}");
    }
}
