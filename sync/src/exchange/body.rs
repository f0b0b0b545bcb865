//! A body: magic, version, one raw deflate stream of records.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::record::{RecordKind, records_in};
use crate::limits::{BODY_INFLATED_MAX, BODY_RECORDS_MAX};
use crate::wire::{WireError, put_bytes};

const MAGIC: &[u8; 5] = b"MPPS\x01";
const STEP: usize = 32 * 1024;
const PIECE: usize = 256;

/// Writes a body.
pub struct BodyWriter {
    out: Vec<u8>,
    deflate: Compress,
    raw: u64,
}

impl Default for BodyWriter {
    fn default() -> Self {
        Self { out: MAGIC.to_vec(), deflate: Compress::new(Compression::best(), false), raw: 0 }
    }
}

impl BodyWriter {
    /// Adds a record; it may stay inside the compressor until the next flush.
    pub fn record(&mut self, kind: RecordKind, payload: &[u8]) {
        let mut record = vec![kind as u8];
        put_bytes(&mut record, payload);
        self.raw += record.len() as u64;
        self.write(&record, FlushCompress::None);
    }

    /// Makes everything so far readable for who has the bytes so far.
    pub fn flush(&mut self) {
        self.write(&[], FlushCompress::Sync);
    }

    /// Bytes of records before compression.
    #[must_use]
    pub fn raw_len(&self) -> u64 {
        self.raw
    }

    /// Ends the body and returns what [`BodyWriter::take`] has not.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.write(&[], FlushCompress::Finish);
        self.out
    }

    /// Takes the bytes written so far, to send them.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn write(&mut self, mut input: &[u8], flush: FlushCompress) {
        loop {
            self.out.reserve(STEP);
            let before = self.deflate.total_in();
            let room = self.out.capacity() - self.out.len();
            let written = self.deflate.total_out();
            // Compressing into reserved room cannot fail; a broken state would show as no progress.
            let status = self.deflate.compress_vec(input, &mut self.out, flush).unwrap_or(Status::BufError);
            let consumed = usize::try_from(self.deflate.total_in() - before).unwrap_or(input.len());
            input = &input[consumed..];
            let filled = self.deflate.total_out() - written >= room as u64;
            if status != Status::Ok || (input.is_empty() && !filled) {
                return;
            }
        }
    }
}

/// Reads a body in pieces as they arrive.
pub struct BodyReader {
    head: Vec<u8>,
    inflate: Decompress,
    inflated: Vec<u8>,
    total: usize,
    fault: Option<WireError>,
    records: usize,
}

impl Default for BodyReader {
    fn default() -> Self {
        Self {
            head: Vec::new(),
            inflate: Decompress::new(false),
            inflated: Vec::new(),
            total: 0,
            fault: None,
            records: 0,
        }
    }
}

impl BodyReader {
    /// Takes more bytes and returns the records that are now whole. Those before a fault are handed out
    /// first; the next call, or [`BodyReader::finish`], reports it.
    ///
    /// # Errors
    /// [`WireError`]; the records of earlier calls stand.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<(RecordKind, Vec<u8>)>, WireError> {
        while self.head.len() < MAGIC.len() {
            let Some((first, rest)) = bytes.split_first() else { return Ok(Vec::new()) };
            self.head.push(*first);
            bytes = rest;
            if !MAGIC.starts_with(&self.head) {
                return Err(WireError::Version);
            }
        }
        let mut whole = Vec::new();
        if self.fault.is_none() {
            // In small pieces: what the inflater has of a piece that turns out to be broken is lost.
            self.fault = bytes.chunks(PIECE).find_map(|piece| self.read(piece, &mut whole).err());
        }
        match &self.fault {
            Some(fault) if whole.is_empty() => Err(fault.clone()),
            _ => Ok(whole),
        }
    }

    /// To be asked when no more bytes come: a fault behind the last records that were handed out.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn finish(&self) -> Result<(), WireError> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// Inflates and takes records out after each step: what is inflated and waits is at most one record.
    fn read(&mut self, mut bytes: &[u8], whole: &mut Vec<(RecordKind, Vec<u8>)>) -> Result<(), WireError> {
        while self.inflate(&mut bytes)? {
            // Until nothing is taken: a record that can never be whole shows only when it stands first.
            loop {
                let (records, consumed) = records_in(&self.inflated)?;
                // Two inflated bytes are a record, and each costs memory of its own.
                self.records += records.len();
                if self.records > BODY_RECORDS_MAX {
                    return Err(WireError::TooLong("records"));
                }
                whole.extend(records.into_iter().map(|(kind, payload)| (kind, payload.to_vec())));
                self.inflated.drain(..consumed);
                if consumed == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Inflates one step from the front of `bytes`; false when there is nothing left to do.
    fn inflate(&mut self, bytes: &mut &[u8]) -> Result<bool, WireError> {
        self.inflated.reserve(STEP);
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress_vec(bytes, &mut self.inflated, FlushDecompress::None)
            .map_err(|_| WireError::Deflate)?;
        let count = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        let consumed = count(self.inflate.total_in(), before_in);
        let produced = count(self.inflate.total_out(), before_out);
        *bytes = &bytes[consumed.min(bytes.len())..];
        self.total = self.total.saturating_add(produced);
        if self.total > BODY_INFLATED_MAX {
            return Err(WireError::TooLong("inflated body"));
        }
        if status == Status::StreamEnd {
            *bytes = &[];
        }
        Ok(consumed > 0 || produced > 0)
    }
}
