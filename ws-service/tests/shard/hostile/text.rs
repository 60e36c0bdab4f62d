//! Bytes that are no UTF-8, and numbers that are no close codes.

use ws_service::shard::Violation;

use super::violates::violates;
use crate::driver::client::{CLOSE, FIN, TEXT, close, frame};

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

/// The same behind so much good text that reading it again for each byte would show.
#[test]
fn invalid_text_behind_much_good_text() {
    let good = "€".repeat(20_000);
    violates(&frame(TEXT, good.as_bytes()), &frame(0, b"\xff"), Violation::InvalidUtf8, 1007);
}

#[test]
fn text_that_ends_inside_a_character() {
    violates(b"", &frame(FIN | TEXT, b"ok \xe2\x82"), Violation::InvalidUtf8, 1007);
    let begun = frame(TEXT, b"ok \xe2");
    violates(&begun, &frame(FIN, b"\x82"), Violation::InvalidUtf8, 1007);
    violates(&begun, &frame(FIN, b""), Violation::InvalidUtf8, 1007);
}

#[test]
fn a_close_reason_that_is_no_text() {
    for reason in [&b"bad \xc3\x28"[..], b"\xff", b"cut \xe2\x82"] {
        let body = [&1000_u16.to_be_bytes()[..], reason].concat();
        violates(b"", &frame(FIN | CLOSE, &body), Violation::InvalidUtf8, 1007);
        violates(&frame(TEXT, b"begun"), &frame(FIN | CLOSE, &body), Violation::InvalidUtf8, 1007);
    }
}

#[test]
fn close_codes_that_must_not_be_sent() {
    let forbidden = [0, 1, 999, 1004, 1005, 1006, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
    for code in forbidden {
        violates(b"", &close(code, ""), Violation::BadClose, 1002);
        violates(b"", &close(code, "why"), Violation::BadClose, 1002);
    }
}

#[test]
fn a_close_body_of_one_byte() {
    violates(b"", &frame(FIN | CLOSE, &[3]), Violation::BadClose, 1002);
}
