//! What a listener expects of those who come through it.

use std::io;
use std::sync::Arc;

use crate::net::layer::Layer;
use crate::net::proxy::{Preamble, ProxySource};
use crate::net::tls::Tls;
use crate::shard::Peer;

/// The terms of a listener, for all its threads.
#[derive(Debug, Clone, Default)]
pub(in crate::net) struct Terms {
    pub(in crate::net) tls: Option<Tls>,
    /// Whose PROXY headers are expected and believed.
    pub(super) proxies: Arc<[ProxySource]>,
}

impl Terms {
    /// What lies above the socket of a new connection.
    ///
    /// # Errors
    /// A TLS session can't begin.
    pub(in crate::net) fn layer(&self, peer: Peer) -> io::Result<Option<Layer>> {
        let session = self.tls.as_ref().map(Tls::session).transpose()?;
        let inner = session.map(|session| Layer::Tls(Box::new(session)));
        if self.is_proxy(peer) {
            return Ok(Some(Layer::Preamble(Box::new(Preamble::new(inner)))));
        }
        Ok(inner)
    }

    pub(in crate::net) fn is_proxy(&self, peer: Peer) -> bool {
        self.proxies.iter().any(|source| source.has(peer))
    }
}
