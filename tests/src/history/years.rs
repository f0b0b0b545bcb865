//! The clock and the chance of a folder that is made up.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use mpp_server::clock::{Env, NoRandomness};

use super::Dice;

/// 2021-11-01 08:00 in the western zone: the first service day.
pub const FIRST_DAY: i64 = 1_635_728_400;
/// Days of the calendar over which the service days are spread.
const CALENDAR_DAYS: i64 = 5 * 365;
const DAY_SECONDS: i64 = 86_400;
const HOUR: i64 = 3_600;

/// A clock that stands where the generator puts it, and bytes that the seed decides. The keys it makes protect nothing.
#[derive(Debug)]
pub struct Years {
    now: AtomicI64,
    seed: u64,
    drawn: AtomicU64,
}

impl Years {
    /// Before the first day.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { now: AtomicI64::new(FIRST_DAY - 7 * DAY_SECONDS), seed, drawn: AtomicU64::new(0) }
    }

    /// The morning of the `number`-th of `days` service days.
    pub fn go_to_day(&self, number: u32, days: u32) {
        let ahead = i64::from(number) * CALENDAR_DAYS / i64::from(days.max(1));
        self.now.store(FIRST_DAY + ahead * DAY_SECONDS, Ordering::Relaxed);
    }

    /// The evening of the same day, when tablets find a link.
    pub fn evening(&self) {
        self.now.fetch_add(10 * HOUR, Ordering::Relaxed);
    }
}

impl Env for Years {
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let mut dice = Dice::new(self.seed, &[u64::MAX, self.drawn.fetch_add(1, Ordering::Relaxed)]);
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&dice.number().to_be_bytes()[..part.len()]);
        }
        Ok(())
    }
}
