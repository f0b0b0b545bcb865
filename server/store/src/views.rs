//! What people look at: views of documents and the rows of the lists. Only the projection writes here.

use async_trait::async_trait;

use crate::{Id, StoreError};

/// A document as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentViewRow {
    /// The document.
    pub document: Id,
    /// Its kind.
    pub kind: i64,
    /// The service day it belongs to.
    pub day: Option<Id>,
    /// Canonical JSON.
    pub view: String,
    /// The log position this view includes.
    pub projected_upto: i64,
}

/// What the grouping of residents needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResidentRow {
    /// The document.
    pub document: Id,
    /// HMAC of the NIK, when there is one.
    pub nik_key: Option<Vec<u8>>,
    /// Village code.
    pub village: Option<String>,
    /// The name as typed.
    pub name: String,
    /// Search text of the view.
    pub search: String,
    /// Residents that this one's decisions name.
    pub links: Vec<Id>,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRow {
    /// The document.
    pub document: Id,
    /// Its day.
    pub day: Option<Id>,
    /// "A-017".
    pub ticket: String,
    /// The tracking code, normalised.
    pub tracking: String,
    /// The resident once known.
    pub resident: Option<Id>,
}

/// Everything the office's list shows, filters and sorts on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRow {
    /// The document.
    pub document: Id,
    /// Its day.
    pub day: Option<Id>,
    /// Its visit.
    pub visit: Option<Id>,
    /// Its resident.
    pub resident: Option<Id>,
    /// Service code.
    pub service: String,
    /// Version of the service standard it was taken under.
    pub standard: i64,
    /// "A-017".
    pub ticket: Option<String>,
    /// The tracking code, normalised.
    pub tracking: Option<String>,
    /// The applicant's name as typed.
    pub applicant_name: String,
    /// The subject's name as typed.
    pub subject_name: Option<String>,
    /// The NIK with its middle hidden.
    pub nik_masked: Option<String>,
    /// Village code of the applicant.
    pub village: Option<String>,
    /// Current status.
    pub status: String,
    /// Statuses that exclude each other were set without knowing of each other.
    pub status_conflict: bool,
    /// A field holds several values.
    pub field_conflict: bool,
    /// Username of who took it.
    pub officer: String,
    /// The device's label where it was taken.
    pub device: String,
    /// Unix seconds by the tablet's clock.
    pub created_at: i64,
    /// Unix seconds by the clock of whoever changed it last.
    pub updated_at: i64,
    /// Search text of the view.
    pub search: String,
}

/// An application with what its resident's group says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedApplication {
    /// The row.
    pub row: ApplicationRow,
    /// The resident's group asks a person whether they are one.
    pub identity_question: bool,
    /// The resident's group has several spellings and none chosen.
    pub spelling: bool,
}

/// What the office asks its list for. An empty filter is everything.
#[derive(Debug, Clone, Default)]
pub struct ApplicationFilter {
    /// Of this day.
    pub day: Option<Id>,
    /// In this status.
    pub status: Option<String>,
    /// For one of these services; `None` = any.
    pub services: Option<Vec<String>>,
    /// Every word must be in the search text.
    pub words: Vec<String>,
    /// Only what waits for a person.
    pub attention: bool,
    /// Only of these residents.
    pub residents: Option<Vec<Id>>,
    /// Rows to pass over.
    pub offset: i64,
    /// Rows to return.
    pub limit: i64,
}

/// A page of the list.
#[derive(Debug, Clone, Default)]
pub struct ApplicationPage {
    /// The rows, last changed first.
    pub rows: Vec<ListedApplication>,
    /// How many there are in all.
    pub total: i64,
}

/// One step of the projection, written in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Projected {
    /// Views of every document that changed.
    pub documents: Vec<DocumentViewRow>,
    /// Rows of the residents among them. Their neighbours before and after are marked for regrouping.
    pub residents: Vec<ResidentRow>,
    /// Rows of the visits among them.
    pub visits: Vec<VisitRow>,
    /// Rows of the applications among them.
    pub applications: Vec<ApplicationRow>,
    /// Documents among them that were erased: nothing of them is left to show.
    pub erased: Vec<Id>,
    /// Where the projection stood when this step was folded; none: wherever it stands.
    pub after: Option<i64>,
    /// The log is folded up to here.
    pub upto: i64,
}

/// Views and lists.
#[async_trait]
pub trait Views {
    /// Writes one step, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the projection no longer stands where the step begins.
    async fn project(&self, step: &Projected) -> Result<(), StoreError>;
    /// Up to where the log is folded.
    async fn projected_upto(&self) -> Result<i64, StoreError>;
    /// Empties every view table and starts over at position 0.
    async fn reset_views(&self) -> Result<(), StoreError>;
    /// Residents whose group's flags are not computed yet, at most `limit`.
    async fn residents_to_regroup(&self, limit: i64) -> Result<Vec<Id>, StoreError>;
    /// The given residents and all that share a NIK key with one of them or are linked to one, either way. One step;
    /// repeat until nothing is new.
    async fn resident_neighbours(&self, residents: &[Id]) -> Result<Vec<Id>, StoreError>;
    /// Sets the flags (resident, question, spelling) of a whole group and clears its mark, as computed when the log was
    /// folded up to `upto`.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it is folded up to somewhere else.
    async fn set_group_flags(&self, flags: &[(Id, bool, bool)], upto: i64) -> Result<(), StoreError>;
    /// One view.
    async fn view(&self, document: Id) -> Result<Option<DocumentViewRow>, StoreError>;
    /// Several views, by document id.
    async fn views(&self, documents: &[Id]) -> Result<Vec<DocumentViewRow>, StoreError>;
    /// Service days (kind 4) whose `date` is not before this one (`YYYY-MM-DD`), in no order.
    async fn days_from(&self, date: &str) -> Result<Vec<DocumentViewRow>, StoreError>;
    /// Views of a kind after a document id, by document id, at most `limit`.
    async fn views_after(
        &self,
        kind: i64,
        after: Option<Id>,
        limit: i64,
    ) -> Result<Vec<DocumentViewRow>, StoreError>;
    /// A page of the office's list.
    async fn applications(&self, filter: &ApplicationFilter) -> Result<ApplicationPage, StoreError>;
    /// Applications that carry a tracking code.
    async fn applications_tracked(&self, tracking: &str) -> Result<Vec<ApplicationRow>, StoreError>;
    /// Visits that carry a tracking code.
    async fn visits_tracked(&self, tracking: &str) -> Result<Vec<VisitRow>, StoreError>;
}
