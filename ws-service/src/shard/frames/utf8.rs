//! Text that arrives in pieces: valid so far, plus at most three bytes of an unfinished character.

/// The text of an unfinished message. Bad bytes are found as they come, and nothing is read twice.
#[derive(Debug, Default)]
pub(super) struct Text {
    valid: String,
    /// The first bytes of a character whose rest has not come.
    pending: [u8; 4],
    pending_len: usize,
}

/// The bytes so far can't begin any UTF-8 text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::shard) struct InvalidUtf8;

/// From so many bytes on, it pays to choose the processor's vector instructions.
const LONG: usize = 128;

/// All of `bytes`, if it is text.
#[inline]
pub(in crate::shard) fn text(bytes: &[u8]) -> Result<&str, InvalidUtf8> {
    if bytes.len() < LONG {
        std::str::from_utf8(bytes).map_err(|_| InvalidUtf8)
    } else {
        simdutf8::basic::from_utf8(bytes).map_err(|_| InvalidUtf8)
    }
}

impl Text {
    /// Bytes so far, the pending ones among them.
    pub(super) fn len(&self) -> usize {
        self.valid.len() + self.pending_len
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.valid.capacity()
    }

    /// Takes the next bytes, of which there will be about `more` in this frame after these.
    pub(super) fn push(&mut self, mut bytes: &[u8], more: usize) -> Result<(), InvalidUtf8> {
        while self.pending_len > 0 {
            let Some((&first, rest)) = bytes.split_first() else { return Ok(()) };
            self.complete(first)?;
            bytes = rest;
        }
        let valid = valid_prefix(bytes)?;
        let (valid, tail) = (valid, &bytes[valid.len()..]);
        reserve(&mut self.valid, valid.len(), more);
        self.valid.push_str(valid);
        self.keep(tail);
        Ok(())
    }

    /// The whole text, if it doesn't end inside a character.
    pub(super) fn finish(&self) -> Result<&str, InvalidUtf8> {
        if self.is_whole() { Ok(&self.valid) } else { Err(InvalidUtf8) }
    }

    /// Takes the next bytes and lends the text that they complete, which is not kept: where no character
    /// was unfinished, it lies in `bytes` still.
    pub(super) fn piece<'a>(
        &'a mut self,
        bytes: &'a [u8],
        is_last: bool,
    ) -> Result<&'a str, InvalidUtf8> {
        let was_whole = self.is_whole();
        let valid = if was_whole {
            let valid = valid_prefix(bytes)?;
            self.keep(&bytes[valid.len()..]);
            valid
        } else {
            self.push(bytes, 0)?;
            ""
        };
        if is_last && !self.is_whole() {
            return Err(InvalidUtf8);
        }
        Ok(if was_whole { valid } else { &self.valid })
    }

    /// Lets go of what the last `piece` lent.
    pub(super) fn release(&mut self) {
        self.valid = String::new();
    }

    /// It doesn't end inside a character.
    const fn is_whole(&self) -> bool {
        self.pending_len == 0
    }

    fn keep(&mut self, tail: &[u8]) {
        self.pending[..tail.len()].copy_from_slice(tail);
        self.pending_len = tail.len();
    }

    fn complete(&mut self, byte: u8) -> Result<(), InvalidUtf8> {
        self.pending[self.pending_len] = byte;
        self.pending_len += 1;
        let valid = valid_prefix(&self.pending[..self.pending_len])?;
        if !valid.is_empty() {
            self.valid.push_str(valid);
            self.pending_len = 0;
        }
        Ok(())
    }
}

/// All of `bytes` but an unfinished character at their end, each byte looked at once.
fn valid_prefix(bytes: &[u8]) -> Result<&str, InvalidUtf8> {
    #[cfg(test)]
    crate::shard::work::add(bytes.len());
    let (whole, tail) = bytes.split_at(bytes.len() - unfinished(bytes));
    match std::str::from_utf8(tail) {
        Err(error) if error.error_len().is_some() => Err(InvalidUtf8),
        _ => text(whole),
    }
}

/// How many bytes at the end begin a character and don't complete it: at most three.
fn unfinished(bytes: &[u8]) -> usize {
    let last = bytes.iter().rev().take(3).enumerate();
    for (behind, byte) in last {
        let needed = match byte {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            0x00..=0x7f => 1,
        };
        return if needed > behind + 1 { behind + 1 } else { 0 };
    }
    0
}

/// Room for what is here, and for what the frame still announces, but never for more of that than
/// has already come: a peer can't make us reserve by declaring. At least twice what there was, or a
/// message in many fragments would be copied once for each.
fn reserve(text: &mut String, here: usize, more: usize) {
    let so_far = text.len() + here;
    if text.capacity() < so_far {
        text.reserve(here + more.min(so_far));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_impossible_byte_fails_at_once() {
        let mut text = Text::default();
        assert_eq!(text.push("κόσμε".as_bytes(), 0), Ok(()));
        assert_eq!(text.push(b"\xf4", 0), Ok(()), "could become U+10FFFF");
        assert_eq!(text.push(b"\x90", 0), Err(InvalidUtf8), "beyond U+10FFFF");
    }

    #[test]
    fn an_unfinished_character_is_no_text() {
        let mut text = Text::default();
        assert_eq!(text.push(b"a\xe2\x82", 0), Ok(()));
        assert_eq!(text.finish(), Err(InvalidUtf8));
        assert_eq!(text.push(b"\xac", 0), Ok(()));
        assert_eq!(text.finish(), Ok("a€"));
    }

    /// A text of many characters of all lengths, one byte of which may have become another.
    fn long() -> impl Strategy<Value = Vec<u8>> {
        let text = prop::collection::vec(prop_oneof!["[a-z]{1,40}", any::<String>()], 1..80);
        let mistake = prop::option::of((any::<prop::sample::Index>(), any::<u8>()));
        (text, mistake).prop_map(|(parts, mistake)| {
            let mut bytes = parts.concat().into_bytes();
            if let (Some((place, byte)), false) = (mistake, bytes.is_empty()) {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes
        })
    }

    proptest! {
        /// Long texts are checked in another way, and to the same end.
        #[test]
        fn long_and_torn(bytes in long(), size in 1_usize..2_000) {
            let expected = String::from_utf8(bytes.clone()).ok();
            prop_assert_eq!(text(&bytes).ok(), expected.as_deref());
            let mut torn = Text::default();
            let pushed = bytes.chunks(size).try_for_each(|piece| torn.push(piece, 0));
            let actual = pushed.and_then(|()| torn.finish().map(str::to_owned));
            prop_assert_eq!(actual.ok(), expected);
        }

        /// Torn anywhere, bytes are text or not, just as in one piece.
        #[test]
        fn torn_anywhere(bytes in prop_oneof![
            any::<Vec<u8>>(),
            any::<String>().prop_map(String::into_bytes),
        ], size in 1_usize..7) {
            let mut text = Text::default();
            let pushed = bytes.chunks(size).try_for_each(|piece| text.push(piece, 0));
            let actual = pushed.and_then(|()| text.finish().map(str::to_owned));
            let expected = String::from_utf8(bytes.clone()).ok();
            prop_assert_eq!(actual.ok(), expected.clone());
            let mut text = Text::default();
            let pieces = bytes.chunks(size).map(|piece| (piece, false)).chain([(&[][..], true)]);
            let told = pieces.into_iter().try_fold(String::new(), |told, (piece, is_last)| {
                let told = told + text.piece(piece, is_last)?;
                text.release();
                Ok::<_, InvalidUtf8>(told)
            });
            prop_assert_eq!(told.ok(), expected);
        }
    }
}
