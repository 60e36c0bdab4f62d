//! Every way to break RFC 6455 or a limit, and the close code that says so.

use tungstenite::Message;
use ws_service::shard::{CloseKind, Violation};

use crate::driver::Driver;
use crate::driver::client::{
    BINARY, CLOSE, FIN, PING, PONG, TEXT, close, frame, header, ping, text,
};
use crate::driver::peer::close_frame;

/// `good` is taken without complaint, and `bad` right behind it is answered with `code`.
fn violates(good: &[u8], bad: &[u8], violation: Violation, code: u16) {
    for is_torn in [false, true] {
        let mut driver = Driver::with(|config| {
            config.limits.message_size = 70_000;
            config.limits.fragments = 5;
        });
        let key = driver.upgrade();
        driver.say(key, good);
        assert!(driver.messages(key).iter().all(|it| !it.is_close()), "{violation:?}: too early");
        if is_torn {
            for &byte in bad {
                driver.say(key, &[byte]);
            }
        } else {
            driver.say(key, bad);
        }
        assert_eq!(driver.messages(key), [close_frame(code.into(), "")], "{violation:?}");
        assert_eq!(*driver.log().last().unwrap(), format!("closed Violation({violation:?})"));
        assert!(driver.is_shut(key) && !driver.is_closed(key));
        assert_eq!(driver.stats().closes(CloseKind::Violation), 1);
    }
}

#[test]
fn unmasked_frames() {
    violates(b"", &[0x81, 0x02], Violation::Unmasked, 1002);
    violates(b"", &[0x89, 0x00], Violation::Unmasked, 1002);
    violates(&text("ok"), &[0x82, 0x7e], Violation::Unmasked, 1002);
}

#[test]
fn reserved_bits_and_opcodes() {
    for bit in [0x10, 0x20, 0x40, 0x70] {
        violates(b"", &[FIN | TEXT | bit, 0x80], Violation::ReservedBit, 1002);
        violates(b"", &[FIN | PING | bit, 0x80], Violation::ReservedBit, 1002);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        violates(b"", &[FIN | opcode, 0x80], Violation::ReservedOpcode, 1002);
    }
}

#[test]
fn fragmented_and_oversized_control_frames() {
    for opcode in [CLOSE, PING, PONG] {
        violates(b"", &[opcode, 0x80], Violation::BadControl, 1002);
        violates(b"", &[FIN | opcode, 0x80 | 0x7e], Violation::BadControl, 1002);
        violates(b"", &[FIN | opcode, 0x80 | 0x7f], Violation::BadControl, 1002);
    }
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &ping(&[1; 125]));
    assert_eq!(driver.messages(key), [Message::Pong(vec![1; 125].into())]);
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

/// gorilla CVE-2020-27813, Tomcat CVE-2020-13935: lengths of 2⁶³ and more became negative.
#[test]
fn lengths_with_the_highest_bit() {
    for length in [1 << 63, u64::MAX, (1 << 63) + 1] {
        violates(b"", &header(FIN | BINARY, length), Violation::BadLength, 1002);
        let begun = frame(TEXT, b"a");
        violates(&begun, &header(FIN, length), Violation::BadLength, 1002);
    }
    violates(b"", &header(FIN | BINARY, (1 << 63) - 1), Violation::TooLong, 1009);
}

#[test]
fn lengths_in_a_longer_form_than_needed() {
    let mask = [1, 2, 3, 4];
    let short = |length: u16| [&[0x82, 0xfe][..], &length.to_be_bytes(), &mask].concat();
    let long = |length: u64| [&[0x82, 0xff][..], &length.to_be_bytes(), &mask].concat();
    for length in [0, 1, 125] {
        violates(b"", &short(length), Violation::BadLength, 1002);
        violates(b"", &long(length.into()), Violation::BadLength, 1002);
    }
    violates(b"", &long(126), Violation::BadLength, 1002);
    violates(b"", &long(65_535), Violation::BadLength, 1002);
}

#[test]
fn bad_close_bodies() {
    violates(b"", &frame(FIN | CLOSE, &[3]), Violation::BadClose, 1002);
    let forbidden = [0, 1, 999, 1004, 1005, 1006, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
    for code in forbidden {
        violates(b"", &close(code, ""), Violation::BadClose, 1002);
        violates(b"", &close(code, "why"), Violation::BadClose, 1002);
    }
    let body = [&1000_u16.to_be_bytes()[..], b"bad \xc3\x28"].concat();
    violates(b"", &frame(FIN | CLOSE, &body), Violation::InvalidUtf8, 1007);
}

/// Bad text fails at the byte that makes it impossible, wherever the frames are cut.
#[test]
fn invalid_text_fails_at_its_first_impossible_byte() {
    let bad: [(&[u8], &[u8]); 8] = [
        (b"ok \xce", b"\xce"),
        (b"ok", b"\x80"),
        (b"ok", b"\xc0"),
        (b"ok", b"\xff"),
        (b"ok \xe0", b"\x80"),
        (b"ok \xed", b"\xa0"),
        (b"ok \xf0", b"\x80"),
        (b"ok \xf4", b"\x90"),
    ];
    for (good, bad) in bad {
        let whole = frame(FIN | TEXT, &[good, bad, b"and more"].concat());
        let place = whole.len() - b"and more".len() - 1;
        violates(&whole[..place], &whole[place..=place], Violation::InvalidUtf8, 1007);
        let second = frame(0, bad);
        violates(&frame(TEXT, good), &second, Violation::InvalidUtf8, 1007);
    }
}

#[test]
fn text_that_ends_inside_a_character() {
    violates(b"", &frame(FIN | TEXT, b"ok \xe2\x82"), Violation::InvalidUtf8, 1007);
    let begun = frame(TEXT, b"ok \xe2");
    violates(&begun, &frame(FIN, b"\x82"), Violation::InvalidUtf8, 1007);
    violates(&begun, &frame(FIN, b""), Violation::InvalidUtf8, 1007);
}

#[test]
fn a_message_is_too_long_before_its_data_arrives() {
    violates(b"", &header(FIN | BINARY, 70_001), Violation::TooLong, 1009);
    violates(b"", &header(TEXT, 70_001), Violation::TooLong, 1009);
    let begun = frame(BINARY, &vec![0; 60_000]);
    violates(&begun, &header(0, 10_001), Violation::TooLong, 1009);
    violates(&begun, &header(FIN, u64::from(u32::MAX)), Violation::TooLong, 1009);
    let mut driver = Driver::with(|config| config.limits.message_size = 70_000);
    let key = driver.upgrade();
    driver.say(key, &[begun, frame(FIN, &[0; 10_000])].concat());
    assert_eq!(driver.messages(key), [Message::from(vec![0; 70_000])]);
}

/// ws CVE-2026-48779, Netty CVE-2014-0193: endless tiny or empty fragments.
#[test]
fn endless_fragments() {
    for piece in [&b""[..], b"a"] {
        let four: Vec<u8> = (0..4).flat_map(|_| frame(0, piece)).collect();
        let begun = [frame(TEXT, piece), four].concat();
        violates(&begun, &header(0, 0), Violation::TooManyFragments, 1008);
        violates(&begun, &header(FIN, 0), Violation::TooManyFragments, 1008);
    }
}

#[test]
fn nothing_behind_a_violation_is_read() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &[vec![0x81, 0x00], text("unheard"), ping(b"unanswered")].concat());
    driver.say(key, &text("unheard"));
    assert_eq!(driver.messages(key).len(), 1);
    assert_eq!(driver.stats().messages_in, 0);
}

#[test]
fn what_came_whole_before_a_violation_is_served() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &[text("heard"), vec![0x81, 0x00]].concat());
    assert_eq!(driver.messages(key), [Message::from("heard"), close_frame(1002.into(), "")]);
}
