//! Logs: one JSON object per line on standard error.
//!
//! Fields have fixed names (`code`, `status`, `request`, `device`, `document`, `count`). **Never logged:** names, NIK,
//! KK, phone numbers, addresses, passwords, tokens, request or response bodies, query strings.

use tracing_subscriber::EnvFilter;

/// Starts logging; `MPP_LOG` chooses the level (`info` if unset).
pub fn start() {
    let filter = EnvFilter::try_from_env("MPP_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(true)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .try_init();
}
