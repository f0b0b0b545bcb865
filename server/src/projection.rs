//! Folds the log into views and lists, in a transaction of its own, after the log's.
//!
//! Of several processes on one database one folds at a time, and the others hear how far it got. When it dies, the next
//! one goes on. Each step says where it begins, so that two that fold all the same cannot undo each other's work.
//!
//! A document's view is made from all its changes, so folding again gives the same: [`Projector::rebuild`] empties the
//! views and folds from the start. Groups of residents are marked in the same transaction and computed after it; a
//! crash in between leaves the marks, and the next run computes them.

mod groups;
mod rows;

pub use groups::{connected, residents};
pub use rows::status_word;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use mpp_store::{LoggedChange, Projected, Store, StoreError, Touched, Turn, Work};
use mpp_sync::document::Document;
use mpp_sync::ids::{DocumentId, Kind};
use mpp_sync::view::View;
use tokio::sync::watch;

use crate::node_key::NodeKey;
use crate::rot;

/// Changes looked at in one step.
const STEP: i64 = 500;
/// How long a failed step waits before it is tried again.
const RETRY: Duration = Duration::from_secs(2);
/// How long to wait for the turn of another process before looking again, should it have died.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long a reader waits for its own write to be folded before it answers with what there is.
const PATIENCE: Duration = Duration::from_secs(5);

/// Folds the log.
#[derive(Clone)]
pub struct Projector {
    store: Arc<dyn Store>,
    key: NodeKey,
}

/// How far the views are, to wait for them.
#[derive(Clone)]
pub struct Projection {
    upto: watch::Receiver<i64>,
}

impl Projection {
    /// Starts folding whenever `appended` moves, or another process wrote something.
    #[must_use]
    pub fn start(projector: Projector, mut appended: watch::Receiver<i64>) -> Self {
        let (tell, upto) = watch::channel(0);
        tokio::spawn(async move {
            let store = projector.store.clone();
            // Kept over the rounds: news that come while this process folds are not lost.
            let mut news = store.news();
            loop {
                match projector.fold_if_nobody_does().await {
                    Ok((position, done)) => {
                        tell.send_replace(position);
                        tokio::select! {
                            changed = appended.changed() => if changed.is_err() { return },
                            () = &mut news => news = store.news(),
                            () = tokio::time::sleep(LOOK_AGAIN), if !done => {}
                        }
                    }
                    Err(error) => {
                        tracing::error!(code = "PROJECTION_FAILED", error = %error, "trying again");
                        tokio::select! {
                            () = tokio::time::sleep(RETRY) => {}
                            // A store that is being closed waits until nobody listens.
                            () = &mut news => news = store.news(),
                        }
                        if appended.has_changed().is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Self { upto }
    }

    /// Waits until the views include a log position, but not for ever: false when they do not yet.
    pub async fn reach(&self, position: i64) -> bool {
        let mut upto = self.upto.clone();
        let reached = tokio::time::timeout(PATIENCE, upto.wait_for(|upto| *upto >= position)).await;
        let reached = matches!(reached, Ok(Ok(_)));
        if !reached {
            tracing::warn!(code = "PROJECTION_BEHIND", position, "answering from older views");
        }
        reached
    }
}

impl Projector {
    /// Folds for a store; the key is for the NIK index.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, key: NodeKey) -> Self {
        Self { store, key }
    }

    /// Folds what is not folded yet, when it is this process's turn. Returns how far, after the others.
    ///
    /// # Errors
    /// [`StoreError`]; what was folded stays folded.
    pub async fn catch_up(&self) -> Result<i64, StoreError> {
        let turn = turn(self.store.as_ref(), Work::Projection).await?;
        let folded = self.fold_all().await;
        turn.end().await;
        folded
    }

    /// Empties the views and folds the whole log again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rebuild(&self) -> Result<i64, StoreError> {
        let turn = turn(self.store.as_ref(), Work::Projection).await?;
        let folded = match self.store.reset_views().await {
            Ok(()) => self.fold_all().await,
            Err(error) => Err(error),
        };
        turn.end().await;
        folded
    }

    /// Folds, unless another process is at it. Returns how far the views are, and whether nothing is left for that
    /// other process to do.
    async fn fold_if_nobody_does(&self) -> Result<(i64, bool), StoreError> {
        let Some(turn) = self.store.turn(Work::Projection).await? else {
            return Ok((self.store.projected_upto().await?, false));
        };
        let folded = self.fold_all().await;
        turn.end().await;
        Ok((folded?, true))
    }

    async fn fold_all(&self) -> Result<i64, StoreError> {
        loop {
            match self.fold_on().await {
                // The turn was lost and somebody else has gone on: from there, then.
                Err(StoreError::Stale(_)) => {}
                other => return other,
            }
        }
    }

    async fn fold_on(&self) -> Result<i64, StoreError> {
        let mut upto = self.store.projected_upto().await?;
        loop {
            let touched = self.store.touched_after(upto, STEP).await?;
            let Some(last) = touched.last() else { break };
            let step = Projected { after: Some(upto), ..self.fold(&touched, last.position).await? };
            self.store.project(&step).await?;
            upto = step.upto;
            if !step.erased.is_empty() {
                self.store.scrub().await?;
            }
        }
        groups::regroup(self.store.as_ref(), upto).await?;
        Ok(upto)
    }

    async fn fold(&self, touched: &[Touched], upto: i64) -> Result<Projected, StoreError> {
        let documents: BTreeSet<[u8; 16]> = touched.iter().map(|touched| touched.document).collect();
        let documents: Vec<[u8; 16]> = documents.into_iter().collect();
        let changes = rot::changes_of(self.store.as_ref(), &documents).await?;
        let left: BTreeSet<[u8; 16]> = changes.iter().map(|change| change.document).collect();
        let key = self.key.clone();
        tokio::task::spawn_blocking(move || {
            let mut step = Projected { upto, ..Projected::default() };
            let rows = each(changes, |kind, document, raw| {
                let view = View::of(&Document::open(kind, document, raw).0)?;
                let mut rows = Projected { upto, ..Projected::default() };
                rows::add(&mut rows, &view, &key);
                Some(rows)
            });
            step.erased = documents.into_iter().filter(|document| !left.contains(document)).collect();
            for rows in rows {
                step.documents.extend(rows.documents);
                step.residents.extend(rows.residents);
                step.visits.extend(rows.visits);
                step.applications.extend(rows.applications);
            }
            step
        })
        .await
        .map_err(|error| StoreError::Backend(format!("the projection stopped: {error}")))
    }
}

/// Waits for the turn at some work.
///
/// # Errors
/// [`StoreError`].
pub async fn turn(store: &dyn Store, work: Work) -> Result<Box<dyn Turn>, StoreError> {
    loop {
        if let Some(turn) = store.turn(work).await? {
            return Ok(turn);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Opens the documents of these changes and reads each.
#[must_use]
pub fn views(changes: Vec<LoggedChange>) -> Vec<View> {
    each(changes, |kind, document, raw| View::of(&Document::open(kind, document, raw).0))
}

/// Opens the documents of these changes, by id.
#[must_use]
pub fn opened(changes: Vec<LoggedChange>) -> Vec<Document> {
    each(changes, |kind, document, raw| Some(Document::open(kind, document, raw).0))
}

/// Reads each document from its changes, by id. A panic of the document engine costs this one document: it keeps the
/// view it has, until it changes again or `mpp rebuild` folds the whole log.
fn each<T>(changes: Vec<LoggedChange>, read: impl Fn(Kind, DocumentId, &[Vec<u8>]) -> Option<T>) -> Vec<T> {
    let mut by_document: BTreeMap<[u8; 16], (i64, Vec<Vec<u8>>)> = BTreeMap::new();
    for change in changes {
        by_document.entry(change.document).or_insert((change.kind, Vec::new())).1.push(change.bytes);
    }
    let read = by_document.into_iter().filter_map(|(document, (kind, raw))| {
        let kind = Kind::try_from(u8::try_from(kind).ok()?).ok()?;
        caught(DocumentId(document), || read(kind, DocumentId(document), &raw))?
    });
    read.collect()
}

/// Does something with one document; none, and a line in the log, when that panicked.
pub fn caught<T>(document: DocumentId, read: impl FnOnce() -> T) -> Option<T> {
    let answer = catch_unwind(AssertUnwindSafe(read)).ok();
    if answer.is_none() {
        tracing::error!(code = "PROJECTION_PANICKED", document = %document, "left out of the views");
    }
    answer
}

#[cfg(test)]
mod tests;
