//! What listeners that speak TLS show their clients, and ask of them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ws_service::{ClientCertificates, TlsError, TlsFiles};

/// What listeners that speak TLS show their clients, and ask of them.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "a setting has one name everywhere")]
pub(in crate::cli) struct Tls {
    /// File of a certificate, in PEM, with those that lead to a root behind it; may be given several times: a
    /// client that names a host gets the first that fits. SIGHUP loads the files again.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    tls_certificate: Vec<PathBuf>,
    /// File of the private key, in PEM, of the certificate at the same place.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    tls_key: Vec<PathBuf>,
    /// Whether clients prove by a certificate who they are.
    #[arg(long, value_name = "WHETHER", value_enum, default_value = "unasked")]
    tls_clients: Asked,
    /// File of the authorities, in PEM, whose certificates clients may show.
    #[arg(long, value_name = "FILE")]
    tls_authorities: Option<PathBuf>,
}

/// [`ClientCertificates`], as operators name them.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Asked {
    /// They are not asked.
    Unasked,
    /// They may.
    Optional,
    /// They must.
    Required,
}

/// What is wrong with these settings together, and which they are.
#[derive(Debug)]
pub(in crate::cli) struct Mismatch {
    pub(in crate::cli) settings: &'static [&'static str],
    pub(in crate::cli) what: String,
}

impl Mismatch {
    fn new(settings: &'static [&'static str], what: impl Into<String>) -> Self {
        Self { settings, what: what.into() }
    }
}

impl Tls {
    /// Loads the files, if there are any.
    ///
    /// # Errors
    /// The settings don't fit each other, or a file is of no use.
    pub(in crate::cli) fn load(&self) -> Result<Option<ws_service::Tls>, Mismatch> {
        if self.tls_certificate.len() != self.tls_key.len() {
            let (certificates, keys) = (self.tls_certificate.len(), self.tls_key.len());
            let what =
                format!("each certificate needs its key: {certificates} to {keys} is uneven");
            return Err(Mismatch::new(&["tls_certificate", "tls_key"], what));
        }
        let pairs = self.tls_certificate.iter().zip(&self.tls_key);
        let files = pairs.fold(None, |files: Option<TlsFiles>, (chain, key)| {
            Some(match files {
                Some(files) => files.and(chain, key),
                None => TlsFiles::new(chain, key),
            })
        });
        let Some(files) = files else { return Ok(None) };
        let error =
            |error: TlsError| Mismatch::new(&["tls_certificate", "tls_key"], error.to_string());
        ws_service::Tls::load(files.clients(self.clients()?)).map(Some).map_err(error)
    }

    fn clients(&self) -> Result<ClientCertificates, Mismatch> {
        match (self.tls_clients, self.tls_authorities.clone()) {
            (Asked::Unasked, _) => Ok(ClientCertificates::Unasked),
            (Asked::Optional, Some(file)) => Ok(ClientCertificates::Optional(file)),
            (Asked::Required, Some(file)) => Ok(ClientCertificates::Required(file)),
            (_, None) => Err(Mismatch::new(
                &["tls_clients", "tls_authorities"],
                "asking clients for certificates needs authorities",
            )),
        }
    }
}
