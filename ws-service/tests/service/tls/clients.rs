//! Clients that prove who they are.

use rustls::ProtocolVersion;
use ws_service::{
    Accept, ClientCertificates, Context, Message, Protocol, Request, ServiceBuilder, TlsFiles,
};

use super::certificates::Authority;
use super::client::Settings;
use super::serve;
use crate::support::{nothing_left, text, until};

/// Says which certificate the client has shown.
struct Porter;

impl Protocol for Porter {
    type Session = Vec<u8>;
    type Note = ();

    fn accept(&self, request: &Request<'_>) -> Accept<Vec<u8>> {
        Accept::admit(request.certificate().unwrap_or_default().to_vec())
    }

    fn opened(&self, cx: &mut Context<'_>, certificate: &mut Vec<u8>) {
        let _ = cx.send(&certificate[..]);
    }

    fn message(&self, cx: &mut Context<'_>, _certificate: &mut Vec<u8>, message: Message<'_>) {
        let _ = cx.send(message);
    }
}

fn files(authority: &Authority, clients: ClientCertificates) -> TlsFiles {
    authority.files("server", &["localhost"]).clients(clients)
}

#[test]
fn accept_sees_the_certificate_of_a_client_that_must_have_one() {
    let authority = Authority::new();
    let files = files(&authority, ClientCertificates::Required(authority.ca()));
    let (service, address) = serve(ServiceBuilder::new(Porter).threads(1), files);
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3] {
        let identity = authority.identity("alice");
        let own = identity.chain[0].clone();
        let settings = Settings::with(&authority, Some(identity), Some(version));
        // Once in full, once resumed.
        for _ in 0..2 {
            let mut client = settings.connect(address);
            assert_eq!(client.read().unwrap().into_data(), own.to_vec());
            client.send("hello".into()).unwrap();
            assert_eq!(text(&mut client), "hello");
        }
    }
    let handle = service.handle();
    until(&handle, |stats| stats.connections == 0);

    let nobody = Settings::with(&authority, None, Some(ProtocolVersion::TLSv1_2));
    assert!(nobody.shake(address).is_err());
    let other = Authority::new().identity("alice");
    let stranger = Settings::with(&authority, Some(other), Some(ProtocolVersion::TLSv1_2));
    assert!(stranger.shake(address).is_err());
    let stats = until(&handle, |stats| stats.connections == 0 && stats.tls_failed == 2);
    assert_eq!(stats.handshakes, 4);
    nothing_left(&handle);
}

#[test]
fn where_it_is_optional_accept_sees_who_has_none() {
    let authority = Authority::new();
    let files = files(&authority, ClientCertificates::Optional(authority.ca()));
    let (service, address) = serve(ServiceBuilder::new(Porter).threads(1), files);
    let mut nobody = Settings::trusting(&authority).connect(address);
    assert!(nobody.read().unwrap().into_data().is_empty());
    let identity = authority.identity("bob");
    let own = identity.chain[0].clone();
    let mut bob = Settings::with(&authority, Some(identity), None).connect(address);
    assert_eq!(bob.read().unwrap().into_data(), own.to_vec());
    let stranger = Some(Authority::new().identity("bob"));
    let stranger = Settings::with(&authority, stranger, Some(ProtocolVersion::TLSv1_2));
    assert!(stranger.shake(address).is_err(), "a false name is worse than none");
    drop((nobody, bob));
    nothing_left(&service.handle());
}

#[test]
fn unasked_clients_show_nothing() {
    let authority = Authority::new();
    let files = files(&authority, ClientCertificates::Unasked);
    let (service, address) = serve(ServiceBuilder::new(Porter).threads(1), files);
    let identity = Some(authority.identity("carol"));
    let mut carol = Settings::with(&authority, identity, None).connect(address);
    assert!(carol.read().unwrap().into_data().is_empty());
    drop(carol);
    nothing_left(&service.handle());
}
