//! A listener that speaks TLS, by the configuration file.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::{Message, WebSocket};

use crate::configuration::Written;
use crate::reload::{KEPT, Running, TAKEN};
use crate::support::{PATIENCE, run};

type Client = WebSocket<StreamOwned<ClientConnection, TcpStream>>;

/// Writes a new certificate for `localhost`, and its key.
fn write(directory: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(directory.join("chain.pem"), certificate.pem()).unwrap();
    fs::write(directory.join("key.pem"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

/// A client that trusts one certificate.
fn connect(running: &Running, trusted: &CertificateDer<'static>) -> Option<Client> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap());
    let stream = TcpStream::connect(running.server.addresses[0]).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let stream = StreamOwned::new(connection.unwrap(), stream);
    tungstenite::client("wss://localhost/echo", stream).ok().map(|(client, _)| client)
}

fn echoes(client: &mut Client) -> bool {
    client.send(Message::text("hello")).unwrap();
    client.read().unwrap() == Message::text("hello")
}

fn file(directory: &Path) -> String {
    let path = |name: &str| directory.join(name).display().to_string();
    format!("tls_certificate = '{}'\ntls_key = '{}'\n", path("chain.pem"), path("key.pem"))
}

#[test]
fn certificates_follow_sighup_and_bad_ones_are_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let old = write(directory.path());
    let text = file(directory.path());
    let mut running = Running::start_at("tls:127.0.0.1:0", &text);
    let mut client = connect(&running, &old).unwrap();
    assert!(echoes(&mut client));

    let new = write(directory.path());
    running.reload(&text, TAKEN);
    assert!(connect(&running, &old).is_none());
    assert!(echoes(&mut connect(&running, &new).unwrap()));
    assert!(echoes(&mut client), "it keeps what it was opened with");

    fs::write(directory.path().join("key.pem"), "no key").unwrap();
    let said = running.reload(&text, KEPT);
    let complaint = said[0]["complaint"].as_str().unwrap();
    assert!(complaint.contains("tls_key (") && complaint.contains("key.pem"), "{complaint}");
    assert!(echoes(&mut connect(&running, &new).unwrap()));
}

#[test]
fn settings_that_need_each_other_are_told() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path());
    let good = file(directory.path());
    let chain = good.lines().next().unwrap();
    for (text, hint) in [
        ("listen = 'tls:127.0.0.1:0'".to_owned(), "needs a certificate and its key"),
        (format!("{chain}\n"), "each certificate needs its key: 1 to 0"),
        (format!("{good}tls_clients = 'required'"), "needs authorities"),
        (good.replace("chain.pem", "none.pem"), "cannot read"),
    ] {
        let written = Written::new(&text);
        let output = run(&["check-config", "--config", written.path()]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{text}: {errors}");
        assert!(errors.contains(hint) && errors.lines().count() == 1, "{text}: {errors}");
        assert!(errors.contains(written.path()), "{text}: {errors}");
    }
    let written = Written::new(&format!("listen = 'tls:127.0.0.1:0'\n{good}"));
    assert!(run(&["check-config", "--config", written.path()]).status.success());
}
