//! An upgrade request, as the protocol sees it.

use http::{HeaderMap, Uri};

use super::handshake;
use super::id::ConnectionId;
use super::peer::Peer;

/// A client's upgrade request, complete and checked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub(super) id: ConnectionId,
    pub(super) peer: Peer,
    pub(super) head: &'a http::Request<()>,
    pub(super) certificate: Option<&'a [u8]>,
    pub(super) params: Option<&'a matchit::Params<'a, 'a>>,
}

impl<'a> Request<'a> {
    /// The connection that asks, for a deferred answer.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Who asks.
    #[must_use]
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// The certificate, in DER, by which the client has proved itself to the transport (mutual TLS);
    /// `None` if it has shown none.
    #[must_use]
    pub const fn certificate(&self) -> Option<&'a [u8]> {
        self.certificate
    }

    /// The path, as sent (percent-encoded).
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.head.uri().path()
    }

    /// What followed the `?`, as sent.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.head.uri().query()
    }

    /// The request target.
    #[must_use]
    pub fn uri(&self) -> &'a Uri {
        self.head.uri()
    }

    /// The header fields.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.head.headers()
    }

    /// The subprotocols that the client offers, in its order of preference (RFC 6455 §11.3.4).
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> {
        handshake::offered_subprotocols(self.head.headers())
    }

    /// The first subprotocol of the client's list that is one of `ours`, for
    /// [`Accept::subprotocol`](super::Accept::subprotocol). Names are case-sensitive.
    #[must_use]
    pub fn choose_subprotocol(&self, ours: &[&str]) -> Option<Subprotocol<'a>> {
        self.subprotocols().find(|name| ours.contains(name)).map(Subprotocol)
    }

    /// What the path has in the place of `{name}` in the route's pattern, as sent.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params?.get(name)
    }
}

/// A subprotocol that the client offers: no other can be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subprotocol<'a>(&'a str);

impl<'a> Subprotocol<'a> {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'a str {
        self.0
    }
}
