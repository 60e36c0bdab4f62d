//! Handshakes and records that were damaged on their way, by chance.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;
use rustls::{ClientConnection, ProtocolVersion};
use ws_service::ServiceBuilder;
use ws_service::protocols::Echo;

use super::certificates::Authority;
use super::client::Settings;
use super::serve;
use crate::support::{PATIENCE, nothing_left, text, until};

const ROUNDS: usize = 500;

/// Whatever a peer makes of TLS ends its own connection and nothing else.
#[test]
fn damage_anywhere_ends_nobody_else() {
    let authority = Authority::new();
    let files = authority
        .files("one", &["localhost"])
        .clients(ws_service::ClientCertificates::Optional(authority.ca()));
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(1), files);
    let mut witness = Settings::trusting(&authority).connect(address);
    let first = std::process::id().into();
    for seed in (first..).take(ROUNDS) {
        eprintln!("seed {seed}");
        let mut random = XorShiftRng::seed_from_u64(seed);
        let version = [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3][below(&mut random, 2)];
        let identity = (below(&mut random, 2) == 0).then(|| authority.identity("alice"));
        let settings = Settings::with(&authority, identity, Some(version));
        damaged(&settings, address, &mut random);
    }
    witness.send("still here".into()).unwrap();
    assert_eq!(text(&mut witness), "still here");
    drop(witness);
    let handle = service.handle();
    let stats = until(&handle, |stats| stats.connections == 0);
    assert!(stats.tls_failed > ROUNDS as u64 / 4, "{stats:?}");
    nothing_left(&handle);
}

/// A client one of whose flights is damaged: of its handshake, or of the messages that follow.
fn damaged(settings: &Settings, address: SocketAddr, random: &mut XorShiftRng) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut connection = settings.connection();
    let which = below(random, 4);
    for number in 0..4 {
        if !connection.is_handshaking() {
            connection.writer().write_all(b"GET / HTTP/1.1\r\n").unwrap();
        }
        let mut flight = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut flight).unwrap();
        }
        if number == which {
            damage(&mut flight, random);
        }
        if stream.write_all(&flight).is_err() {
            return;
        }
        let waits = connection.is_handshaking() && number < which;
        if waits && !hear(&mut connection, &mut stream) {
            return;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Takes the server's answer; says whether that was one.
fn hear(connection: &mut ClientConnection, stream: &mut TcpStream) -> bool {
    matches!(connection.read_tls(stream), Ok(1..)) && connection.process_new_packets().is_ok()
}

fn damage(flight: &mut Vec<u8>, random: &mut XorShiftRng) {
    for _ in 0..=below(random, 3) {
        let at = below(random, flight.len().max(1));
        match below(random, 5) {
            _ if flight.is_empty() => flight.push(byte(random)),
            0 => flight[at] ^= 1 << below(random, 8),
            1 => flight[at] = byte(random),
            2 => flight.insert(at, byte(random)),
            3 => flight.truncate(at),
            _ => {
                let copy = flight[at..].to_vec();
                flight.extend(copy);
            }
        }
    }
}

fn below(random: &mut XorShiftRng, bound: usize) -> usize {
    usize::try_from(random.next_u64() % bound as u64).unwrap()
}

fn byte(random: &mut XorShiftRng) -> u8 {
    random.next_u32().to_le_bytes()[0]
}
