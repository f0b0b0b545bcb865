//! Everything is switched on and every link is whole, until nothing moves.

use super::links::Link;
use super::{Broken, EXCHANGES_MAX, World};
use crate::sim::tables::Tables;

impl World {
    /// Whose session was continued in two ways: by a clone, or after a roll-back.
    pub(in crate::sim) fn notice_forks(&mut self) {
        for tablet in &self.tablets {
            for session in &tablet.state.sessions {
                for (number, (hash, _)) in session.frames.iter().enumerate() {
                    let first = *self.model.frames.entry((session.id, number)).or_insert(*hash);
                    if first != *hash {
                        self.model.forked.insert(session.id);
                    }
                }
            }
        }
    }

    /// Everything is switched on, every link is whole; exchanges until nothing moves.
    pub(in crate::sim) fn come_to_rest(&mut self) -> Result<(), Broken> {
        self.tell(|| "everything is brought to rest".to_owned());
        for tablet in 0..self.tablets.len() {
            for node in 0..self.nodes.len() {
                self.admit(node, tablet);
            }
        }
        for round in 0..8 {
            self.step += 1;
            let before = self.fingerprint();
            for tablet in 0..self.tablets.len() {
                if self.tablets[tablet].gone || self.tablets[tablet].revoked {
                    continue;
                }
                for node in (0..self.nodes.len()).rev() {
                    self.rest_with(tablet, node)?;
                }
            }
            for hub in 1..self.nodes.len() {
                // What the office refuses (a chain continued in two ways, a revoked device) stays at the hub.
                let mut reached = None;
                for _ in 0..EXCHANGES_MAX {
                    let now = self.relay(hub, false);
                    if now.is_some() && now == reached {
                        break;
                    }
                    reached = now;
                }
            }
            self.notice_forks();
            self.check_step()?;
            if round > 0 && self.fingerprint() == before {
                return Ok(());
            }
        }
        Err(self.broken("it does not come to rest"))
    }

    pub(in crate::sim) fn fingerprint(&self) -> (Vec<i64>, Vec<usize>) {
        let heads = self.nodes.iter().map(|node| node.store.read(|tables| tables.head.position));
        (heads.collect(), self.tablets.iter().map(|tablet| tablet.disk.rows().len()).collect())
    }

    pub(in crate::sim) fn rest_with(&mut self, tablet: usize, node: usize) -> Result<(), Broken> {
        for _ in 0..EXCHANGES_MAX {
            let done = self.exchange(tablet, node, 16, Link::Whole);
            let log = self.tablets[tablet].met.get(&node).copied();
            let tablet = &self.tablets[tablet];
            let waiting = tablet.state.unconfirmed(log, &tablet.stuck);
            if done.is_some_and(|done| done.ended && !done.more) && waiting == 0 {
                return Ok(());
            }
        }
        let standing = self.standing(tablet, node);
        Err(self.broken(format!("tablet #{tablet} does not come to rest with node {node}: {standing}")))
    }

    /// The tablet's chains on both sides, for the story.
    fn standing(&self, tablet: usize, node: usize) -> String {
        let (store, tablet) = (&self.nodes[node].store, &self.tablets[tablet]);
        let sessions = tablet.state.sessions.iter().map(|session| {
            let held = store.read(|tables| tables.chains.get(&session.id.0).map_or(0, |row| row.frames));
            let beside = |tables: &Tables| {
                tables.branches.iter().filter(|branch| branch.session == session.id.0).count()
            };
            let (id, ours, beside) = (session.id, session.frames.len(), store.read(beside));
            format!("{id}: {ours} frames here, {held} and {beside} beside there")
        });
        sessions.collect::<Vec<_>>().join("; ")
    }
}
