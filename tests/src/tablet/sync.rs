//! Exchanging until the office has confirmed everything and everything missing is here.

use std::time::Duration;

use mpp_sync::exchange::BackupState;
use serde::{Deserialize, Serialize};

use super::compare::Comparing;
use super::{Tablet, TabletError};
use crate::clock::{millis_since, moment};

/// Bytes of one request's body at most: larger while the link is good, smaller after it broke.
const BODY_START: usize = 64 * 1024;
const BODY_MIN: usize = 16 * 1024;
const BODY_MAX: usize = 256 * 1024;
/// Raw bytes of frames for each byte on the wire, before the first body has shown it.
const RATIO: usize = 2;
const RATIO_MAX: usize = 8;
/// The first wait after a failure; doubled up to [`WAIT_MAX`].
const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(2);

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synced {
    /// Whether the office confirmed everything and everything pulled is stored.
    pub ok: bool,
    /// Milliseconds from the command to the end.
    pub wall_ms: u64,
    /// Bytes of request bodies of the exchange.
    pub bytes_up: u64,
    /// Bytes of answer bodies of the exchange.
    pub bytes_down: u64,
    /// Requests of the exchange, failed ones too.
    pub round_trips: u64,
    /// Frames sent in exchanges that were answered to the end.
    pub frames_sent: usize,
    /// Frames that the office holds of all that this tablet cut.
    pub frames_confirmed: u64,
    /// Frames that it does not hold yet.
    pub frames_waiting: u64,
    /// Changes received.
    pub changes_received: usize,
    /// Whether the node's sums at its log's end are those of what it listed to this tablet.
    #[serde(default)]
    pub agreed: bool,
    /// How the office's backups stand, as the node said.
    #[serde(default)]
    pub backup: BackupState,
    /// Batches that were given back to an office that lacked them.
    #[serde(default)]
    pub offered: usize,
    /// How often scopes that differed were repaired.
    #[serde(default)]
    pub repairs: usize,
    /// Changes of ours that the office keeps aside.
    pub notices: usize,
    /// Exchanges that failed and were tried again.
    pub failures: u64,
    /// Frames that the same log confirmed before and no longer holds: must be 0.
    pub forgotten: u64,
    /// Why it is not `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Trouble>,
}

/// Why something is not `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The stable code.
    pub code: String,
    /// For people.
    pub detail: String,
}

impl From<&TabletError> for Trouble {
    fn from(error: &TabletError) -> Self {
        Self { code: error.code().to_owned(), detail: error.to_string() }
    }
}

/// How large the next body may be.
#[derive(Debug)]
struct Pace {
    body: usize,
    ratio: usize,
    failures: u32,
}

impl Pace {
    /// Raw bytes of frames for the next body; after a failure nobody knows what arrived: none.
    fn budget(&self) -> Option<usize> {
        (self.failures == 0).then_some(self.body * self.ratio)
    }

    fn went_well(&mut self, (raw, body): (usize, usize)) {
        if raw > 0 {
            self.ratio = raw.checked_div(body).unwrap_or(RATIO).clamp(1, RATIO_MAX);
        }
        self.failures = 0;
        self.body = (self.body * 2).min(BODY_MAX);
    }

    /// How long to wait before the next try.
    fn failed(&mut self) -> Duration {
        self.body = (self.body / 2).max(BODY_MIN);
        self.failures += 1;
        WAIT_MIN.saturating_mul(1 << self.failures.min(6)).min(WAIT_MAX)
    }
}

impl Tablet {
    /// Exchanges until nothing is left on either side, or the time is over.
    pub async fn sync(&mut self, timeout: Duration) -> Synced {
        let start = moment();
        self.client.take_traffic();
        let mut synced = Synced::default();
        let repairs = self.repairs;
        self.comparing = Comparing::default();
        self.claims.sent.clear();
        let result = tokio::time::timeout(timeout, self.sync_all(&mut synced)).await;
        if let Err(error) = result.unwrap_or(Err(TabletError::Timeout)) {
            let last = synced.error.take();
            // Why the last try failed says more than that the time is over.
            synced.error = last.or_else(|| Some(Trouble::from(&error)));
        } else {
            synced.ok = true;
            synced.error = None;
            // Everything is confirmed and read past: nothing has to be named until it changes.
            self.claims.all = false;
            self.claims.open.clear();
        }
        let traffic = self.client.take_traffic();
        (synced.bytes_up, synced.bytes_down) = (traffic.up, traffic.down);
        synced.round_trips = traffic.round_trips;
        synced.frames_confirmed = self.state.sessions().iter().map(|session| session.confirmed).sum();
        synced.frames_waiting = self.unconfirmed();
        synced.notices = self.state.notices().len();
        synced.repairs = self.repairs - repairs;
        synced.wall_ms = millis_since(start);
        synced
    }

    async fn sync_all(&mut self, synced: &mut Synced) -> Result<(), TabletError> {
        let mut pace = Pace { body: BODY_START, ratio: RATIO, failures: 0 };
        loop {
            match self.round(&mut pace, synced).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) if error.may_pass() => {
                    synced.failures += 1;
                    synced.error = Some(Trouble::from(&error));
                    tokio::time::sleep(pace.failed()).await;
                }
                Err(error) => {
                    synced.error = None;
                    return Err(error);
                }
            }
        }
    }

    /// One exchange; true when nothing is left to do.
    async fn round(&mut self, pace: &mut Pace, synced: &mut Synced) -> Result<bool, TabletError> {
        self.prepare().await?;
        self.cut_frames()?;
        // A body that is answered with 401 was sent for nothing, so a new start enters first.
        if !self.client.is_signed_in() {
            self.enter().await?;
        }
        let done = match self.exchange(pace.budget()).await {
            Err(TabletError::Answer { status, code, .. }) if status == 401 || code == "DEVICE_UNKNOWN" => {
                self.enter().await?;
                self.exchange(pace.budget()).await?
            }
            other => other?,
        };
        synced.frames_sent += done.frames_sent;
        synced.changes_received += done.received;
        synced.forgotten += done.forgotten;
        synced.offered += done.offered;
        synced.agreed = done.agreed;
        synced.backup = done.backup;
        // A gap heals itself, because the office has just said what it holds.
        if let Some(code) = done.refused.iter().find(|code| *code != "frame_gap") {
            return Err(TabletError::Refused(code.clone()));
        }
        pace.went_well(done.raw_and_body);
        if !done.differs.is_empty() {
            return Err(TabletError::Differs(done.differs));
        }
        Ok(!done.more && self.unconfirmed() == 0)
    }

    pub(super) fn unconfirmed(&self) -> u64 {
        let left = |frames: usize, confirmed: u64| (frames as u64).saturating_sub(confirmed);
        self.state.sessions().iter().map(|session| left(session.frames.len(), session.confirmed)).sum()
    }
}
