//! The log's own tables: what one append comes to, and what a pull reads.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::Hash;
use mpp_store::filling::{Entered, Filling};
use mpp_store::{
    Accepted, Append, Basis, ChainRow, ChangeRow, Cursor, Id, LoggedChange, PullGroup, PullPage, PullQuery,
    Rolling, StoreError,
};
use mpp_sync::digest::ScopeSum;
use mpp_sync::ids::{ChangeHash, DocumentId};

use super::Tables;

impl Tables {
    pub(super) fn append(&mut self, batch: &Append) {
        for chain in &batch.chains {
            let held = self.chains.get(&chain.session);
            let row = match held {
                Some(held) => ChainRow {
                    device: held.device,
                    header: held.header.clone(),
                    day: held.day,
                    ..chain.clone()
                },
                None => chain.clone(),
            };
            self.chains.insert(chain.session, row);
        }
        for frame in &batch.frames {
            self.frames.insert((frame.session, frame.number), frame.clone());
        }
        for frame in &batch.mended {
            let name = (frame.session, frame.number);
            if let Some(row) = self.frames.get_mut(&name).filter(|row| row.hash == frame.hash) {
                row.bytes.clone_from(&frame.bytes);
                self.rotten_frames.remove(&name);
            }
        }
        for (document, hash, frame) in &batch.framed {
            if let Some(index) = self.known.get(&(*document, *hash))
                && self.log[*index].frame < 0
            {
                self.log[*index].frame = *frame;
            }
        }
        for event in &batch.events {
            let name = (event.device, event.session, event.kind.clone());
            self.events.entry(name).or_insert_with(|| event.clone());
        }
        for branch in &batch.branches {
            if !self.branches.iter().any(|held| (held.session, held.hash) == (branch.session, branch.hash)) {
                self.branches.push(branch.clone());
            }
        }
        let first = self.head.position + 1;
        let mut touched: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
        for change in batch.accepted.iter().map(Accepted::row) {
            self.add(change);
            if self.quarantine.remove(&(change.document, change.hash)).is_some() {
                self.rotten.remove(&(change.document, change.hash));
            }
            touched.entry(change.document).or_default().extend(change.scopes.iter().cloned());
        }
        for (document, scopes) in touched {
            self.enter(document, scopes, first);
        }
        self.entries.sort_by_key(|(position, _, index)| (*position, *index));
        for row in &batch.quarantined {
            let retried = self.quarantine.get(&(row.document, row.hash)).map(|held| held.retried + 1);
            let held = self.quarantine.entry((row.document, row.hash)).or_insert_with(|| row.clone());
            held.code.clone_from(&row.code);
            held.frame = row.frame;
            held.retried = retried.unwrap_or(row.retried);
        }
    }

    fn add(&mut self, change: &ChangeRow) {
        if self.known.contains_key(&(change.document, change.hash)) {
            return;
        }
        self.head = self.head.after(&change.document, &change.hash);
        let index = self.log.len();
        self.known.insert((change.document, change.hash), index);
        // A place at which a document enters scopes has no bytes and is no change.
        if !change.bytes.is_empty() {
            self.by_document.entry(change.document).or_default().push(index);
        }
        self.rolling.push(self.head.rolling);
        self.log.push(LoggedChange {
            position: self.head.position,
            document: change.document,
            hash: change.hash,
            kind: change.kind,
            counter: change.counter,
            session: change.session,
            frame: change.frame,
            seq: change.seq,
            bytes: change.bytes.clone(),
            received_at: change.received_at,
        });
    }

    /// A document is in the scopes it was in and in new ones, with all its changes.
    fn enter(&mut self, document: Id, scopes: BTreeSet<String>, first: i64) {
        let all = self.scopes.entry(document).or_default();
        all.extend(scopes);
        for scope in all.iter() {
            for index in self.by_document.get(&document).into_iter().flatten() {
                if self.entered.insert((scope.clone(), *index)) {
                    let change = &self.log[*index];
                    let sum = self.sums.entry(scope.clone()).or_default();
                    sum.add(&DocumentId(change.document), &ChangeHash(change.hash));
                    self.entries.push((self.log[*index].position.max(first), scope.clone(), *index));
                }
            }
        }
    }

    /// Whether the change is in the log.
    #[must_use]
    pub fn has(&self, document: Id, hash: Hash) -> bool {
        self.known.contains_key(&(document, hash))
    }

    /// The changes of a document in the order of the log.
    pub fn changes_of(&self, document: Id) -> impl Iterator<Item = &LoggedChange> {
        self.by_document.get(&document).into_iter().flatten().map(|index| &self.log[*index])
    }

    /// The scopes of a document.
    #[must_use]
    pub fn scopes_of(&self, document: Id) -> BTreeSet<String> {
        self.scopes.get(&document).cloned().unwrap_or_default()
    }

    /// Every change that a scope lists.
    #[must_use]
    pub fn listed(&self, scopes: &[String]) -> BTreeSet<(Id, Hash)> {
        let listed = self.entries.iter().filter(|(_, scope, _)| scopes.contains(scope));
        listed.map(|(_, _, index)| (self.log[*index].document, self.log[*index].hash)).collect()
    }

    /// Sums of the scopes made again from what they list.
    #[must_use]
    pub fn summed_again(&self) -> BTreeMap<String, ScopeSum> {
        let mut sums: BTreeMap<String, ScopeSum> =
            self.sums.keys().map(|scope| (scope.clone(), ScopeSum::default())).collect();
        for (_, scope, index) in &self.entries {
            let change = &self.log[*index];
            let sum = sums.entry(scope.clone()).or_default();
            sum.add(&DocumentId(change.document), &ChangeHash(change.hash));
        }
        sums
    }

    /// What a scope lists at a position or before, by the position of entering.
    #[must_use]
    pub fn listed_at(&self, scope: &str, position: i64) -> Vec<LoggedChange> {
        let entries = self.entries.iter().filter(|(at, of, _)| of == scope && *at <= position);
        entries.map(|(_, _, index)| self.log[*index].clone()).collect()
    }

    /// Whether the batch may be written.
    ///
    /// # Errors
    /// As an append.
    pub fn must_hold(&self, batch: &Append) -> Result<(), StoreError> {
        if batch.frames.iter().any(|frame| self.frames.contains_key(&(frame.session, frame.number))) {
            return Err(StoreError::Conflict("frame"));
        }
        let Some(Basis { position, documents, aside }) = &batch.basis else { return Ok(()) };
        let changed = |document: &Id| self.changes_of(*document).any(|change| change.position > *position);
        let parked =
            |document: &Id| self.quarantine.keys().any(|name| name.0 == *document && !aside.contains(name));
        if documents.iter().any(|document| changed(document) || parked(document)) {
            return Err(StoreError::Stale("a document has changed"));
        }
        Ok(())
    }

    /// What a caller lacks, bounded.
    #[must_use]
    pub fn pull(&self, query: &PullQuery) -> PullPage {
        let mut filling = Filling::new(query);
        for group in &query.groups {
            let cursor = self.fill(group, &mut filling);
            filling.page.more |= cursor != self.head;
            filling.arrive(cursor, &group.scopes);
        }
        let mut page = filling.finish();
        if !page.more {
            let scopes: BTreeSet<&String> = query.groups.iter().flat_map(|group| &group.scopes).collect();
            let sum = |scope: &String| self.sums.get(scope).copied().unwrap_or_default();
            page.sums = scopes.into_iter().map(|scope| (scope.clone(), sum(scope))).collect();
        }
        page
    }

    fn fill(&self, group: &PullGroup, filling: &mut Filling) -> Cursor {
        let from = self.known_cursor(group.cursor);
        let mut after: BTreeMap<(i64, usize), Vec<String>> = BTreeMap::new();
        for (at, scope, index) in &self.entries {
            if *at > from.position && group.scopes.contains(scope) {
                after.entry((*at, *index)).or_default().push(scope.clone());
            }
        }
        let entered = after.into_iter();
        let entered = entered
            .map(|((at, index), scopes)| Entered { at, change: self.log[index].clone(), scopes })
            .collect();
        let reached = filling.add_positions(entered, from.position);
        if filling.full() { reached.map_or(from, |position| self.cursor_at(position)) } else { self.head }
    }

    fn cursor_at(&self, position: i64) -> Cursor {
        let index = usize::try_from(position - 1).ok();
        let rolling = index.and_then(|index| self.rolling.get(index).copied());
        rolling.map(|rolling: Rolling| Cursor { position, rolling }).unwrap_or_default()
    }

    fn known_cursor(&self, cursor: Cursor) -> Cursor {
        if self.cursor_at(cursor.position) == cursor { cursor } else { Cursor::default() }
    }
}
