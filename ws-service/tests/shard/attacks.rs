//! How peers of ours were broken, where no other module has it.
//!
//! Elsewhere: headers re-parsed, thousands of them, subprotocols, Origin, version, bodies and
//! slow-loris in `upgrade`; lengths, fragments, control frames, reserved bits, masks, UTF-8 and
//! close codes in `violations`; a Close that is never answered in `closing`; a peer that never reads
//! in `backpressure`; the ping flood of such a peer in `overtaking`. A decompression bomb
//! (GHSA-frh3-6pv6-rc8j, GHSA-hf5h-hh56-3vrg) needs an extension, and none is offered.

use ws_service::shard::{CloseKind, CompressionMode};

use crate::driver::Driver;
use crate::driver::client::{BINARY, FIN, TEXT, close, frame, header, ping, request, text};

/// lws: an abort at every step, of the upgrade and of all that can follow it.
#[test]
fn a_reset_after_every_byte_of_a_conversation_leaves_nothing() {
    let conversation = [
        request("/", &[]),
        text("/sub t; timer 50; pub t x"),
        frame(TEXT, b"frag"),
        ping(b"ping"),
        frame(FIN, b"ment"),
        close(1000, "bye"),
    ]
    .concat();
    for end in 0..=conversation.len() {
        let mut driver = Driver::new();
        let key = driver.connect();
        for byte in &conversation[..end] {
            driver.say(key, &[*byte]);
        }
        driver.hang_up(key);
        assert!(driver.is_closed(key), "after {end} bytes");
        let closed = driver.log().iter().filter(|line| line.starts_with("closed")).count();
        assert_eq!(closed, usize::from(end >= request("/", &[]).len()), "after {end} bytes");
        driver.settle();
        assert_eq!((driver.shard.timers(), driver.stats().topics), (0, 0));
    }
}

/// The same without a look in between: the reset comes in the same turn as the bytes.
#[test]
fn a_reset_in_the_turn_of_the_bytes_leaves_nothing() {
    let conversation = [request("/", &[]), text("/sub t; pub t x; timer 9"), text("hi")].concat();
    for end in 0..=conversation.len() {
        let mut driver = Driver::new();
        let key = driver.connect();
        driver.shard.receive(key, &mut conversation[..end].to_vec(), driver.now);
        driver.hang_up(key);
        assert!(driver.is_closed(key));
        assert_eq!(driver.output(key), b"", "to whom?");
    }
}

/// RUSTSEC-2022-0035: the declared length of a frame was allocated before it came. A shard that
/// reserved this one would not survive it.
#[test]
fn a_declared_length_allocates_nothing() {
    for opcode in [TEXT, BINARY] {
        let mut driver = Driver::with(|config| config.limits.message_size = usize::MAX);
        let key = driver.upgrade();
        driver.say(key, &header(FIN | opcode, i64::MAX as u64));
        let payload = frame(FIN | opcode, &vec![b'.'; 100_000]);
        driver.say(key, &payload[payload.len() - 100_000..]);
        driver.say(key, &payload[payload.len() - 100_000..]);
        assert_eq!(driver.output(key), b"");
        assert_eq!(driver.stats().connections, 1);
    }
}

/// Where no extension is agreed on, whatever the client offers, a compressed frame is a violation.
#[test]
fn a_compressed_frame_is_a_violation_where_the_offer_was_declined() {
    let mut driver = Driver::with(|config| config.compression.mode = CompressionMode::Off);
    let key = driver.connect();
    driver.say(key, &request("/", &["Sec-WebSocket-Extensions: permessage-deflate"]));
    let (status, head) = driver.response(key);
    assert_eq!(status, 101);
    assert!(!head.to_ascii_lowercase().contains("extensions"), "{head}");
    driver.say(key, &frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
    assert_eq!(driver.stats().closes(CloseKind::Violation), 1);
}

/// A ping flood from a peer that reads: a pong for each, and nothing is kept.
#[test]
fn a_flood_of_pings_is_answered_and_forgotten() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let flood: Vec<u8> = (0..10_000).flat_map(|_| ping(b"")).collect();
    driver.say(key, &flood);
    driver.settle();
    assert_eq!(driver.output(key).len(), 10_000 * 2);
    assert_eq!(driver.stats().queued_bytes, 0);
}
