//! Intentions turned into saves: one change for every document they touch, made at one moment by one
//! officer on one device, and hash-linked to the save before.

use serde::Deserialize;

pub use decide::{Decide, decide};
pub use edit::{edit_document, json_edits};
pub use office::{add_officer, publish_catalogue, publish_day, register_device};
pub use register::{Register, register};
pub use status::add_status;
pub use ticket::{IssuedTicket, issue_ticket};

use crate::document::{Author, Document, EditError, Edits, Value};
use crate::ids::{DocumentId, Kind, SaveHash, SessionId};
use crate::rules::Finding;
use crate::save::{Entry, Save, link};
use crate::view::View;

mod decide;
mod edit;
mod office;
mod register;
mod status;
mod ticket;

/// Who acts, when, in which session, and where the session stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Context {
    /// The session: the Automerge actor of every change.
    pub session: SessionId,
    /// Counter of the next document that the session creates.
    pub counter: u32,
    /// Username.
    pub officer: String,
    /// The tablet's letter, or `kantor`.
    pub device: String,
    /// Unix seconds by the device's clock.
    pub at: i64,
    /// Number of the next save.
    pub save_number: u64,
    /// Hash of the last save; none before the first.
    #[serde(default)]
    pub save_previous: Option<SaveHash>,
}

impl Context {
    fn author(&self) -> Author {
        Author { officer: self.officer.clone(), device: self.device.clone(), at: self.at }
    }
}

/// A save that was made and is not yet durable, with the records its documents have become.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeSave {
    /// The save.
    pub save: Save,
    /// The views of its documents, in the order of its entries.
    pub views: Vec<View>,
    /// Counter of the next document that the session creates.
    pub next_counter: u32,
}

/// Why nothing was made. The documents are as they were.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ActionError {
    /// What was typed has errors.
    #[error("the input has errors")]
    Input(Vec<Finding>),
    /// A key or value that may not be set like this.
    #[error("not editable: {0}")]
    Key(String),
    /// There was nothing to change.
    #[error("nothing changed")]
    Nothing,
    /// A document could not be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl ActionError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Input(_) => "INPUT_INVALID",
            Self::Key(_) => "KEY_NOT_EDITABLE",
            Self::Nothing => "NOTHING_CHANGED",
            Self::Edit(EditError::TooLong(_)) => "VALUE_TOO_LONG",
            Self::Edit(EditError::Full) => "DOCUMENT_FULL",
            Self::Edit(EditError::Engine(_)) => "DOCUMENT_ENGINE",
        }
    }
}

/// Collects the changes of one save.
struct SaveMaker<'a> {
    context: &'a Context,
    counter: u32,
    entries: Vec<Entry>,
    views: Vec<View>,
}

impl<'a> SaveMaker<'a> {
    fn new(context: &'a Context) -> Self {
        Self { context, counter: context.counter, entries: Vec::new(), views: Vec::new() }
    }

    /// The id of the next document, before it is made.
    fn next_id(&self, kind: Kind) -> DocumentId {
        DocumentId::derive(kind, &self.context.session, self.counter)
    }

    /// Creates a document with these keys.
    fn create(&mut self, kind: Kind, edits: &Edits) -> Result<DocumentId, ActionError> {
        let mut document = Document::new(kind, self.next_id(kind));
        let mut edits = edits.clone();
        edits.push(("schema".to_owned(), Some(Value::Int(crate::view::SCHEMA))));
        let counter = self.counter;
        self.counter += 1;
        self.add(&mut document, &edits, Some(counter))?;
        Ok(document.id())
    }

    /// Changes a document; nothing happens when every key already has its value.
    fn change(&mut self, document: &mut Document, edits: &Edits) -> Result<(), ActionError> {
        self.add(document, edits, None)
    }

    fn add(
        &mut self,
        document: &mut Document,
        edits: &Edits,
        counter: Option<u32>,
    ) -> Result<(), ActionError> {
        let Some(new) = document.edit(self.context.session, &self.context.author(), edits)? else {
            return Ok(());
        };
        let (kind, document_id) = (document.kind(), document.id());
        self.entries.push(Entry { document: document_id, kind, counter, hash: new.hash, bytes: new.bytes });
        self.views.extend(View::of(document));
        Ok(())
    }

    fn finish(self) -> Result<MadeSave, ActionError> {
        if self.entries.is_empty() {
            return Err(ActionError::Nothing);
        }
        let number = self.context.save_number;
        let previous = self.context.save_previous.unwrap_or(SaveHash::NONE);
        let hash = link(&self.context.session, number, &previous, &self.entries);
        let save = Save { number, hash, entries: self.entries };
        Ok(MadeSave { save, views: self.views, next_counter: self.counter })
    }
}

/// The id of the event or decision of this save: the first eight hex digits of the session and the
/// number of the save. No other save makes it.
fn entry_id(context: &Context) -> String {
    format!("{}-{}", hex::encode(&context.session.0[..4]), context.save_number)
}

fn text(key: &str, value: &str) -> (String, Option<Value>) {
    (key.to_owned(), Some(Value::from(value)))
}

fn id(key: &str, value: &DocumentId) -> (String, Option<Value>) {
    (key.to_owned(), Some(Value::Bytes(value.0.to_vec())))
}

#[cfg(test)]
mod tests;
