//! The catalogue file that a regency can replace: agencies, each with the standards of its services.

use mpp_sync::view::{Agency, Standard};
use serde::Deserialize;

/// The catalogue of the demo. It says of itself that it is not an official standard.
pub const DEMO: &str = include_str!("../data/catalogue-lahat.json");

/// A catalogue file.
#[derive(Debug, Clone, Deserialize)]
pub struct CatalogueFile {
    /// The regency it is for.
    pub regency_code: String,
    /// The agencies.
    pub agencies: Vec<AgencyStandards>,
}

/// An agency with its standards.
#[derive(Debug, Clone, Deserialize)]
pub struct AgencyStandards {
    /// Code, name and short name.
    #[serde(flatten)]
    pub agency: Agency,
    /// The standards of its services.
    pub services: Vec<Standard>,
}

impl CatalogueFile {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is no JSON of that shape.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use mpp_sync::rules::declared::FieldType;

    use super::*;

    #[test]
    fn the_demo_catalogue_has_six_agencies_and_every_service_its_published_components() {
        let file = CatalogueFile::read(DEMO).unwrap();
        assert_eq!(file.agencies.len(), 6);
        let standards: Vec<&Standard> = file.agencies.iter().flat_map(|agency| &agency.services).collect();
        let codes: BTreeSet<&str> = standards.iter().map(|standard| standard.service.as_str()).collect();
        assert_eq!(codes.len(), standards.len());
        for standard in standards {
            let code = &standard.service;
            assert_eq!(standard.version, 1, "{code}");
            assert!(!standard.requirements.is_empty() && !standard.fee.is_empty(), "{code}");
            assert!(!standard.duration.is_empty() && !standard.product.is_empty(), "{code}");
            assert!(standard.procedure.is_some() && standard.complaints.is_some(), "{code}");
            assert_eq!(standard.other.get("demo"), Some(&serde_json::Value::Bool(true)), "{code}");
            assert!(
                standard.other.contains_key("evidence") && standard.other.contains_key("source"),
                "{code}"
            );
        }
    }

    #[test]
    fn choices_have_options_and_conditions_name_an_earlier_field() {
        let file = CatalogueFile::read(DEMO).unwrap();
        for standard in file.agencies.iter().flat_map(|agency| &agency.services) {
            let mut seen = BTreeSet::new();
            for field in &standard.fields {
                assert_eq!(field.kind == FieldType::Choice, field.options.len() > 1, "{}", field.key);
                if let Some(when) = &field.show_when {
                    let other = standard.fields.iter().find(|other| other.key == when.field);
                    assert!(seen.contains(&when.field), "{}", field.key);
                    let fits = other.is_some_and(|other| {
                        other.kind == FieldType::YesNo || other.options.contains(&when.equals)
                    });
                    assert!(fits, "{}", field.key);
                }
                assert!(seen.insert(field.key.clone()), "{}", field.key);
            }
        }
    }
}
