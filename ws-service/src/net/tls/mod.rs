//! TLS, by rustls: what a listener shows its clients, and a connection's part in it.
//!
//! **Architecture invariant:** rustls decides what is on the wire, this room when it gets there. No
//! connection owns a buffer while it is idle.

mod certificates;
mod files;
mod session;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;

pub use files::TlsError;
pub(super) use session::{Session, SessionError};

/// The files that TLS is configured by, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFiles {
    /// Certificates, each with its key. A client that names a host gets the first that fits it and
    /// that it can verify; one that names none, or one that fits none, the first of all.
    pub certificates: Vec<CertificateFiles>,
    /// What is asked of clients. Default: nothing.
    pub clients: ClientCertificates,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and behind it those that lead to a root.
    pub chain: PathBuf,
    /// Its private key: PKCS #8, PKCS #1 or SEC1, not encrypted.
    pub key: PathBuf,
}

/// Whether clients prove who they are (mutual TLS), and by whose word:
/// [`Request::certificate`](crate::Request::certificate).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    Unasked,
    /// They may show a certificate of these authorities; one of another is refused.
    Optional(PathBuf),
    /// They must.
    Required(PathBuf),
}

impl TlsFiles {
    /// One certificate for everyone.
    #[must_use]
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificates: Vec::new(), clients: ClientCertificates::Unasked }.and(chain, key)
    }

    /// One more certificate.
    #[must_use]
    pub fn and(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        let files = CertificateFiles { chain: chain.into(), key: key.into() };
        self.certificates.push(files);
        self
    }

    /// Asks clients for certificates.
    #[must_use]
    pub fn clients(mut self, clients: ClientCertificates) -> Self {
        self.clients = clients;
        self
    }
}

/// TLS for listeners: versions 1.2 and 1.3, `http/1.1` by ALPN. Cheap to clone; all clones are one.
///
/// Its files can be [loaded anew](Self::reload) while it is in use.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Loads the files.
    ///
    /// # Errors
    /// One can't be read, is none, or doesn't fit the other.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let current = RwLock::new(Arc::new(files::load(&files)?));
        Ok(Self(Arc::new(Inner { files, current })))
    }

    /// Loads the files again. Connections that are there keep what they were opened with; whoever
    /// comes from now on gets what the files have. No session is resumed that began before.
    ///
    /// # Errors
    /// As for [`load`](Self::load): then everything stays as it was.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = files::load(&self.0.files)?;
        *self.0.current.write() = Arc::new(config);
        Ok(())
    }

    /// The files it is loaded from.
    #[must_use]
    pub fn files(&self) -> &TlsFiles {
        &self.0.files
    }

    /// A session for a new connection.
    ///
    /// # Errors
    /// The library refuses.
    pub(super) fn session(&self) -> io::Result<Session> {
        Session::new(Arc::clone(&self.0.current.read())).map_err(io::Error::other)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.files).finish()
    }
}
