//! The only way into the log: frames come in, are judged by the core, written in one transaction, and only then
//! acknowledged.
//!
//! One task takes all frames that wait and commits them together, so that many tablets share one flush of the disk.
//! Several processes may do so on one database. Each judges on what it read; the store writes nothing when a document
//! was changed meanwhile, and the group is judged again. That is rare: two tablets would have to send changes of one
//! document in the same moment, to different processes.
//!
//! `facts` gathers what the core has to know, `judge` asks it (no I/O, no clock), and the store writes.

pub mod facts;
pub mod judge;
pub mod rights;
mod worker;

pub use judge::{Check, Offered};

use std::sync::Arc;

use mpp_store::Store;
use mpp_sync::check::check_entry;
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, SessionId};
use mpp_sync::trust::Tombstone;
use tokio::sync::{mpsc, oneshot, watch};

use self::worker::Worker;
use crate::clock::Env;

/// Frames that may wait; senders wait when there are more.
const QUEUE: usize = 128;

/// A frame that wants in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The frame, signature included.
    pub bytes: Vec<u8>,
    /// Username of who is signed in on the connection.
    pub officer: String,
}

/// A change that is kept but not accepted, or (code empty) accepted after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The session it came in.
    pub session: SessionId,
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub hash: ChangeHash,
    /// The stable code of the reason; empty when it was accepted after all.
    pub code: String,
}

/// What became of a frame. It is on the disk when this is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Stored, now or before.
    Stored {
        /// Its chain.
        session: SessionId,
        /// Its number.
        number: u64,
        /// Its changes that were not accepted, and earlier ones that now were.
        notices: Vec<Notice>,
    },
    /// Not stored: the sender keeps it.
    Refused {
        /// Its chain; all zero when it could not even be read.
        session: SessionId,
        /// Its number.
        number: u64,
        /// The stable code.
        code: String,
    },
}

/// Nothing of the frame was stored, and nothing is wrong with it: send it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The disk is full.
    #[error("the storage is full")]
    Full,
    /// The store failed; the reason is in the log.
    #[error("the store failed")]
    Failed,
}

enum Job {
    Frame(Submission, oneshot::Sender<Result<Outcome, IngestError>>),
    /// A batch that was given back.
    Offer(Offered, oneshot::Sender<Result<(), IngestError>>),
    /// A document that the office erased.
    Erase(Box<Tombstone>, oneshot::Sender<Result<(), IngestError>>),
    /// What is kept aside may be accepted now.
    Again(Again, oneshot::Sender<Result<(), IngestError>>),
}

impl Job {
    /// Bytes of the frame in it.
    fn bytes(&self) -> usize {
        match self {
            Self::Frame(submission, _) => submission.bytes.len(),
            Self::Offer(..) | Self::Erase(..) | Self::Again(..) => 0,
        }
    }
}

/// What to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// A device was put on a day: what it sent too early.
    Granted(DeviceId),
    /// A service day changed: what somebody wrote who was not on its roster.
    Roster,
    /// This program may accept what an earlier one could not: everything.
    Everything,
}

/// Where to hand frames in.
#[derive(Clone)]
pub struct Ingest {
    jobs: mpsc::Sender<Job>,
}

/// A frame that was handed in; its outcome comes later.
pub struct Pending(oneshot::Receiver<Result<Outcome, IngestError>>);

impl Pending {
    /// Waits until the frame is durable, or refused.
    ///
    /// # Errors
    /// [`IngestError`].
    pub async fn outcome(self) -> Result<Outcome, IngestError> {
        self.0.await.unwrap_or(Err(IngestError::Failed))
    }
}

impl Ingest {
    /// Starts the task. `appended` is told the log's end after every commit.
    pub fn start(
        store: Arc<dyn Store>,
        env: Arc<dyn Env>,
        office: DeviceId,
        appended: watch::Sender<i64>,
    ) -> Self {
        Self::start_checking(store, env, office, appended, check_entry)
    }

    /// As [`Ingest::start`], with another question to the core than [`check_entry`]. Whatever it does, a panic in it costs
    /// the one change.
    pub fn start_checking(
        store: Arc<dyn Store>,
        env: Arc<dyn Env>,
        office: DeviceId,
        appended: watch::Sender<i64>,
        check: Check,
    ) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(Worker { store, env, office, appended, check }.run(waiting));
        Self { jobs }
    }

    /// Hands a frame in. Frames of one chain handed in one after the other stay in order.
    ///
    /// # Errors
    /// [`IngestError::Failed`] when the server is stopping.
    pub async fn submit(&self, submission: Submission) -> Result<Pending, IngestError> {
        let (reply, outcome) = oneshot::channel();
        self.jobs.send(Job::Frame(submission, reply)).await.map_err(|_| IngestError::Failed)?;
        Ok(Pending(outcome))
    }

    /// Takes back changes whose batch's signature was verified.
    ///
    /// # Errors
    /// [`IngestError`].
    pub async fn give_back(&self, offered: Offered) -> Result<(), IngestError> {
        let (reply, done) = oneshot::channel();
        self.jobs.send(Job::Offer(offered, reply)).await.map_err(|_| IngestError::Failed)?;
        done.await.unwrap_or(Err(IngestError::Failed))
    }

    /// Erases what a tombstone names whose signature was verified.
    ///
    /// # Errors
    /// [`IngestError`].
    pub async fn erase(&self, tombstone: Tombstone) -> Result<(), IngestError> {
        let (reply, done) = oneshot::channel();
        self.jobs.send(Job::Erase(Box::new(tombstone), reply)).await.map_err(|_| IngestError::Failed)?;
        done.await.unwrap_or(Err(IngestError::Failed))
    }

    /// Tries again what a device sent for a day it was not on yet.
    ///
    /// # Errors
    /// [`IngestError`].
    pub async fn granted(&self, device: DeviceId) -> Result<(), IngestError> {
        self.again(Again::Granted(device)).await
    }

    /// Tries everything again that is kept aside, whatever its reason was.
    ///
    /// # Errors
    /// [`IngestError`].
    pub async fn retry_everything(&self) -> Result<(), IngestError> {
        self.again(Again::Everything).await
    }

    async fn again(&self, what: Again) -> Result<(), IngestError> {
        let (reply, done) = oneshot::channel();
        self.jobs.send(Job::Again(what, reply)).await.map_err(|_| IngestError::Failed)?;
        done.await.unwrap_or(Err(IngestError::Failed))
    }
}
