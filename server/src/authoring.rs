//! What the office itself writes: decisions, statuses, days, the catalogue. The same way in as everybody's: a save of a
//! session of its own, in a frame signed with the node's key, through the ingest.

use std::sync::Arc;

use mpp_store::{Store, StoreError};
use mpp_sync::action::{ActionError, Context, MadeSave};
use mpp_sync::document::Document;
use mpp_sync::frame::{SessionHeader, cut};
use mpp_sync::ids::{DocumentId, FrameHash, SaveHash, SessionId};
use tokio::sync::Mutex;

use crate::clock::{Env, NoRandomness, random};
use crate::ingest::{Ingest, IngestError, Outcome, Submission};
use crate::node_key::NodeKey;
use crate::projection::{Projection, opened};
use crate::rot;

/// What stands where a tablet's letter would.
pub const OFFICE: &str = "kantor";

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AuthoringError {
    /// The office does not hold that document.
    #[error("no such document")]
    NotFound,
    /// The core refused what was asked for.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// The ingest refused the frame or a change of it; carries the stable code.
    #[error("the office's own frame was not accepted: {0}")]
    NotAccepted(String),
    /// The storage refused.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes for a session id.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// The office as a writer. One session per start of the process: a chain never goes on across a restart.
pub struct Office {
    store: Arc<dyn Store>,
    env: Arc<dyn Env>,
    key: NodeKey,
    ingest: Ingest,
    projection: Projection,
    session: Mutex<Option<Session>>,
}

#[derive(Debug, Clone)]
struct Session {
    id: SessionId,
    counter: u32,
    saves: u64,
    last_save: Option<SaveHash>,
    frames: u64,
    head: FrameHash,
}

impl Office {
    /// An office that has not written anything yet.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        env: Arc<dyn Env>,
        key: NodeKey,
        ingest: Ingest,
        projection: Projection,
    ) -> Self {
        Self { store, env, key, ingest, projection, session: Mutex::new(None) }
    }

    /// Writes one save in the name of `officer` and waits until it is durable and in the views.
    ///
    /// `action` gets the context of the save and the documents, opened from the log, in the order asked for.
    ///
    /// # Errors
    /// [`AuthoringError`]; then nothing was written.
    pub async fn write<M>(
        &self,
        officer: &str,
        documents: &[DocumentId],
        action: M,
    ) -> Result<MadeSave, AuthoringError>
    where
        M: FnOnce(&Context, &mut [Document]) -> Result<MadeSave, ActionError>,
    {
        let mut session = self.session.lock().await;
        let mut opened = self.open(documents).await?;
        let current = match session.take() {
            Some(session) => session,
            None => Session {
                id: SessionId(random(self.env.as_ref())?),
                counter: 0,
                saves: 0,
                last_save: None,
                frames: 0,
                head: FrameHash::NONE,
            },
        };
        let context = Context {
            session: current.id,
            counter: current.counter,
            officer: officer.to_owned(),
            device: OFFICE.to_owned(),
            at: self.env.now(),
            save_number: current.saves,
            save_previous: current.last_save,
        };
        let made = match action(&context, &mut opened) {
            Ok(made) => made,
            Err(error) => {
                *session = Some(current);
                return Err(error.into());
            }
        };
        // From here on a failure leaves the session unused: whether its frame arrived may be unknown.
        *session = Some(self.submit(current, officer, &made).await?);
        drop(session);
        let head = self.store.head().await?;
        self.projection.reach(head.position).await;
        Ok(made)
    }

    async fn open(&self, documents: &[DocumentId]) -> Result<Vec<Document>, AuthoringError> {
        let mut found = Vec::with_capacity(documents.len());
        for document in documents {
            let changes = rot::changes_of(self.store.as_ref(), &[document.0]).await?;
            found.push(opened(changes).pop().ok_or(AuthoringError::NotFound)?);
        }
        Ok(found)
    }

    async fn submit(
        &self,
        session: Session,
        officer: &str,
        made: &MadeSave,
    ) -> Result<Session, AuthoringError> {
        let header = (session.frames == 0).then(|| SessionHeader {
            device: self.key.device(),
            previous: None,
            day: None,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: u64::try_from(self.env.now()).unwrap_or(0),
        });
        let saves = std::slice::from_ref(&made.save);
        let frame = cut(&session.id, session.frames, &session.head, header.as_ref(), saves)
            .map_err(|error| AuthoringError::NotAccepted(error.to_string()))?;
        let head = frame.hash;
        let submission = Submission { bytes: frame.sign(self.key.signing()), officer: officer.to_owned() };
        match self.ingest.submit(submission).await?.outcome().await? {
            Outcome::Stored { notices, .. } if notices.iter().all(|notice| notice.code.is_empty()) => {
                Ok(Session {
                    counter: made.next_counter,
                    saves: session.saves + 1,
                    last_save: Some(made.save.hash),
                    frames: session.frames + 1,
                    head,
                    ..session
                })
            }
            Outcome::Stored { notices, .. } => {
                let code = notices.into_iter().map(|notice| notice.code).find(|code| !code.is_empty());
                Err(AuthoringError::NotAccepted(code.unwrap_or_default()))
            }
            Outcome::Refused { code, .. } => Err(AuthoringError::NotAccepted(code)),
        }
    }
}
