//! Lengths that are lies, or too much.

use tungstenite::Message;
use ws_service::shard::Violation;

use super::violates::{LIMIT, violates};
use crate::driver::Driver;
use crate::driver::client::{BINARY, FIN, TEXT, frame, header};
use crate::driver::echo::Echo;

/// RUSTSEC-2022-0035: the declared length of a frame was allocated before it came.
#[test]
fn a_declared_length_allocates_nothing() {
    for opcode in [TEXT, BINARY] {
        let mut driver =
            Driver::of(Echo::default(), |config| config.limits.message_size = usize::MAX);
        let key = driver.upgrade();
        let bytes = header(FIN | opcode, i64::MAX as u64);
        let bill = driver.bill(|driver| driver.say(key, &bytes));
        assert!(bill.peak < 1024, "{bill:?}");
        let payload = frame(FIN | opcode, &vec![b'.'; 100_000]);
        let payload = &payload[payload.len() - 100_000..];
        let bill = driver.bill(|driver| (0..10).for_each(|_| driver.say(key, payload)));
        assert!(bill.kept <= 2 * 1_000_000, "{bill:?}");
        assert!(bill.peak <= 3 * 1_000_000, "while it moves to more room: {bill:?}");
        assert_eq!(driver.output(key), b"");
        assert_eq!(driver.stats().connections, 1);
    }
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

/// A message may be as long as an address space, and what its frames declare together still overflows nothing.
#[test]
fn lengths_that_overflow_together() {
    let mut driver = Driver::of(Echo::default(), |config| config.limits.message_size = usize::MAX);
    let key = driver.upgrade();
    driver.say(key, &frame(BINARY, b"a"));
    driver.say(key, &header(0, i64::MAX as u64));
    driver.say(key, &[0; 1_000]);
    assert_eq!(driver.output(key), b"", "its bytes are awaited");
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
fn a_message_is_too_long_before_its_data_arrives() {
    violates(b"", &header(FIN | BINARY, 70_001), Violation::TooLong, 1009);
    violates(b"", &header(TEXT, 70_001), Violation::TooLong, 1009);
    let begun = frame(BINARY, &vec![0; 60_000]);
    violates(&begun, &header(0, 10_001), Violation::TooLong, 1009);
    violates(&begun, &header(FIN, u64::from(u32::MAX)), Violation::TooLong, 1009);
    let mut driver = Driver::of(Echo::default(), |config| config.limits.message_size = LIMIT);
    let key = driver.upgrade();
    driver.say(key, &[begun, frame(FIN, &[0; 10_000])].concat());
    assert_eq!(driver.messages(key), [Message::from(vec![0; LIMIT])], "as long as may be");
}
