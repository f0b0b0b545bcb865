//! The log, the branches and the quarantine of the modelled store.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use mpp_store::{
    Append, BranchFrameRow, Branches, ChainFoldRow, ChainRow, ChainSum, ChangeLog, Cursor, DeviceEventRow,
    FrameRow, Id, LoggedChange, Mended, Mending, PullPage, PullQuery, Quarantine, QuarantineRow, StoreError,
    Touched,
};
use mpp_sync::ids::{FrameHash, SessionId};

use super::MemoryStore;
use crate::sim::Planted;
use crate::sim::tables::{Tables, Transaction};

/// Pages of the model are so much smaller than asked for, so that there are many.
const SMALLER: usize = 4;

#[async_trait]
impl ChangeLog for MemoryStore {
    async fn append(&self, batch: &Append) -> Result<Cursor, StoreError> {
        self.read(|tables| tables.must_hold(batch))?;
        let mut batch = Append { basis: None, ..batch.clone() };
        if self.planted() == Planted::QuarantineSkipped {
            batch.quarantined.clear();
        }
        self.write(&Transaction::Append(Arc::new(batch)))?;
        Ok(self.read(|tables| tables.head))
    }

    async fn head(&self) -> Result<Cursor, StoreError> {
        Ok(self.read(|tables| tables.head))
    }

    async fn chains(&self, sessions: &[Id]) -> Result<Vec<ChainRow>, StoreError> {
        Ok(self.read(|tables| chains(tables, |row| sessions.contains(&row.session))))
    }

    async fn chains_of(&self, devices: &[Id]) -> Result<Vec<ChainRow>, StoreError> {
        Ok(self.read(|tables| chains(tables, |row| devices.contains(&row.device))))
    }

    async fn all_chains(&self) -> Result<Vec<ChainRow>, StoreError> {
        let mut rows = self.read(|tables| chains(tables, |_| true));
        rows.sort_by_key(|row| (std::cmp::Reverse(row.last_at), row.session));
        Ok(rows)
    }

    async fn chain_folds(&self, from: i64, to: i64) -> Result<Vec<ChainFoldRow>, StoreError> {
        let rows = self.read(|tables| chains(tables, |row| (from..=to).contains(&row.month())));
        let mut sums: BTreeMap<(i64, Id), ChainSum> = BTreeMap::new();
        for row in rows {
            let frames = u64::try_from(row.frames).unwrap_or(0);
            let sum = sums.entry((row.month(), row.device)).or_default();
            sum.add(&SessionId(row.session), frames, &FrameHash(row.head_hash));
        }
        Ok(sums.into_iter().map(|((month, device), sum)| ChainFoldRow { month, device, sum }).collect())
    }

    async fn chains_of_month(&self, device: Id, month: i64, limit: i64) -> Result<Vec<ChainRow>, StoreError> {
        let of_month = |row: &ChainRow| row.device == device && row.month() == month;
        Ok(first(self.read(|tables| chains(tables, of_month)), limit))
    }

    async fn frame(&self, session: Id, number: i64) -> Result<Option<FrameRow>, StoreError> {
        Ok(self.read(|tables| tables.frames.get(&(session, number)).cloned()))
    }

    async fn frames(&self, session: Id, number: i64, limit: i64) -> Result<Vec<FrameRow>, StoreError> {
        let rows = self.read(|tables| {
            let of_session = tables.frames.range((session, number)..=(session, i64::MAX));
            of_session.map(|(_, row)| row.clone()).collect()
        });
        Ok(first(rows, limit))
    }

    async fn changes_of(&self, documents: &[Id]) -> Result<Vec<LoggedChange>, StoreError> {
        let mut rows: Vec<LoggedChange> = self.read(|tables| {
            documents.iter().flat_map(|document| tables.changes_of(*document)).cloned().collect()
        });
        rows.sort_by_key(|row| row.position);
        Ok(rows)
    }

    async fn touched_after(&self, position: i64, limit: i64) -> Result<Vec<Touched>, StoreError> {
        let touched =
            |row: &LoggedChange| Touched { position: row.position, document: row.document, kind: row.kind };
        let rows = self
            .read(|tables| tables.log.iter().filter(|row| row.position > position).map(touched).collect());
        Ok(first(rows, limit))
    }

    async fn scopes_of(&self, document: Id) -> Result<Vec<String>, StoreError> {
        Ok(self.read(|tables| tables.scopes_of(document).into_iter().collect()))
    }

    async fn listed(&self, scope: &str, position: i64) -> Result<Vec<LoggedChange>, StoreError> {
        Ok(self.read(|tables| tables.listed_at(scope, position)))
    }

    async fn sum_again(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.read(|tables| {
            let again = tables.summed_again().into_iter();
            let differing = again.filter(|(scope, sum)| tables.sums.get(scope) != Some(sum));
            differing.map(|(scope, _)| scope).collect()
        }))
    }

    async fn pull(&self, query: &PullQuery) -> Result<PullPage, StoreError> {
        let query = PullQuery { max_bytes: (query.max_bytes / SMALLER).max(1), ..query.clone() };
        let mut page = self.read(|tables| tables.pull(&query));
        if self.planted() == Planted::ChangeSkippedAtPageEnd && page.more {
            page.changes.pop();
            page.listed.pop();
        }
        Ok(page)
    }
}

#[async_trait]
impl Mending for MemoryStore {
    async fn mend(&self, changes: &[Mended]) -> Result<(), StoreError> {
        self.write(&Transaction::Mended(Arc::new(changes.to_vec())))
    }
}

#[async_trait]
impl Branches for MemoryStore {
    async fn branch_frames(&self, sessions: &[Id]) -> Result<Vec<BranchFrameRow>, StoreError> {
        let of_sessions = |row: &&BranchFrameRow| sessions.contains(&row.session);
        let mut rows: Vec<BranchFrameRow> =
            self.read(|tables| tables.branches.iter().filter(of_sessions).cloned().collect());
        rows.sort_by_key(|row| (row.session, row.number, row.hash));
        Ok(rows)
    }

    async fn device_events(&self) -> Result<Vec<DeviceEventRow>, StoreError> {
        let mut rows: Vec<DeviceEventRow> = self.read(|tables| tables.events.values().cloned().collect());
        rows.sort_by_key(|row| std::cmp::Reverse(row.at));
        Ok(rows)
    }
}

#[async_trait]
impl Quarantine for MemoryStore {
    async fn quarantined(&self, limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        let mut rows = self.aside(|_| true);
        rows.sort_by_key(|row| (std::cmp::Reverse(row.received_at), row.document, row.hash));
        Ok(first(rows, limit))
    }

    async fn quarantined_of(&self, documents: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        Ok(self.aside(|row| documents.contains(&row.document)))
    }

    async fn quarantined_from(&self, sessions: &[Id]) -> Result<Vec<QuarantineRow>, StoreError> {
        Ok(self.aside(|row| sessions.contains(&row.session)))
    }

    async fn quarantined_for(&self, codes: &[&str], limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
        Ok(first(self.aside(|row| codes.contains(&row.code.as_str())), limit))
    }

    async fn quarantine_counts(&self) -> Result<Vec<(Id, i64)>, StoreError> {
        let mut counts: BTreeMap<Id, i64> = BTreeMap::new();
        for row in self.aside(|_| true) {
            *counts.entry(row.session).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }
}

impl MemoryStore {
    /// What is kept aside, in order of arrival.
    fn aside(&self, wanted: impl Fn(&QuarantineRow) -> bool) -> Vec<QuarantineRow> {
        let rows = |tables: &Tables| tables.quarantine.values().filter(|row| wanted(row)).cloned().collect();
        let mut rows: Vec<QuarantineRow> = self.read(rows);
        rows.sort_by_key(|row| (row.received_at, row.session, row.frame, row.document, row.hash));
        rows
    }
}

fn chains(tables: &Tables, wanted: impl Fn(&ChainRow) -> bool) -> Vec<ChainRow> {
    tables.chains.values().filter(|row| wanted(row)).cloned().collect()
}

fn first<T>(mut rows: Vec<T>, limit: i64) -> Vec<T> {
    rows.truncate(usize::try_from(limit).unwrap_or(0));
    rows
}
