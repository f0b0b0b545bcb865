//! The office's list.

use std::collections::BTreeMap;

use mpp_store::{ListedApplication, Store, StoreError};
use serde_json::{Value, json};

use super::published::{Catalogue, text};
use crate::regions::Regions;

/// What turns rows into what the list shows.
pub struct Words<'a> {
    /// Names of services and agencies.
    pub catalogue: Catalogue,
    /// Display names by username.
    pub people: BTreeMap<String, String>,
    /// Names of villages.
    pub regions: &'a Regions,
}

impl<'a> Words<'a> {
    /// Reads them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(store: &dyn Store, regions: &'a Regions) -> Result<Self, StoreError> {
        Ok(Self { catalogue: Catalogue::read(store).await?, people: super::people(store).await?, regions })
    }

    /// A row of the list.
    #[must_use]
    pub fn row(&self, listed: &ListedApplication) -> Value {
        let row = &listed.row;
        let standard = self.catalogue.standard(&row.service, Some(row.standard));
        let standard = standard.or_else(|| self.catalogue.standard(&row.service, None));
        let place = row.village.as_deref().and_then(|code| self.regions.village(code));
        let attention: Vec<&str> = [
            (row.status_conflict, "status_conflict"),
            (row.field_conflict, "field_conflict"),
            (listed.identity_question, "identity_question"),
            (listed.spelling, "spelling"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect();
        json!({
            "id": hex::encode(row.document),
            "ticket": row.ticket,
            "tracking": row.tracking,
            "service": row.service,
            "service_name": standard.map_or(row.service.as_str(), |standard| text(standard, "name")),
            "agency": self.catalogue.agency_of(&row.service),
            "day": row.day.map(hex::encode),
            "applicant_name": row.applicant_name,
            "subject_name": row.subject_name,
            "nik_masked": row.nik_masked,
            "village_name": place.map(|(village, _)| &village.name),
            "district_name": place.map(|(_, district)| &district.name),
            "status": row.status,
            "attention": attention,
            "officer_name": self.people.get(&row.officer).unwrap_or(&row.officer),
            "device": row.device,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
        })
    }
}
