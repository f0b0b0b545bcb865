//! A visit as a record: the ticket, and the resident once known.

use serde::{Deserialize, Serialize};

use super::conflict::{Conflict, conflicts};
use super::read::Read;
use crate::document::Author;
use crate::ids::{DocumentId, Kind};
use crate::text::haystack;

/// One visit of one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VisitView {
    /// The document's id.
    pub id: DocumentId,
    /// Always `visit`.
    pub kind: Kind,
    /// The shape it was written in.
    pub schema: i64,
    /// The service day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DocumentId>,
    /// The queue ticket, `A-017`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The tracking code on the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// The resident, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<DocumentId>,
    /// Fields that wait for a person.
    pub conflicts: Vec<Conflict>,
    /// Who wrote it first.
    pub created: Author,
    /// Who changed it last.
    pub updated: Author,
    /// What a search looks through.
    pub search: String,
}

impl VisitView {
    pub(super) fn of(read: &Read<'_>) -> Self {
        let (ticket, tracking) = (read.text("ticket"), read.text("tracking"));
        let search = haystack([&ticket, &tracking].into_iter().filter_map(|text| text.as_deref()));
        Self {
            id: read.id,
            kind: Kind::Visit,
            schema: read.int("schema").unwrap_or_default(),
            day: read.document("day"),
            ticket,
            tracking,
            resident: read.document("resident"),
            conflicts: conflicts(read),
            created: read.created.clone(),
            updated: read.updated.clone(),
            search,
        }
    }
}
