//! From files to what rustls needs.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig};

use super::certificates::Certificates;
use super::{CertificateFiles, ClientCertificates, TlsFiles};

/// The longest file that is read.
const LONGEST: u64 = 1024 * 1024;

/// Why TLS can't be configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: Box<str>,
    },
    /// There is no certificate to show.
    #[error("TLS needs a certificate")]
    NoCertificate,
    /// The library refuses.
    #[error("TLS cannot be set up: {0}")]
    Refused(Box<str>),
}

impl TlsError {
    fn malformed(path: &Path, what: impl Into<Box<str>>) -> Self {
        Self::Malformed { path: path.to_owned(), what: what.into() }
    }
}

pub(super) fn load(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let mut certificates = Certificates::default();
    for CertificateFiles { chain: path, key: key_path } in &files.certificates {
        let private = private_key(key_path)?;
        let key = provider.key_provider.load_private_key(private);
        let key = key.map_err(|error| TlsError::malformed(key_path, error.to_string()))?;
        let certified = CertifiedKey::new(chain(path)?, key);
        match certified.keys_match() {
            // Some keys can't be compared.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(Error::InconsistentKeys(_)) => {
                let what = format!("it is not the key of {}", path.display());
                return Err(TlsError::malformed(key_path, what));
            }
            Err(error) => return Err(TlsError::malformed(path, error.to_string())),
        }
        certificates
            .add(certified)
            .map_err(|error| TlsError::malformed(path, error.to_string()))?;
    }
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    let refused = |error: Error| TlsError::Refused(error.to_string().into());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let builder = match clients(&files.clients)? {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(verifier),
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificates));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // What a session needs to be resumed its client keeps, encrypted: nothing grows here.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = ring::Ticketer::new().map_err(refused)?;
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// Who may vouch for clients.
fn clients(clients: &ClientCertificates) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let (path, is_required) = match clients {
        ClientCertificates::Unasked => return Ok(None),
        ClientCertificates::Optional(path) => (path, false),
        ClientCertificates::Required(path) => (path, true),
    };
    let mut roots = RootCertStore::empty();
    for certificate in chain(path)? {
        roots.add(certificate).map_err(|error| TlsError::malformed(path, error.to_string()))?;
    }
    let provider = Arc::new(ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if is_required { builder } else { builder.allow_unauthenticated() };
    builder.build().map(Some).map_err(|error| TlsError::malformed(path, error.to_string()))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::malformed(path, error.to_string()))?;
    if chain.is_empty() {
        return Err(TlsError::malformed(path, "there is no certificate in it"));
    }
    Ok(chain)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::malformed(path, "there is no private key in it"),
        error => TlsError::malformed(path, error.to_string()),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let error = |error| TlsError::Read { path: path.to_owned(), error };
    let mut text = Vec::new();
    let file = File::open(path).map_err(error)?;
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(error)?;
    if text.len() as u64 > LONGEST {
        return Err(TlsError::malformed(path, "it is too long"));
    }
    Ok(text)
}
