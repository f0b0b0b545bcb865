//! Everything a store holds, as rows that any backend can write and read: what a backup is made of, and how one
//! backend's data moves to another.

use async_trait::async_trait;

pub use digest::{ArchiveDigest, Digester, TableDigest, put_row};
pub use tables::{Column, ColumnKind, TABLES, Table, table};

use crate::StoreError;

mod digest;
mod tables;

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A count, a time in unix seconds, a position or a 0/1 flag.
    Integer(i64),
    /// A word, a name, JSON.
    Text(String),
    /// An id, a hash, a key, a change.
    Bytes(Vec<u8>),
}

/// Rows of one table, the values in the order of `columns`.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The table.
    pub table: &'static Table,
    /// Which of its columns; all of them in an export. What is left out takes the database's default.
    pub columns: Vec<&'static Column>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
}

/// Where an export goes.
#[async_trait]
pub trait Sink: Send {
    /// Takes the next rows. An error ends the export.
    async fn take(&mut self, batch: Batch) -> Result<(), StoreError>;
}

/// Where an import comes from.
#[async_trait]
pub trait Source: Send {
    /// The next rows, tables in the order of [`TABLES`]; none at the end. An error leaves the store empty.
    async fn next(&mut self) -> Result<Option<Batch>, StoreError>;
}

/// Reading and writing everything at once.
#[async_trait]
pub trait Archive {
    /// Gives every row of `tables` to `sink`, in the order given and by each table's key, as of one moment: what is
    /// written meanwhile is in none of them. Text is ordered by its bytes.
    async fn export(&self, tables: &[&'static Table], sink: &mut dyn Sink) -> Result<(), StoreError>;
    /// Writes everything that `source` gives, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the store holds anything that a fresh one does not.
    async fn import(&self, source: &mut dyn Source) -> Result<(), StoreError>;
    /// The tables that the migrations made, with their columns, both sorted: for the suite, so that no table is forgotten.
    async fn shape(&self) -> Result<Vec<(String, Vec<String>)>, StoreError>;
}
