//! The one place of this crate that looks at a clock: for how long to go on, never for what happens.

use std::time::{Duration, Instant};

/// A moment to measure from.
#[derive(Debug, Clone, Copy)]
pub struct Start(Instant);

impl Start {
    /// Now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a run is given a number of seconds")]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// Time since then.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
