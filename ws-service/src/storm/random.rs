//! Reproducible chance: payloads and masks come from the seed that the storm prints.

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
///
/// Eight bytes of state, so that every connection can have its own; not for secrets.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A generator of its own for one more connection.
    pub(super) fn split(&mut self) -> Self {
        Self(self.next())
    }

    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    /// A masking key (RFC 6455, section 5.3).
    pub(super) fn mask(&mut self) -> [u8; 4] {
        let mut mask = [0; 4];
        self.fill(&mut mask);
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (mut a, mut b) = ([0; 21], [0; 21]);
        Random::new(7).fill(&mut a);
        Random::new(7).fill(&mut b);
        assert_eq!(a, b);
        Random::new(8).fill(&mut b);
        assert_ne!(a, b);
    }

    #[test]
    fn the_first_number_is_the_published_one() {
        assert_eq!(Random::new(1_234_567).next(), 6_457_827_717_110_365_317);
    }
}
