//! Masking (RFC 6455 §5.3), the only pass over a payload that the server must make.

/// XORs `bytes` with `mask`, and turns the mask so that it fits the byte that comes next.
pub(super) fn apply(bytes: &mut [u8], mask: &mut [u8; 4]) {
    xor(bytes, *mask);
    mask.rotate_left(bytes.len() % 4);
}

/// XORs `bytes` with `mask`.
///
/// Eight bytes at a time, in a shape that the compiler turns into vector instructions; short messages
/// are most of all, so the rest is not taken byte by byte either.
#[inline]
pub(super) fn xor(bytes: &mut [u8], mask: [u8; 4]) {
    let narrow = u32::from_ne_bytes(mask);
    let wide = u64::from(narrow) << 32 | u64::from(narrow);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    let (halves, rest) = rest.as_chunks_mut::<4>();
    for half in halves {
        *half = (u32::from_ne_bytes(*half) ^ narrow).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However a payload is torn, it is unmasked as the RFC's formula says.
        #[test]
        fn torn_anywhere(data: Vec<u8>, key: [u8; 4], cuts in prop::collection::vec(0_usize..40, 0..9)) {
            let expected: Vec<u8> =
                data.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]).collect();
            let mut actual = data.clone();
            let mut mask = key;
            let mut rest = &mut actual[..];
            for cut in cuts {
                let (piece, after) = rest.split_at_mut(cut.min(rest.len()));
                apply(piece, &mut mask);
                rest = after;
            }
            apply(rest, &mut mask);
            prop_assert_eq!(actual, expected);
        }
    }
}
