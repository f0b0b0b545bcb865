//! Chance that repeats: `SplitMix64` from a seed and a place.

/// A stream of numbers that its seed decides.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The stream of a place, such as (day, tablet): no stream depends on how much another was used.
    #[must_use]
    pub fn new(seed: u64, place: &[u64]) -> Self {
        let mut dice = Self(seed);
        for part in place {
            dice.0 = dice.number().wrapping_add(*part);
        }
        Self(dice.number())
    }

    /// Any number. Source of the constants: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number().checked_rem(end).unwrap_or(0)
    }

    /// True this many times of a hundred.
    pub fn percent(&mut self, often: u64) -> bool {
        self.below(100) < often
    }

    /// One of them.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let index = self.below(all.len() as u64);
        all.get(usize::try_from(index).unwrap_or(0))
    }

    /// `N` bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.number().to_be_bytes()[..part.len()]);
        }
        bytes
    }
}
