//! An agency's services as a record: each with the newest version of its standard.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::conflict::{Conflict, conflicts};
use super::read::Read;
use crate::document::Author;
use crate::ids::{DocumentId, Kind};
use crate::rules::declared::Declared;

/// Who provides the services.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// Code, `DUKCAPIL`.
    pub code: String,
    /// Full name.
    pub name: String,
    /// What people say.
    pub short: String,
}

/// Whom an application is about, when that is not the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What the officer reads, `Anak`.
    pub label: String,
    /// Whether it must be filled.
    #[serde(default)]
    pub required: bool,
    /// How the subject relates to the applicant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
}

/// One version of a service standard: the six published components and what its form declares.
///
/// Source of the components: UU 25/2009 art. 21, `PermenPANRB` 15/2014.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    /// Code of the service, `DUKCAPIL-02`.
    pub service: String,
    /// Number of the version, from 1; an application remembers it.
    pub version: i64,
    /// Name of the service.
    pub name: String,
    /// Name in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// Component 1: what to bring.
    #[serde(default)]
    pub requirements: Vec<String>,
    /// Component 2: how it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<String>,
    /// Component 3: how long it takes.
    pub duration: String,
    /// Component 4: what it costs.
    pub fee: String,
    /// Component 5: what one receives.
    pub product: String,
    /// Component 6: where to complain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaints: Option<String>,
    /// `full`, `intake` or `online`: what can be done without a link.
    pub offline: String,
    /// From which day the version counts.
    pub valid_from: String,
    /// Remarks for the public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The fields of its form.
    #[serde(default)]
    pub fields: Vec<Declared>,
    /// Anything else that was published, kept as it came.
    #[serde(flatten)]
    pub other: BTreeMap<String, Json>,
}

/// An agency and its services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CatalogueView {
    /// The document's id.
    pub id: DocumentId,
    /// Always `catalogue`.
    pub kind: Kind,
    /// The shape it was written in.
    pub schema: i64,
    /// The agency.
    pub agency: Agency,
    /// The newest version of each service, by code.
    pub services: Vec<Standard>,
    /// Earlier versions, which applications may have been taken under.
    pub earlier: Vec<Standard>,
    /// Fields that wait for a person.
    pub conflicts: Vec<Conflict>,
    /// Who wrote it first.
    pub created: Author,
    /// Who changed it last.
    pub updated: Author,
}

impl CatalogueView {
    pub(super) fn of(read: &Read<'_>) -> Self {
        let mut versions: Vec<Standard> = read
            .under("standard/")
            .filter_map(|(_, value)| serde_json::from_str(value.text()?).ok())
            .collect();
        versions.sort_by(|one, two| (&one.service, two.version).cmp(&(&two.service, one.version)));
        let mut services: Vec<Standard> = Vec::new();
        let mut earlier = Vec::new();
        for standard in versions {
            if services.last().is_some_and(|newest| newest.service == standard.service) {
                earlier.push(standard);
            } else {
                services.push(standard);
            }
        }
        Self {
            id: read.id,
            kind: Kind::Catalogue,
            schema: read.int("schema").unwrap_or_default(),
            agency: Agency {
                code: read.text("agency.code").unwrap_or_default(),
                name: read.text("agency.name").unwrap_or_default(),
                short: read.text("agency.short").unwrap_or_default(),
            },
            services,
            earlier,
            conflicts: conflicts(read),
            created: read.created.clone(),
            updated: read.updated.clone(),
        }
    }
}
