//! What messages carry: a header that names the message, and bytes that follow from its name, so
//! that whoever gets one can tell whether it is the very same.

/// `kind` and three numbers in eight hexadecimal digits each.
pub(crate) const HEADER: usize = 25;

/// The name of a message; its bytes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) kind: u8,
    /// Whose it is.
    pub(crate) who: u32,
    /// Its number among those.
    pub(crate) number: u32,
    pub(crate) argument: u32,
    /// Bytes behind the header.
    pub(crate) filler: usize,
    pub(crate) is_text: bool,
}

/// Characters of one to four bytes: text that is torn anywhere has been torn inside one.
const CHARACTERS: [&str; 8] = ["a", "Z", "é", "ж", "€", "漢", "🦀", "𝄞"];

impl Payload {
    /// Appends the message.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind);
        for number in [self.who, self.number, self.argument] {
            out.extend((0..8).rev().map(|place| hex_digit(number >> (4 * place))));
        }
        let end = out.len() + self.filler;
        let mut state = u64::from(self.who) << 32 | u64::from(self.number) | 1 << 63;
        while out.len() < end {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let left = end - out.len();
            let word = (state >> 24).to_le_bytes();
            if self.is_text {
                let character = CHARACTERS[usize::from(word[0] & 7)];
                let fits = character.len() <= left;
                out.extend_from_slice(if fits { character } else { "." }.as_bytes());
            } else {
                out.extend_from_slice(&word[..left.min(5)]);
            }
        }
    }

    /// Reads a message's name.
    pub(crate) fn parse(bytes: &[u8], is_text: bool) -> Option<Self> {
        let (header, filler) = bytes.split_at_checked(HEADER)?;
        let number = |place: usize| {
            header[1 + 8 * place..][..8]
                .iter()
                .try_fold(0, |sum, &digit| Some(sum << 4 | char::from(digit).to_digit(16)?))
        };
        Some(Self {
            kind: header[0],
            who: number(0)?,
            number: number(1)?,
            argument: number(2)?,
            filler: filler.len(),
            is_text,
        })
    }

    /// Whether `bytes` are this message's, all of them.
    pub(crate) fn is(&self, bytes: &[u8], scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        self.write(scratch);
        scratch == bytes
    }
}

fn hex_digit(number: u32) -> u8 {
    b"0123456789abcdef"[(number & 15) as usize]
}

#[test]
fn a_message_is_known_by_its_bytes() {
    let mut scratch = Vec::new();
    for filler in 0..70 {
        for is_text in [false, true] {
            let payload =
                Payload { kind: b'E', who: 7, number: 0xabc, argument: 9, filler, is_text };
            let mut bytes = Vec::new();
            payload.write(&mut bytes);
            assert_eq!(bytes.len(), HEADER + filler);
            assert!(!is_text || std::str::from_utf8(&bytes).is_ok());
            assert_eq!(Payload::parse(&bytes, is_text), Some(payload));
            assert!(payload.is(&bytes, &mut scratch));
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            assert!(!payload.is(&bytes, &mut scratch));
        }
    }
}
