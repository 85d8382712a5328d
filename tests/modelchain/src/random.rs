//! Numbers that a seed decides.
//!
//! - Reads: a seed.
//! - Returns: the same numbers for the same seed, on every machine.
//! - Never: asks the system for randomness.

/// A stream of numbers (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins a stream.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit` without it; 0 if `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        let number = self.number();
        if limit == 0 { 0 } else { number % limit }
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Whether something of so many in 1,000 happens.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One position of a list with `length` entries.
    pub fn position(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(length)).unwrap_or_default()
    }

    /// Brings a list into another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.position(end + 1));
        }
    }

    /// 32 bytes, such as a hash.
    pub fn word(&mut self) -> [u8; 32] {
        let mut word = [0; 32];
        for part in word.chunks_mut(8) {
            part.copy_from_slice(&self.number().to_be_bytes());
        }
        word
    }

    /// A stream of its own, which takes nothing from this one but one number.
    #[must_use]
    pub fn branch(&mut self) -> Self {
        Self(self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_all_numbers() {
        let numbers = |seed| {
            let mut random = Random::new(seed);
            (0..10).map(|_| random.number()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| (3..=5).contains(&random.between(3, 5))));
        assert!((0..1000).all(|_| !random.chance(0) && random.chance(1000)));
    }
}
