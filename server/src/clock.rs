//! Time and chance: the only place that reads the clock or the operating system's randomness.

use std::time::{SystemTime, UNIX_EPOCH};

/// What the server takes from the outside world. Tests bring their own.
pub trait Env: Send + Sync {
    /// Unix seconds.
    fn now(&self) -> i64;
    /// Fills with bytes nobody can guess.
    ///
    /// # Errors
    /// When the operating system has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// The machine's clock and randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// `N` random bytes.
///
/// # Errors
/// [`NoRandomness`].
pub fn random<const N: usize>(env: &dyn Env) -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    env.fill(&mut bytes)?;
    Ok(bytes)
}
