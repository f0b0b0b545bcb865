//! What may be typed: errors that stop a save, warnings that an officer may confirm.
//!
//! Facts and grades: a NIK that disagrees with the card is a warning, never a rejection, because it
//! is never re-issued; some people have none; names have one word, one letter, 71 characters.

use serde::{Deserialize, Serialize};

pub mod date;
pub mod declared;
pub mod nik;
pub mod person;
pub mod phone;
pub mod similarity;
pub mod status;
pub mod ticket;
pub mod tracking;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The form cannot be saved like this.
    Error,
    /// The officer may confirm and save.
    Warning,
}

/// Something about one field that a person should know. Sentences belong to the screens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The field it is about.
    pub field: String,
    /// The stable English code.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
}

impl Finding {
    /// A finding that stops the save.
    #[must_use]
    pub fn error(field: &str, code: &'static str) -> Self {
        Self { field: field.to_owned(), code, severity: Severity::Error }
    }

    /// A finding that the officer may confirm.
    #[must_use]
    pub fn warning(field: &str, code: &'static str) -> Self {
        Self { field: field.to_owned(), code, severity: Severity::Warning }
    }
}

/// Whether one of the findings stops the save.
#[must_use]
pub fn any_error(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}
