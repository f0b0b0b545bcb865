//! One schedule: who does what, and what goes wrong, all from one seed.

mod faults;
mod grants;
mod links;
mod people;
mod rest;
mod rot;
mod sums;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use mpp_server::app::StartError;
use mpp_sync::ids::{DeviceId, DocumentId, FrameHash, LogId, SessionId};
use tokio::runtime::{Builder, Runtime};

use super::Planted;
use super::identity::{HUBS_MAX, identities};
use super::node::{Node, Surroundings};
use super::store::Key;
use super::tablet::{State, Tablet};
use crate::rng::Rng;

/// The days and the villages they serve; one village is served by both.
pub const DAYS: [(DocumentId, [&str; 2]); 2] = [
    (DocumentId([5; 16]), ["16.04.10.2001", "16.04.10.2002"]),
    (DocumentId([6; 16]), ["16.04.10.2002", "16.04.10.2003"]),
];
/// Exchanges that one tablet or hub may need at most to come to rest with one node.
pub const EXCHANGES_MAX: usize = 60;

/// Why a schedule is no good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The seed.
    pub seed: u64,
    /// After which step; steps beyond the schedule's are those to rest.
    pub step: usize,
    /// Which invariant.
    pub why: String,
    /// What happened, when somebody wanted to know.
    pub story: Vec<String>,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.story {
            writeln!(f, "{line}")?;
        }
        write!(f, "seed {} step {}: {}", self.seed, self.step, self.why)
    }
}

/// What was counted.
pub type Tally = BTreeMap<&'static str, u64>;

/// What is true of the world, told by nobody in it.
#[derive(Debug, Default)]
pub struct Model {
    /// Changes that a node said it holds.
    pub acknowledged: BTreeSet<Key>,
    /// Frames seen of each session, by number: more than one says that it was continued in two ways.
    pub frames: BTreeMap<(SessionId, usize), FrameHash>,
    /// Sessions continued in two ways.
    pub forked: BTreeSet<SessionId>,
    /// Devices whose storage was put back or copied: nobody else has a reason to continue a session in two ways.
    pub copied: BTreeSet<DeviceId>,
    /// A row rotted somewhere.
    pub rotted: bool,
    /// Tablets of which something rotted that they wrote themselves; its frame has it a second time.
    pub own_rotted: BTreeSet<usize>,
}

/// All nodes and what goes on between them.
pub struct World {
    pub(super) seed: u64,
    pub(super) rng: Rng,
    pub(super) step: usize,
    pub(super) at: i64,
    /// The office first, then the hubs.
    pub(super) nodes: Vec<Node>,
    pub(super) tablets: Vec<Tablet>,
    pub(super) model: Model,
    pub(super) tally: Tally,
    pub(super) planted: Planted,
    pub(super) runtime: Runtime,
    surroundings: Arc<Surroundings>,
    /// Requests that come late: from which tablet, to which node.
    delayed: Vec<(usize, usize, Vec<u8>)>,
    /// From which frame on each hub has to send its sessions, by the office's last word; none when it has to ask first.
    relayed: BTreeMap<usize, BTreeMap<SessionId, u64>>,
    /// The office's log that each hub showed the grants of its devices to.
    introduced: BTreeMap<usize, LogId>,
    /// Scopes of which a tablet was told that they differ from a node's although they were repaired.
    pub(super) differs: BTreeMap<(usize, usize), Vec<String>>,
    story: Option<Vec<String>>,
    made: u8,
}

impl World {
    /// A world that nothing has happened in.
    ///
    /// # Errors
    /// When a node does not start.
    fn new(seed: u64, planted: Planted, tell: bool) -> Result<Self, StartError> {
        let mut rng = Rng::new(seed);
        let runtime = Builder::new_current_thread().enable_time().build().map_err(no_runtime)?;
        let surroundings = Arc::new(Surroundings::new(rng.fork()));
        let mut world = Self {
            seed,
            rng,
            step: 0,
            at: 1_800_000_000,
            nodes: Vec::new(),
            tablets: Vec::new(),
            model: Model::default(),
            tally: Tally::new(),
            planted,
            runtime,
            surroundings,
            delayed: Vec::new(),
            relayed: BTreeMap::new(),
            introduced: BTreeMap::new(),
            differs: BTreeMap::new(),
            story: tell.then(Vec::new),
            made: 0,
        };
        world.surroundings.set(world.at);
        let nodes = 1 + world.rng.below(HUBS_MAX + 1);
        for identity in identities().iter().take(nodes) {
            let (log, surroundings) = (LogId(world.rng.bytes()), world.surroundings.clone());
            let node = world.runtime.block_on(Node::first_start(identity, log, surroundings))?;
            world.nodes.push(node);
        }
        for _ in 0..2 + world.rng.below(3) {
            world.new_tablet();
        }
        for node in &mut world.nodes {
            node.backup.0 = node.store.durable_rows();
            node.plant(planted);
        }
        Ok(world)
    }

    /// Plays the schedule of a seed and brings it to rest.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn play_seed(seed: u64, planted: Planted, tell: bool) -> Result<(Tally, Vec<String>), Broken> {
        let not_started =
            |error: StartError| Broken { seed, step: 0, why: error.to_string(), story: Vec::new() };
        Self::new(seed, planted, tell).map_err(not_started)?.play()
    }

    fn play(mut self) -> Result<(Tally, Vec<String>), Broken> {
        let steps = 20 + self.rng.below(40);
        for step in 0..steps {
            self.step = step;
            self.one_step();
            self.restart_the_dead();
            self.notice_forks();
            self.check_step()?;
        }
        self.come_to_rest()?;
        if self.model.rotted {
            self.after_rot()?;
        }
        self.check_at_rest()?;
        Ok((self.tally, self.story.unwrap_or_default()))
    }

    /// Says what happened, if somebody listens.
    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(format!("{:>3} {}", self.step, what()));
        }
    }

    /// Counts something.
    pub fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// The invariant is broken.
    pub fn broken(&mut self, why: impl Into<String>) -> Broken {
        Broken {
            seed: self.seed,
            step: self.step,
            why: why.into(),
            story: self.story.take().unwrap_or_default(),
        }
    }

    fn one_step(&mut self) {
        self.at += i64::try_from(self.rng.below(600)).unwrap_or(0);
        self.surroundings.set(self.at);
        match self.rng.below(100) {
            0..=29 => self.somebody_writes(),
            30..=69 => self.some_exchange(),
            70..=75 => self.some_relay(),
            76..=78 => self.something_late_arrives(),
            79..=82 => self.power_fails_at_rest(),
            83..=85 => self.app_starts_again(),
            86..=87 => self.backup(),
            88..=89 => self.node_is_restored(),
            90..=91 => self.tablet_rolls_back(),
            92 => self.tablet_is_cloned(),
            93 => self.storage_is_evicted(),
            94 => self.clock_jumps(),
            95..=96 => self.day_is_granted(),
            97 => self.device_is_revoked(),
            98 => self.office_writes(),
            _ => self.a_row_rots(),
        }
    }
}

/// What is counted when a node says it holds what its disk does not.
pub const NOT_DURABLE: &str = "acknowledged and not durable";

/// What is counted when a node does not start again.
pub const NOT_STARTED: &str = "a node that does not start";

/// Whether the tablet would send the change again to a node that lacks it.
#[must_use]
pub fn sends_again(tablet: &Tablet, state: &State, key: &Key) -> bool {
    !tablet.gone && !tablet.revoked && state.written.contains_key(key)
}

fn no_runtime(error: std::io::Error) -> StartError {
    StartError::File(PathBuf::new(), error)
}

/// What a tablet on these days downloads.
#[must_use]
pub fn scopes_of(days: &[DocumentId]) -> Vec<String> {
    let mut scopes = BTreeSet::from([mpp_sync::check::EVERYONE.to_owned()]);
    for (day, villages) in DAYS.iter().filter(|(day, _)| days.contains(day)) {
        scopes.insert(mpp_sync::check::day_scope(day));
        scopes.extend(villages.iter().map(|village| mpp_sync::check::village_scope(village)));
    }
    scopes.into_iter().collect()
}
