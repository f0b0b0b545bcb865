//! What goes wrong with machines.

use mpp_sync::ids::LogId;

use super::{NOT_STARTED, World, sends_again};
use crate::sim::store::Key;
use crate::sim::tablet::State;

impl World {
    pub(in crate::sim) fn power_fails_at_rest(&mut self) {
        self.count("power cuts at rest");
        if self.rng.chance(60) {
            let node = self.rng.below(self.nodes.len());
            self.tell(|| format!("node {node} loses its power"));
            self.power_on(node);
        } else if let Some(tablet) = self.some_tablet() {
            self.tell(|| format!("tablet #{tablet} loses its power"));
            self.start(tablet);
        }
    }

    /// Starts a tablet's app, again and again if its power goes while it starts.
    pub(in crate::sim) fn start(&mut self, tablet: usize) {
        let mut rng = self.rng.fork();
        while self.tablets[tablet].start(&mut rng).is_err() {}
    }

    pub(in crate::sim) fn restart_the_dead(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].store.is_dead() {
                self.count("crashes of a node between two writes");
                self.tell(|| format!("node {node} starts again"));
            }
            if self.nodes[node].store.is_dead() {
                self.power_on(node);
            } else {
                // A cut that was planned and did not happen is called off.
                self.nodes[node].store.cut_after(u32::MAX);
            }
        }
        for tablet in 0..self.tablets.len() {
            if self.tablets[tablet].disk.is_dead() {
                self.count("crashes of a tablet between two writes");
                self.tell(|| format!("tablet #{tablet} starts again"));
                self.start(tablet);
            } else {
                self.tablets[tablet].disk.cut_after(u32::MAX);
            }
        }
    }

    pub(in crate::sim) fn app_starts_again(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        if self.rng.chance(40) {
            self.count("app upgrades");
            self.tablets[tablet].app_version.push('1');
        } else {
            self.count("app starts");
        }
        self.tell(|| format!("the app of tablet #{tablet} starts again"));
        self.start(tablet);
    }

    /// A node starts again; sometimes as a newer program.
    fn power_on(&mut self, node: usize) {
        let mut rng = self.rng.fork();
        if self.nodes[node].power_on(&self.runtime, &mut rng).is_err() {
            self.count(NOT_STARTED);
        }
        if self.rng.chance(25) {
            self.count("upgrades of a node");
            self.nodes[node].upgrade(&self.runtime);
        }
    }

    pub(in crate::sim) fn backup(&mut self) {
        let node = self.rng.below(self.nodes.len());
        self.nodes[node].back_up(&self.runtime);
        self.count("backups");
        self.tell(|| format!("node {node} is backed up"));
    }

    /// As `mpp restore` does: older rows, a new log id.
    pub(in crate::sim) fn node_is_restored(&mut self) {
        let node = self.rng.below(self.nodes.len());
        let tables = self.nodes[node].store.as_of(self.nodes[node].backup.0);
        let survives = |key: &Key| tables.keeps(key, node > 0) || self.elsewhere(key, Some(node), None);
        if !self.model.acknowledged.iter().all(survives) {
            self.count("restores not done: the last copy");
            return;
        }
        self.count(if node == 0 { "restores of the office" } else { "restores of a hub" });
        self.tell(|| format!("node {node} is restored to an older state"));
        let log = LogId(self.rng.bytes());
        if self.nodes[node].restore(&self.runtime, log).is_err() {
            self.count(NOT_STARTED);
        }
    }

    /// Whether an acknowledged change is somewhere it will come back from, apart from one node or tablet.
    #[must_use]
    pub fn elsewhere(&self, key: &Key, node: Option<usize>, tablet: Option<usize>) -> bool {
        let nodes = self.nodes.iter().enumerate().filter(|(index, _)| Some(*index) != node);
        let mut tablets = self.tablets.iter().enumerate().filter(|(index, _)| Some(*index) != tablet);
        nodes.into_iter().any(|(index, node)| node.store.durable(|tables| tables.keeps(key, index > 0)))
            || tablets.any(|(_, tablet)| sends_again(tablet, &tablet.state, key))
    }

    pub(in crate::sim) fn tablet_rolls_back(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        if self.model.own_rotted.contains(&tablet) {
            // Going back behind the frame would leave the rotten row alone.
            return;
        }
        let rows = self.tablets[tablet].disk.durable();
        let to = self.rng.below(rows + 1).max(rows.saturating_sub(12));
        let state = State::of(&self.tablets[tablet].disk.rows()[..to]);
        let survives = |key: &Key| {
            sends_again(&self.tablets[tablet], &state, key) || self.elsewhere(key, None, Some(tablet))
        };
        if !self.model.acknowledged.iter().all(survives) {
            self.count("roll-backs not done: the last copy");
            return;
        }
        self.count("tablets rolled back");
        self.tell(|| format!("tablet #{tablet} rolls back by {} rows", rows - to));
        self.model.copied.insert(self.tablets[tablet].device);
        self.tablets[tablet].disk.roll_back(to);
        self.start(tablet);
    }

    pub(in crate::sim) fn tablet_is_cloned(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        if self.tablets.len() > 7 {
            return;
        }
        self.count("tablets cloned");
        self.tell(|| format!("tablet #{tablet} is cloned"));
        self.model.copied.insert(self.tablets[tablet].device);
        let mut clone = self.tablets[tablet].clone();
        clone.name.push_str(" (copy)");
        self.tablets.push(clone);
        let index = self.tablets.len() - 1;
        if self.model.own_rotted.contains(&tablet) {
            self.model.own_rotted.insert(index);
        }
        self.start(index);
    }

    pub(in crate::sim) fn storage_is_evicted(&mut self) {
        let Some(tablet) = self.some_tablet() else { return };
        if !self.model.acknowledged.iter().all(|key| self.elsewhere(key, None, Some(tablet))) {
            self.count("evictions not done: the last copy");
            return;
        }
        self.count("storages evicted");
        self.tell(|| format!("tablet #{tablet} loses its storage, another takes its place"));
        self.tablets[tablet].gone = true;
        self.new_tablet();
    }

    pub(in crate::sim) fn clock_jumps(&mut self) {
        self.count("clock jumps");
        let jump = [-86_400 * 400, -3_600, 3_600, 86_400 * 400][self.rng.below(4)];
        match self.some_tablet() {
            Some(tablet) if self.rng.chance(70) => self.tablets[tablet].clock += jump,
            _ => self.at += jump,
        }
        self.surroundings.set(self.at);
    }
}
