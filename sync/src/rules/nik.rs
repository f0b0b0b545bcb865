//! The population number (NIK) and the family card number (KK).
//!
//! NIK: `PPKKCC` of first registration, `DDMMYY` (women: day + 40), serial from 0001; no check digit;
//! never re-issued. KK: region of issue, `DDMMYY` of recording, serial.

use super::date::Date;
use super::{Finding, any_error};

/// What a NIK says, as far as it can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The digits.
    pub digits: String,
    /// Province, regency and district of first registration; may no longer exist.
    pub region: String,
    /// The birth date with the century that makes the person at most 100 years old on `today`.
    pub birth_date: Option<Date>,
    /// `L` or `P`.
    pub sex: Option<char>,
}

/// Keeps the digits of what was typed, dropping spaces, dots and dashes.
#[must_use]
pub fn digits_of(typed: &str) -> String {
    typed.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\u{a0}')).collect()
}

/// Reads a NIK as typed.
///
/// Errors: `nik_length`, `nik_day`, `nik_month`. Warnings: `nik_date_impossible`, `nik_serial_zero`.
#[must_use]
pub fn read(typed: &str, today: Date, field: &str) -> (Option<Reading>, Vec<Finding>) {
    let digits = digits_of(typed);
    if digits.len() != 16 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return (None, vec![Finding::error(field, "nik_length")]);
    }
    let two = |at: usize| digits[at..at + 2].parse::<u8>().unwrap_or(0);
    let (day, month, year) = (two(6), two(8), two(10));
    let mut findings = Vec::new();
    if !matches!(day, 1..=31 | 41..=71) {
        findings.push(Finding::error(field, "nik_day"));
    }
    if !matches!(month, 1..=12) {
        findings.push(Finding::error(field, "nik_month"));
    }
    if any_error(&findings) {
        return (None, findings);
    }
    let birth_date = birth_date(if day > 40 { day - 40 } else { day }, month, year, today);
    if birth_date.is_none() {
        findings.push(Finding::warning(field, "nik_date_impossible"));
    }
    if &digits[12..] == "0000" {
        findings.push(Finding::warning(field, "nik_serial_zero"));
    }
    let sex = Some(if day > 40 { 'P' } else { 'L' });
    let region = digits[..6].to_owned();
    (Some(Reading { digits, region, birth_date, sex }), findings)
}

/// The youngest possible date that is not after today; `None` when no century has the day.
fn birth_date(day: u8, month: u8, year: u8, today: Date) -> Option<Date> {
    let this_century = today.year() - today.year() % 100 + u16::from(year);
    [this_century, this_century.saturating_sub(100)]
        .into_iter()
        .filter_map(|year| Date::new(year, month, day))
        .find(|date| *date <= today)
}

/// Whether the two last digits of the year, the month and the day agree with the NIK's.
///
/// The century is not compared: the NIK does not say it.
#[must_use]
pub fn agrees_with_birth_date(nik: &str, date: Date) -> bool {
    let (month, day) = date.month_day();
    let expected = |day: u8| format!("{day:02}{month:02}{:02}", date.year() % 100);
    nik.get(6..12).is_some_and(|typed| typed == expected(day) || typed == expected(day + 40))
}

/// Reads a family card number as typed.
///
/// Error: `kk_length`. Warnings: `kk_date`, `kk_equals_nik` (the two numbers look alike).
#[must_use]
pub fn read_kk(typed: &str, nik: Option<&str>, field: &str) -> (String, Vec<Finding>) {
    let digits = digits_of(typed);
    if digits.len() != 16 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return (digits, vec![Finding::error(field, "kk_length")]);
    }
    let mut findings = Vec::new();
    let two = |at: usize| digits[at..at + 2].parse::<u8>().unwrap_or(0);
    if !matches!(two(6), 1..=31) || !matches!(two(8), 1..=12) {
        findings.push(Finding::warning(field, "kk_date"));
    }
    if nik.is_some_and(|nik| nik == digits) {
        findings.push(Finding::warning(field, "kk_equals_nik"));
    }
    (digits, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> Date {
        "2026-11-22".parse().unwrap()
    }

    fn codes(nik: &str) -> Vec<&'static str> {
        read(nik, today(), "nik").1.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn birth_date_and_sex_are_read_from_the_digits() {
        let reading = read("1604 1001.0190-9902", today(), "nik").0.unwrap();
        assert_eq!(
            (reading.birth_date.unwrap().to_string().as_str(), reading.sex),
            ("1990-01-01", Some('L'))
        );
        let reading = read("1604104112019901", today(), "nik").0.unwrap();
        assert_eq!(
            (reading.birth_date.unwrap().to_string().as_str(), reading.sex),
            ("2001-12-01", Some('P'))
        );
        let reading = read("1604106902009901", today(), "nik").0.unwrap();
        assert_eq!(
            (reading.birth_date.unwrap().to_string().as_str(), reading.sex),
            ("2000-02-29", Some('P'))
        );
        assert_eq!(reading.region, "160410");
    }

    #[test]
    fn wrong_lengths_days_and_months_are_errors() {
        assert_eq!(codes("160410010190990"), ["nik_length"]);
        assert_eq!(codes("16041001019099021"), ["nik_length"]);
        assert_eq!(codes("16041001019O9902"), ["nik_length"]);
        assert_eq!(codes("1604103201909901"), ["nik_day"]);
        assert_eq!(codes("1604104001909901"), ["nik_day"]);
        assert_eq!(codes("1604107201909901"), ["nik_day"]);
        assert_eq!(codes("1604100001909901"), ["nik_day"]);
        assert_eq!(codes("1604100113909901"), ["nik_month"]);
        assert_eq!(codes("1604103200909901"), ["nik_day", "nik_month"]);
    }

    #[test]
    fn impossible_dates_and_a_zero_serial_are_warnings() {
        assert_eq!(codes("1604102902019901"), ["nik_date_impossible"]);
        assert_eq!(codes("1604103104909901"), ["nik_date_impossible"]);
        assert_eq!(codes("1604100101900000"), ["nik_serial_zero"]);
        assert!(codes("1604020101709901").is_empty());
    }

    #[test]
    fn a_birth_date_agrees_in_any_century() {
        assert!(agrees_with_birth_date("1604100101159902", "1915-01-01".parse().unwrap()));
        assert!(agrees_with_birth_date("1604104101159902", "2015-01-01".parse().unwrap()));
        assert!(!agrees_with_birth_date("1604100101159902", "2015-02-01".parse().unwrap()));
    }

    #[test]
    fn a_family_card_number_that_is_the_nik_is_a_warning() {
        let codes = |kk: &str, nik: Option<&str>| -> Vec<&str> {
            read_kk(kk, nik, "kk").1.iter().map(|finding| finding.code).collect()
        };
        assert_eq!(codes("1604100101909902", Some("1604100101909902")), ["kk_equals_nik"]);
        assert_eq!(codes("160410010190990", None), ["kk_length"]);
        assert_eq!(codes("1604104101909902", None), ["kk_date"]);
        assert!(codes("1604990107210001", Some("1604100101909902")).is_empty());
    }
}
