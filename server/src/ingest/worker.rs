//! The task that takes what waits, has it judged, and writes it.

use std::collections::BTreeSet;
use std::sync::Arc;

use mpp_store::{Accepted, Basis, Store, StoreError};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{DeviceId, DocumentId, Kind};
use mpp_sync::trust::Tombstone;
use tokio::sync::{mpsc, watch};

use super::rights::waits_for_rights;
use super::{Again, Check, IngestError, Job, Offered, Outcome, Submission, facts, judge};
use crate::clock::Env;
use crate::erasure;

/// Frames that are committed together at most. A full frame has 64 changes.
const GROUP_MAX: usize = 32;
/// Bytes of frames after which a group is full: the documents of all its changes are open at once.
const GROUP_BYTES: usize = 256 * 1024;
/// How often a group is judged again because another process was faster. Each time somebody has gone on.
const ATTEMPTS: usize = 20;

/// What comes with a group of frames.
#[derive(Default)]
struct Beside {
    offers: Vec<Offered>,
    again: Vec<Again>,
}

pub(super) struct Worker {
    pub(super) store: Arc<dyn Store>,
    pub(super) env: Arc<dyn Env>,
    pub(super) office: DeviceId,
    pub(super) appended: watch::Sender<i64>,
    pub(super) check: Check,
}

impl Worker {
    /// Takes what waits, group by group, until nobody can hand anything in.
    pub(super) async fn run(self, mut waiting: mpsc::Receiver<Job>) {
        while let Some(job) = waiting.recv().await {
            let mut bytes = job.bytes();
            let mut group = vec![job];
            while group.len() < GROUP_MAX && bytes < GROUP_BYTES {
                let Ok(job) = waiting.try_recv() else { break };
                bytes += job.bytes();
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
