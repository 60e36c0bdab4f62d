//! New files while the service runs.

use std::fs;

use ws_service::protocols::Echo;
use ws_service::{ServiceBuilder, Tls, TlsError, TlsFiles};

use super::certificates::Authority;
use super::client::{Settings, shown};
use super::serve_with;
use crate::support::{nothing_left, text};

#[test]
fn new_files_are_for_newcomers_and_bad_ones_for_nobody() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let key = files.certificates[0].key.clone();
    let (service, address) =
        serve_with(ServiceBuilder::new(Echo).threads(2), &Tls::load(files).unwrap());
    let settings = Settings::trusting(&authority);
    let mut old = settings.connect(address);
    let before = shown(old.get_ref());
    let handle = service.handle();

    authority.write("one", &["localhost"]);
    assert_eq!(shown(&settings.shake(address).unwrap()), before, "not before it is asked for");
    handle.reload_tls().unwrap();
    let after = shown(&settings.shake(address).unwrap());
    assert_ne!(after, before);

    fs::write(&key, "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n").unwrap();
    let error = handle.reload_tls().unwrap_err();
    assert!(matches!(&error, TlsError::Malformed { path, .. } if *path == key), "{error}");
    fs::remove_file(&key).unwrap();
    let error = handle.reload_tls().unwrap_err();
    assert!(matches!(&error, TlsError::Read { path, .. } if *path == key), "{error}");
    assert_eq!(shown(&settings.shake(address).unwrap()), after);

    old.send("the same".into()).unwrap();
    assert_eq!(text(&mut old), "the same");
    drop(old);
    nothing_left(&handle);
}

/// What begins with one configuration is not resumed with another.
#[test]
fn sessions_are_resumed_until_the_files_change() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) =
        serve_with(ServiceBuilder::new(Echo).threads(2), &Tls::load(files).unwrap());
    let settings = Settings::trusting(&authority);
    let kind = || {
        let mut client = settings.connect(address);
        // The ticket comes behind the handshake.
        client.send("a".into()).unwrap();
        assert_eq!(text(&mut client), "a");
        client.get_ref().conn.handshake_kind().unwrap()
    };
    assert_eq!(kind(), rustls::HandshakeKind::Full);
    assert_eq!(kind(), rustls::HandshakeKind::Resumed);
    service.handle().reload_tls().unwrap();
    assert_eq!(kind(), rustls::HandshakeKind::Full);
}

#[test]
fn files_that_are_of_no_use_say_why() {
    let authority = Authority::new();
    let (chain, key) = authority.write("one", &["localhost"]);
    let (other_chain, _) = authority.write("two", &["localhost"]);
    let empty = authority.path("empty");
    fs::write(&empty, "").unwrap();
    let long = authority.path("long");
    fs::write(&long, vec![b'-'; 2_000_000]).unwrap();
    let load = |chain, key| Tls::load(TlsFiles::new(chain, key)).unwrap_err().to_string();
    for (error, expected) in [
        (load(&other_chain, &key), "it is not the key of "),
        (load(&empty, &key), "empty: there is no certificate in it"),
        (load(&chain, &empty), "empty: there is no private key in it"),
        (load(&chain, &chain), "one.pem: there is no private key in it"),
        (load(&long, &key), "long: it is too long"),
        (load(&authority.path("none"), &key), "none: No such file"),
        (load(&authority.path(""), &key), ": Is a directory"),
    ] {
        assert!(error.contains(expected), "{error:?} has no {expected:?}");
    }
    let nobody = TlsFiles::new(&chain, &key)
        .clients(ws_service::ClientCertificates::Required(empty.clone()));
    assert!(Tls::load(nobody).unwrap_err().to_string().contains("empty: there is no certificate"));
    let mut none = TlsFiles::new(&chain, &key);
    none.certificates.clear();
    assert!(matches!(Tls::load(none).unwrap_err(), TlsError::NoCertificate));
}
