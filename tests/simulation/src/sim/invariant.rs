//! What must hold after every step, and when everything is at rest.

use std::collections::BTreeSet;

use mpp_sync::document::Document;
use mpp_sync::frame::Frame;
use mpp_sync::ids::{DeviceId, DocumentId, Kind, SessionId};
use mpp_sync::trust::Grant;
use mpp_sync::view::{View, canonical};

use super::store::Key;
use super::tables::Tables;
use super::tablet::key_of;
use super::world::{Broken, NOT_DURABLE, NOT_STARTED, World, sends_again};

impl World {
    /// After every step.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn check_step(&mut self) -> Result<(), Broken> {
        if self.tally.contains_key(NOT_DURABLE) {
            return Err(self.broken("a node acknowledged what is not on its disk"));
        }
        if self.tally.contains_key(NOT_STARTED) {
            return Err(self.broken("a node did not start again"));
        }
        let lost = self.model.acknowledged.iter().find(|key| !self.elsewhere(key, None, None)).copied();
        match lost {
            Some((document, _)) => {
                Err(self.broken(format!("an acknowledged change of {} is nowhere", DocumentId(document))))
            }
            None => Ok(()),
        }
    }

    /// When nothing moves any more.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn check_at_rest(&mut self) -> Result<(), Broken> {
        self.step += 1;
        for node in 0..self.nodes.len() {
            let found = self.nodes[node].store.read(chains_are_whole);
            let parted = self.nodes[node].store.read(|tables| self.unexplained_branch(tables));
            if let Some(why) = found.err().or(parted) {
                return Err(self.broken(format!("node {node}: {why}")));
            }
        }
        self.office_has_everything()?;
        self.sums_are_equal()?;
        for tablet in 0..self.tablets.len() {
            if !self.tablets[tablet].gone && !self.tablets[tablet].revoked {
                self.tablet_equals_office(tablet)?;
            }
        }
        for tablet in 0..self.tablets.len() {
            if !self.tablets[tablet].gone && !self.tablets[tablet].revoked {
                self.fresh_exchange_is_empty(tablet)?;
            }
        }
        Ok(())
    }

    /// What was accepted once and is kept aside since a restore (a copied tablet's way that came second) differs for good:
    /// people are told, by the sums and by the quarantine. Nothing else does.
    fn sums_are_equal(&mut self) -> Result<(), Broken> {
        let living = |tablet: usize| !self.tablets[tablet].gone && !self.tablets[tablet].revoked;
        let differ = self.differs.iter().filter(|((tablet, _), _)| living(*tablet));
        let found =
            differ.map(|((tablet, node), scopes)| (*tablet, *node, self.differing(*tablet, *node, scopes)));
        let unexplained = found.into_iter().find(|(_, _, differing)| !differing.is_empty());
        match unexplained {
            Some((tablet, node, differing)) => {
                Err(self.broken(format!("tablet #{tablet} and node {node} differ: {}", differing.join("; "))))
            }
            None => Ok(()),
        }
    }

    /// A device whose storage was never put back nor copied has continued a session in two ways.
    fn unexplained_branch(&self, tables: &Tables) -> Option<String> {
        let mut branches = tables.branches.iter();
        let of_nobody = branches.find(|branch| {
            let chain = tables.chains.get(&branch.session);
            chain.is_some_and(|chain| !self.model.copied.contains(&DeviceId(chain.device)))
        });
        of_nobody.map(|branch| format!("{} went on in two ways without a reason", SessionId(branch.session)))
    }

    /// Everything acknowledged, and everything that a living tablet wrote, is accepted or kept aside with a reason.
    fn office_has_everything(&mut self) -> Result<(), Broken> {
        let mut wanted: BTreeSet<Key> = self.model.acknowledged.clone();
        for tablet in &self.tablets {
            let written = tablet.state.written.keys();
            wanted.extend(written.filter(|key| sends_again(tablet, &tablet.state, key)));
        }
        let missing = self.nodes[0].store.read(|tables| wanted.iter().find(|key| !has(tables, key)).copied());
        let unexplained =
            self.nodes[0].store.read(|tables| tables.quarantine.values().any(|row| row.code.is_empty()));
        if let Some(key) = missing {
            let holders = self.holders(&key);
            return Err(self.broken(format!("the office lacks a change of {}: {holders}", DocumentId(key.0))));
        }
        if unexplained {
            return Err(self.broken("something is kept aside without a reason"));
        }
        *self.tally.entry("changes at the office").or_default() += wanted.len() as u64;
        Ok(())
    }

    /// Who has a change, for the story.
    fn holders(&self, key: &Key) -> String {
        let nodes =
            self.nodes.iter().enumerate().filter(|(_, node)| node.store.read(|tables| has(tables, key)));
        let mut text: Vec<String> = nodes.map(|(index, _)| format!("node {index} has it")).collect();
        for (index, tablet) in self.tablets.iter().enumerate() {
            if let Some(session) = tablet.state.written.get(key) {
                text.push(format!(
                    "tablet #{index} wrote it in {session}{}{}",
                    if tablet.gone { ", gone" } else { "" },
                    if tablet.revoked { ", revoked" } else { "" }
                ));
            }
        }
        text.join("; ")
    }

    /// What a tablet asks for and the office lets it read.
    fn readable(&self, tablet: usize) -> Vec<String> {
        let tablet = &self.tablets[tablet];
        let allowed = self.nodes[0].store.read(|tables| scopes_granted(tables, tablet.device, self.at));
        tablet.scopes.iter().filter(|scope| allowed.contains(*scope)).cloned().collect()
    }

    fn tablet_equals_office(&mut self, number: usize) -> Result<(), Broken> {
        let tablet = &self.tablets[number];
        let scopes = self.readable(number);
        let listed = self.nodes[0].store.read(|tables| tables.listed(&scopes));
        if let Some((document, _)) = listed.iter().find(|key| !tablet.state.has(key)).copied() {
            let why =
                format!("tablet #{number} lacks a change of {} that the office lists", DocumentId(document));
            return Err(self.broken(why));
        }
        let mut orphans = 0;
        let mut stray = None;
        let mut differs = None;
        for (id, stored) in &tablet.state.documents {
            let held: BTreeSet<Key> = stored.changes.iter().map(|(hash, _)| (id.0, hash.0)).collect();
            let extra: Vec<&Key> =
                self.nodes[0].store.read(|tables| held.iter().filter(|key| !has(tables, key)).collect());
            for key in extra {
                // Its writer and the office lost it together, before it was acknowledged.
                if self.tablets.iter().any(|other| sends_again(other, &other.state, key)) {
                    stray = Some(*id);
                }
                orphans += 1;
            }
            if stored.changes.iter().all(|(hash, _)| listed.contains(&(id.0, hash.0))) && self.looks_closely()
            {
                let raw: Vec<Vec<u8>> = self.nodes[0]
                    .store
                    .read(|tables| tables.changes_of(id.0).map(|change| change.bytes.clone()).collect());
                if raw.len() == held.len() && reading(stored.kind, *id, &raw) != tablet_reading(tablet, id) {
                    differs = Some(*id);
                }
            }
        }
        *self.tally.entry("changes that only a reader still has").or_default() += orphans;
        if let Some(id) = stray {
            return Err(
                self.broken(format!("tablet #{number} holds a change of {id} that the office has not"))
            );
        }
        if let Some(id) = differs {
            return Err(self.broken(format!("tablet #{number} reads {id} in another way than the office")));
        }
        Ok(())
    }

    /// Opening documents costs more than all the rest: every sixth schedule compares what they read as.
    fn looks_closely(&self) -> bool {
        self.seed.is_multiple_of(6)
    }

    fn fresh_exchange_is_empty(&mut self, number: usize) -> Result<(), Broken> {
        let before = (self.tablets[number].disk.rows().len(), self.nodes[0].store.read(|tables| tables.head));
        let reads = !self.readable(number).is_empty();
        let done = self.fresh_exchange(number);
        let after = (self.tablets[number].disk.rows().len(), self.nodes[0].store.read(|tables| tables.head));
        // The sums are asked for again where they differ for good.
        let differs = self.differs.contains_key(&(number, 0));
        let empty = done.is_some_and(|done| {
            done.ended
                && done.received == 0
                && done.sent == 0
                && (differs || !reads || (done.agreed && !done.more))
        });
        if empty && before == after {
            return Ok(());
        }
        Err(self.broken(format!("a fresh exchange of tablet #{number} is not empty")))
    }
}

/// What the office lets a device read now, by the grants it was shown.
fn scopes_granted(tables: &Tables, device: DeviceId, now: i64) -> BTreeSet<String> {
    let now = u64::try_from(now).unwrap_or(0);
    let of_device = tables.signed.values().filter(|row| row.device == device.0);
    let grants = of_device.filter_map(|row| Grant::decode(&row.bytes).ok());
    grants.filter(|grant| grant.may_read_at(now)).flat_map(|grant| grant.granted.scopes).collect()
}

fn has(tables: &Tables, key: &Key) -> bool {
    tables.has(key.0, key.1) || tables.quarantine.contains_key(key)
}

/// What people would read: canonical, whatever the order of arrival.
fn reading(kind: Kind, id: DocumentId, raw: &[Vec<u8>]) -> String {
    let (document, left) = Document::open(kind, id, raw);
    let view = View::of(&document).map(|view| canonical(&view.to_json()));
    format!("{view:?} {left:?} {:?}", document.changes().len())
}

fn tablet_reading(tablet: &super::tablet::Tablet, id: &DocumentId) -> String {
    let stored = tablet.state.documents.get(id);
    let raw: Vec<Vec<u8>> =
        stored.into_iter().flat_map(|stored| &stored.changes).map(|(_, bytes)| bytes.clone()).collect();
    stored.map(|stored| reading(stored.kind, *id, &raw)).unwrap_or_default()
}

/// Every chain has its frames without a gap, its last one is its head, and every change in them is accepted or kept aside.
fn chains_are_whole(tables: &Tables) -> Result<(), String> {
    if tables.summed_again() != tables.sums {
        return Err("the sum of a scope is not that of what it lists".to_owned());
    }
    for chain in tables.chains.values() {
        for number in 0..chain.frames {
            let Some(row) = tables.frames.get(&(chain.session, number)) else {
                return Err(format!("frame {number} of {} is missing", SessionId(chain.session)));
            };
            if number + 1 == chain.frames && row.hash != chain.head_hash {
                return Err("the head of a chain is not its last frame".to_owned());
            }
            if tables.rotten_frames.contains(&(chain.session, number)) {
                continue;
            }
            let frame = Frame::decode(&row.bytes).map_err(|error| error.to_string())?;
            if frame.entries().any(|entry| !has(tables, &key_of(entry))) {
                return Err("a change of a stored frame was dropped".to_owned());
            }
        }
    }
    Ok(())
}
