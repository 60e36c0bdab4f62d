//! A client's frames, lawful or not, by an encoder that shares nothing with the server's code.

use crate::dice::Dice;

pub(crate) const CONTINUE: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A frame's header as it is to be written, right or wrong.
pub(crate) struct Header {
    pub(crate) is_final: bool,
    pub(crate) reserved: u8,
    pub(crate) opcode: u8,
    pub(crate) is_masked: bool,
    /// What the length field says.
    pub(crate) length: u64,
    /// Which of the three forms it says it in; `None` for the shortest.
    pub(crate) form: Option<Form>,
}

/// The forms of a payload length (RFC 6455 §5.2).
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Short,
    Medium,
    Long,
}

impl Header {
    /// A lawful header.
    pub(crate) const fn new(is_final: bool, opcode: u8, length: usize) -> Self {
        Self { is_final, reserved: 0, opcode, is_masked: true, length: length as u64, form: None }
    }

    /// Appends the frame, its payload under a random mask.
    pub(crate) fn write(&self, dice: &mut Dice, payload: &[u8], out: &mut Vec<u8>) {
        out.push(u8::from(self.is_final) << 7 | self.reserved << 4 | self.opcode);
        let mask_bit = u8::from(self.is_masked) << 7;
        let bytes = self.length.to_be_bytes();
        match self.form.unwrap_or_else(|| shortest(self.length)) {
            Form::Short => out.push(mask_bit | bytes[7]),
            Form::Medium => {
                out.push(mask_bit + 126);
                out.extend_from_slice(&bytes[6..]);
            }
            Form::Long => {
                out.push(mask_bit + 127);
                out.extend_from_slice(&bytes);
            }
        }
        if self.is_masked {
            let mask = dice.word().to_le_bytes();
            out.extend_from_slice(&mask[..4]);
            out.extend(payload.iter().zip(mask[..4].iter().cycle()).map(|(byte, key)| byte ^ key));
        } else {
            out.extend_from_slice(payload);
        }
    }
}

const fn shortest(length: u64) -> Form {
    match length {
        0..=125 => Form::Short,
        126..=0xffff => Form::Medium,
        _ => Form::Long,
    }
}
