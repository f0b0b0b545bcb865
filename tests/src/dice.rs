//! Numbers that differ from run to run and can be had again: the seed is printed.

/// A sequence of numbers from a seed.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// A new seed, or the one of `MPP_TEST_SEED`; printed, for doing it again.
    ///
    #[must_use]
    pub fn new() -> Self {
        let given = std::env::var("MPP_TEST_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let mut bytes = [0; 8];
            // Without it the same numbers come every time, which the printed seed then says.
            let _ = getrandom::fill(&mut bytes);
            u64::from_be_bytes(bytes) >> 16
        });
        println!("MPP_TEST_SEED={seed}");
        Self::seeded(seed)
    }

    /// Always the same numbers.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        // Mixed, so that seeds next to each other give different numbers; the generator cannot leave zero.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number from `low` up to and without `high`, which must be larger.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        low + (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) % (high - low)
    }
}

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}
