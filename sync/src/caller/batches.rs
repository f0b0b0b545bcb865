//! Batches that the office signed, kept by their names to give them back.

use std::collections::BTreeSet;

use super::{KeptBatch, Listing, Offering};
use crate::exchange::{Membership, Offer};
use crate::frame::SIGNATURE_BYTES;
use crate::ids::{ChangeHash, DeviceId, DocumentId, LogId};
use crate::repair::item_id;
use crate::save::Entry;

/// Which node signed a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The node.
    pub node: DeviceId,
    /// Its signature.
    pub signature: [u8; SIGNATURE_BYTES],
}

/// A batch.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Batches are counted as they come.
    pub id: u64,
    /// The log whose node signed it.
    pub log: LogId,
    /// The node and its signature.
    pub signed: Signed,
    /// Its changes in their order, with the scopes that listed them.
    pub entries: Vec<(DocumentId, ChangeHash, Vec<String>)>,
    /// Which log is known to have it, and up to which position.
    pub place: (LogId, u64),
}

/// All of them.
#[derive(Debug, Default, Clone)]
pub struct Batches {
    next: u64,
    list: Vec<Kept>,
}

impl Batches {
    /// Keeps a batch that came with these listings.
    pub fn keep(&mut self, place: (LogId, u64), signed: Signed, entries: &[Entry], listings: &[Listing]) {
        let scopes = |entry: &Entry| {
            let of_entry = listings
                .iter()
                .filter(|listing| (&listing.name.document, &listing.name.hash) == entry.name());
            of_entry.map(|listing| listing.scope.clone()).collect()
        };
        let entries = entries.iter().map(|entry| (entry.document, entry.hash, scopes(entry))).collect();
        self.list.push(Kept { id: self.next, log: place.0, signed, entries, place });
        self.next += 1;
    }

    /// Whether a batch is kept that has the change.
    #[must_use]
    pub fn keeps(&self, document: &DocumentId, hash: &ChangeHash) -> bool {
        self.list.iter().flat_map(|kept| &kept.entries).any(|(of, name, _)| (of, name) == (document, hash))
    }

    /// Forgets some.
    pub fn drop(&mut self, ids: &[u64]) {
        self.list.retain(|kept| !ids.contains(&kept.id));
    }

    /// Forgets those of which no document is left. Of the others the names of what is gone stay, for the signature covers
    /// them.
    pub fn retain_any(&mut self, is_left: impl Fn(&DocumentId) -> bool) {
        self.list.retain(|kept| kept.entries.iter().any(|(document, _, _)| is_left(document)));
    }

    /// Another log has some of them too.
    pub fn place(&mut self, ids: &[u64], place: (LogId, u64)) {
        for kept in self.list.iter_mut().filter(|kept| ids.contains(&kept.id)) {
            kept.place = place;
        }
    }

    /// As the core decides about them.
    #[must_use]
    pub fn places(&self) -> Vec<KeptBatch<u64>> {
        self.list.iter().map(Kept::placed).collect()
    }

    /// As the core chooses among them.
    #[must_use]
    pub fn offerings(&self) -> Vec<Offering<'_, u64>> {
        let offering = |kept: &'_ Kept| -> (KeptBatch<u64>, Vec<[u8; 32]>) {
            let items = kept.entries.iter().map(|(document, hash, _)| item_id(document, hash));
            (kept.placed(), items.collect())
        };
        self.list
            .iter()
            .map(|kept| {
                let (batch, items) = offering(kept);
                let scopes: BTreeSet<&str> =
                    kept.entries.iter().flat_map(|(_, _, scopes)| scopes).map(String::as_str).collect();
                Offering { batch, items, scopes: scopes.into_iter().collect() }
            })
            .collect()
    }

    /// A batch as it is given back; none when one of its changes is not here any more.
    #[must_use]
    pub fn offer(&self, id: u64, entry: impl Fn(&DocumentId, &ChangeHash) -> Option<Entry>) -> Option<Offer> {
        let kept = self.list.iter().find(|kept| kept.id == id)?;
        let all: BTreeSet<&String> = kept.entries.iter().flat_map(|(_, _, scopes)| scopes).collect();
        let scopes: Vec<String> = all.into_iter().cloned().collect();
        let numbers = |of: &Vec<String>| -> Vec<usize> {
            of.iter().filter_map(|scope| scopes.binary_search(scope).ok()).collect()
        };
        let membership = Membership::collect(kept.entries.iter().map(|(_, _, of)| numbers(of)));
        let entries = kept.entries.iter().map(|(document, hash, _)| entry(document, hash));
        Some(Offer {
            log: kept.log,
            node: kept.signed.node,
            signature: kept.signed.signature,
            entries: entries.collect::<Option<_>>()?,
            scopes,
            membership,
        })
    }
}

impl Kept {
    fn placed(&self) -> KeptBatch<u64> {
        let (log, position) = self.place;
        KeptBatch { id: self.id, log, position, changes: self.entries.len() }
    }
}
