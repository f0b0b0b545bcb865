//! What goes up: a hello, then frames.

use serde::{Deserialize, Serialize};

use super::body::{BodyReader, BodyWriter};
use super::chains::FoldsAsked;
use super::offer::Offer;
use super::record::RecordKind;
use super::repair::RepairRequest;
use crate::ids::{DeviceId, DocumentId, LogId, Rolling, SessionId};
use crate::limits::{CHAINS_MAX, SCOPE_BYTES_MAX, SCOPES_MAX};
use crate::wire::{Reader, WireError, put_bytes, put_count, put_option, put_varint};

/// A chain that the caller still keeps: the node says in return what it holds of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainClaim {
    /// The session.
    pub session: SessionId,
    /// How many frames the caller has cut.
    pub frames: u64,
}

/// How far the caller has read some scopes of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The last position read; 0 before the first.
    pub position: u64,
    /// The log's rolling hash there: a log that was restored and written on shows at once.
    pub rolling: Rolling,
    /// The scopes.
    pub scopes: Vec<String>,
}

impl Cursor {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.position);
        out.extend_from_slice(&self.rolling.0);
        put_count(out, self.scopes.len());
        for scope in &self.scopes {
            put_bytes(out, scope.as_bytes());
        }
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let position = reader.varint()?;
        let rolling = Rolling(reader.array()?);
        let count = reader.count(SCOPES_MAX, "scopes")?;
        let scopes = (0..count).map(|_| reader.text(SCOPE_BYTES_MAX, "scope")).collect::<Result<_, _>>()?;
        Ok(Self { position, rolling, scopes })
    }
}

/// What the caller wants of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The log the cursors belong to; none at the first time.
    #[serde(default)]
    pub log: Option<LogId>,
    /// How far which scopes were read.
    pub cursors: Vec<Cursor>,
}

/// The first record of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The device.
    pub device: DeviceId,
    /// The day it works for.
    #[serde(default)]
    pub day: Option<DocumentId>,
    /// The chains it keeps.
    pub chains: Vec<ChainClaim>,
    /// What it wants.
    #[serde(default)]
    pub pull: Option<PullRequest>,
    /// The highest version it speaks; 0 is the one before digests, whose hello ended here.
    #[serde(default = "spoken")]
    pub protocol: u64,
    /// Bits of [`flags`].
    #[serde(default)]
    pub flags: u64,
    /// The marks of the last answer to a hello that named every chain not yet at the top tier.
    #[serde(default)]
    pub marks: u64,
}

impl Default for Hello {
    /// Of nobody, asking for nothing, in the newest version.
    fn default() -> Self {
        let device = DeviceId::default();
        Self { device, day: None, chains: Vec::new(), pull: None, protocol: PROTOCOL, flags: 0, marks: 0 }
    }
}

/// The highest version of the exchange that this crate speaks.
pub const PROTOCOL: u64 = 1;

fn spoken() -> u64 {
    PROTOCOL
}

/// The bits of [`Hello::flags`].
pub mod flags {
    /// The sum of each scope is wanted, not only the fold.
    pub const SUMS: u64 = 1;
    /// The caller keeps cursors of other logs too: a node whose log is not the one named lists nothing yet, and is asked
    /// again with the right ones.
    pub const OTHER_LOGS: u64 = 2;
    /// Where the wanted size of the answer stands: n for 2^n KB, 0 when nothing is said.
    pub const ANSWER_SHIFT: u32 = 4;
    /// The bits of the size, after shifting.
    pub const ANSWER_MASK: u64 = 0xf;
}

impl Hello {
    /// The version that both sides speak.
    #[must_use]
    pub fn common_protocol(&self) -> u64 {
        self.protocol.min(PROTOCOL)
    }

    /// How many bytes the answer should have, when the caller says.
    #[must_use]
    pub fn answer_bytes(&self) -> Option<usize> {
        let shift = (self.flags >> flags::ANSWER_SHIFT) & flags::ANSWER_MASK;
        (shift > 0).then(|| 1024 << shift)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = self.device.0.to_vec();
        put_option(&mut out, self.day.as_ref(), |out, day| out.extend_from_slice(&day.0));
        put_count(&mut out, self.chains.len());
        for chain in &self.chains {
            out.extend_from_slice(&chain.session.0);
            put_varint(&mut out, chain.frames);
        }
        put_option(&mut out, self.pull.as_ref(), |out, pull| {
            put_option(out, pull.log.as_ref(), |out, log| out.extend_from_slice(&log.0));
            put_count(out, pull.cursors.len());
            pull.cursors.iter().for_each(|cursor| cursor.put(out));
        });
        if self.protocol > 0 {
            put_varint(&mut out, self.protocol);
            put_varint(&mut out, self.flags);
            put_varint(&mut out, self.marks);
        }
        out
    }

    /// Bytes after the known fields belong to a later version and are ignored.
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let device = DeviceId(reader.array()?);
        let day = reader.option(|reader| reader.array().map(DocumentId))?;
        let count = reader.count(CHAINS_MAX, "chains")?;
        let chains = (0..count)
            .map(|_| Ok(ChainClaim { session: SessionId(reader.array()?), frames: reader.varint()? }))
            .collect::<Result<_, WireError>>()?;
        let pull = reader.option(|reader| {
            let log = reader.option(|reader| reader.array().map(LogId))?;
            let count = reader.count(SCOPES_MAX, "cursors")?;
            let cursors = (0..count).map(|_| Cursor::take(reader)).collect::<Result<_, _>>()?;
            Ok(PullRequest { log, cursors })
        })?;
        let (protocol, flags, marks) = if reader.rest().is_empty() {
            (0, 0, 0)
        } else {
            (reader.varint()?, reader.varint()?, reader.varint()?)
        };
        Ok(Self { device, day, chains, pull, protocol, flags, marks })
    }
}

/// What goes up beside the frames. Each list is written in this order.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// Grants, as an office signed them.
    pub grants: Vec<Vec<u8>>,
    /// Batches given back.
    pub offers: Vec<Offer>,
    /// Steps of comparing scopes.
    pub repairs: Vec<RepairRequest>,
}

/// Writes a whole request: the hello, then frames as they were cut.
#[must_use]
pub fn encode_request<B: AsRef<[u8]>>(hello: &Hello, frames: &[B]) -> Vec<u8> {
    encode_request_with(hello, &Extras::default(), frames)
}

/// As [`encode_request`], with the grants of the devices whose frames they are: what a hub sends.
#[must_use]
pub fn encode_relay<G: AsRef<[u8]>, B: AsRef<[u8]>>(hello: &Hello, grants: &[G], frames: &[B]) -> Vec<u8> {
    let grants = grants.iter().map(|grant| grant.as_ref().to_vec()).collect();
    encode_request_with(hello, &Extras { grants, ..Extras::default() }, frames)
}

/// As [`encode_request`], with what goes up beside the frames; grants stand before them.
#[must_use]
pub fn encode_request_with<B: AsRef<[u8]>>(hello: &Hello, extras: &Extras, frames: &[B]) -> Vec<u8> {
    let mut body = BodyWriter::default();
    body.record(RecordKind::Hello, &hello.encode());
    for grant in &extras.grants {
        body.record(RecordKind::Grant, grant);
    }
    for frame in frames {
        body.record(RecordKind::Frame, frame.as_ref());
        body.flush();
    }
    for offer in &extras.offers {
        body.record(RecordKind::Offer, &offer.encode());
        body.flush();
    }
    for repair in &extras.repairs {
        body.record(RecordKind::Repair, &repair.encode());
    }
    body.record(RecordKind::End, &[]);
    body.finish()
}

/// Writes a request that compares chains: the hello, then the folds that are expected.
#[must_use]
pub fn encode_comparison(hello: &Hello, asked: &FoldsAsked) -> Vec<u8> {
    let mut body = BodyWriter::default();
    body.record(RecordKind::Hello, &hello.encode());
    body.record(RecordKind::ChainFoldsAsked, &asked.encode());
    body.record(RecordKind::End, &[]);
    body.finish()
}

/// One record of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestRecord {
    /// Who asks.
    Hello(Hello),
    /// The bytes of a frame; [`crate::frame::Frame::decode`] reads them.
    Frame(Vec<u8>),
    /// The bytes of a grant; [`crate::trust::Grant::decode`] reads them.
    Grant(Vec<u8>),
    /// Changes given back.
    Offer(Offer),
    /// One step of comparing a scope.
    Repair(RepairRequest),
    /// Which folds of chains it expects.
    Folds(FoldsAsked),
    /// Nothing was cut off.
    End,
}

/// Reads a request in pieces as they arrive.
#[derive(Default)]
pub struct RequestReader {
    body: BodyReader,
    greeted: bool,
    fault: Option<WireError>,
}

impl RequestReader {
    /// Takes more bytes and returns the records that are now whole. Those before a fault are handed out
    /// first; the next call, or [`RequestReader::finish`], reports it.
    ///
    /// # Errors
    /// [`WireError`]; the records of earlier calls stand.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<RequestRecord>, WireError> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let mut records = Vec::new();
        for (kind, payload) in self.body.push(bytes)? {
            match self.read(kind, payload) {
                Ok(record) => records.push(record),
                Err(fault) if records.is_empty() => return Err(self.fault.insert(fault).clone()),
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        Ok(records)
    }

    /// To be asked when no more bytes come: a fault behind the last records that were handed out.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn finish(&self) -> Result<(), WireError> {
        self.fault.clone().map_or_else(|| self.body.finish(), Err)
    }

    fn read(&mut self, kind: RecordKind, payload: Vec<u8>) -> Result<RequestRecord, WireError> {
        Ok(match (kind, self.greeted) {
            (RecordKind::Hello, false) => {
                self.greeted = true;
                RequestRecord::Hello(Hello::decode(&payload)?)
            }
            (RecordKind::Frame, true) => RequestRecord::Frame(payload),
            (RecordKind::Grant, true) => RequestRecord::Grant(payload),
            (RecordKind::Offer, true) => RequestRecord::Offer(Offer::decode(&payload)?),
            (RecordKind::Repair, true) => RequestRecord::Repair(RepairRequest::decode(&payload)?),
            (RecordKind::ChainFoldsAsked, true) => RequestRecord::Folds(FoldsAsked::decode(&payload)?),
            (RecordKind::End, true) => RequestRecord::End,
            _ => return Err(WireError::Malformed("record order")),
        })
    }
}
