//! Services that speak TLS, with rustls's own client opposite.

mod bulk;
mod certificates;
mod client;
mod clients;
mod handshakes;
mod mutations;
mod reload;

use std::net::SocketAddr;

use ws_service::{Listener, Protocol, Service, ServiceBuilder, Tls, TlsFiles};

/// A service with one TLS listener on a free port.
fn serve<P: Protocol>(builder: ServiceBuilder<P>, files: TlsFiles) -> (Service<P>, SocketAddr) {
    serve_with(builder, &Tls::load(files).unwrap())
}

fn serve_with<P: Protocol>(builder: ServiceBuilder<P>, tls: &Tls) -> (Service<P>, SocketAddr) {
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).tls(tls.clone());
    let service = builder.listener(listener).start().unwrap();
    let address = service.addresses()[0];
    (service, address)
}
