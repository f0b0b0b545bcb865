//! Taking an application, and registering the resident with it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ActionError, Context, MadeSave, SaveMaker, entry_id, id, text};
use crate::document::{Document, Edits, Value};
use crate::ids::{DocumentId, Kind};
use crate::rules::date::Date;
use crate::rules::person::{Person, Role};
use crate::rules::status::Status;
use crate::rules::{Finding, Severity, any_error};
use crate::view::{STATUS_PREFIX, StoredEvent};

/// What the officer typed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Register {
    /// Code of the service.
    pub service: String,
    /// Version of the standard that the form was made from.
    pub standard: i64,
    /// Who applies.
    pub applicant: Person,
    /// Whom it is about.
    pub subject: Option<Person>,
    /// Who came in the applicant's place.
    pub representative: Option<Person>,
    /// The declared fields that were shown.
    pub fields: BTreeMap<String, String>,
    /// Requirements by their index.
    pub checks: BTreeMap<String, bool>,
    /// Remarks.
    pub notes: Option<String>,
    /// The visit's ticket.
    pub ticket: Option<String>,
    /// The tracking code.
    pub tracking: String,
}

/// Makes the application; makes the resident unless one is given; tells the visit whose it is.
///
/// What a person typed stays in the application as typed, so that a wrong joining can be undone.
///
/// # Errors
/// [`ActionError::Input`] when a person has errors that no officer can confirm.
pub fn register(
    context: &Context,
    day: &DocumentId,
    visit: Option<&mut Document>,
    resident: Option<&mut Document>,
    typed: &Register,
) -> Result<MadeSave, ActionError> {
    let applicant = typed.applicant.clone().normalised();
    let subject = typed.subject.clone().map(Person::normalised).filter(|person| !person.is_empty());
    let stand_in = typed.representative.clone().map(Person::normalised).filter(|person| !person.is_empty());
    refuse_errors(&applicant, subject.as_ref(), stand_in.as_ref(), &typed.service)?;

    let mut maker = SaveMaker::new(context);
    let resident_id = match resident {
        Some(known) => {
            maker.change(known, &news_of(known, &applicant))?;
            known.id()
        }
        None => maker.create(Kind::Resident, &person_edits("", &applicant))?,
    };
    let mut edits = vec![id("day", day), id("resident", &resident_id), text("service", &typed.service)];
    edits.push(("standard".to_owned(), Some(Value::Int(typed.standard))));
    edits.push(text("tracking", &typed.tracking));
    edits.extend(typed.ticket.as_deref().map(|ticket| text("ticket", ticket)));
    edits.extend(visit.as_ref().map(|visit| id("visit", &visit.id())));
    edits.extend(person_edits("applicant.", &applicant));
    edits.extend(subject.iter().flat_map(|person| person_edits("subject.", person)));
    edits.extend(stand_in.iter().flat_map(|person| person_edits("representative.", person)));
    edits.extend(filled(&typed.fields).map(|(key, value)| text(&format!("field.{key}"), value)));
    edits.extend(typed.checks.iter().map(|(key, shown)| (format!("check/{key}"), Some(Value::Bool(*shown)))));
    edits.extend(
        typed
            .notes
            .as_deref()
            .map(str::trim)
            .filter(|notes| !notes.is_empty())
            .map(|notes| text("notes", notes)),
    );
    edits.push(received(context));
    maker.create(Kind::Application, &edits)?;
    if let Some(visit) = visit {
        maker.change(visit, &vec![id("resident", &resident_id)])?;
    }
    maker.finish()
}

/// The keys of a person under a prefix.
pub(super) fn person_edits(prefix: &str, person: &Person) -> Edits {
    person
        .fields()
        .into_iter()
        .filter_map(|(name, value)| Some(text(&format!("{prefix}{name}"), value.as_deref()?)))
        .collect()
}

/// What a returning resident's card says that was not known or has changed.
fn news_of(known: &Document, typed: &Person) -> Edits {
    let same = |key: &str, value: &str| {
        known
            .values(key)
            .iter()
            .any(|written| written.value.text().is_some_and(|old| crate::text::same_writing(old, value)))
    };
    person_edits("", typed)
        .into_iter()
        .filter(|(key, value)| value.as_ref().and_then(Value::text).is_some_and(|value| !same(key, value)))
        .collect()
}

fn filled(fields: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &str)> {
    fields.iter().map(|(key, value)| (key, value.trim())).filter(|(_, value)| !value.is_empty())
}

fn received(context: &Context) -> (String, Option<Value>) {
    let event = StoredEvent { status: Status::Received, reason: None, after: Vec::new() };
    let key = format!("{STATUS_PREFIX}{}", entry_id(context));
    (key, Some(Value::from(serde_json::to_string(&event).unwrap_or_default())))
}

/// The rules that no officer can confirm away. No clock is trusted here, so a date of birth in the
/// future is left to the form.
fn refuse_errors(
    applicant: &Person,
    subject: Option<&Person>,
    stand_in: Option<&Person>,
    service: &str,
) -> Result<(), ActionError> {
    let Some(end_of_time) = Date::new(9999, 12, 31) else { return Ok(()) };
    let people = [
        ("applicant", Some(applicant), Role::Applicant),
        ("subject", subject, Role::Subject),
        ("representative", stand_in, Role::Representative),
    ];
    let mut findings: Vec<Finding> = Vec::new();
    for (name, person, role) in people {
        let found = person.map(|person| person.check(role, end_of_time, &[])).unwrap_or_default();
        findings.extend(
            found
                .into_iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(|finding| Finding { field: format!("{name}.{}", finding.field), ..finding }),
        );
    }
    if service.is_empty() {
        findings.push(Finding::error("service", "service_missing"));
    }
    if any_error(&findings) { Err(ActionError::Input(findings)) } else { Ok(()) }
}
