//! An authority, and certificates of it in files.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use ws_service::TlsFiles;

/// An authority, and the directory in which its files are.
pub(super) struct Authority {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
    own: CertificateDer<'static>,
}

/// A certificate and its key, as a client holds them.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.pem"), own.pem()).unwrap();
        let own = own.der().clone();
        Self { directory, issuer: Issuer::new(params, key), own }
    }

    pub(super) fn root(&self) -> CertificateDer<'static> {
        self.own.clone()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The authority's own certificate.
    pub(super) fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// Makes a certificate for some hosts, in two files that begin with `name`.
    pub(super) fn files(&self, name: &str, hosts: &[&str]) -> TlsFiles {
        let (chain, key) = self.write(name, hosts);
        TlsFiles::new(chain, key)
    }

    pub(super) fn write(&self, name: &str, hosts: &[&str]) -> (PathBuf, PathBuf) {
        let paths = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        self.write_to(&paths.0, &paths.1, hosts);
        paths
    }

    fn write_to(&self, chain: &Path, key: &Path, hosts: &[&str]) {
        let pair = KeyPair::generate().unwrap();
        let certificate = params(hosts).signed_by(&pair, &self.issuer).unwrap();
        fs::write(chain, certificate.pem()).unwrap();
        fs::write(key, pair.serialize_pem()).unwrap();
    }

    /// Makes a certificate for a client.
    pub(super) fn identity(&self, name: &str) -> Identity {
        let pair = KeyPair::generate().unwrap();
        let certificate = params(&[name]).signed_by(&pair, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(pair.serialize_der()).into();
        Identity { chain: vec![certificate.der().clone()], key }
    }
}

fn params(hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    CertificateParams::new(hosts).unwrap()
}
