//! Exchanges of tablets with nodes and of hubs with the office, over links that break.

use std::collections::BTreeMap;

use mpp_server::http::auth::Caller;
use mpp_store::{Id, RevocationRow};
use mpp_sync::exchange::{
    BodyReader, ChainClaim, ChainFrames, Hello, ResponseRecord, decode_record, encode_relay, push_plan,
};
use mpp_sync::ids::{FrameHash, SessionId};

use super::{NOT_DURABLE, World};
use crate::sim::disk::PowerCut;
use crate::sim::node::Answered;
use crate::sim::tables::Tables;
use crate::sim::tablet::Exchanged;

/// Frames that a hub sends at once.
const RELAYED_MAX: usize = 24;

/// How a link behaves for one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Link {
    /// All of it arrives.
    Whole,
    /// It breaks at some byte on the way up.
    CutUp,
    /// It breaks at some byte on the way down.
    CutDown,
    /// The answer never comes.
    HalfOpen,
    /// The request arrives twice.
    Twice,
    /// The request arrives later again, or only later.
    Late,
}

impl World {
    pub(in crate::sim) fn some_exchange(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        let node = self.rng.below(self.nodes.len());
        let link = match self.rng.below(100) {
            0..=54 => Link::Whole,
            55..=66 => Link::CutUp,
            67..=81 => Link::CutDown,
            82..=87 => Link::HalfOpen,
            88..=93 => Link::Twice,
            _ => Link::Late,
        };
        if self.rng.chance(10) {
            let writes = u32::try_from(self.rng.below(4)).unwrap_or(0);
            self.nodes[node].store.cut_after(writes);
        }
        if self.rng.chance(8) {
            let writes = u32::try_from(self.rng.below(6)).unwrap_or(0);
            self.tablets[tablet].disk.cut_after(writes);
        }
        let frames = [0, 1, 2, 4, 16][self.rng.below(5)];
        self.tell(|| format!("tablet #{tablet} and node {node} exchange, link {link:?}"));
        drop(self.exchange(tablet, node, frames, link));
    }

    /// One round trip, as far as it comes. None when a power was cut or nothing came back.
    pub(in crate::sim) fn exchange(
        &mut self,
        tablet: usize,
        node: usize,
        frames: usize,
        link: Link,
    ) -> Option<Exchanged> {
        self.count("exchanges");
        let asked = self.tablets[tablet].request(node, frames).ok()?;
        let body = &asked.body;
        let up = if link == Link::CutUp { self.rng.below(body.len()) } else { body.len() };
        match link {
            Link::Whole => {}
            Link::CutUp => self.count("cut on the way up"),
            Link::CutDown => self.count("cut on the way down"),
            Link::HalfOpen => self.count("half-open"),
            Link::Twice => self.count("delivered twice"),
            Link::Late => {
                self.count("delayed and reordered");
                self.delayed.push((tablet, node, body.clone()));
                if self.rng.chance(50) {
                    return None;
                }
            }
        }
        if link == Link::Twice {
            drop(self.ask(tablet, node, body, body.len()));
        }
        let answer = match self.ask(tablet, node, body, up) {
            Answered::Body(answer) => answer,
            Answered::Error(code) if code == "DEVICE_UNKNOWN" => {
                // It shows its grants, and asks again at another time.
                self.admit(node, tablet);
                return None;
            }
            Answered::Error(code) => {
                self.tell(|| format!("node {node} answers tablet #{tablet} with {code}"));
                self.count(refusal(&code));
                return None;
            }
            Answered::Dead => return None,
        };
        if link == Link::HalfOpen {
            return None;
        }
        let down = if link == Link::CutDown { self.rng.below(answer.len()) } else { answer.len() };
        let done = match self.tablets[tablet].take_answer(node, &asked, &answer[..down]) {
            Ok(done) => done,
            Err(PowerCut) => return None,
        };
        self.acknowledged(tablet, node, &done);
        self.compared(tablet, node, &done);
        Some(done)
    }

    /// A node gets the first `up` bytes of a tablet's request.
    fn ask(&mut self, tablet: usize, node: usize, body: &[u8], up: usize) -> Answered {
        let caller = Caller::Device(self.tablets[tablet].device);
        let piece = 1 + self.rng.below(6_000);
        self.nodes[node].exchange(&self.runtime, caller, &body[..up], up == body.len(), piece)
    }

    /// Counts what a comparison came to.
    fn compared(&mut self, tablet: usize, node: usize, done: &Exchanged) {
        let offered = u64::try_from(done.offered).unwrap_or(0);
        *self.tally.entry("batches given back").or_default() += offered;
        if offered > 0 {
            self.tell(|| format!("tablet #{tablet} gives {offered} batches back to node {node}"));
        }
        if done.agreed {
            self.count("sums compared and equal");
            self.differs.remove(&(tablet, node));
        }
        if done.repairs > 0 {
            self.count("scopes repaired");
            self.tell(|| format!("tablet #{tablet} repairs scopes with node {node}"));
        }
        if !done.differs.is_empty() {
            self.count("scopes that differ after their repair");
            self.differs.insert((tablet, node), done.differs.clone());
            let differing = self.differing(tablet, node, &done.differs);
            self.tell(|| format!("tablet #{tablet} and node {node} differ: {}", differing.join("; ")));
        }
    }

    /// Remembers what a node said it holds.
    pub(in crate::sim) fn acknowledged(&mut self, tablet: usize, node: usize, done: &Exchanged) {
        for (log, session, frames) in &done.confirmed {
            let count = usize::try_from(*frames).unwrap_or(usize::MAX);
            let carried = self.tablets[tablet].state.session(*session).map(|session| &session.carried);
            let keys = carried.into_iter().flat_map(|carried| carried.iter().take(count)).flatten();
            self.model.acknowledged.extend(keys.copied());
            let hashes: Vec<[u8; 32]> = self.tablets[tablet]
                .state
                .session(*session)
                .map(|session| session.frames.iter().take(count).map(|(hash, _)| hash.0).collect())
                .unwrap_or_default();
            let node = &self.nodes[node];
            let durable = |tables: &Tables| {
                hashes.iter().zip(0..).all(|(hash, number)| {
                    let chain = tables.frames.get(&(session.0, number)).is_some_and(|row| row.hash == *hash);
                    chain || tables.branches.iter().any(|row| row.session == session.0 && row.hash == *hash)
                })
            };
            if node.log == *log && !node.store.durable(durable) {
                *self.tally.entry(NOT_DURABLE).or_default() += 1;
            }
        }
    }

    /// A hub hands its frames on to the office, whole and unchanged.
    pub(in crate::sim) fn some_relay(&mut self) {
        if self.nodes.len() < 2 {
            return;
        }
        let hub = 1 + self.rng.below(self.nodes.len() - 1);
        if self.rng.chance(10) {
            let writes = u32::try_from(self.rng.below(3)).unwrap_or(0);
            self.nodes[0].store.cut_after(writes);
        }
        let cut = self.rng.chance(25);
        self.tell(|| format!("node {hub} relays to the office, cut {cut}"));
        self.relay(hub, cut);
    }

    pub(in crate::sim) fn relay(&mut self, hub: usize, cut: bool) -> Option<u64> {
        self.count("relays");
        let store = self.nodes[hub].store.clone();
        let from = self.relayed.remove(&hub);
        let frames = from.map(|from| store.read(|tables| to_relay(tables, &from))).unwrap_or_default();
        let office = self.nodes[0].log;
        let grants: Vec<Vec<u8>> = match self.introduced.get(&hub) {
            Some(log) if *log == office => Vec::new(),
            _ => store.read(|tables| tables.signed.values().map(|row| row.bytes.clone()).collect()),
        };
        let chains = store.read(chains_of);
        let claim =
            |chain: &ChainFrames| ChainClaim { session: chain.session, frames: chain.frames.len() as u64 };
        let device = self.nodes[hub].identity.key.device();
        let hello =
            Hello { device, chains: chains.iter().map(claim).collect(), pull: None, ..Hello::default() };
        let body = encode_relay(&hello, &grants, &frames);
        let up = if cut { self.rng.below(body.len()) } else { body.len() };
        let piece = 1 + self.rng.below(6_000);
        let caller = Caller::Hub(device);
        let whole = up == body.len();
        let answer = self.nodes[0].exchange(&self.runtime, caller, &body[..up], whole, piece);
        let Answered::Body(answer) = answer else { return None };
        self.introduced.insert(hub, office);
        self.hear_of_revocations(hub);
        let down = if cut { self.rng.below(answer.len()) } else { answer.len() };
        let records = BodyReader::default().push(&answer[..down]).unwrap_or_default();
        let mut reached = None;
        for (kind, payload) in records {
            if let Ok(Some(ResponseRecord::Holds(held))) = decode_record(kind, &payload) {
                let plan = push_plan(&chains, &held);
                let mut from: BTreeMap<SessionId, u64> =
                    plan.confirmed.iter().map(|chain| (chain.session, chain.frames)).collect();
                // Another way than the hub's: the office gets the hub's from the beginning.
                from.extend(plan.forked.iter().map(|session| (*session, 0)));
                reached = Some(from.values().sum());
                self.relayed.insert(hub, from);
            }
        }
        reached
    }

    /// The list of revocations that the office gives a hub at each contact.
    fn hear_of_revocations(&mut self, hub: usize) {
        let list = self.nodes[0].store.read(|tables| tables.revocations.clone());
        for (device, at) in list {
            if !self.nodes[hub].store.read(|tables| tables.revocations.contains_key(&device)) {
                self.nodes[hub].revoke(&self.runtime, RevocationRow { device, at });
            }
        }
    }

    pub(in crate::sim) fn something_late_arrives(&mut self) {
        if self.delayed.is_empty() {
            return;
        }
        let at = self.rng.below(self.delayed.len());
        let (tablet, node, body) = self.delayed.swap_remove(at);
        self.tell(|| format!("a late request of tablet #{tablet} arrives at node {node}"));
        self.count("late arrivals");
        let up = if self.rng.chance(30) { self.rng.below(body.len()) } else { body.len() };
        drop(self.ask(tablet, node, &body, up));
    }

    /// One more exchange of a tablet with the office.
    pub fn fresh_exchange(&mut self, tablet: usize) -> Option<Exchanged> {
        self.exchange(tablet, 0, 16, Link::Whole)
    }
}

/// What a hub still has to send: the frames of its chains, and those of second branches.
fn to_relay(tables: &Tables, from: &BTreeMap<SessionId, u64>) -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for chain in tables.chains.keys() {
        let from = from.get(&SessionId(*chain)).copied().unwrap_or(0);
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let rest = tables.frames.range((*chain, from)..=(*chain, i64::MAX));
        frames.extend(rest.map(|(_, row)| row.bytes.clone()));
    }
    frames.truncate(RELAYED_MAX);
    frames.extend(tables.branches.iter().map(|branch| branch.bytes.clone()));
    frames
}

/// The chains of a hub, by the hashes of their frames.
fn chains_of(tables: &Tables) -> Vec<ChainFrames> {
    let chain = |session: &Id| {
        let frames = tables.frames.range((*session, 0)..=(*session, i64::MAX));
        let frames = frames.map(|(_, row)| FrameHash(row.hash)).collect();
        ChainFrames { session: SessionId(*session), frames }
    };
    tables.chains.keys().map(chain).collect()
}

/// An answer that is an error is counted, so that a schedule of nothing but errors is seen.
fn refusal(code: &str) -> &'static str {
    match code {
        "DEVICE_REVOKED" => "answers: revoked",
        "BODY_TRUNCATED" => "answers: truncated",
        _ => "answers: another error",
    }
}
