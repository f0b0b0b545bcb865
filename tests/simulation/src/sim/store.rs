//! What a node keeps, over the modelled disk: one transaction is one row and one flush.
//!
//! The server speaks to it as to a database, through `mpp_store::Store`.

mod absent;
mod beside;
mod log;
mod trust;

use std::sync::{Mutex, MutexGuard, PoisonError};

use mpp_store::{Hash, Id, StoreError};

use super::Planted;
use super::disk::{Disk, PowerCut};
use super::tables::{Rotted, Tables, Transaction};
use crate::rng::Rng;

/// A store in memory whose disk can lose its power. Its own log id is the node's business.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    disk: Disk<Transaction>,
    tables: Tables,
    planted: Planted,
}

impl Inner {
    fn commit(&mut self, transaction: &Transaction) -> Result<(), PowerCut> {
        self.disk.write(transaction.clone())?;
        if self.planted != Planted::AcknowledgedBeforeFlush {
            self.disk.flush()?;
        }
        self.tables.apply(transaction);
        Ok(())
    }

    fn rebuild(&mut self) {
        self.tables = Tables::default();
        for transaction in self.disk.rows() {
            self.tables.apply(transaction);
        }
    }
}

impl MemoryStore {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the tables.
    pub fn read<T>(&self, look: impl FnOnce(&Tables) -> T) -> T {
        look(&self.inner().tables)
    }

    /// Looks at the tables as they would be after a power cut now.
    pub fn durable<T>(&self, look: impl FnOnce(&Tables) -> T) -> T {
        let inner = self.inner();
        if inner.disk.durable() == inner.disk.rows().len() {
            return look(&inner.tables);
        }
        let mut tables = Tables::default();
        for transaction in &inner.disk.rows()[..inner.disk.durable()] {
            tables.apply(transaction);
        }
        look(&tables)
    }

    /// Plants a fault.
    pub fn plant(&self, planted: Planted) {
        self.inner().planted = planted;
    }

    fn planted(&self) -> Planted {
        self.inner().planted
    }

    fn write(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let written = self.inner().commit(transaction);
        written.map_err(|PowerCut| StoreError::Backend("the power is gone".to_owned()))
    }

    /// The power will be cut at a write from now on.
    pub fn cut_after(&self, writes: u32) {
        self.inner().disk.cut_after(writes);
    }

    /// Whether the power was cut.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.inner().disk.is_dead()
    }

    /// Starts again after a power cut.
    pub fn power_on(&self, rng: &mut Rng) {
        let mut inner = self.inner();
        inner.disk.power_on(rng);
        inner.rebuild();
    }

    /// A bit flips on the disk; nobody is told.
    pub fn rots(&self, what: Rotted) {
        let mut inner = self.inner();
        // The disk writes this row without anybody's power, and it is there for good.
        inner.disk.rot(Transaction::Rotted(what));
        inner.tables.apply(&Transaction::Rotted(what));
    }

    /// How far a backup made now would go: rows.
    #[must_use]
    pub fn durable_rows(&self) -> usize {
        self.inner().disk.durable()
    }

    /// Puts a backup back.
    pub fn restore(&self, backup: usize) {
        let mut inner = self.inner();
        inner.disk.roll_back(backup);
        inner.rebuild();
    }

    /// The tables that the first `rows` transactions come to.
    #[must_use]
    pub fn as_of(&self, rows: usize) -> Tables {
        let mut tables = Tables::default();
        for transaction in self.inner().disk.rows().iter().take(rows) {
            tables.apply(transaction);
        }
        tables
    }
}

/// What an exchange never asks for.
fn absent(what: &str) -> StoreError {
    StoreError::Backend(format!("the modelled store keeps no {what}"))
}

/// What a change or a frame is named by in every table.
pub type Key = (Id, Hash);
