//! A bit flips on a disk.

use std::sync::Arc;

use mpp_sync::save::Entry;

use super::{Broken, World};
use crate::sim::Planted;
use crate::sim::store::Key;
use crate::sim::tables::{Rotted, Tables};
use crate::sim::tablet::{Row, key_of};

impl World {
    pub(in crate::sim) fn a_row_rots(&mut self) {
        // Rot alone would show that nobody looks at sums.
        if self.planted.ignores_sums() && self.planted != Planted::SumsIgnored {
            return;
        }
        match self.rng.below(3) {
            0 => self.a_tablets_row_rots(),
            1 => self.a_change_rots(),
            _ => self.a_frame_rots(),
        }
    }

    /// A change that a tablet received, or that it wrote and packed: the frame has what it wrote a second time. What it did
    /// not pack yet is nowhere else, and nobody could bring it back.
    fn a_tablets_row_rots(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        let packed: Vec<Key> = self.tablets[tablet]
            .state
            .sessions
            .iter()
            .flat_map(|session| session.carried.iter().flatten())
            .copied()
            .collect();
        let rows = self.tablets[tablet].disk.rows();
        let may = |row: &Row| match row {
            Row::Received { entries, .. } => !entries.is_empty(),
            Row::Save { save, .. } => save.entries.iter().all(|entry| packed.contains(&key_of(entry))),
            _ => false,
        };
        let rotting: Vec<usize> =
            (0..self.tablets[tablet].disk.durable()).filter(|at| may(&rows[*at])).collect();
        let Some(at) = self.rng.pick(&rotting).copied() else { return };
        let mut row = (*self.tablets[tablet].disk.rows()[at]).clone();
        let entries: &mut Vec<Entry> = match &mut row {
            Row::Received { entries, .. } => entries,
            Row::Save { save, .. } => &mut save.entries,
            _ => return,
        };
        let (which, bit) = (self.rng.below(entries.len()), self.rng.below(8));
        let byte = self.rng.below(entries[which].bytes.len());
        entries[which].bytes[byte] ^= 1 << bit;
        self.count("rows of a tablet that rotted");
        self.tell(|| format!("row {at} of tablet #{tablet} rots, and the app starts again"));
        self.model.rotted = true;
        if matches!(row, Row::Save { .. }) {
            self.model.own_rotted.insert(tablet);
        }
        self.tablets[tablet].disk.replace(at, Arc::new(row));
        self.start(tablet);
    }

    /// A change of the log or of the quarantine, whose frame has it a second time.
    fn a_change_rots(&mut self) {
        let node = self.rng.below(self.nodes.len());
        let all: Vec<Key> = self.nodes[node].store.read(|tables| {
            let logged = tables.log.iter().filter(|change| !change.bytes.is_empty());
            let logged = logged.map(|change| (change.document, change.hash));
            logged
                .chain(tables.quarantine.keys().copied())
                .filter(|key| has_second_copy(tables, key))
                .collect()
        });
        let Some(key) = self.rng.pick(&all).copied() else { return };
        let at = self.rng.below(1_000);
        self.count("changes of a node that rotted");
        self.tell(|| format!("a change of {} rots at node {node}", hex::encode(key.0)));
        self.model.rotted = true;
        self.nodes[node].store.rots(Rotted::Change(key, at));
    }

    /// A frame whose changes are whole; of a hub only one that somebody else would bring to the office.
    fn a_frame_rots(&mut self) {
        let node = self.rng.below(self.nodes.len());
        let all: Vec<([u8; 16], i64)> = self.nodes[node].store.read(|tables| {
            let whole = |name: &&([u8; 16], i64)| {
                !tables.rotten_frames.contains(*name)
                    && !tables.rotten.iter().any(|key| tables.place_of(key) == Some(**name))
            };
            tables.frames.keys().filter(whole).copied().collect()
        });
        let Some((session, number)) = self.rng.pick(&all).copied() else { return };
        let behind: Vec<Key> = self.nodes[node].store.read(|tables| {
            let all = tables.log.iter().map(|change| (change.document, change.hash));
            let all = all.chain(tables.quarantine.keys().copied());
            all.filter(|key| tables.place_of(key).is_some_and(|(of, at)| of == session && at >= number))
                .collect()
        });
        if node > 0 && !behind.iter().all(|key| self.elsewhere(key, Some(node), None)) {
            return;
        }
        let at = self.rng.below(1_000);
        self.count("frames of a node that rotted");
        self.tell(|| format!("frame {number} of {} rots at node {node}", hex::encode(session)));
        self.model.rotted = true;
        self.nodes[node].store.rots(Rotted::Frame((session, number), at));
    }

    /// A tablet counts at each start what is really there: one that rotted before it was listed is missed then. And a tablet
    /// that has nothing yet reads everything as it was written.
    pub(in crate::sim) fn after_rot(&mut self) -> Result<(), Broken> {
        for tablet in 0..self.tablets.len() {
            self.start(tablet);
        }
        self.come_to_rest()?;
        let tablet = self.new_tablet();
        self.put_on_both_days(tablet);
        self.rest_with(tablet, 0)?;
        let scopes = self.tablets[tablet].scopes.clone();
        let left = self.nodes[0].store.read(|tables| {
            let listed = tables.listed(&scopes);
            tables.rotten.iter().find(|key| listed.contains(*key)).copied()
        });
        match left {
            Some((document, _)) => {
                Err(self.broken(format!("a change of {} stays rotten", hex::encode(document))))
            }
            None => Ok(()),
        }
    }
}

fn has_second_copy(tables: &Tables, key: &Key) -> bool {
    let Some((session, frame)) = tables.place_of(key) else { return false };
    let on_chain = tables.frames.get(&(session, frame)).is_some_and(|row| {
        !tables.rotten_frames.contains(&(session, frame))
            && mpp_sync::frame::Frame::decode(&row.bytes)
                .is_ok_and(|frame| frame.entries().any(|entry| key_of(entry) == *key))
    });
    on_chain && !tables.rotten.contains(key)
}
