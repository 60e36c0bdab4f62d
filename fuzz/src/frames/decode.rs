//! From choices to frames: each begins with its own first byte. A byte that no frame of the RFC begins with (a
//! reserved opcode without any other bit) stands for something else.

use crate::choices::Choices;
use crate::driver::client::{frame, header};

/// The stream that the choices stand for.
pub(super) fn stream(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    while !choices.is_empty() {
        match choices.byte() {
            0x03 => stream.extend(choices.bytes()),
            0x04 => stream.extend(lie(choices)),
            0x05 => stream.extend(run(choices)),
            0x06 => stream.extend(padded(choices)),
            0x07 => stream.extend(unmasked(choices)),
            first => stream.extend(frame(first, choices.bytes())),
        }
    }
    stream
}

/// A header alone, with any length.
fn lie(choices: &mut Choices<'_>) -> Vec<u8> {
    let first = choices.byte();
    let mut length = [0; 8];
    for (place, byte) in length.iter_mut().zip(choices.take(8)) {
        *place = *byte;
    }
    header(first, u64::from_be_bytes(length))
}

/// A frame with one byte over and over.
fn run(choices: &mut Choices<'_>) -> Vec<u8> {
    let (first, count, byte) = (choices.byte(), choices.word() % 2_048, choices.byte());
    frame(first, &vec![byte; count.into()])
}

/// A frame whose length takes more bytes than it needs.
fn padded(choices: &mut Choices<'_>) -> Vec<u8> {
    let (first, is_long) = (choices.byte(), choices.flag());
    let payload = choices.bytes();
    let plain = frame(first, payload);
    let masked = &plain[header(first, payload.len() as u64).len() - 4..];
    let length = payload.len() as u64;
    let (mark, length) = if is_long {
        (0xff, length.to_be_bytes().to_vec())
    } else {
        (0xfe, length.to_be_bytes()[6..].to_vec())
    };
    [&[first, mark], &length[..], masked].concat()
}

/// A frame as a server would send it.
fn unmasked(choices: &mut Choices<'_>) -> Vec<u8> {
    let first = choices.byte();
    let payload = choices.take(125);
    let length = u8::try_from(payload.len()).unwrap_or(0);
    [&[first, length], payload].concat()
}
