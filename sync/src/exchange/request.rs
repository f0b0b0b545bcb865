//! What goes up: a hello, then frames.

use serde::{Deserialize, Serialize};

use super::body::{BodyReader, BodyWriter};
use super::record::RecordKind;
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
}

impl Hello {
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
        Ok(Self { device, day, chains, pull })
    }
}

/// Writes a whole request: the hello, then frames as they were cut.
#[must_use]
pub fn encode_request<B: AsRef<[u8]>>(hello: &Hello, frames: &[B]) -> Vec<u8> {
    encode_relay::<&[u8], B>(hello, &[], frames)
}

/// As [`encode_request`], with the grants of the devices whose frames they are: what a hub sends.
#[must_use]
pub fn encode_relay<G: AsRef<[u8]>, B: AsRef<[u8]>>(hello: &Hello, grants: &[G], frames: &[B]) -> Vec<u8> {
    let mut body = BodyWriter::default();
    body.record(RecordKind::Hello, &hello.encode());
    for grant in grants {
        body.record(RecordKind::Grant, grant.as_ref());
    }
    for frame in frames {
        body.record(RecordKind::Frame, frame.as_ref());
        body.flush();
    }
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
    /// Nothing was cut off.
    End,
}

/// Reads a request in pieces as they arrive.
#[derive(Default)]
pub struct RequestReader {
    body: BodyReader,
    greeted: bool,
}

impl RequestReader {
    /// Takes more bytes and returns the records that are now whole.
    ///
    /// # Errors
    /// [`WireError`]; the records of earlier calls stand.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<RequestRecord>, WireError> {
        let mut records = Vec::new();
        for (kind, payload) in self.body.push(bytes)? {
            match (kind, self.greeted) {
                (RecordKind::Hello, false) => {
                    self.greeted = true;
                    records.push(RequestRecord::Hello(Hello::decode(&payload)?));
                }
                (RecordKind::Frame, true) => records.push(RequestRecord::Frame(payload)),
                (RecordKind::Grant, true) => records.push(RequestRecord::Grant(payload)),
                (RecordKind::End, true) => records.push(RequestRecord::End),
                _ => return Err(WireError::Malformed("record order")),
            }
        }
        Ok(records)
    }
}
