//! A registrar that grants whatever it hears, over TLS or TCP, and notes it: for certificates and
//! servers that a real one would not start with.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Certificate, Journal};

pub struct Registrar {
    port: u16,
    heard: Arc<Journal<String>>,
}

impl Registrar {
    /// One that proves itself with these files.
    pub fn secure(files: &Certificate) -> Registrar {
        let config = Arc::new(configuration(files));
        Registrar::start(move |stream, heard| {
            let connection = ServerConnection::new(config.clone()).unwrap();
            converse(StreamOwned::new(connection, stream), heard);
        })
    }

    /// One without TLS.
    pub fn plain() -> Registrar {
        Registrar::start(converse)
    }

    /// One that takes connections and never says a word.
    pub fn silent() -> Registrar {
        Registrar::start(|mut stream, _| drop(stream.read_to_end(&mut Vec::new())))
    }

    fn start(talk: impl Fn(TcpStream, &Journal<String>) + Send + Sync + 'static) -> Registrar {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Journal::new());
        let journal = heard.clone();
        let talk = Arc::new(talk);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (talk, journal) = (talk.clone(), journal.clone());
                thread::spawn(move || talk(stream, &journal));
            }
        });
        Registrar { port, heard }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every request that reached it.
    pub fn heard(&self) -> Vec<String> {
        self.heard.all()
    }
}

fn configuration(files: &Certificate) -> ServerConfig {
    let chain = BufReader::new(File::open(&files.certificate).unwrap());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_reader_iter(chain).collect();
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.unwrap(), key)
        .unwrap()
}

/// Reads requests without bodies and grants each.
fn converse(mut stream: impl Read + Write, heard: &Journal<String>) {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
        while let Some(end) = text.find("\r\n\r\n") {
            let request: String = text.drain(..end + 4).collect();
            if request.trim().is_empty() {
                continue;
            }
            let _ = stream.write_all(granted(&request).as_bytes());
            heard.push(request);
        }
    }
}

fn granted(request: &str) -> String {
    let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"];
    let mut response = "SIP/2.0 200 OK\r\n".to_owned();
    for line in request
        .lines()
        .filter(|line| kept.iter().any(|name| line.starts_with(name)))
    {
        response.push_str(line);
        if line.starts_with("To:") {
            response.push_str(";tag=granted");
        }
        response.push_str("\r\n");
    }
    response + "Content-Length: 0\r\n\r\n"
}
