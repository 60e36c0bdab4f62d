//! Peers that send much, or make us send much.

use flate2::{Compress, Compression, FlushCompress};
use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseKind, CloseReason, CompressionMode, Overflow, Violation};

use super::violates::{FRAGMENTS, violates};
use crate::driver::Driver;
use crate::driver::client::{BINARY, FIN, TEXT, frame, header, ping, request, text};
use crate::driver::echo::Echo;
use crate::driver::peer::close_frame;

/// ws CVE-2026-48779, Netty CVE-2014-0193: endless tiny or empty fragments.
#[test]
fn endless_fragments_end_at_the_limit() {
    for piece in [&b""[..], b"a"] {
        let rest = (1..FRAGMENTS).flat_map(|_| frame(0, piece));
        let begun: Vec<u8> = frame(TEXT, piece).into_iter().chain(rest).collect();
        violates(&begun, &header(0, 0), Violation::TooManyFragments, 1008);
        violates(&begun, &header(FIN, 0), Violation::TooManyFragments, 1008);
    }
}

/// The same at the limits that are the default: memory for the message, and not for its frames; copied a few
/// times, and not once a frame.
#[test]
fn fragments_cost_what_they_carry() {
    for (opcode, piece) in [(TEXT, &b""[..]), (TEXT, b"a"), (BINARY, b"a")] {
        let mut driver = Driver::of(Echo::default(), |_| {});
        let key = driver.upgrade();
        let mut bytes = frame(opcode, piece);
        bytes.extend(frame(0, piece).repeat(70_000));
        let bill = driver.bill(|driver| {
            for piece in bytes.chunks(1_000) {
                driver.say(key, piece);
            }
        });
        assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
        let whole = 65_536 * piece.len() as u64;
        assert!(bill.peak <= 4 * whole + 4 * 1024, "{bill:?}");
        assert!(bill.allocated <= 6 * whole + 4 * 1024, "{bill:?}");
        assert!(bill.allocations < 40, "{bill:?}");
    }
}

/// A small message that inflates to gigabytes (GHSA-frh3-6pv6-rc8j, GHSA-hf5h-hh56-3vrg) is stopped at the limit,
/// while it is being inflated.
#[test]
fn a_decompression_bomb() {
    let mut bomb = Vec::with_capacity(100_000);
    let mut stream = Compress::new(Compression::best(), false);
    stream.compress_vec(&vec![0; 64 << 20], &mut bomb, FlushCompress::Sync).unwrap();
    bomb.truncate(bomb.len() - 4);
    let mut driver = Driver::of(Echo::default(), |config| config.limits.message_size = 100_000);
    let key = driver.connect();
    driver.say(key, &request("/", &["Sec-WebSocket-Extensions: permessage-deflate"]));
    assert_eq!(driver.status(key), 101);
    let whole = frame(FIN | 0x40 | BINARY, &bomb);
    let bill = driver.bill(|driver| driver.say(key, &whole));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Size, "")]);
    assert!(bill.peak < 3 * 100_000 + 64 * 1024, "{bill:?}");
    assert_eq!(driver.stats().messages_in, 0);
}

/// A block of two bytes that ends its stream (RFC 7692 §7.2.3.4) and tells nothing, millions of times.
#[test]
fn streams_that_end_without_end() {
    let blocks = [&b"\x03\x00".repeat(5_000_000)[..], b"\x00"].concat();
    for offer in ["permessage-deflate", "permessage-deflate; client_max_window_bits=9"] {
        for mode in [CompressionMode::Shared, CompressionMode::Dedicated] {
            let mut driver = Driver::of(Echo::default(), |config| config.compression.mode = mode);
            let key = driver.connect();
            driver.say(key, &request("/", &[&format!("Sec-WebSocket-Extensions: {offer}")]));
            assert_eq!(driver.status(key), 101);
            let whole = frame(FIN | 0x40 | BINARY, &blocks);
            let bill = driver.bill(|driver| driver.say(key, &whole));
            assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
            assert!(bill.allocations < 20, "none for each of them: {bill:?}");
        }
    }
}

/// RUSTSEC-2020-0043: what was queued for a peer that never reads had no bound.
#[test]
fn requests_for_output_that_is_never_read() {
    // What answers is queued until the turn's end, or written at once.
    for copied in [usize::MAX, 0] {
        never_read(Overflow::Close, copied);
        never_read(Overflow::Drop, copied);
    }
}

fn never_read(overflow: Overflow, copied: usize) {
    let mut driver = Driver::of(Echo::default(), |config| {
        config.limits.queued_bytes = 1_000_000;
        config.limits.overflow = overflow;
        config.budget.copied_bytes = copied;
    });
    let key = driver.upgrade();
    driver.limit_room(key, 5);
    let request = frame(FIN | BINARY, &[7; 3_000]);
    let bill = driver.bill(|driver| {
        for _ in 0..2_000 {
            driver.exchange(key, &request);
            driver.turn();
        }
    });
    let is_over = overflow == Overflow::Close;
    assert_eq!(driver.protocol.ended(), is_over.then_some(CloseReason::Backlog));
    assert!(driver.stats().queued_bytes <= 1_000_000);
    assert!(bill.peak <= 2 * 1_000_000, "{bill:?}");
    driver.give_room(key, usize::MAX);
    driver.settle();
    let messages = driver.messages(key);
    match overflow {
        Overflow::Close => {
            let expected = [Message::from(vec![7; 3_000]), close_frame(CloseCode::Again, "")];
            assert_eq!(messages, expected, "the half-written frame is whole");
            assert_eq!(driver.stats().closes(CloseKind::Backlog), 1);
        }
        Overflow::Drop => {
            assert_eq!(messages.len() as u64 + driver.stats().dropped, 2_000);
        }
    }
}

/// A ping flood from a peer that reads: a pong for each, a turn's share at a time, and nothing is kept.
#[test]
fn a_flood_of_pings() {
    let mut driver = Driver::of(Echo::default(), |_| {});
    let (key, other) = (driver.upgrade(), driver.upgrade());
    let flood = ping(b"").repeat(20_000);
    let bill = driver.bill(|driver| driver.shard.receive(key, &mut flood.clone(), driver.now));
    assert!(bill.peak < 300_000, "what is to be read, and the pongs: {bill:?}");
    let mut pongs = 0;
    while driver.shard.earliest() == Some(sul::Timestamp::ZERO) {
        driver.say(other, &text("served between"));
        assert_eq!(driver.messages(other), [Message::from("served between")]);
        let answered = driver.output(key).len() / 2;
        assert!(answered <= 2 * 1_024, "{answered} in a turn");
        pongs += answered;
    }
    assert_eq!(pongs, 20_000);
    assert_eq!(driver.stats().queued_bytes, 0);
}

/// The same from a peer that reads nothing: one pong is kept, the newest (RFC 6455 §5.5.3).
#[test]
fn a_flood_of_pings_that_nobody_wants_answered() {
    let mut driver = Driver::of(Echo::default(), |_| {});
    let key = driver.upgrade();
    driver.limit_room(key, 1);
    driver.say(key, &text("one"));
    let pings: Vec<_> = (0..10_000_u32).map(|n| ping(&n.to_be_bytes())).collect();
    let bill = driver.bill(|driver| pings.iter().for_each(|ping| driver.say(key, ping)));
    assert!(bill.peak < 1024 && bill.allocations < 10, "{bill:?}");
    assert_eq!(bill.writes, 0, "not even asked");
    assert!(driver.stats().queued_bytes <= 5 + 6);
    driver.give_room(key, usize::MAX);
    let newest = Message::Pong(9_999_u32.to_be_bytes().to_vec().into());
    assert_eq!(driver.messages(key), [Message::from("one"), newest]);
}
