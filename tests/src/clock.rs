//! The only place of the harness that reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Unix seconds.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the harness is the edge of the system: it has to read a clock"
)]
pub fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A moment to measure from.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the harness measures how long an exchange took")]
pub fn moment() -> Instant {
    Instant::now()
}

/// Milliseconds since a moment.
#[must_use]
pub fn millis_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
