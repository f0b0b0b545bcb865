//! What an archive holds, as numbers: equal rows give equal digests on every backend, and the log proves itself.

use std::collections::BTreeMap;

use mpp_sync::wire::{put_bytes, put_count};
use sha2::{Digest as _, Sha256};

use super::{Batch, Value};
use crate::change_log::Cursor;
use crate::{Hash, Id, Rolling, StoreError};

/// Rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigest {
    /// The table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over them in the order of their key.
    pub sha256: Hash,
}

/// A whole archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveDigest {
    /// The log's end. Its running hash was computed again from every change on the way.
    pub head: Cursor,
    /// Each table that had a row, by name.
    pub tables: Vec<TableDigest>,
}

#[derive(Default)]
struct Running {
    rows: u64,
    sha256: Sha256,
}

/// Computes the digest of rows that pass by, and checks that the log in them is whole: positions without a gap, and the
/// running hash from the first change to the log's head.
#[derive(Default)]
pub struct Digester {
    tables: BTreeMap<&'static str, Running>,
    walked: Cursor,
    head: Option<Cursor>,
}

impl Digester {
    /// Takes the next rows.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the log is not whole.
    pub fn add(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let running = self.tables.entry(batch.table.name).or_default();
        let mut bytes = Vec::new();
        for row in &batch.rows {
            bytes.clear();
            put_row(&mut bytes, row);
            running.rows += 1;
            running.sha256.update(&bytes);
        }
        match batch.table.name {
            "change_log" => batch.rows.iter().try_for_each(|row| self.walk(batch, row)),
            "log_head" => batch.rows.iter().try_for_each(|row| {
                self.head = Some(cursor(batch, row)?);
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    fn walk(&mut self, batch: &Batch, row: &[Value]) -> Result<(), StoreError> {
        let document: Id = array(batch, row, "document")?;
        let hash: Hash = array(batch, row, "hash")?;
        self.walked = self.walked.after(&document, &hash);
        if self.walked == cursor(batch, row)? {
            Ok(())
        } else {
            Err(StoreError::Corrupt("change_log.rolling"))
        }
    }

    /// The digest of all that was given.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the log does not end where its head says.
    pub fn finish(self) -> Result<ArchiveDigest, StoreError> {
        if self.head != Some(self.walked) {
            return Err(StoreError::Corrupt("log_head"));
        }
        let tables = self.tables.into_iter().map(|(table, running)| TableDigest {
            table,
            rows: running.rows,
            sha256: running.sha256.finalize().into(),
        });
        Ok(ArchiveDigest { head: self.walked, tables: tables.collect() })
    }
}

/// The bytes of a row that its digest covers, the same for every backend.
pub fn put_row(out: &mut Vec<u8>, row: &[Value]) {
    put_count(out, row.len());
    for value in row {
        match value {
            Value::Null => out.push(0),
            Value::Integer(number) => {
                out.push(1);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Value::Text(text) => {
                out.push(2);
                put_bytes(out, text.as_bytes());
            }
            Value::Bytes(bytes) => {
                out.push(3);
                put_bytes(out, bytes);
            }
        }
    }
}

fn value<'a>(batch: &Batch, row: &'a [Value], name: &'static str) -> Result<&'a Value, StoreError> {
    let index = batch.columns.iter().position(|column| column.name == name);
    index.and_then(|index| row.get(index)).ok_or(StoreError::Corrupt(name))
}

fn array<const N: usize>(batch: &Batch, row: &[Value], name: &'static str) -> Result<[u8; N], StoreError> {
    let Value::Bytes(bytes) = value(batch, row, name)? else { return Err(StoreError::Corrupt(name)) };
    bytes.as_slice().try_into().map_err(|_| StoreError::Corrupt(name))
}

fn cursor(batch: &Batch, row: &[Value]) -> Result<Cursor, StoreError> {
    let Value::Integer(position) = value(batch, row, "position")? else {
        return Err(StoreError::Corrupt("position"));
    };
    let rolling: Rolling = array(batch, row, "rolling")?;
    Ok(Cursor { position: *position, rolling })
}
