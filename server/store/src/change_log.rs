//! The log: chains, frames, accepted changes in this node's order, and the scopes they travel in.

use std::collections::BTreeSet;

use async_trait::async_trait;
use mpp_sync::check::AcceptedChange;
use mpp_sync::digest::ScopeSum;
use mpp_sync::exchange::chains::{ChainSum, month_of};
use mpp_sync::frame::SessionHeader;
use mpp_sync::ids::{DocumentId, FrameHash, Kind, SessionId, sha256};
use sha2::{Digest, Sha256};

use crate::branches::{BranchFrameRow, DeviceEventRow};
use crate::quarantine::QuarantineRow;
use crate::{Hash, Id, Rolling, StoreError};

/// A place in the log. Position 0 with an all-zero rolling hash is before the first change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// How many changes the log held.
    pub position: i64,
    /// The running hash there; tells this log from one that was restored and wrote the position again.
    pub rolling: Rolling,
}

impl Cursor {
    /// The cursor after one more change: first 8 bytes of SHA-256(rolling ‖ document ‖ hash).
    #[must_use]
    pub fn after(&self, document: &Id, hash: &Hash) -> Self {
        let digest =
            Sha256::new().chain_update(self.rolling).chain_update(document).chain_update(hash).finalize();
        let mut rolling = Rolling::default();
        for (to, from) in rolling.iter_mut().zip(digest.iter()) {
            *to = *from;
        }
        Self { position: self.position + 1, rolling }
    }
}

/// One start of an app on a device, and how far the office holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRow {
    /// The session id; also the Automerge actor of everything it wrote.
    pub session: Id,
    /// The device whose key signs the frames.
    pub device: Id,
    /// The session header as it came in frame 0.
    pub header: Vec<u8>,
    /// Frames held, numbered from 0 without a gap.
    pub frames: i64,
    /// Changes in those frames, quarantined ones included.
    pub changes: i64,
    /// Hash of the last frame.
    pub head_hash: Hash,
    /// Saves in those frames, numbered from 0 without a gap.
    pub saves: i64,
    /// Hash of the last save.
    pub last_save: Hash,
    /// The service day the session worked for, if any.
    pub day: Option<Id>,
    /// Username of the officer who last sent it.
    pub officer: String,
    /// Unix seconds of the last frame's arrival.
    pub last_at: i64,
}

impl ChainRow {
    /// The month of thirty days in which the session began, by its header; 0 when the header cannot be read.
    #[must_use]
    pub fn month(&self) -> i64 {
        SessionHeader::decode(&self.header).map_or(0, |header| i64::from(month_of(header.started_at)))
    }

    /// The sum of the chains of its device and month, with this one put in place of what was held of it before.
    #[must_use]
    pub fn folded(&self, before: Option<(i64, Hash)>, sum: ChainSum) -> ChainSum {
        let (mut sum, session) = (sum, SessionId(self.session));
        if let Some((frames, head)) = before {
            sum.remove(&session, u64::try_from(frames).unwrap_or(0), &FrameHash(head));
        }
        sum.add(&session, u64::try_from(self.frames).unwrap_or(0), &FrameHash(self.head_hash));
        sum
    }
}

/// The chains of one device in one month as one sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFoldRow {
    /// The month of thirty days since 1970.
    pub month: i64,
    /// The device.
    pub device: Id,
    /// The sum, and how many chains.
    pub sum: ChainSum,
}

/// One signed frame, whole, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameRow {
    /// Its chain.
    pub session: Id,
    /// Its number in the chain, from 0.
    pub number: i64,
    /// Its hash.
    pub hash: Hash,
    /// Its bytes, signature included.
    pub bytes: Vec<u8>,
    /// Unix seconds of its arrival.
    pub received_at: i64,
}

/// An accepted change on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The document.
    pub document: Id,
    /// The change's hash; (document, hash) names it.
    pub hash: Hash,
    /// The document's kind (1 resident … 5 catalogue).
    pub kind: i64,
    /// The session's document counter, on a document's first change.
    pub counter: Option<i64>,
    /// The chain it came in.
    pub session: Id,
    /// The frame it came in.
    pub frame: i64,
    /// The actor's sequence number in the document, from 1.
    pub seq: i64,
    /// The raw Automerge chunk.
    pub bytes: Vec<u8>,
    /// Unix seconds of its arrival.
    pub received_at: i64,
    /// The scopes its document travels in from now on.
    pub scopes: Vec<String>,
}

/// A change that may enter the log: only the check of the core makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted(ChangeRow);

impl Accepted {
    /// The row of a change that the core accepted, as it came in frame `frame` at `received_at` (unix seconds).
    #[must_use]
    pub fn new(change: &AcceptedChange, frame: i64, received_at: i64) -> Self {
        let entry = change.entry();
        Self(ChangeRow {
            document: entry.document.0,
            hash: entry.hash.0,
            kind: i64::from(entry.kind.number()),
            counter: entry.counter.map(i64::from),
            session: change.session().0,
            frame,
            seq: i64::try_from(change.seq()).unwrap_or(i64::MAX),
            bytes: entry.bytes.clone(),
            received_at,
            scopes: change.scopes().to_vec(),
        })
    }

    /// A place of its own in the log at which a document enters `scopes` although no change of it is new: it was learnt
    /// late that they list it. Has no bytes, and is listed nowhere itself.
    #[must_use]
    pub fn entering(document: &DocumentId, kind: Kind, scopes: BTreeSet<String>, received_at: i64) -> Self {
        let mut named: Vec<&[u8]> = vec![b"mpp.entering.1", &document.0];
        for scope in &scopes {
            named.extend([b"\0".as_slice(), scope.as_bytes()]);
        }
        Self(ChangeRow {
            document: document.0,
            hash: sha256(&named),
            kind: i64::from(kind.number()),
            counter: None,
            session: Id::default(),
            frame: -1,
            seq: 0,
            bytes: Vec::new(),
            received_at,
            scopes: scopes.into_iter().collect(),
        })
    }

    /// Any row at all, for the conformance suite, which tests the store and not the core.
    #[cfg(feature = "conformance")]
    #[must_use]
    pub fn unchecked(row: ChangeRow) -> Self {
        Self(row)
    }

    /// The row.
    #[must_use]
    pub fn row(&self) -> &ChangeRow {
        &self.0
    }
}

/// A change as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedChange {
    /// Where it stands in this node's log.
    pub position: i64,
    /// The document.
    pub document: Id,
    /// The change's hash.
    pub hash: Hash,
    /// The document's kind.
    pub kind: i64,
    /// The session's document counter, on a document's first change.
    pub counter: Option<i64>,
    /// The chain it came in.
    pub session: Id,
    /// The frame it came in.
    pub frame: i64,
    /// The actor's sequence number in the document, from 1.
    pub seq: i64,
    /// The raw Automerge chunk.
    pub bytes: Vec<u8>,
    /// Unix seconds of its arrival at this node.
    pub received_at: i64,
}

/// What a batch was judged on.
#[derive(Debug, Clone, Default)]
pub struct Basis {
    /// Where the log ended before the documents were read.
    pub position: i64,
    /// The documents that were read. None of them may have a change after that position.
    pub documents: Vec<Id>,
    /// What was kept aside of these documents. Nothing else of theirs may be.
    pub aside: Vec<(Id, Hash)>,
}

/// All that one transaction of the ingest writes.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// What it was judged on; none: whatever is there, it is to be written.
    pub basis: Option<Basis>,
    /// New or longer chains, as they are after this batch.
    pub chains: Vec<ChainRow>,
    /// The frames, each chain's in order.
    pub frames: Vec<FrameRow>,
    /// Accepted changes in the order of the log. One that the log holds already is passed over; one that was in
    /// quarantine leaves it.
    pub accepted: Vec<Accepted>,
    /// Changes kept aside, with the reason. One that is there already gets the new reason and counts as retried.
    pub quarantined: Vec<QuarantineRow>,
    /// Frames of changes that the log may have from an offer: their (document, hash, frame).
    pub framed: Vec<(Id, Hash, i64)>,
    /// Frames of second branches. One that is held already is passed over.
    pub branches: Vec<BranchFrameRow>,
    /// What was noticed of devices. What was noticed before stays as it was.
    pub events: Vec<DeviceEventRow>,
    /// Frames that are held and whose bytes had rotted, as they came again.
    pub mended: Vec<FrameRow>,
}

impl Append {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chains.is_empty()
            && self.frames.is_empty()
            && self.accepted.is_empty()
            && self.quarantined.is_empty()
            && self.framed.is_empty()
            && self.mended.is_empty()
            && self.branches.is_empty()
            && self.events.is_empty()
    }
}

/// A document that changed, for the projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touched {
    /// Position of the change.
    pub position: i64,
    /// The document.
    pub document: Id,
    /// Its kind.
    pub kind: i64,
}

/// Scopes that the caller holds up to the same cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullGroup {
    /// Up to where the caller holds them. One that does not belong to this log counts as the beginning.
    pub cursor: Cursor,
    /// The scopes.
    pub scopes: Vec<String>,
}

/// What a caller lacks.
#[derive(Debug, Clone, Default)]
pub struct PullQuery {
    /// Scopes by cursor.
    pub groups: Vec<PullGroup>,
    /// Chains the caller keeps itself, and how many frames of each: their changes are not sent back.
    pub held: Vec<(Id, i64)>,
    /// Stop after this many bytes of changes. At least one position is always answered.
    pub max_bytes: usize,
    /// Whether the caller's own changes are named in [`PullPage::own`].
    pub name_own: bool,
}

/// A group after the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledGroup {
    /// The new cursor of its scopes.
    pub cursor: Cursor,
    /// The scopes.
    pub scopes: Vec<String>,
}

/// A change that the caller wrote, as a page names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnChange {
    /// The document.
    pub document: Id,
    /// The change's hash.
    pub hash: Hash,
    /// The chain.
    pub session: Id,
    /// The frame.
    pub frame: i64,
    /// The scopes that list it at a position of the page.
    pub listed: BTreeSet<String>,
}

/// A bounded answer to a [`PullQuery`].
#[derive(Debug, Clone, Default)]
pub struct PullPage {
    /// The changes, each once, a document's in the order of the log.
    pub changes: Vec<LoggedChange>,
    /// For each of them, the scopes that list it at a position of this page.
    pub listed: Vec<BTreeSet<String>>,
    /// The changes of the caller's own chains, when it wanted them named.
    pub own: Vec<OwnChange>,
    /// The new cursors; groups that arrived at the same place are one.
    pub groups: Vec<PulledGroup>,
    /// There is more behind these cursors.
    pub more: bool,
    /// What was erased from the scopes between the old cursors and the new ones.
    pub tombstones: Vec<Vec<u8>>,
    /// When there is no more: the sums of all scopes asked for, as of the log's end.
    pub sums: Vec<(String, ScopeSum)>,
}

/// The append-only log.
#[async_trait]
pub trait ChangeLog {
    /// Writes a whole batch durably, or nothing. Returns the log's end.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a frame of the same number is held already, [`StoreError::Stale`] when the basis no
    /// longer holds.
    async fn append(&self, batch: &Append) -> Result<Cursor, StoreError>;
    /// The log's end.
    async fn head(&self) -> Result<Cursor, StoreError>;
    /// The chains that are held among `sessions`.
    async fn chains(&self, sessions: &[Id]) -> Result<Vec<ChainRow>, StoreError>;
    /// The chains of these devices, newest arrival first.
    async fn chains_of(&self, devices: &[Id]) -> Result<Vec<ChainRow>, StoreError>;
    /// Every chain, newest arrival first.
    async fn all_chains(&self) -> Result<Vec<ChainRow>, StoreError>;
    /// The sums of chains of the months `from..=to`, by month and device.
    async fn chain_folds(&self, from: i64, to: i64) -> Result<Vec<ChainFoldRow>, StoreError>;
    /// The chains of one device that began in one month, by session, at most `limit`.
    async fn chains_of_month(&self, device: Id, month: i64, limit: i64) -> Result<Vec<ChainRow>, StoreError>;
    /// One held frame.
    async fn frame(&self, session: Id, number: i64) -> Result<Option<FrameRow>, StoreError>;
    /// Frames of a chain from `number` on, at most `limit`.
    async fn frames(&self, session: Id, number: i64, limit: i64) -> Result<Vec<FrameRow>, StoreError>;
    /// All changes of the given documents, by position; of one that was erased none.
    async fn changes_of(&self, documents: &[Id]) -> Result<Vec<LoggedChange>, StoreError>;
    /// Which documents changed after `position`, oldest first, at most `limit` changes.
    async fn touched_after(&self, position: i64, limit: i64) -> Result<Vec<Touched>, StoreError>;
    /// The scopes a document travels in, sorted.
    async fn scopes_of(&self, document: Id) -> Result<Vec<String>, StoreError>;
    /// What scopes list at `position` or before, by the position of entering.
    async fn listed(&self, scope: &str, position: i64) -> Result<Vec<LoggedChange>, StoreError>;
    /// Makes the sums of all scopes again from what they list. Returns the scopes whose sum was another one.
    async fn sum_again(&self) -> Result<Vec<String>, StoreError>;
    /// What a caller lacks, bounded.
    async fn pull(&self, query: &PullQuery) -> Result<PullPage, StoreError>;
}
