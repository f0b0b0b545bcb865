//! A resident as a record: the person as known, and the decisions about who that is.

use serde::{Deserialize, Serialize};

use super::application::search_of;
use super::conflict::{Conflict, conflicts};
use super::decision::{Decision, decisions};
use super::read::Read;
use crate::document::Author;
use crate::ids::{DocumentId, Kind};
use crate::rules::person::Person;

/// A person as registered once. The same person may be registered again elsewhere:
/// [`super::group_residents`] shows them as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResidentView {
    /// The document's id.
    pub id: DocumentId,
    /// Always `resident`.
    pub kind: Kind,
    /// The shape it was written in.
    pub schema: i64,
    /// The person.
    pub person: Person,
    /// Decisions to choose a spelling, join or split, and to undo one.
    pub decisions: Vec<Decision>,
    /// Fields that wait for a person.
    pub conflicts: Vec<Conflict>,
    /// Who wrote it first.
    pub created: Author,
    /// Who changed it last.
    pub updated: Author,
    /// What a search looks through.
    pub search: String,
}

impl ResidentView {
    pub(super) fn of(read: &Read<'_>) -> Self {
        let person = read.person("").unwrap_or_default();
        let search = search_of(&[&person], &[]);
        Self {
            id: read.id,
            kind: Kind::Resident,
            schema: read.int("schema").unwrap_or_default(),
            person,
            decisions: decisions(read),
            conflicts: conflicts(read),
            created: read.created.clone(),
            updated: read.updated.clone(),
            search,
        }
    }
}
