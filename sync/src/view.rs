//! Documents read into plain records: the same ones on the tablet, in the office's tables and in
//! digests. A view depends on the set of changes only, never on the order in which they came.

use serde::Serialize;
use serde_json::Value as Json;

pub use application::ApplicationView;
pub use catalogue::{Agency, CatalogueView, Standard, Subject};
pub use conflict::{Conflict, ConflictValue};
pub use decision::{Decision, DecisionKind};
pub(crate) use decision::{PREFIX as DECISION_PREFIX, StoredDecision};
pub use group::{ChosenSpelling, ResidentGroup, Spelling, group_residents};
pub use history::{HistoryEntry, HistorySet, history};
pub use resident::ResidentView;
pub use service_day::{DayPlan, DayView};
pub(crate) use status::{PREFIX as STATUS_PREFIX, StoredEvent};
pub use status::{StatusEvent, StatusView};
pub use visit::VisitView;

use crate::document::Document;
use crate::ids::{DocumentId, Kind};

mod application;
mod catalogue;
mod conflict;
mod decision;
mod group;
mod history;
mod read;
mod resident;
mod service_day;
mod status;
mod visit;

/// The newest shape this version writes. Every released shape stays readable; a key that this
/// version does not know is kept in the document.
pub const SCHEMA: i64 = 1;

/// A document as a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum View {
    /// A person.
    Resident(Box<ResidentView>),
    /// A visit.
    Visit(Box<VisitView>),
    /// An application.
    Application(Box<ApplicationView>),
    /// A day.
    ServiceDay(Box<DayView>),
    /// An agency's services.
    Catalogue(Box<CatalogueView>),
}

impl View {
    /// Reads the document; `None` when it has no change at all, or is of a kind that this version does not know.
    #[must_use]
    pub fn of(document: &Document) -> Option<Self> {
        let read = read::Read::of(document)?;
        Some(match document.kind() {
            Kind::Resident => Self::Resident(Box::new(ResidentView::of(&read))),
            Kind::Visit => Self::Visit(Box::new(VisitView::of(&read))),
            Kind::Application => Self::Application(Box::new(ApplicationView::of(&read))),
            Kind::ServiceDay => Self::ServiceDay(Box::new(DayView::of(&read))),
            Kind::Catalogue => Self::Catalogue(Box::new(CatalogueView::of(&read))),
            Kind::Unknown(_) => return None,
        })
    }

    /// The document's id.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        match self {
            Self::Resident(view) => view.id,
            Self::Visit(view) => view.id,
            Self::Application(view) => view.id,
            Self::ServiceDay(view) => view.id,
            Self::Catalogue(view) => view.id,
        }
    }

    /// The record as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or(Json::Null)
    }
}

/// JSON text with sorted keys and no spaces: equal records have equal bytes.
#[must_use]
pub fn canonical(json: &Json) -> String {
    match json {
        Json::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            let members: Vec<String> = keys
                .into_iter()
                .map(|key| format!("{}:{}", Json::String(key.clone()), canonical(&map[key])))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}
