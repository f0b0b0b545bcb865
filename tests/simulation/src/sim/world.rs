//! One schedule: who does what, and what goes wrong, all from one seed.

mod faults;
mod links;
mod people;
mod rest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpp_store::{DeviceRow, GrantRow};
use mpp_sync::ids::{DeviceId, DocumentId, FrameHash, LogId, SessionId};
use p256::ecdsa::SigningKey;

use super::Planted;
use super::node::Node;
use super::store::{Key, MemoryStore};
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
    office_key: SigningKey,
    days: Arc<BTreeMap<DocumentId, Vec<String>>>,
    /// Requests that come late: from which tablet, to which node.
    delayed: Vec<(usize, usize, Vec<u8>)>,
    /// What the office said to each hub that it holds, and with which log.
    relayed: BTreeMap<usize, (LogId, BTreeMap<SessionId, u64>)>,
    story: Option<Vec<String>>,
    made: u8,
}

impl World {
    /// A world that nothing has happened in.
    #[must_use]
    pub fn new(seed: u64, planted: Planted, tell: bool) -> Self {
        let mut rng = Rng::new(seed);
        let office_key = key(&mut rng);
        let office = DeviceId::of_key(office_key.verifying_key().to_sec1_point(false).as_bytes());
        let days = DAYS.iter().map(|(day, villages)| (*day, villages.map(str::to_owned).to_vec()));
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
            office_key,
            days: Arc::new(days.collect()),
            delayed: Vec::new(),
            relayed: BTreeMap::new(),
            story: tell.then(Vec::new),
            made: 0,
        };
        for _ in 0..=world.rng.below(3) {
            let node = Node {
                store: MemoryStore::default(),
                log: LogId(world.rng.bytes()),
                office,
                days: world.days.clone(),
                planted,
                backup: 0,
            };
            world.nodes.push(node);
        }
        let office_row = device_row(&world.office_key, "kantor");
        for node in &world.nodes {
            let _ = node.store.put_device(office_row.clone());
        }
        for _ in 0..2 + world.rng.below(3) {
            world.new_tablet();
        }
        for node in &mut world.nodes {
            node.backup = node.store.backup();
            if planted == Planted::AcknowledgedBeforeFlush {
                node.store.never_flush();
            }
        }
        world
    }

    /// Plays the schedule and brings it to rest.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn play(self) -> Result<Tally, Broken> {
        self.play_telling().map(|(tally, _)| tally)
    }

    /// As [`World::play`], with what happened.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn play_telling(mut self) -> Result<(Tally, Vec<String>), Broken> {
        let steps = 20 + self.rng.below(40);
        for step in 0..steps {
            self.step = step;
            self.one_step();
            self.restart_the_dead();
            self.notice_forks();
            self.check_step()?;
        }
        self.come_to_rest()?;
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
            _ => self.office_writes(),
        }
    }
}

/// What is counted when a node says it holds what its disk does not.
pub const NOT_DURABLE: &str = "acknowledged and not durable";

/// Whether the tablet would send the change again to a node that lacks it.
#[must_use]
pub fn sends_again(tablet: &Tablet, state: &State, key: &Key) -> bool {
    !tablet.gone && !tablet.revoked && state.written.contains_key(key)
}

fn key(rng: &mut Rng) -> SigningKey {
    loop {
        if let Ok(key) = SigningKey::from_slice(&rng.bytes::<32>()) {
            return key;
        }
    }
}

fn device_row(key: &SigningKey, name: &str) -> DeviceRow {
    let public_key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let id = DeviceId::of_key(&public_key).0;
    DeviceRow { id, public_key, name: name.to_owned(), created_at: 0, revoked_at: None }
}

fn grant_row(device: DeviceId, day: DocumentId, label: &str) -> GrantRow {
    GrantRow {
        device: device.0,
        day: day.0,
        label: label.to_owned(),
        username: "rina".to_owned(),
        granted_at: 0,
    }
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
