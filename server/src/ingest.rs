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

pub use judge::{Check, Offered};

use std::collections::BTreeSet;
use std::sync::Arc;

use mpp_store::{Accepted, Basis, Store, StoreError};
use mpp_sync::check::check_entry;
use mpp_sync::frame::Frame;
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, Kind, SessionId};
use mpp_sync::trust::Tombstone;
use tokio::sync::{mpsc, oneshot, watch};

use self::rights::waits_for_rights;
use crate::clock::Env;
use crate::erasure;

/// Frames that are committed together at most. A frame has about 96 changes.
const GROUP_MAX: usize = 32;
/// How often a group is judged again because another process was faster. Each time somebody has gone on.
const ATTEMPTS: usize = 20;
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

/// What comes with a group of frames.
#[derive(Default)]
struct Beside {
    offers: Vec<Offered>,
    again: Vec<Again>,
}

struct Worker {
    store: Arc<dyn Store>,
    env: Arc<dyn Env>,
    office: DeviceId,
    appended: watch::Sender<i64>,
    check: Check,
}

impl Worker {
    async fn run(self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(job) = waiting.recv().await {
            let mut group = vec![job];
            while group.len() < GROUP_MAX {
                let Ok(job) = waiting.try_recv() else { break };
                group.push(job);
            }
            self.serve(group).await;
        }
    }

    async fn serve(&self, group: Vec<Job>) {
        let (mut frames, mut replies, mut done) = (Vec::new(), Vec::new(), Vec::new());
        let mut beside = Beside::default();
        for job in group {
            match job {
                Job::Frame(submission, reply) => {
                    frames.push(submission);
                    replies.push(reply);
                }
                Job::Offer(offered, reply) => {
                    beside.offers.push(offered);
                    done.push(reply);
                }
                Job::Erase(tombstone, reply) => {
                    // What comes in the same group is judged after it.
                    let _ = reply.send(self.erase(&tombstone).await);
                }
                Job::Again(what, reply) => {
                    beside.again.push(what);
                    done.push(reply);
                }
            }
        }
        let result = self.commit(&frames, &beside).await.map_err(|error| {
            tracing::error!(code = "INGEST_FAILED", error = %error, "nothing of this group was stored");
            if matches!(error, StoreError::Full) { IngestError::Full } else { IngestError::Failed }
        });
        // A sender that went away reads the truth from `holds` at its next exchange.
        for reply in done {
            let _ = reply.send(result.as_ref().map(|_| ()).map_err(|error| *error));
        }
        match result {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    let _ = reply.send(Ok(outcome));
                }
            }
            Err(error) => {
                for reply in replies {
                    let _ = reply.send(Err(error));
                }
            }
        }
    }

    async fn erase(&self, tombstone: &Tombstone) -> Result<(), IngestError> {
        match erasure::apply(self.store.as_ref(), tombstone).await {
            Ok(head) => {
                self.appended.send_replace(head.position);
                Ok(())
            }
            Err(error) => {
                tracing::error!(code = "NOT_ERASED", error = %error);
                Err(IngestError::Failed)
            }
        }
    }

    /// Judges the group and writes it in one transaction, again when another process was faster.
    async fn commit(&self, submissions: &[Submission], beside: &Beside) -> Result<Vec<Outcome>, StoreError> {
        let mut result = self.judge_and_write(submissions, beside).await;
        for _ in 1..ATTEMPTS {
            let Err(StoreError::Stale(_) | StoreError::Conflict(_)) = &result else { break };
            tracing::info!(code = "JUDGED_AGAIN", "another process was faster");
            result = self.judge_and_write(submissions, beside).await;
        }
        let Written { outcomes, waiting, rosters } = result?;
        // A day may have been granted by another process after the grants were read here, and what waits for it may
        // have been looked for before it was written. Either of the two finds the other's work.
        let mut late = Vec::new();
        for (device, days) in waiting {
            if self.store.grants_of(device.0).await?.len() != days {
                late.push(Again::Granted(device));
            }
        }
        if rosters {
            late.push(Again::Roster);
        }
        if !late.is_empty() {
            Box::pin(self.commit(&[], &Beside { again: late, ..Beside::default() })).await?;
        }
        Ok(outcomes)
    }

    async fn judge_and_write(
        &self,
        submissions: &[Submission],
        beside: &Beside,
    ) -> Result<Written, StoreError> {
        // Rosters come from the views, which may be behind: before somebody is kept out, the log itself is asked.
        let (mut exact, mut asked) =
            (BTreeSet::new(), self.judged(submissions, beside, &BTreeSet::new()).await?);
        while !asked.judged.rosters.is_empty() {
            exact.append(&mut asked.judged.rosters);
            asked = self.judged(submissions, beside, &exact).await?;
        }
        let Asked { mut judged, basis, days } = asked;
        if !judged.append.is_empty() {
            judged.append.basis = Some(basis);
            let head = self.store.append(&judged.append).await?;
            let aside = judged.append.quarantined.len();
            tracing::info!(
                frames = judged.append.frames.len(),
                accepted = judged.append.accepted.len(),
                aside,
                position = head.position,
                "committed"
            );
            self.appended.send_replace(head.position);
        }
        let by_rights = judged.append.quarantined.iter().any(|row| waits_for_rights(&row.code));
        let waiting = if by_rights { days } else { Vec::new() };
        let is_day = |accepted: &Accepted| accepted.row().kind == i64::from(Kind::ServiceDay.number());
        let rosters = judged.append.accepted.iter().any(is_day);
        Ok(Written { outcomes: judged.outcomes, waiting, rosters })
    }

    async fn judged(
        &self,
        submissions: &[Submission],
        beside: &Beside,
        exact: &BTreeSet<DocumentId>,
    ) -> Result<Asked, StoreError> {
        let frames: Vec<judge::Arrived> = submissions
            .iter()
            .map(|submission| judge::Arrived {
                frame: Frame::decode(&submission.bytes),
                bytes: submission.bytes.clone(),
                officer: submission.officer.clone(),
            })
            .collect();
        let Beside { offers, again } = beside;
        let mut facts =
            facts::gather(self.store.as_ref(), &frames, offers, again, exact, self.office).await?;
        let basis = std::mem::take(&mut facts.basis);
        let days: Vec<(DeviceId, usize)> =
            facts.granted.iter().map(|(device, days)| (*device, days.len())).collect();
        let (now, offers, check) = (self.env.now(), offers.clone(), self.check);
        // Applying changes is work for the processor, not for the thread that serves connections.
        let judged = tokio::task::spawn_blocking(move || judge::judge(facts, frames, offers, now, check))
            .await
            .map_err(|error| StoreError::Backend(format!("the judge stopped: {error}")))?;
        Ok(Asked { judged, basis, days })
    }
}

/// A verdict that is not written yet.
struct Asked {
    judged: judge::Judged,
    basis: Basis,
    days: Vec<(DeviceId, usize)>,
}

/// What was written.
struct Written {
    outcomes: Vec<Outcome>,
    /// The devices whose changes wait for rights, with the number of their days.
    waiting: Vec<(DeviceId, usize)>,
    /// Whether a service day changed.
    rosters: bool,
}
