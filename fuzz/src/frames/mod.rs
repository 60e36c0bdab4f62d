//! Streams of frames, as the shard reads them and as tungstenite does.

mod decode;

use crate::choices::Choices;
use crate::differential::agreement::agree;

/// Longer streams only take longer.
const MOST: usize = 20_000;

/// Reads the stream that `input` stands for: cut somehow, as it is or made of frames.
///
/// # Panics
/// The shard and tungstenite differ, and no listed difference explains it; or the shard breaks its own law.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let sizes = choices.sizes();
    let mut stream =
        if choices.flag() { decode::stream(&mut choices) } else { choices.rest().to_vec() };
    stream.truncate(MOST);
    agree(&stream, &sizes);
}

/// Inputs to begin with.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let raw = |cut: u8, stream: &[u8]| [&[cut, 0], stream].concat();
    let made = |cut: u8, ops: &[u8]| [&[cut, 1], ops].concat();
    vec![
        ("raw-text", raw(0, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")),
        ("raw-unmasked-byte-by-byte", raw(1, b"\x82\x02hi")),
        ("text-and-binary", made(0, b"\x81\x05hello\x82\x03\xff\x00\xfe")),
        (
            "fragments-with-a-ping-between",
            made(3, b"\x01\x02\xe2\x82\x89\x01p\x00\x00\x80\x01\xac"),
        ),
        ("text-that-breaks-inside-a-character", made(1, b"\x01\x02\xe2\x82\x80\x01\x20")),
        ("close-with-a-reason", made(2, b"\x88\x06\x03\xe8bye.")),
        ("close-with-a-bad-code-and-a-bad-reason", made(0, b"\x88\x04\x03\xed\xc3\x28")),
        ("close-of-one-byte", made(0, b"\x88\x01\x03")),
        ("out-of-sequence", made(5, b"\x81\x01a\x80\x01b")),
        ("a-message-inside-another", made(5, b"\x01\x01a\x81\x01b")),
        ("reserved-bits-and-opcode", made(0, b"\xc1\x00\x8b\x00")),
        ("a-fragmented-ping", made(0, b"\x09\x00")),
        ("a-long-ping", made(7, b"\x05\x89\x00\x7e.")),
        ("lengths-that-lie", made(0, b"\x04\x82\x80\x00\x00\x00\x00\x00\x00\x00")),
        ("a-length-of-eight-bytes-too-many", made(0, b"\x06\x82\x02\x03abc")),
        ("a-close-of-eight-bytes-too-many", made(0, b"\x06\x88\x01\x04\x03\xe8\xc3\x28")),
        ("as-long-as-may-be", made(200, b"\x05\x82\x02\x58x")),
        ("too-long", made(213, b"\x05\x81\x02\x59x")),
        ("too-long-in-fragments", made(99, b"\x05\x01\x02\x00\xc3\x05\x80\x00\x59x")),
        ("two-faults-at-once", made(0, b"\x01\x01a\x04\x82\x00\x00\x00\x00\x00\x00\xff\xff")),
        ("garbage-behind-a-message", made(0, b"\x81\x02ok\x03\x04\xde\xad\xbe\xef")),
    ]
}
