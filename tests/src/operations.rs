//! The operations of `data/service-day.jsonl`: what people did, in their own words, without any id of ours.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer};

/// One line.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Operation {
    /// Somebody applied for a service.
    Register(Box<Registration>),
    /// An application got its next status.
    Event(Event),
}

/// Somebody applied for a service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Registration {
    /// Names the application in this file.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The device that took it: `kantor`, `tablet-1` and so on.
    pub by: String,
    /// Username of the demo's officer who plays the one of the file.
    #[serde(deserialize_with = "played")]
    pub officer: String,
    /// RFC 3339 with the offset of the place.
    pub at: String,
    /// Who applied.
    pub applicant: Applicant,
    /// Code of the service.
    pub service: String,
    /// Requirements by their index: shown or not.
    pub requirements: BTreeMap<String, bool>,
    /// The queue ticket.
    pub ticket: Option<String>,
    /// Remarks; may be empty.
    pub notes: String,
}

/// A person as typed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Applicant {
    /// 16 digits.
    pub nik: Option<String>,
    /// `belum punya NIK`, `bayi` or `tidak membawa`.
    pub no_nik_reason: Option<String>,
    /// 16 digits.
    pub kk: Option<String>,
    /// As on the card.
    pub name: String,
    /// As on the card.
    pub birth_place: Option<String>,
    /// `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// `L` or `P`.
    pub sex: Option<String>,
    /// Where the person lives.
    pub address: Address,
    /// E.164.
    pub phone: Option<String>,
}

/// Where a person lives.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Address {
    /// `16.04.12.2025`.
    pub village_code: String,
    /// May be empty.
    pub dusun: String,
    /// Three digits.
    pub rt: String,
    /// Three digits.
    pub rw: String,
    /// May be empty.
    pub street: String,
}

/// An application got its next status.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    /// The application.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The device.
    pub by: String,
    /// Username of the demo's officer who plays the one of the file.
    #[serde(deserialize_with = "played")]
    pub officer: String,
    /// RFC 3339.
    pub at: String,
    /// The status.
    pub status: String,
}

/// The demo's officer who plays one of the file, `tablet-3-petugas-2` for example: only who is on the day's roster may
/// write there.
#[must_use]
pub fn player(username: &str) -> &'static str {
    if username.ends_with('2') { "budi" } else { "rina" }
}

fn played<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(player(&String::deserialize(from)?).to_owned())
}

impl Operation {
    /// The device that did it.
    #[must_use]
    pub fn by(&self) -> &str {
        match self {
            Self::Register(registration) => &registration.by,
            Self::Event(event) => &event.by,
        }
    }

    /// The application it is about.
    #[must_use]
    pub fn reference(&self) -> &str {
        match self {
            Self::Register(registration) => &registration.reference,
            Self::Event(event) => &event.reference,
        }
    }
}

/// What is wrong with a file of operations.
#[derive(Debug, thiserror::Error)]
pub enum OperationsError {
    /// It could not be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// A line is no operation; carries its number from 1.
    #[error("line {0}: {1}")]
    Line(usize, serde_json::Error),
}

/// Reads the operations of a text, one JSON object a line.
///
/// # Errors
/// [`OperationsError::Line`].
pub fn parse(text: &str) -> Result<Vec<Operation>, OperationsError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| OperationsError::Line(index + 1, error))
        })
        .collect()
}

/// Reads a file of operations.
///
/// # Errors
/// [`OperationsError`].
pub fn read(path: &Path) -> Result<Vec<Operation>, OperationsError> {
    parse(&std::fs::read_to_string(path)?)
}

/// Unix seconds of `2026-04-18T04:10:00+07:00`.
#[must_use]
pub fn unix_of(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let shape: Vec<u8> =
        [4, 7, 10, 13, 16].iter().filter_map(|at| text.as_bytes().get(*at).copied()).collect();
    if shape != *b"--T::" {
        return None;
    }
    let offset = match text.get(19..)? {
        "Z" => 0,
        zone => {
            let sign = match zone.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            sign * (number(20..22)? * 3600 + number(23..25)? * 60)
        }
    };
    let days = days_from_civil(number(0..4)?, number(5..7)?, number(8..10)?);
    Some(days * 86_400 + number(11..13)? * 3600 + number(14..16)? * 60 + number(17..19)? - offset)
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // The year begins in March, so that the leap day is its last one.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let century = year.div_euclid(400);
    let of_century = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    century * 146_097 + of_century * 365 + of_century / 4 - of_century / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_an_offset_becomes_unix_seconds() {
        assert_eq!(unix_of("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_of("2026-04-18T04:10:00+07:00"), Some(1_776_460_200));
        assert_eq!(unix_of("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        assert_eq!(unix_of("18 April 2026"), None);
    }

    #[test]
    fn the_whole_service_day_reads() {
        let operations = parse(include_str!("../data/service-day.jsonl")).unwrap();
        let registrations = operations.iter().filter(|one| matches!(one, Operation::Register(_))).count();
        assert_eq!((operations.len(), registrations), (5_020, 3_500));
        assert!(operations.iter().all(|one| match one {
            Operation::Register(registration) => unix_of(&registration.at).is_some(),
            Operation::Event(event) => unix_of(&event.at).is_some(),
        }));
    }
}
