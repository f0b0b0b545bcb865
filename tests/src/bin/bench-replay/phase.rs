//! One phase: some tablets sync, one after the other, and what they wrote to their journals while
//! doing so says what had to go over the wire.

use std::io;

use mpp_tests::headless::Headless;
use mpp_tests::reference::{Reference, received, sent};
use mpp_tests::tablet::journal::records_from;
use mpp_tests::tablet::sync::Synced;

/// Milliseconds that one sync may take.
const TIMEOUT_MS: u64 = 600_000;
/// Bytes of both bodies when nothing has changed.
const QUIET_GOAL: u64 = 400;

/// One phase, summed over its tablets.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Which.
    pub name: &'static str,
    /// Largest ratio to the reference that is good enough, where there is a goal.
    pub goal: Option<f64>,
    /// How many tablets.
    pub tablets: u64,
    /// Request bodies.
    pub up: u64,
    /// Answer bodies.
    pub down: u64,
    /// Of what the tablets sent.
    pub sent: Reference,
    /// Of what they received.
    pub received: Reference,
    /// Requests.
    pub round_trips: u64,
    /// Most requests of one tablet.
    pub round_trips_max: u64,
    /// Most bytes of both bodies of one tablet.
    pub bytes_max: u64,
    /// Milliseconds, summed.
    pub wall_ms: u64,
    /// Exchanges that failed.
    pub failures: u64,
    /// Bytes of the server's largest resident memory up to the end of the phase.
    pub server_memory: Option<u64>,
}

impl Measured {
    /// Before the first tablet.
    pub fn new(name: &'static str, goal: Option<f64>) -> Self {
        let nothing = Reference::default();
        Self {
            name,
            goal,
            tablets: 0,
            up: 0,
            down: 0,
            sent: nothing,
            received: nothing,
            round_trips: 0,
            round_trips_max: 0,
            bytes_max: 0,
            wall_ms: 0,
            failures: 0,
            server_memory: None,
        }
    }

    /// Lets a tablet sync. `mark` is how long its journal was after its last sync: what it cut since
    /// then is what had to be sent.
    ///
    /// Each tablet has a reference of its own for each direction: its missing changes in one stream.
    pub fn sync(&mut self, tablet: &mut Headless, mark: &mut u64) -> io::Result<()> {
        let synced = tablet.sync(TIMEOUT_MS)?;
        let records = records_from(&tablet.journal(), *mark).map_err(io::Error::other)?;
        *mark = std::fs::metadata(tablet.journal())?.len();
        self.add(&synced, sent(&records)?, received(&records)?);
        Ok(())
    }

    fn add(&mut self, synced: &Synced, up: Reference, down: Reference) {
        self.tablets += 1;
        self.up += synced.bytes_up;
        self.down += synced.bytes_down;
        self.sent = sum(self.sent, up);
        self.received = sum(self.received, down);
        self.round_trips += synced.round_trips;
        self.round_trips_max = self.round_trips_max.max(synced.round_trips);
        self.bytes_max = self.bytes_max.max(synced.bytes_up + synced.bytes_down);
        self.wall_ms += synced.wall_ms;
        self.failures += synced.failures;
    }

    /// Changes over the wire, both ways.
    pub fn changes(&self) -> u64 {
        self.sent.changes + self.received.changes
    }

    /// Request bodies against the reference of what was sent.
    pub fn ratio_up(&self) -> Option<f64> {
        ratio(self.up, self.sent.deflated)
    }

    /// Both bodies against the reference of what was missing on both sides.
    pub fn ratio(&self) -> Option<f64> {
        ratio(self.up + self.down, self.sent.deflated + self.received.deflated)
    }

    /// Whether it was quiet and still cost more than it may.
    pub fn quiet_over_goal(&self) -> bool {
        self.changes() == 0 && (self.bytes_max > QUIET_GOAL || self.round_trips_max > 1)
    }

    /// The goal in words.
    pub fn goal_in_words(&self) -> String {
        match (self.goal, self.changes()) {
            (_, 0) => format!("≤ {QUIET_GOAL} B, 1 trip"),
            (Some(goal), _) => format!("≤ {goal:.2}"),
            (None, _) => "reported".to_owned(),
        }
    }

    /// What is wrong with a quiet phase that was not quiet.
    pub fn complaint(&self) -> String {
        format!("{}: {} B and {} round trips for nothing", self.name, self.bytes_max, self.round_trips_max)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio that is printed with three digits")]
fn ratio(bytes: u64, reference: u64) -> Option<f64> {
    (reference > 0).then(|| bytes as f64 / reference as f64)
}

fn sum(one: Reference, two: Reference) -> Reference {
    Reference {
        changes: one.changes + two.changes,
        raw: one.raw + two.raw,
        deflated: one.deflated + two.deflated,
    }
}
