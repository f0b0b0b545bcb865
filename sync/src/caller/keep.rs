//! Batches that are kept to give them back: what an office listed and signed is in no safe place before its backup
//! covers it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::exchange::Ancestor;
use crate::ids::LogId;
use crate::limits::KEPT_CHANGES_MAX;

/// A kept batch, as far as it decides anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBatch<I> {
    /// What the caller calls it; in the order of arrival.
    pub id: I,
    /// The log that is known to have it: the one it came from, later one that it was given back to.
    pub log: LogId,
    /// Everything in it stands at or before this position there: at first the highest one of the cursors it came with.
    pub position: u64,
    /// How many changes it has.
    pub changes: usize,
}

/// What need not be kept any longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outdated<I> {
    /// The office's backup covers them.
    pub drop: Vec<I>,
    /// More than [`KEPT_CHANGES_MAX`] changes: the oldest of the rest. To be told to people: no backup was made for long.
    pub over: Vec<I>,
}

/// Which batches need not be kept, given the log that answered, those it goes on from, and up to where its newest verified
/// backup reaches.
pub fn batches_outdated<I: Copy>(
    batches: &[KeptBatch<I>],
    log: LogId,
    ancestors: &[Ancestor],
    backed_up: u64,
) -> Outdated<I> {
    let covered = |batch: &&KeptBatch<I>| {
        let within = ancestors.iter().any(|of| of.log == batch.log && batch.position <= of.position);
        (batch.log == log || within) && batch.position <= backed_up
    };
    let drop = batches.iter().filter(covered).map(|batch| batch.id).collect();
    let mut left = 0;
    let mut over = Vec::new();
    for batch in batches.iter().rev().filter(|batch| !covered(batch)) {
        left += batch.changes;
        if left > KEPT_CHANGES_MAX {
            over.push(batch.id);
        }
    }
    over.reverse();
    Outdated { drop, over }
}

/// A batch that may be given back: its place, and what it lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offering<'a, I> {
    /// The batch.
    pub batch: KeptBatch<I>,
    /// The [`crate::repair::item_id`] of each change.
    pub items: Vec<[u8; 32]>,
    /// The scopes that listed them.
    pub scopes: Vec<&'a str>,
}

/// Which batches to give to the node of the log `log`: those with a change that it wants, and those of an ancestor beyond
/// the place where they part of which no scope is among the `compared` ones, so that nobody can want them by name.
pub fn offers_to_make<I: Copy>(
    ancestors: &[Ancestor],
    compared: &BTreeSet<String>,
    wanted: &BTreeSet<[u8; 32]>,
    batches: &[Offering<'_, I>],
) -> Vec<I> {
    let forgotten = |batch: &KeptBatch<I>| {
        ancestors.iter().any(|ancestor| ancestor.log == batch.log && batch.position > ancestor.position)
    };
    let chosen = batches.iter().filter(|offering| {
        let asked = offering.items.iter().any(|item| wanted.contains(item));
        let unasked = !offering.scopes.iter().any(|scope| compared.contains(*scope));
        asked || (unasked && forgotten(&offering.batch))
    });
    chosen.map(|offering| offering.batch.id).collect()
}

/// Which batches have arrived in the office's log `log`, because nothing that it lists in the `equal` scopes differs from
/// what is kept: their place is from now on the position that was compared at.
pub fn batches_arrived<I: Copy>(log: LogId, equal: &BTreeSet<String>, batches: &[Offering<'_, I>]) -> Vec<I> {
    let arrived = batches.iter().filter(|offering| {
        offering.batch.log != log && offering.scopes.iter().all(|scope| equal.contains(*scope))
    });
    arrived.map(|offering| offering.batch.id).collect()
}
