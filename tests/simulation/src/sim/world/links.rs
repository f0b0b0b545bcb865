//! Exchanges of tablets with nodes and of hubs with the office, over links that break.

use mpp_sync::exchange::{
    BodyReader, ChainClaim, Hello, ResponseRecord, Welcome, decode_record, encode_request,
};

use super::{NOT_DURABLE, World};
use crate::sim::disk::PowerCut;
use crate::sim::node::Answered;
use crate::sim::tables::Tables;
use crate::sim::tablet::Exchanged;

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
        let (body, sent) = self.tablets[tablet].request(node, frames).ok()?;
        let group = 1 + self.rng.below(6);
        let at = self.at;
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
            drop(self.nodes[node].exchange(&body, true, group, at));
        }
        let answer = match self.nodes[node].exchange(&body[..up], up == body.len(), group, at) {
            Answered::Body(answer) => answer,
            Answered::Error("DEVICE_UNKNOWN") => {
                // It shows its grant, and asks again at another time.
                self.admit(node, tablet);
                return None;
            }
            Answered::Error(_) | Answered::Dead => return None,
        };
        if link == Link::HalfOpen {
            return None;
        }
        let down = if link == Link::CutDown { self.rng.below(answer.len()) } else { answer.len() };
        let mut done = match self.tablets[tablet].take_answer(node, &answer[..down]) {
            Ok(done) => done,
            Err(PowerCut) => return None,
        };
        done.sent = sent;
        self.acknowledged(tablet, node, &done);
        Some(done)
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
        let known = self.relayed.get(&hub).cloned();
        self.introduce(hub);
        let chains = self.nodes[hub].chains();
        let mut frames: Vec<Vec<u8>> = Vec::new();
        if let Some((_, held)) = &known {
            self.nodes[hub].store.read(|tables| {
                for session in chains.keys() {
                    let from = i64::try_from(held.get(session).copied().unwrap_or(0)).unwrap_or(i64::MAX);
                    let rest = tables.frames.range((session.0, from)..=(session.0, i64::MAX));
                    frames.extend(rest.map(|(_, row)| row.bytes.clone()));
                }
            });
            frames.truncate(24);
            let branches = |tables: &Tables| {
                tables.branches.iter().map(|branch| branch.bytes.clone()).collect::<Vec<_>>()
            };
            frames.extend(self.nodes[hub].store.read(branches));
        }
        let claims = chains.iter().map(|(session, frames)| ChainClaim { session: *session, frames: *frames });
        let hello = Hello { device: self.nodes[hub].office, chains: claims.collect(), ..Hello::default() };
        let body = encode_request(&hello, &frames);
        let up = if cut { self.rng.below(body.len()) } else { body.len() };
        let group = 1 + self.rng.below(8);
        let answer = self.nodes[0].exchange(&body[..up], up == body.len(), group, self.at);
        self.relayed.remove(&hub);
        let Answered::Body(answer) = answer else { return None };
        let down = if cut { self.rng.below(answer.len()) } else { answer.len() };
        let mut log = None;
        let records = BodyReader::default().push(&answer[..down]).unwrap_or_default();
        for (kind, payload) in records {
            match decode_record(kind, &payload) {
                Ok(Some(ResponseRecord::Welcome(Welcome { log: answered, .. }))) => log = Some(answered),
                Ok(Some(ResponseRecord::Holds(chains))) => {
                    let held = chains.iter().map(|chain| (chain.session, chain.frames)).collect();
                    self.relayed.insert(hub, (log?, held));
                }
                Ok(Some(ResponseRecord::Refused { session, code, .. })) if code == "frame_fork" => {
                    self.model.forked.insert(session);
                }
                _ => {}
            }
        }
        self.relayed.get(&hub).map(|(_, held)| held.values().sum())
    }

    /// The hub sends the grants of the devices whose frames it carries: an office that was restored may not know them.
    pub(in crate::sim) fn introduce(&self, hub: usize) {
        let (devices, grants) = self.nodes[hub].store.read(|tables| {
            let known = tables.devices.values().filter(|device| device.revoked_at.is_none());
            (known.cloned().collect::<Vec<_>>(), tables.grants.clone())
        });
        let office = &self.nodes[0].store;
        for device in devices {
            if office.read(|tables| tables.devices.contains_key(&device.id)) {
                continue;
            }
            if office.put_device(device.clone()).is_err() {
                return;
            }
            for grant in grants.iter().filter(|grant| grant.device == device.id) {
                if office.grant(grant.clone()).is_err() {
                    return;
                }
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
        let group = 1 + self.rng.below(6);
        drop(self.nodes[node].exchange(&body[..up], up == body.len(), group, self.at));
    }

    /// One more exchange of a tablet with the office.
    pub fn fresh_exchange(&mut self, tablet: usize) -> Option<Exchanged> {
        self.exchange(tablet, 0, 16, Link::Whole)
    }
}
