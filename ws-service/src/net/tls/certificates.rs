//! Which certificate a client is shown.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use webpki::EndEntityCert;

/// Certificates by the names they are for; one name may have several, for clients that verify
/// different signatures.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    all: Vec<Arc<CertifiedKey>>,
    /// In lower case; those for all hosts of a domain as `*.example.com`.
    by_name: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
}

impl Certificates {
    /// # Errors
    /// It is no certificate of a server.
    pub(super) fn add(&mut self, certified: CertifiedKey) -> Result<(), webpki::Error> {
        let certified = Arc::new(certified);
        if let Some(own) = certified.cert.first() {
            for name in EndEntityCert::try_from(own)?.valid_dns_names() {
                let name = name.to_ascii_lowercase().into();
                self.by_name.entry(name).or_default().push(Arc::clone(&certified));
            }
        }
        self.all.push(certified);
        Ok(())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those for a host, or all if there are none.
    fn fitting(&self, name: Option<&str>) -> &[Arc<CertifiedKey>] {
        let named = name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            self.by_name.get(&*name).or_else(|| {
                // A wildcard stands for one label (RFC 6125 §6.4.3).
                let (_, domain) = name.split_once('.')?;
                self.by_name.get(&*format!("*.{domain}"))
            })
        });
        named.unwrap_or(&self.all)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fitting = self.fitting(hello.server_name());
        let schemes = hello.signature_schemes();
        let verifiable = fitting.iter().find(|it| it.key.choose_scheme(schemes).is_some());
        verifiable.or(fitting.first()).cloned()
    }
}
