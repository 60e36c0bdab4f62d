//! Frames that break RFC 6455 by their first bytes.

use tungstenite::Message;
use ws_service::shard::{CloseKind, CompressionMode, Violation};

use super::violates::violates;
use crate::driver::Driver;
use crate::driver::client::{
    BINARY, CLOSE, FIN, PING, PONG, TEXT, frame, header, ping, request, text,
};
use crate::driver::echo::Echo;
use crate::driver::peer::close_frame;

#[test]
fn frames_without_a_mask() {
    violates(b"", &[0x81, 0x02], Violation::Unmasked, 1002);
    violates(b"", &[0x89, 0x00], Violation::Unmasked, 1002);
    violates(&text("ok"), &[0x82, 0x7e], Violation::Unmasked, 1002);
    violates(&frame(TEXT, b"begun"), &[0x00, 0x01], Violation::Unmasked, 1002);
}

#[test]
fn reserved_bits() {
    for bit in [0x10, 0x20, 0x40, 0x70] {
        violates(b"", &[FIN | TEXT | bit, 0x80], Violation::ReservedBit, 1002);
        violates(b"", &[FIN | PING | bit, 0x80], Violation::ReservedBit, 1002);
    }
}

#[test]
fn reserved_opcodes() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        violates(b"", &[FIN | opcode, 0x80], Violation::ReservedOpcode, 1002);
        violates(&frame(TEXT, b"begun"), &[opcode, 0xff], Violation::ReservedOpcode, 1002);
    }
}

/// Where no extension is agreed on, whatever the client offers, a compressed frame has a reserved bit.
#[test]
fn a_compressed_frame_where_the_offer_was_declined() {
    let mut driver = Driver::of(Echo::default(), |config| {
        config.compression.mode = CompressionMode::Off;
    });
    let key = driver.connect();
    driver.say(key, &request("/", &["Sec-WebSocket-Extensions: permessage-deflate"]));
    let (status, head) = driver.response(key);
    assert_eq!(status, 101);
    assert!(!head.to_ascii_lowercase().contains("extensions"), "{head}");
    driver.say(key, &frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
    assert_eq!(driver.messages(key), [close_frame(1002.into(), "")]);
    assert_eq!(driver.stats().closes(CloseKind::Violation), 1);
}

#[test]
fn control_frames_in_fragments() {
    for opcode in [CLOSE, PING, PONG] {
        violates(b"", &[opcode, 0x80], Violation::BadControl, 1002);
        violates(&frame(TEXT, b"begun"), &[opcode, 0x85], Violation::BadControl, 1002);
    }
}

#[test]
fn control_frames_that_are_too_long() {
    for opcode in [CLOSE, PING, PONG] {
        violates(b"", &[FIN | opcode, 0x80 | 0x7e], Violation::BadControl, 1002);
        violates(b"", &[FIN | opcode, 0x80 | 0x7f], Violation::BadControl, 1002);
    }
    let mut driver = Driver::of(Echo::default(), |_| {});
    let key = driver.upgrade();
    driver.say(key, &ping(&[1; 125]));
    assert_eq!(driver.messages(key), [Message::Pong(vec![1; 125].into())], "as long as may be");
}

#[test]
fn frames_out_of_sequence() {
    violates(b"", &header(FIN, 0), Violation::OutOfSequence, 1002);
    violates(&text("ok"), &header(0, 0), Violation::OutOfSequence, 1002);
    violates(&frame(TEXT, b"a"), &header(FIN | TEXT, 0), Violation::OutOfSequence, 1002);
    violates(&frame(TEXT, b"a"), &header(BINARY, 0), Violation::OutOfSequence, 1002);
    let whole = [frame(TEXT, b"a"), frame(FIN, b"b")].concat();
    violates(&whole, &header(FIN, 0), Violation::OutOfSequence, 1002);
}

#[test]
fn nothing_behind_a_violation_is_read() {
    let mut driver = Driver::of(Echo::default(), |_| {});
    let key = driver.upgrade();
    driver.say(key, &[vec![0x81, 0x00], text("unheard"), ping(b"unanswered")].concat());
    let more = text("unheard").repeat(1_000);
    let bill = driver.bill(|driver| driver.say(key, &more));
    assert_eq!((bill.allocations, bill.writes), (0, 0), "thrown away");
    assert_eq!(driver.messages(key).len(), 1);
    assert_eq!(driver.stats().messages_in, 0);
}

#[test]
fn what_came_whole_before_a_violation_is_served() {
    let mut driver = Driver::of(Echo::default(), |_| {});
    let key = driver.upgrade();
    driver.say(key, &[text("heard"), vec![0x81, 0x00]].concat());
    assert_eq!(driver.messages(key), [Message::from("heard"), close_frame(1002.into(), "")]);
}
