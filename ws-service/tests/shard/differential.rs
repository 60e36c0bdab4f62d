//! The same streams, valid and mutated, through tungstenite's own decoder in a server's role.
//!
//! Where the two differ on purpose:
//! - A length in a longer form than needed breaks RFC 6455 §5.2; tungstenite takes it.
//! - A Close with a forbidden code is a violation here; tungstenite reads it as a Close with 1002.
//! - The shard looks at masks and sequence before sizes, and at a close code before the text,
//!   tungstenite the other way round: which of two faults of one frame is named may differ.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use tungstenite::protocol::Role;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};
use ws_service::shard::{CloseReason, Violation};

use crate::driver::Driver;
use crate::driver::client::{close, frame, header};
use crate::driver::echo::Echo;
use crate::driver::peer::read_all;

/// A message may have so many bytes.
const LIMIT: usize = 600;

/// Every stream ends with so many zeros: they complete any frame, and then break the rules, so that
/// both decoders come to an end.
const PADDING: usize = LIMIT + 200;

/// What a decoder makes of a stream: the messages and pings, and the close code at its end.
type Reading = (Vec<Message>, u16);

fn ours(bytes: &[u8], piece: usize) -> (Reading, Option<CloseReason>) {
    let mut driver = Driver::of(Echo::default(), |config| config.limits.message_size = LIMIT);
    let key = driver.upgrade();
    for piece in bytes.chunks(piece) {
        driver.say(key, piece);
    }
    driver.settle();
    let mut messages = driver.messages(key);
    let reason = driver.protocol.ended();
    let code = match messages.pop() {
        Some(Message::Close(Some(frame))) => frame.code.into(),
        Some(Message::Close(None)) => 1005,
        other => panic!("the last is no Close but {other:?}"),
    };
    ((messages, code), reason)
}

fn theirs(bytes: &[u8]) -> Reading {
    let (messages, error) = read_all(bytes, Role::Server, LIMIT);
    let mut reading = Vec::new();
    for message in messages {
        match message {
            Message::Ping(payload) => reading.push(Message::Pong(payload)),
            Message::Pong(_) => {}
            Message::Close(Some(frame)) => return (reading, frame.code.into()),
            Message::Close(None) => return (reading, 1005),
            message => reading.push(message),
        }
    }
    let code = match error {
        Error::Protocol(_) => CloseCode::Protocol,
        Error::Utf8(_) => CloseCode::Invalid,
        Error::Capacity(_) => CloseCode::Size,
        error => panic!("no end: {error}"),
    };
    (reading, code.into())
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "\\PC{0,50}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => Just(Vec::new()),
    ]
}

/// A message in one to four frames, with pings between them; or a Close; or a lie about a length.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let message = (select(&[1_u8, 2][..]), prop::collection::vec(payload(), 1..4), any::<bool>());
    let message = message.prop_map(|(opcode, parts, pinged)| {
        let last = parts.len() - 1;
        let mut bytes = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let fin = if place == last { 0x80 } else { 0 };
            bytes.extend(frame(fin | if place == 0 { opcode } else { 0 }, part));
            if pinged {
                bytes.extend(frame(0x89, &[b'p'; 3]));
            }
        }
        bytes
    });
    prop_oneof![
        20 => message,
        1 => select(&[1000_u16, 1001, 1005, 1011, 999, 3000, 4999, 5000][..]).prop_map(|it| close(it, "why")),
        1 => any::<u64>().prop_map(|length| header(0x82, length)),
        1 => (any::<u8>(), payload()).prop_map(|(first, payload)| frame(first, &payload)),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let mutation = prop::collection::vec((any::<Index>(), any::<u8>()), 0..3);
    (prop::collection::vec(piece(), 1..8), mutation).prop_map(|(pieces, mutations)| {
        let mut bytes = pieces.concat();
        for (place, value) in mutations {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes
    })
}

fn agree(mut bytes: Vec<u8>, piece: usize) -> Result<(), TestCaseError> {
    bytes.resize(bytes.len() + PADDING, 0);
    let ((messages, code), reason) = ours(&bytes, piece);
    let (expected, expected_code) = theirs(&bytes);
    if reason == Some(CloseReason::Violation(Violation::BadLength)) {
        prop_assert!(expected.starts_with(&messages), "{messages:?} and {expected:?}");
        return Ok(());
    }
    prop_assert_eq!(&messages, &expected, "{:?}", reason);
    let is_bad_close = reason == Some(CloseReason::Violation(Violation::BadClose));
    let is_same = match (code, expected_code) {
        (1002, 1009) => true,
        (1002, 1007) => is_bad_close,
        (code, expected) => code == expected,
    };
    prop_assert!(is_same, "{code} and {expected_code}: {reason:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn tungstenite_reads_the_same(bytes in stream(), piece in 1_usize..700) {
        agree(bytes, piece)?;
    }

    #[test]
    fn and_the_same_of_noise(bytes in prop::collection::vec(any::<u8>(), 0..60), piece in 1_usize..70) {
        agree(bytes, piece)?;
    }
}
