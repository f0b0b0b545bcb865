//! An application (permohonan) as a record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conflict::{Conflict, conflicts};
use super::read::Read;
use super::status::StatusView;
use crate::document::{Author, Value};
use crate::ids::{DocumentId, Kind};
use crate::rules::person::Person;
use crate::text::haystack;

/// One application for one service, with everybody as typed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApplicationView {
    /// The document's id.
    pub id: DocumentId,
    /// Always `application`.
    pub kind: Kind,
    /// The shape it was written in.
    pub schema: i64,
    /// The service day it was taken on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<DocumentId>,
    /// The visit it was taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<DocumentId>,
    /// The resident it was taken for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident: Option<DocumentId>,
    /// Code of the service.
    pub service: String,
    /// Version of the service standard it was taken under.
    pub standard: i64,
    /// Tracking code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// The visit's ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who applies.
    pub applicant: Person,
    /// Whom it is about, when that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Person>,
    /// Who came in the applicant's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub representative: Option<Person>,
    /// The fields that the standard declares.
    pub fields: BTreeMap<String, String>,
    /// Requirements by their index: shown or not.
    pub checks: BTreeMap<String, bool>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The status and its events.
    pub status: StatusView,
    /// Fields that wait for a person.
    pub conflicts: Vec<Conflict>,
    /// Who wrote it first.
    pub created: Author,
    /// Who changed it last.
    pub updated: Author,
    /// What a search looks through.
    pub search: String,
}

impl ApplicationView {
    pub(super) fn of(read: &Read<'_>) -> Self {
        let applicant = read.person("applicant.").unwrap_or_default();
        let subject = read.person("subject.");
        let (tracking, ticket) = (read.text("tracking"), read.text("ticket"));
        let service = read.text("service").unwrap_or_default();
        let search = search_of(
            &[&applicant, subject.as_ref().unwrap_or(&Person::default())],
            &[&tracking, &ticket, &Some(service.clone())],
        );
        Self {
            id: read.id,
            kind: Kind::Application,
            schema: read.int("schema").unwrap_or_default(),
            day: read.document("day"),
            visit: read.document("visit"),
            resident: read.document("resident"),
            service,
            standard: read.int("standard").unwrap_or_default(),
            tracking,
            ticket,
            applicant,
            subject,
            representative: read.person("representative."),
            fields: read.texts_under("field."),
            checks: read
                .under("check/")
                .map(|(key, value)| (key.to_owned(), *value == Value::Bool(true)))
                .collect(),
            notes: read.text("notes"),
            status: StatusView::of(read),
            conflicts: conflicts(read),
            created: read.created.clone(),
            updated: read.updated.clone(),
            search,
        }
    }
}

/// The search text of some people and codes.
pub(super) fn search_of(people: &[&Person], others: &[&Option<String>]) -> String {
    let people = people.iter().flat_map(|person| [&person.name, &person.nik, &person.kk]);
    haystack(people.chain(others.iter().copied()).filter_map(|text| text.as_deref()))
}
