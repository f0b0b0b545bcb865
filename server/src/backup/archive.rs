//! The inside of a backup: records with everything a store holds, a digest over the rows, and the node's signature over
//! all of it, so that nobody but the office can have made it.
//!
//! `record = length(4, big end first) type(1) payload`: header (JSON), tables with their columns, rows, files, digest
//! (JSON), signature. A reader refuses what it does not know.

use std::io::{Read, Write};

use mpp_store::archive::{ArchiveDigest, Batch, Column, Digester, Table, Value, put_row, table};
use mpp_sync::wire::{Reader, put_bytes, put_count};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::BackupError;

/// The format that is written. Older ones are read for ever.
const FORMAT: u32 = 1;
/// Bytes of one record at most: a batch of rows, or a file.
const RECORD_MAX: usize = 64 * 1024 * 1024;
/// Bytes of one value at most.
const VALUE_MAX: usize = 32 * 1024 * 1024;
/// Columns of one table, and rows of one batch, at most.
const COUNT_MAX: usize = 100_000;

const HEADER: u8 = 1;
const TABLE: u8 = 2;
const ROWS: u8 = 3;
const FILE: u8 = 4;
const DIGEST: u8 = 5;
const SIGNATURE: u8 = 6;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Of the archive.
    pub format: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// Unix seconds.
    pub made_at: i64,
    /// The log it is of: the restored one gets another id and remembers this one.
    pub log: String,
    /// Public key of the node that signed, as hex.
    pub node: String,
    /// Tells the right NIK key from a wrong one.
    pub nik_check: String,
}

impl Header {
    /// The header of a backup written by this version.
    #[must_use]
    pub fn new(made_at: i64, log: String, node: &[u8], nik_check: String) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT, version, made_at, log, node: hex::encode(node), nik_check }
    }
}

/// Writes an archive.
pub struct ArchiveWriter<W> {
    out: W,
    hash: Sha256,
    digester: Digester,
    current: Option<&'static str>,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    pub fn begin(out: W, header: &Header) -> Result<Self, BackupError> {
        let mut writer = Self { out, hash: Sha256::new(), digester: Digester::default(), current: None };
        writer.record(HEADER, &serde_json::to_vec(header).map_err(std::io::Error::from)?)?;
        Ok(writer)
    }

    fn record(&mut self, kind: u8, payload: &[u8]) -> Result<(), BackupError> {
        let length = u32::try_from(payload.len() + 1)
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::FileTooLarge))?;
        for part in [&length.to_be_bytes()[..], &[kind], payload] {
            self.hash.update(part);
            self.out.write_all(part)?;
        }
        Ok(())
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`BackupError::Store`] when the log in them is not whole.
    pub fn batch(&mut self, batch: &Batch) -> Result<(), BackupError> {
        self.digester.add(batch)?;
        if self.current != Some(batch.table.name) {
            let mut table = Vec::new();
            put_bytes(&mut table, batch.table.name.as_bytes());
            put_count(&mut table, batch.columns.len());
            for column in &batch.columns {
                put_bytes(&mut table, column.name.as_bytes());
            }
            self.record(TABLE, &table)?;
            self.current = Some(batch.table.name);
        }
        let mut rows = Vec::new();
        put_count(&mut rows, batch.rows.len());
        for row in &batch.rows {
            put_row(&mut rows, row);
        }
        self.record(ROWS, &rows)
    }

    /// Adds a small file of the data folder.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        let mut file = Vec::new();
        put_bytes(&mut file, name.as_bytes());
        file.extend_from_slice(bytes);
        self.record(FILE, &file)
    }

    /// Ends with the digest and the node's signature.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn finish(mut self, key: &SigningKey) -> Result<(W, ArchiveDigest), BackupError> {
        let digest = std::mem::take(&mut self.digester).finish()?;
        self.record(DIGEST, digest_json(&digest).to_string().as_bytes())?;
        let signature: Signature = key.sign(&signed(&self.hash));
        self.record(SIGNATURE, &signature.to_bytes())?;
        Ok((self.out, digest))
    }
}

/// What stands in the file, and what people compare by eye.
#[must_use]
pub fn digest_json(digest: &ArchiveDigest) -> Json {
    let tables = digest
        .tables
        .iter()
        .map(|table| json!({"table": table.table, "rows": table.rows, "sha256": hex::encode(table.sha256)}));
    json!({
        "position": digest.head.position,
        "rolling": hex::encode(digest.head.rolling),
        "tables": tables.collect::<Vec<_>>(),
    })
}

fn signed(hash: &Sha256) -> [u8; 32] {
    let all: [u8; 32] = hash.clone().finalize().into();
    Sha256::new().chain_update(b"mpp.backup.1").chain_update(all).finalize().into()
}

/// One thing out of an archive.
#[derive(Debug)]
pub enum Item {
    /// Rows.
    Rows(Batch),
    /// A file of the data folder: its name and bytes.
    File(String, Vec<u8>),
}

/// Reads an archive that was opened. What it gives is proved only by the `None` at the end.
pub struct ArchiveReader<R> {
    input: R,
    hash: Sha256,
    digester: Digester,
    current: Option<(&'static Table, Vec<&'static Column>)>,
    header: Header,
    digest: Option<ArchiveDigest>,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`BackupError::Damaged`], [`BackupError::Newer`].
    pub fn open(input: R) -> Result<Self, BackupError> {
        let header = Header {
            format: 0,
            version: String::new(),
            made_at: 0,
            log: String::new(),
            node: String::new(),
            nik_check: String::new(),
        };
        let (hash, digester) = (Sha256::new(), Digester::default());
        let mut reader = Self { input, hash, digester, current: None, header, digest: None };
        let (HEADER, payload) = reader.record()? else { return Err(BackupError::Damaged("header")) };
        let format: Json = serde_json::from_slice(&payload).map_err(|_| BackupError::Damaged("header"))?;
        if format["format"].as_u64().is_some_and(|format| format > u64::from(FORMAT)) {
            return Err(BackupError::Newer);
        }
        reader.header = serde_json::from_value(format).map_err(|_| BackupError::Damaged("header"))?;
        Ok(reader)
    }

    /// What the archive says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The digest of everything that was read, after the end.
    pub fn digest(&self) -> Option<&ArchiveDigest> {
        self.digest.as_ref()
    }

    /// The next thing; none after a whole archive whose digest and signature hold.
    ///
    /// # Errors
    /// [`BackupError::Damaged`], [`BackupError::Newer`].
    pub fn read_item(&mut self) -> Result<Option<Item>, BackupError> {
        loop {
            match self.record()? {
                (TABLE, payload) => self.current = Some(table_of(&payload)?),
                (ROWS, payload) => {
                    let (table, columns) = self.current.clone().ok_or(BackupError::Damaged("table"))?;
                    let rows = rows_of(&payload, columns.len()).ok_or(BackupError::Damaged("rows"))?;
                    let batch = Batch { table, columns, rows };
                    self.digester.add(&batch).map_err(|_| BackupError::Damaged("log"))?;
                    return Ok(Some(Item::Rows(batch)));
                }
                (FILE, payload) => {
                    let mut reader = Reader::new(&payload);
                    let name = reader.text(VALUE_MAX, "name").map_err(|_| BackupError::Damaged("file"))?;
                    return Ok(Some(Item::File(name, reader.rest().to_vec())));
                }
                (DIGEST, payload) => return self.end(&payload).map(|()| None),
                _ => return Err(BackupError::Newer),
            }
        }
    }

    fn end(&mut self, digest: &[u8]) -> Result<(), BackupError> {
        let read = std::mem::take(&mut self.digester).finish().map_err(|_| BackupError::Damaged("log"))?;
        if digest_json(&read).to_string().as_bytes() != digest {
            return Err(BackupError::Damaged("digest"));
        }
        let signed = signed(&self.hash);
        let (SIGNATURE, signature) = self.record()? else { return Err(BackupError::Damaged("signature")) };
        let node = hex::decode(&self.header.node).map_err(|_| BackupError::Damaged("header"))?;
        let key = VerifyingKey::from_sec1_bytes(&node).map_err(|_| BackupError::Damaged("header"))?;
        let signature = Signature::from_slice(&signature).map_err(|_| BackupError::Damaged("signature"))?;
        key.verify(&signed, &signature).map_err(|_| BackupError::Damaged("signature"))?;
        // Nothing may stand behind the signature; reading on also checks the last piece of the encryption.
        if self.input.read(&mut [0]).map_err(|_| BackupError::Damaged("end"))? != 0 {
            return Err(BackupError::Damaged("end"));
        }
        self.digest = Some(read);
        Ok(())
    }

    fn record(&mut self) -> Result<(u8, Vec<u8>), BackupError> {
        let mut length = [0; 4];
        self.read(&mut length)?;
        let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if size == 0 || size > RECORD_MAX {
            return Err(BackupError::Damaged("length"));
        }
        let mut record = vec![0; size];
        self.read(&mut record)?;
        self.hash.update(length);
        self.hash.update(&record);
        let kind = record.remove(0);
        Ok((kind, record))
    }

    fn read(&mut self, into: &mut [u8]) -> Result<(), BackupError> {
        // An altered piece of the encryption or compression shows as an error of the reader, a missing one as its end.
        self.input.read_exact(into).map_err(|_| BackupError::Damaged("bytes"))
    }
}

fn table_of(payload: &[u8]) -> Result<(&'static Table, Vec<&'static Column>), BackupError> {
    let damaged = |_| BackupError::Damaged("table");
    let mut reader = Reader::new(payload);
    let name = reader.text(VALUE_MAX, "table").map_err(damaged)?;
    let known = table(&name).ok_or(BackupError::Newer)?;
    let count = reader.count(COUNT_MAX, "columns").map_err(damaged)?;
    let column = |_| {
        let name = reader.text(VALUE_MAX, "column").map_err(damaged)?;
        known.column(&name).ok_or(BackupError::Newer)
    };
    Ok((known, (0..count).map(column).collect::<Result<_, _>>()?))
}

fn rows_of(payload: &[u8], columns: usize) -> Option<Vec<Vec<Value>>> {
    let mut reader = Reader::new(payload);
    let count = reader.count(COUNT_MAX, "rows").ok()?;
    (0..count)
        .map(|_| {
            let values = reader.count(COUNT_MAX, "values").ok()?;
            (values == columns).then_some(())?;
            (0..values).map(|_| value_of(&mut reader)).collect()
        })
        .collect()
}

fn value_of(reader: &mut Reader<'_>) -> Option<Value> {
    Some(match reader.byte().ok()? {
        0 => Value::Null,
        1 => Value::Integer(i64::from_be_bytes(reader.array().ok()?)),
        2 => Value::Text(reader.text(VALUE_MAX, "text").ok()?),
        3 => Value::Bytes(reader.bytes(VALUE_MAX, "bytes").ok()?.to_vec()),
        _ => return None,
    })
}
