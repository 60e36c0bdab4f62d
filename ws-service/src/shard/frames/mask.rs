//! Masking (RFC 6455 §5.3), the only pass over a payload that the server must make.

/// XORs `bytes` with `mask`, and turns the mask so that it fits the byte that comes next.
///
/// Eight bytes at a time, in a shape that the compiler turns into vector instructions.
pub(super) fn apply(bytes: &mut [u8], mask: &mut [u8; 4]) {
    let [a, b, c, d] = *mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    mask.rotate_left(rest.len() % 4);
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
