//! A day of mobile service as a record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::conflict::{Conflict, conflicts};
use super::read::Read;
use crate::document::{Author, Value};
use crate::ids::{DocumentId, Kind};

/// One service day: where, for whom, with whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayView {
    /// The document's id.
    pub id: DocumentId,
    /// Always `service_day`.
    pub kind: Kind,
    /// The shape it was written in.
    pub schema: i64,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Where the van stands.
    pub place: String,
    /// Code of the regency, `16.04`.
    pub regency: String,
    /// Number to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Codes of the villages it is for.
    pub villages: Vec<String>,
    /// Codes of the agencies that come.
    pub agencies: Vec<String>,
    /// Codes of the services with their quota, if there is one.
    pub services: BTreeMap<String, Option<i64>>,
    /// Officers on the roster: username to name.
    pub officers: BTreeMap<String, String>,
    /// Tablets: device id to letter.
    pub devices: BTreeMap<String, String>,
    /// Fields that wait for a person.
    pub conflicts: Vec<Conflict>,
    /// Who wrote it first.
    pub created: Author,
    /// Who changed it last.
    pub updated: Author,
}

/// What the office publishes of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayPlan {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Where the van stands.
    pub place: String,
    /// Code of the regency.
    pub regency: String,
    /// Number to call.
    #[serde(default)]
    pub phone: Option<String>,
    /// Codes of the villages.
    pub villages: Vec<String>,
    /// Codes of the agencies.
    pub agencies: Vec<String>,
    /// Codes of the services with their quota.
    #[serde(default)]
    pub services: BTreeMap<String, Option<i64>>,
    /// Officers: username to name.
    pub officers: BTreeMap<String, String>,
}

impl DayView {
    pub(super) fn of(read: &Read<'_>) -> Self {
        let quota = |value: &Value| match value {
            Value::Int(number) => Some(*number),
            _ => None,
        };
        Self {
            id: read.id,
            kind: Kind::ServiceDay,
            schema: read.int("schema").unwrap_or_default(),
            date: read.text("date").unwrap_or_default(),
            place: read.text("place").unwrap_or_default(),
            regency: read.text("regency").unwrap_or_default(),
            phone: read.text("phone"),
            villages: read.names_set_under("village/"),
            agencies: read.names_set_under("agency/"),
            services: read.under("service/").map(|(key, value)| (key.to_owned(), quota(value))).collect(),
            officers: read.texts_under("officer/"),
            devices: read.texts_under("device/"),
            conflicts: conflicts(read),
            created: read.created.clone(),
            updated: read.updated.clone(),
        }
    }
}
