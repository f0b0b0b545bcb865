//! The fields that a version of a service standard declares, and the values typed into them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Finding;
use super::date::Date;

/// How a declared field is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text.
    Text,
    /// Digits, with a decimal comma at most.
    Number,
    /// `YYYY-MM-DD`.
    Date,
    /// One of the options.
    Choice,
    /// `true` or `false`.
    YesNo,
}

/// When a field is shown: another field has this value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowWhen {
    /// Key of the other field.
    pub field: String,
    /// Its value.
    pub equals: String,
}

/// One declared field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Key under `field.`.
    pub key: String,
    /// What the officer reads.
    pub label: String,
    /// How it is typed.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The options of a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Whether it must be filled when it is shown.
    #[serde(default)]
    pub required: bool,
    /// When it is shown; always if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_when: Option<ShowWhen>,
}

/// The declared fields that are shown for these values, and what is wrong with the values.
///
/// Errors: `field_required`, `field_choice`, `field_number`, `field_date`, `field_yes_no`.
#[must_use]
pub fn check(declared: &[Declared], values: &BTreeMap<String, String>) -> (Vec<String>, Vec<Finding>) {
    let mut shown = Vec::new();
    let mut findings = Vec::new();
    for field in declared {
        let hidden = field.show_when.as_ref().is_some_and(|when| {
            !shown.contains(&when.field) || values.get(&when.field) != Some(&when.equals)
        });
        if hidden {
            continue;
        }
        shown.push(field.key.clone());
        match values.get(&field.key).map(|value| value.trim()).filter(|value| !value.is_empty()) {
            None if field.required => findings.push(Finding::error(&field.key, "field_required")),
            None => {}
            Some(value) => findings.extend(check_value(field, value)),
        }
    }
    (shown, findings)
}

fn check_value(field: &Declared, value: &str) -> Option<Finding> {
    let number = |value: &str| {
        value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
            && value.bytes().any(|byte| byte.is_ascii_digit())
    };
    let (fits, code) = match field.kind {
        FieldType::Text => (true, ""),
        FieldType::Number => (number(value), "field_number"),
        FieldType::Date => (value.parse::<Date>().is_ok(), "field_date"),
        FieldType::Choice => (field.options.iter().any(|option| option == value), "field_choice"),
        FieldType::YesNo => (matches!(value, "true" | "false"), "field_yes_no"),
    };
    (!fits).then(|| Finding::error(&field.key, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Vec<Declared> {
        serde_json::from_str(
            r#"[{"key":"reason","label":"Alasan","type":"choice","options":["hilang","rusak"],"required":true},
                {"key":"report","label":"Nomor laporan","type":"text","required":true,
                 "show_when":{"field":"reason","equals":"hilang"}},
                {"key":"since","label":"Sejak","type":"date"}]"#,
        )
        .unwrap()
    }

    fn codes(values: &[(&str, &str)]) -> (Vec<String>, Vec<&'static str>) {
        let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (shown, findings) = check(&declared(), &values);
        (shown, findings.iter().map(|finding| finding.code).collect())
    }

    #[test]
    fn a_field_is_required_only_where_it_is_shown() {
        assert_eq!(codes(&[("reason", "rusak")]), (vec!["reason".to_owned(), "since".to_owned()], vec![]));
        assert_eq!(codes(&[("reason", "hilang")]).1, ["field_required"]);
        assert_eq!(codes(&[]).1, ["field_required"]);
    }

    #[test]
    fn values_must_fit_their_type() {
        assert_eq!(codes(&[("reason", "dicuri"), ("since", "31-04-2026")]).1, ["field_choice", "field_date"]);
    }
}
