//! Clients that come through a proxy, which says for whom it connects.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ws_service::{CloseKind, Listener, ProxySource, Service, ServiceBuilder};

use crate::support::{Greeter, PATIENCE, nothing_left, text, try_upgrade, until};

fn sources(all: &[&str]) -> Vec<ProxySource> {
    all.iter().map(|text| text.parse().unwrap()).collect()
}

fn listener() -> Listener {
    Listener::tcp("127.0.0.1:0".parse().unwrap())
}

fn serve(listener: Listener) -> (Service<Greeter>, SocketAddr) {
    let builder = ServiceBuilder::new(Greeter).threads(1).configure(|config| {
        config.timeouts.handshake = Some(Duration::from_millis(500));
    });
    let service = builder.listener(listener).start().unwrap();
    let address = service.addresses()[0];
    (service, address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// What the greeter calls a client that comes behind a header.
fn name_behind<S: Read + Write>(mut stream: S, header: &[u8]) -> String {
    stream.write_all(header).unwrap();
    text(&mut try_upgrade("localhost", "/", stream).unwrap())
}

const TEXT: &[u8] = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n";
const TEXT_6: &[u8] = b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n";
const UNKNOWN: &[u8] = b"PROXY UNKNOWN\r\n";

/// A header of version 2: its command, family, addresses, and some extensions.
fn binary(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
    let extensions = [4, 0, 5, 1, 2, 3, 4, 5];
    let length = u16::try_from(addresses.len() + extensions.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, addresses, &extensions].concat()
}

fn binary_4() -> Vec<u8> {
    binary(0x21, 0x11, &[203, 0, 113, 8, 192, 0, 2, 1, 0x12, 0x67, 1, 0xbb])
}

#[test]
fn a_trusted_proxy_says_who_the_client_is() {
    let (service, address) = serve(listener().proxies(sources(&["10.0.0.0/8", "127.0.0.1"])));
    assert_eq!(name_behind(connect(address), TEXT), "203.0.113.7:4711");
    assert_eq!(name_behind(connect(address), TEXT_6), "[2001:db8::7]:4711");
    assert_eq!(name_behind(connect(address), &binary_4()), "203.0.113.8:4711");
    // Whoever speaks for itself is who it is: LOCAL, UNKNOWN, and what is no TCP.
    let itself = |header: &[u8]| {
        let stream = connect(address);
        let own = stream.local_addr().unwrap().to_string();
        assert_eq!(name_behind(stream, header), own);
    };
    itself(UNKNOWN);
    itself(&binary(0x20, 0x00, &[]));
    itself(&binary(0x20, 0x11, &[203, 0, 113, 8, 192, 0, 2, 1, 0x12, 0x67, 1, 0xbb]));
    itself(&binary(0x21, 0x12, &[203, 0, 113, 8, 192, 0, 2, 1, 0x12, 0x67, 1, 0xbb]));
    let handle = service.handle();
    let stats = until(&handle, |stats| stats.connections == 0);
    assert_eq!((stats.proxied, stats.proxy_failed, stats.handshakes), (7, 0, 7));
    nothing_left(&handle);
}

#[test]
fn a_header_in_single_bytes_is_a_header() {
    let (_service, address) = serve(listener().proxies(sources(&["127.0.0.0/8"])));
    for header in [TEXT.to_vec(), binary_4()] {
        let mut stream = connect(address);
        for byte in &header {
            stream.write_all(&[*byte]).unwrap();
        }
        assert!(name_behind(stream, b"").starts_with("203.0.113."));
    }
}

/// With the request right behind it, however small the pieces the service reads.
#[test]
fn nothing_behind_a_header_is_lost() {
    for receive_buffer in [10, 60, 1 << 19] {
        let builder = ServiceBuilder::new(Greeter)
            .threads(1)
            .configure_net(|net| net.receive_buffer = receive_buffer)
            .listener(listener().proxies(sources(&["127.0.0.0/8"])));
        let service = builder.start().unwrap();
        let mut stream = connect(service.addresses()[0]);
        let request = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(&[&binary_4(), &request[..]].concat()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"203.0.113.8:4711") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "));
    }
}

#[test]
fn a_proxy_that_does_not_say_is_not_served() {
    let (service, address) = serve(listener().proxies(sources(&["127.0.0.1"])));
    let endless = [b"PROXY TCP4 ", &[b'1'; 5000][..]].concat();
    let huge = binary(0x21, 0x11, &[1; 5000]);
    for bad in [
        &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.400 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n",
        b"\r\n\r\n\0\r\nQUIT\r\x21\x11\0\0",
        &binary(0x31, 0x11, &[0; 12]),
        &binary(0x22, 0x11, &[0; 12]),
        &endless,
        &huge,
    ] {
        let mut stream = connect(address);
        // It may be gone before all is written.
        let _ = stream.write_all(bad);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{answer:?}");
    }
    let handle = service.handle();
    let stats = until(&handle, |stats| stats.connections == 0);
    assert_eq!((stats.proxied, stats.proxy_failed), (0, 9));
    // Half a header, and no more: that ends at the handshake deadline.
    let mut slow = connect(address);
    slow.write_all(&TEXT[..20]).unwrap();
    assert_eq!(slow.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert_eq!(handle.stats().closes(CloseKind::HandshakeTimeout), 1);
    nothing_left(&handle);
}

#[test]
fn nobody_else_is_believed() {
    let (service, address) = serve(listener().proxies(sources(&["10.0.0.0/8", "unix"])));
    let stream = connect(address);
    let own = stream.local_addr().unwrap().to_string();
    assert_eq!(name_behind(stream, b""), own, "others are clients");
    let mut liar = connect(address);
    liar.write_all(&[TEXT, b"\r\n\r\n"].concat()).unwrap();
    let mut answer = String::new();
    liar.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(service.handle().stats().proxied, 0);
}

#[test]
fn a_proxy_may_come_through_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = Listener::unix(&path).proxies([ProxySource::UNIX]);
    let service = ServiceBuilder::new(Greeter).threads(2).listener(listener).start().unwrap();
    assert_eq!(name_behind(UnixStream::connect(&path).unwrap(), TEXT), "203.0.113.7:4711");
    assert_eq!(name_behind(UnixStream::connect(&path).unwrap(), UNKNOWN), "unix");
    drop(service);
}

#[test]
fn sources_are_read_as_they_are_written() {
    for good in ["10.0.0.0/8", "10.1.2.3", "::1", "2001:db8::/32", "unix"] {
        assert!(good.parse::<ProxySource>().is_ok(), "{good}");
    }
    for bad in ["", "localhost", "10.0.0.0/33", "10.0.0", "unix:"] {
        assert!(bad.parse::<ProxySource>().is_err(), "{bad}");
    }
}
