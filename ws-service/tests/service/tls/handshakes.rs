//! Handshakes: torn, broken, never finished, of two versions, for several hosts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustls::ProtocolVersion;
use ws_service::protocols::Echo;
use ws_service::{CloseKind, ServiceBuilder};

use super::certificates::Authority;
use super::client::{Settings, shown};
use super::serve;
use crate::support::{PATIENCE, close_code, nothing_left, text, until};

/// The type of a record that says what is wrong.
const ALERT: u8 = 21;

#[test]
fn both_versions_echo_and_end_in_good_order() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(2), files);
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3] {
        let mut settings = Settings::with(&authority, None, Some(version));
        settings.config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut client = settings.connect(address);
        let connection = &client.get_ref().conn;
        assert_eq!(connection.protocol_version(), Some(version));
        assert_eq!(connection.alpn_protocol(), Some(&b"http/1.1"[..]));
        for number in 0..10 {
            client.send(number.to_string().into()).unwrap();
            assert_eq!(text(&mut client), number.to_string());
        }
        client.close(None).unwrap();
        assert_eq!(close_code(&mut client), 1005);
        // rustls tells an end without close_notify from one with it.
        let end = client.get_mut().read(&mut [0]);
        assert_eq!(end.unwrap(), 0, "{version:?}");
    }
    let handle = service.handle();
    assert_eq!(handle.stats().tls_handshakes, 2);
    drop(service);
    nothing_left(&handle);
}

#[test]
fn draining_says_1001_and_close_notify() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(2), files);
    let settings = Settings::trusting(&authority);
    let mut clients: Vec<_> = (0..10).map(|_| settings.connect(address)).collect();
    let handle = service.handle();
    until(&handle, |stats| stats.handshakes == 10);
    handle.drain();
    for client in &mut clients {
        assert_eq!(close_code(client), 1001);
        assert_eq!(client.get_mut().read(&mut [0]).unwrap(), 0);
    }
    service.wait().unwrap();
    nothing_left(&handle);
}

/// A protocol that only h2 speaks is not ours: TLS says so before HTTP has to.
#[test]
fn a_client_of_another_protocol_is_refused() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(1), files);
    let mut settings = Settings::trusting(&authority);
    settings.config.alpn_protocols = vec![b"h2".to_vec()];
    let error = settings.shake(address).unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
    let handle = service.handle();
    until(&handle, |stats| stats.tls_failed == 1);
    nothing_left(&handle);
}

#[test]
fn every_host_is_shown_its_certificate() {
    let authority = Authority::new();
    let first = authority.write("first", &["localhost", "first.test"]);
    let second = authority.write("second", &["Second.test", "*.wild.test"]);
    let files = ws_service::TlsFiles::new(&first.0, &first.1).and(&second.0, &second.1);
    let (_service, address) = serve(ServiceBuilder::new(Echo).threads(1), files);
    let shown_to = |host| shown(&Settings::trusting(&authority).host(host).shake(address).unwrap());
    let (one, other) = (shown_to("first.test"), shown_to("second.test"));
    assert_ne!(one, other);
    assert_eq!(shown_to("localhost"), one);
    assert_eq!(shown_to("SECOND.test"), other);
    assert_eq!(shown_to("any.wild.test"), other);
    // Of a host that no certificate is for, the client must think what it will.
    for host in ["third.test", "two.labels.wild.test", "wild.test"] {
        let error = Settings::trusting(&authority).host(host).shake(address).unwrap_err();
        assert!(error.to_string().contains("not valid for name"), "{host}: {error}");
    }
}

#[test]
fn a_handshake_in_single_bytes_is_a_handshake() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(1), files);
    let settings = Settings::trusting(&authority);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut connection = settings.connection();
    while connection.is_handshaking() || connection.wants_write() {
        let mut flight = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut flight).unwrap();
        }
        for byte in flight {
            stream.write_all(&[byte]).unwrap();
        }
        if connection.is_handshaking() {
            connection.read_tls(&mut stream).unwrap();
            connection.process_new_packets().unwrap();
        }
    }
    let stream = rustls::StreamOwned::new(connection, stream);
    let mut client = crate::support::try_upgrade("localhost", "/", stream).unwrap();
    client.send("torn".into()).unwrap();
    assert_eq!(text(&mut client), "torn");
    drop(client);
    nothing_left(&service.handle());
}

/// The same with records: what has come of one waits for its rest.
#[test]
fn records_in_single_bytes_are_records() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(1), files);
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3] {
        let settings = Settings::with(&authority, None, Some(version));
        let stream = settings.shake(address).unwrap();
        let mut client = crate::support::try_upgrade("localhost", "/", Torn(stream)).unwrap();
        for number in 0..20 {
            client.send(number.to_string().into()).unwrap();
            assert_eq!(text(&mut client), number.to_string());
        }
    }
    nothing_left(&service.handle());
}

/// Writes each record in single bytes.
struct Torn(super::client::Stream);

impl Read for Torn {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Torn {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.0.conn.writer().write(bytes)?;
        let mut records = Vec::new();
        while self.0.conn.wants_write() {
            self.0.conn.write_tls(&mut records)?;
        }
        self.0.sock.set_nodelay(true)?;
        records.iter().try_for_each(|byte| self.0.sock.write_all(&[*byte]))?;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn what_is_no_tls_gets_an_alert_and_its_end() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(1), files);
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        // A record longer than any may be, an empty handshake, a type there is not.
        &[22, 3, 3, 0xff, 0xff, 1, 2, 3],
        &[22, 3, 1, 0, 0],
        &[99, 3, 3, 0, 1, 0],
        // A ClientHello that claims 16 MiB.
        &[22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff],
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(garbage).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert!(answer.is_empty() || answer[0] == ALERT, "to {garbage:?}: {answer:?}");
        assert!(garbage[0] != b'G' || answer[0] == ALERT, "HTTP is told: {answer:?}");
    }
    let handle = service.handle();
    let stats = until(&handle, |stats| stats.connections == 0);
    assert_eq!((stats.tls_failed, stats.handshakes_failed), (5, 5));
    nothing_left(&handle);
}

/// More of a handshake message than is kept of one.
#[test]
fn an_endless_handshake_message_is_not_kept() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(1), files);
    let mut stream = TcpStream::connect(address).unwrap();
    // 60,000 bytes of ClientHello are announced, in records of 1,000.
    let mut record = vec![22, 3, 1, 3, 0xe8, 1, 0, 0xea, 0x60];
    record.resize(5 + 1000, 0);
    for _ in 0..59 {
        if stream.write_all(&record).is_err() {
            break;
        }
        record[5] = 0;
    }
    let handle = service.handle();
    let stats = until(&handle, |stats| stats.opened == 1 && stats.connections == 0);
    assert_eq!(stats.tls_failed, 1);
    nothing_left(&handle);
}

/// The handshake deadline runs from the first byte of TLS to the last of the upgrade request.
#[test]
fn the_handshake_deadline_covers_tls() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let builder = ServiceBuilder::new(Echo).threads(1).configure(|config| {
        config.timeouts.handshake = Some(Duration::from_millis(200));
    });
    let (service, address) = serve(builder, files);
    let mute = TcpStream::connect(address).unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(&[22, 3, 1]).unwrap();
    let mut asks_nothing = Settings::trusting(&authority).shake(address).unwrap();
    let mut answer = Vec::new();
    asks_nothing.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
    let handle = service.handle();
    let stats = until(&handle, |stats| stats.opened == 3 && stats.connections == 0);
    assert_eq!(stats.closes(CloseKind::HandshakeTimeout), 3);
    drop((mute, slow));
    nothing_left(&handle);
}

/// Peers that go at every byte of their handshake leave nothing behind.
#[test]
fn a_handshake_that_ends_anywhere_leaves_nothing() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(2), files);
    let settings = Settings::trusting(&authority);
    let mut hello = Vec::new();
    settings.connection().write_tls(&mut hello).unwrap();
    for length in 0..hello.len() {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&hello[..length]).unwrap();
    }
    let mut client = settings.connect(address);
    client.send("unmoved".into()).unwrap();
    assert_eq!(text(&mut client), "unmoved");
    drop(client);
    let handle = service.handle();
    let count = hello.len() as u64 + 1;
    until(&handle, |stats| stats.opened == count && stats.connections == 0);
    nothing_left(&handle);
}

/// A proxy says for whom it connects in plain text; then its client speaks TLS.
#[test]
fn tls_may_come_behind_a_proxys_header() {
    let authority = Authority::new();
    let tls = ws_service::Tls::load(authority.files("one", &["localhost"])).unwrap();
    let listener = ws_service::Listener::tcp("127.0.0.1:0".parse().unwrap())
        .tls(tls)
        .proxies(["127.0.0.1".parse().unwrap()]);
    let service = ServiceBuilder::new(Echo).threads(1).listener(listener).start().unwrap();
    let settings = Settings::trusting(&authority);
    for is_one_piece in [false, true] {
        let mut stream = TcpStream::connect(service.addresses()[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut connection = settings.connection();
        let mut first = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n".to_vec();
        if is_one_piece {
            connection.write_tls(&mut first).unwrap();
        }
        stream.write_all(&first).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        let stream = rustls::StreamOwned::new(connection, stream);
        let mut client = crate::support::try_upgrade("localhost", "/", stream).unwrap();
        client.send("through".into()).unwrap();
        assert_eq!(text(&mut client), "through");
    }
    let handle = service.handle();
    assert_eq!(handle.stats().proxied, 2);
    nothing_left(&handle);
}

/// A turn does no more handshakes than its budget; those that are left come in the next.
#[test]
fn many_handshakes_at_once_are_all_served() {
    let authority = Authority::new();
    let files = authority.files("one", &["localhost"]);
    let builder = ServiceBuilder::new(Echo).threads(1).configure_net(|net| {
        net.budget.tls_handshakes = 1;
    });
    let (service, address) = serve(builder, files);
    let crowd: Vec<_> = (0..30)
        .map(|_| {
            let settings = Settings::trusting(&authority);
            std::thread::spawn(move || {
                let mut client = settings.connect(address);
                client.send("in".into()).unwrap();
                assert_eq!(text(&mut client), "in");
            })
        })
        .collect();
    for client in crowd {
        client.join().unwrap();
    }
    let handle = service.handle();
    assert_eq!(until(&handle, |stats| stats.connections == 0).tls_handshakes, 30);
    nothing_left(&handle);
}
