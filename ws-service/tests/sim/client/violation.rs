//! Every way for a client to break RFC 6455 or a limit.

use ws_service::{Config, Violation};

use super::{Client, What};
use crate::dice::Dice;
use crate::wire::{self, Form, Header};

const ALL: [Violation; 10] = [
    Violation::Unmasked,
    Violation::ReservedBit,
    Violation::ReservedOpcode,
    Violation::BadLength,
    Violation::BadControl,
    Violation::OutOfSequence,
    Violation::BadClose,
    Violation::InvalidUtf8,
    Violation::TooLong,
    Violation::TooManyFragments,
];

impl Client {
    /// Breaks one rule; the server's answer to it is known.
    pub(crate) fn violate(&mut self, dice: &mut Dice, config: &Config) {
        let violation = dice.pick(&ALL);
        match violation {
            Violation::InvalidUtf8 => self.invalid_text(dice),
            Violation::TooManyFragments => {
                for place in 0..=config.limits.fragments {
                    let opcode = if place == 0 { wire::BINARY } else { wire::CONTINUE };
                    Header::new(false, opcode, 0).write(dice, b"", &mut self.out);
                }
            }
            Violation::TooLong => self.too_long(dice, config.limits.message_size),
            Violation::OutOfSequence => {
                if dice.per_mille(500) {
                    Header::new(false, wire::TEXT, 2).write(dice, b"ab", &mut self.out);
                    Header::new(true, wire::BINARY, 2).write(dice, b"ab", &mut self.out);
                } else {
                    Header::new(true, wire::CONTINUE, 2).write(dice, b"ab", &mut self.out);
                }
            }
            Violation::BadClose => {
                let body: &[u8] = dice.pick(&[b"\x03", b"\x03\xed", b"\x03\xee", b"\x00\x01no"]);
                Header::new(true, wire::CLOSE, body.len()).write(dice, body, &mut self.out);
            }
            _ => bad_header(dice, violation).write(dice, &[7; 4], &mut self.out),
        }
        self.mark(What::Fault(violation));
        self.is_done = true;
    }

    fn invalid_text(&mut self, dice: &mut Dice) {
        match dice.between(0, 3) {
            0 => Header::new(true, wire::TEXT, 3).write(dice, b"a\xff\xfe", &mut self.out),
            // A surrogate, in the first of several frames.
            1 => Header::new(false, wire::TEXT, 3).write(dice, b"\xed\xa0\x80", &mut self.out),
            2 => {
                // A character that never ends, over two frames.
                Header::new(false, wire::TEXT, 2).write(dice, b"\xe2\x82", &mut self.out);
                Header::new(true, wire::CONTINUE, 0).write(dice, b"", &mut self.out);
            }
            _ => Header::new(true, wire::CLOSE, 4).write(dice, b"\x03\xe8\xc3\x28", &mut self.out),
        }
    }

    fn too_long(&mut self, dice: &mut Dice, limit: usize) {
        let half = limit / 2 + 1;
        if dice.per_mille(500) {
            // By its own word; nothing of it is sent.
            let beyond = dice.pick(&[limit as u64 + 1, u64::from(u32::MAX), i64::MAX as u64]);
            let header = Header { length: beyond, ..Header::new(true, wire::BINARY, 0) };
            header.write(dice, b"", &mut self.out);
        } else {
            Header::new(false, wire::BINARY, half).write(dice, &vec![1; half], &mut self.out);
            let rest = limit - half + 1;
            Header::new(true, wire::CONTINUE, rest).write(dice, b"", &mut self.out);
        }
    }
}

fn bad_header(dice: &mut Dice, violation: Violation) -> Header {
    let lawful = Header::new(true, dice.pick(&[wire::TEXT, wire::BINARY, wire::PING]), 4);
    match violation {
        Violation::Unmasked => Header { is_masked: false, ..lawful },
        Violation::ReservedBit => Header { reserved: dice.pick(&[1, 2, 4]), ..lawful },
        Violation::ReservedOpcode => Header { opcode: dice.pick(&[3, 7, 11, 15]), ..lawful },
        Violation::BadLength => {
            let form = Some(dice.pick(&[Form::Medium, Form::Long]));
            let huge = Header { length: 1 << 63, ..Header::new(true, wire::BINARY, 0) };
            let padded = Header { form, ..Header::new(true, wire::BINARY, 4) };
            if dice.per_mille(300) { huge } else { padded }
        }
        _ if dice.per_mille(500) => Header { is_final: false, opcode: wire::PING, ..lawful },
        _ => Header { length: 126, ..Header::new(true, wire::CLOSE, 0) },
    }
}
