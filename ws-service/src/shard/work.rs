//! What we do for our peers, counted where it is done, in tests only: bytes that are looked at or compressed, names
//! that are compared. That nothing is done again and again can't be seen from outside, but in time.

use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;

use sul::Timestamp;

use super::context::Context;
use super::id::ConnectionKey;
use super::protocol::{Accept, Message, Protocol};
use super::request::Request;
use super::{Config, Frame, Mail, Shard, ShardId};

thread_local! {
    static DONE: Cell<usize> = const { Cell::new(0) };
}

/// So much was done.
pub(super) fn add(amount: usize) {
    DONE.set(DONE.get() + amount);
}

/// How much `work` did.
fn count(work: impl FnOnce()) -> usize {
    let before = DONE.get();
    work();
    DONE.get() - before
}

/// Admits everyone, listens to nobody, and subscribes all to `t`.
struct Deaf;

impl Protocol for Deaf {
    type Session = ();
    type Note = ();

    fn accept(&self, _: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn opened(&self, cx: &mut Context<'_>, (): &mut ()) {
        let _ = cx.subscribe("t");
    }

    fn message(&self, _: &mut Context<'_>, (): &mut (), _: Message<'_>) {}
}

const NOW: Timestamp = Timestamp::ZERO;

fn connect() -> (Shard<Deaf>, ConnectionKey) {
    let mut shard = Shard::new(Arc::new(Deaf), ShardId(0), 1, Config::default()).expect("valid");
    let key = open(&mut shard);
    (shard, key)
}

fn open(shard: &mut Shard<Deaf>) -> ConnectionKey {
    shard.open(SocketAddr::from(([127, 0, 0, 1], 1)), NOW).expect("room")
}

fn request(more: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

/// Receives `bytes` in pieces of `size`.
fn say(shard: &mut Shard<Deaf>, key: ConnectionKey, bytes: &[u8], size: usize) {
    for piece in bytes.chunks(size) {
        shard.receive(key, &mut piece.to_vec(), NOW);
        while shard.has_unread(key) {
            shard.turn(NOW);
        }
    }
}

/// tungstenite CVE-2023-43669: each byte of a long head made the server parse it again.
#[test]
fn a_head_is_read_once_however_it_comes() {
    let head = request(&format!("x: {}\r\n", "y".repeat(15_000)));
    for (size, share) in [(1, 5), (2, 4), (100, 3), (16_384, 2)] {
        let (mut shard, key) = connect();
        let looked = count(|| say(&mut shard, key, head.as_bytes(), size));
        assert_eq!(shard.counters().handshakes.get(), 1);
        assert!(looked <= share * head.len(), "{looked} of {} in pieces of {size}", head.len());
    }
}

/// ws CVE-2021-32640: parsing the list of subprotocols took quadratic time.
#[test]
fn subprotocols_are_not_compared_each_with_each() {
    for name in [
        |n: usize| format!("p{n}"),
        |n| format!("p{}", 2_500 - n),
        |n| format!("p{}", n * 7 % 2_500),
    ] {
        let list: Vec<String> = (0..2_500).map(name).collect();
        let head = request(&format!("Sec-WebSocket-Protocol: {}\r\n", list.join(",")));
        let (mut shard, key) = connect();
        let work = count(|| say(&mut shard, key, head.as_bytes(), head.len()));
        assert_eq!(shard.counters().handshakes.get(), 1);
        let compared = work - 2 * head.len();
        assert!(compared <= 2_500 * 20, "{compared} comparisons of 2,500 names");
    }
}

/// A character in pieces is looked at once a piece, and all the text before it not again.
#[test]
fn text_is_read_once_however_it_comes() {
    let text = "aé€🦀".repeat(2_000);
    let mut whole = vec![0x01, 0x80, 0, 0, 0, 0];
    for byte in text.as_bytes() {
        whole.extend([0x00, 0x81, 0, 0, 0, 0, *byte]);
    }
    for size in [1, 7, 1_000, whole.len()] {
        let (mut shard, key) = connect();
        say(&mut shard, key, request("").as_bytes(), 1_000);
        let looked = count(|| say(&mut shard, key, &whole, size));
        assert!(
            looked <= 2 * text.len() + 2_000,
            "{looked} of {}: in pieces of {size}",
            text.len()
        );
        assert!(looked >= text.len());
    }
}

/// What is published is compressed once for all who take no context over and have agreed on the same window.
#[test]
fn a_publication_is_compressed_once_for_a_window() {
    let (mut shard, first) = connect();
    let keys = [first].into_iter().chain((0..9).map(|_| open(&mut shard))).collect::<Vec<_>>();
    for (place, &key) in keys.iter().enumerate() {
        let window = if place < 5 { 15 } else { 10 };
        let offer = format!("permessage-deflate; server_max_window_bits={window}");
        let head = request(&format!("Sec-WebSocket-Extensions: {offer}\r\n"));
        say(&mut shard, key, head.as_bytes(), head.len());
    }
    let message = "to all who subscribe ".repeat(200);
    let publication = Frame::new(message.as_str().into()).to_topic("t");
    let compressed = count(|| {
        shard.deliver(Mail::Publish(publication), NOW);
        shard.turn(NOW);
    });
    assert_eq!(shard.counters().deflated.get(), 10);
    assert_eq!(compressed, 2 * message.len());
}
