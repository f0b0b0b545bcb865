//! Random bytes for code that asks for them although it has no operating system.
//!
//! The core itself never asks: every random number it uses comes in as a parameter. But Automerge makes
//! up an actor for each document it opens (the core replaces it at once), and would trap without a source.
//! The page fills in one seed per instance; from it comes `SHA-256(seed, counter)` for counter 0, 1, 2, …

use sha2::{Digest, Sha256};

/// A stream of bytes that is as unpredictable as its seed.
#[derive(Debug)]
pub struct Dice {
    seed: [u8; 32],
    counter: u64,
}

impl Dice {
    /// Starts a stream. The seed must come from the host's source of randomness, and be used once.
    #[must_use]
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// Fills `bytes` with the next bytes of the stream. What is left of the last block is thrown away.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(self.seed);
            hash.update(self.counter.to_le_bytes());
            self.counter += 1;
            part.copy_from_slice(&hash.finalize()[..part.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn one_seed_gives_one_stream_without_repetition() {
        let (mut first, mut second) = (Dice::new([7; 32]), Dice::new([7; 32]));
        let (mut a, mut b) = ([0; 80], [0; 80]);
        first.fill(&mut a);
        second.fill(&mut b);
        assert_eq!(a, b);
        assert_ne!(a[..32], a[32..64]);
        first.fill(&mut b);
        assert_ne!(a, b);
    }

    #[test]
    fn two_seeds_give_two_streams() {
        let (mut a, mut b) = ([0; 16], [0; 16]);
        Dice::new([1; 32]).fill(&mut a);
        Dice::new([2; 32]).fill(&mut b);
        assert_ne!(a, b);
    }
}
