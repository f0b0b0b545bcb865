//! The task that keeps a hub in touch with its office: one exchange at a time, at growing distances after failures, for
//! days if it has to be.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mpp_store::RevocationRow;
use serde::Serialize;
use tokio::sync::watch;

use super::HubError;
use super::client::OfficeClient;
use super::round::Round;
use crate::app::App;

/// Pieces of work that arrive together are passed on together.
const GATHER: Duration = Duration::from_millis(400);
/// The longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_mins(2);

/// How far upstream is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// Unix seconds of the last whole exchange.
    pub reached_at: Option<i64>,
    /// Frames that the office is not known to hold.
    pub waiting_frames: i64,
    /// Failures in a row.
    pub failures: u32,
    /// Stable code of the last failure.
    pub trouble: Option<String>,
    /// The office revoked this hub.
    pub revoked: bool,
}

/// What others see of the task.
#[derive(Default)]
pub struct Upstream {
    state: RwLock<State>,
}

impl Upstream {
    /// How it is now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts from what was known before the restart.
    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Speaks to the office until the process ends.
pub async fn run(app: Arc<App>, client: OfficeClient, mut appended: watch::Receiver<i64>) {
    let every = Duration::from_secs(app.config.upstream_every.max(1));
    let mut round = Round::new(app.clone(), client);
    loop {
        appended.mark_unchanged();
        let outcome = round.run().await;
        let waiting = round.waiting_frames().await.unwrap_or_default();
        let now = app.env().now();
        let mut pause = every;
        match outcome {
            Ok(()) => app.upstream.set(|state| {
                *state = State { reached_at: Some(now), waiting_frames: waiting, ..State::default() };
            }),
            Err(error) => {
                round.failed(&error);
                let revoked = is_revocation(&error);
                if revoked {
                    remember_revocation(&app).await;
                }
                app.upstream.set(|state| {
                    state.failures = state.failures.saturating_add(1);
                    state.trouble = Some(error.code().to_owned());
                    state.waiting_frames = waiting;
                    state.revoked |= revoked;
                });
                let failures = app.upstream.state().failures;
                pause = every.saturating_mul(1 << failures.min(6)).min(PAUSE_MAX.max(every));
                tracing::warn!(code = "UPSTREAM_FAILED", reason = error.code(), error = %error, failures);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = appended.changed(), if app.upstream.state().failures == 0 => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
        }
    }
}

/// The office said that this hub is no longer believed: it takes nothing any more, so that tablets go to the office.
fn is_revocation(error: &HubError) -> bool {
    matches!(error, HubError::Answer { code, .. } if code == "HUB_REVOKED")
}

/// So that a restart does not forget it before the next contact.
async fn remember_revocation(app: &App) {
    let row = RevocationRow { device: app.node.key.device().0, at: app.env().now() };
    if let Err(error) = app.store().revoke(row).await {
        tracing::error!(code = "STORE_FAILED", error = %error);
    }
}
