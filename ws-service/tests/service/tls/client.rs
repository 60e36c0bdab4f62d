//! A client that speaks TLS.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned};
use tungstenite::WebSocket;

use super::certificates::{Authority, Identity};
use crate::support::{PATIENCE, try_upgrade};

pub(super) type Stream = StreamOwned<ClientConnection, TcpStream>;
pub(super) type Client = WebSocket<Stream>;

/// How a client behaves.
pub(super) struct Settings {
    pub(super) config: ClientConfig,
    pub(super) host: &'static str,
}

impl Settings {
    /// Trusts an authority, and asks for `localhost`.
    pub(super) fn trusting(authority: &Authority) -> Self {
        Self::with(authority, None, None)
    }

    pub(super) fn with(
        authority: &Authority,
        identity: Option<Identity>,
        version: Option<ProtocolVersion>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.root()).unwrap();
        let versions = match version {
            Some(ProtocolVersion::TLSv1_2) => &[&rustls::version::TLS12][..],
            Some(ProtocolVersion::TLSv1_3) => &[&rustls::version::TLS13][..],
            _ => rustls::ALL_VERSIONS,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key).unwrap(),
        };
        Self { config, host: "localhost" }
    }

    pub(super) fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    /// The client's side of TLS, before anything is sent.
    pub(super) fn connection(&self) -> ClientConnection {
        let name = self.host.try_into().unwrap();
        ClientConnection::new(Arc::new(self.config.clone()), name).unwrap()
    }

    /// Completes the TLS handshake.
    pub(super) fn shake(&self, address: SocketAddr) -> io::Result<Stream> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut connection = self.connection();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(connection, stream))
    }

    /// Completes the upgrade, too.
    pub(super) fn connect(&self, address: SocketAddr) -> Client {
        try_upgrade(self.host, "/", self.shake(address).unwrap()).unwrap()
    }
}

/// The certificate that the server has shown.
pub(super) fn shown(stream: &Stream) -> CertificateDer<'static> {
    stream.conn.peer_certificates().unwrap()[0].clone()
}
