//! From a view to the rows of the lists.

use mpp_store::{ApplicationRow, DocumentViewRow, Projected, ResidentRow, VisitRow};
use mpp_sync::ids::{DocumentId, Kind};
use mpp_sync::rules::status::Status;
use mpp_sync::rules::tracking;
use mpp_sync::view::{ApplicationView, ResidentView, View, VisitView, canonical};

use crate::node_key::NodeKey;

/// Adds the rows of one document.
pub fn add(step: &mut Projected, view: &View, key: &NodeKey) {
    let (kind, day) = match view {
        View::Resident(resident) => {
            step.residents.push(resident_row(resident, key));
            (Kind::Resident, None)
        }
        View::Visit(visit) => {
            step.visits.push(visit_row(visit));
            (Kind::Visit, visit.day)
        }
        View::Application(application) => {
            step.applications.push(application_row(application));
            (Kind::Application, application.day)
        }
        View::ServiceDay(day) => (Kind::ServiceDay, Some(day.id)),
        View::Catalogue(_) => (Kind::Catalogue, None),
    };
    step.documents.push(DocumentViewRow {
        document: view.id().0,
        kind: i64::from(kind.number()),
        day: bytes(day),
        view: canonical(&view.to_json()),
        projected_upto: step.upto,
    });
}

fn bytes(id: Option<DocumentId>) -> Option<[u8; 16]> {
    id.map(|id| id.0)
}

fn resident_row(view: &ResidentView, key: &NodeKey) -> ResidentRow {
    let others = view.decisions.iter().flat_map(|decision| decision.with.iter().chain(&decision.from));
    let others = others.filter(|other| **other != view.id);
    ResidentRow {
        document: view.id.0,
        nik_key: view.person.nik.as_deref().map(|nik| key.nik_key(nik)),
        village: view.person.village.clone(),
        name: view.person.name.clone().unwrap_or_default(),
        search: view.search.clone(),
        links: others.map(|other| other.0).collect(),
    }
}

fn visit_row(view: &VisitView) -> VisitRow {
    VisitRow {
        document: view.id.0,
        day: bytes(view.day),
        ticket: view.ticket.clone().unwrap_or_default(),
        tracking: view.tracking.as_deref().map(stored_code).unwrap_or_default(),
        resident: bytes(view.resident),
    }
}

fn application_row(view: &ApplicationView) -> ApplicationRow {
    let last = view.status.events.iter().map(|event| event.author.at);
    ApplicationRow {
        document: view.id.0,
        day: bytes(view.day),
        visit: bytes(view.visit),
        resident: bytes(view.resident),
        service: view.service.clone(),
        standard: view.standard,
        ticket: view.ticket.clone(),
        tracking: view.tracking.as_deref().map(stored_code),
        applicant_name: view.applicant.name.clone().unwrap_or_default(),
        subject_name: view.subject.as_ref().and_then(|subject| subject.name.clone()),
        nik_masked: view.applicant.nik.as_deref().map(masked),
        village: view.applicant.village.clone(),
        status: status_word(view.status.current),
        status_conflict: view.status.conflict,
        field_conflict: !view.conflicts.is_empty(),
        officer: view.created.officer.clone(),
        device: view.created.device.clone(),
        created_at: view.created.at,
        updated_at: last.fold(view.updated.at, i64::max),
        search: view.search.clone(),
    }
}

/// The code as the track page looks it up; one that is none stays as it is.
fn stored_code(code: &str) -> String {
    tracking::parse(code).unwrap_or_else(|| code.to_owned())
}

/// The stable word of a status, as it stands in views.
#[must_use]
pub fn status_word(status: Status) -> String {
    serde_json::to_value(status).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The last four digits only: the others tell where and when a person was born.
fn masked(nik: &str) -> String {
    let hidden = nik.chars().count().saturating_sub(4);
    nik.chars().enumerate().map(|(index, digit)| if index < hidden { '•' } else { digit }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_nik_shows_its_last_four_digits() {
        assert_eq!(masked("1604996311639902"), "••••••••••••9902");
        assert_eq!(masked("1604"), "1604");
        assert_eq!(masked(""), "");
    }

    #[test]
    fn statuses_are_snake_case() {
        assert_eq!(status_word(Status::HandedOver), "handed_over");
        assert_eq!(status_word(Status::InProcess), "in_process");
    }
}
