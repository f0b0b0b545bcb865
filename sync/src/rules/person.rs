//! One person as typed: applicant, subject (the child, the deceased) or representative.

use serde::{Deserialize, Serialize};

use super::date::Date;
use super::{Finding, nik, phone};
use crate::limits::{NAME_CHARS_CARD, NAME_CHARS_MAX};

/// Reasons why no NIK was typed.
pub const NO_NIK_REASONS: [&str; 3] = ["belum_punya", "bayi", "tidak_membawa"];

/// A person as typed. Every field may be missing; an empty text counts as missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// 16 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nik: Option<String>,
    /// One of [`NO_NIK_REASONS`] when there is no NIK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_nik_reason: Option<String>,
    /// Number of the family card, 16 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kk: Option<String>,
    /// The whole name, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Place of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_place: Option<String>,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
    /// `L` or `P`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// Ten-digit village code with dots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub village: Option<String>,
    /// Hamlet: dusun, lingkungan, banjar dinas, pemangku.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dusun: Option<String>,
    /// Neighbourhood unit, up to three digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rt: Option<String>,
    /// Neighbourhood unit, up to three digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rw: Option<String>,
    /// Street, house, landmark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Which of the three the person is; decides what is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who applies: name, NIK or a reason, village.
    Applicant,
    /// Whom it is about: may lack NIK and name, but says why there is no NIK.
    Subject,
    /// Who comes in the applicant's place: a name.
    Representative,
}

impl Person {
    /// The fields with their names, in the order of the form.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &Option<String>); 13] {
        [
            ("nik", &self.nik),
            ("no_nik_reason", &self.no_nik_reason),
            ("kk", &self.kk),
            ("name", &self.name),
            ("birth_place", &self.birth_place),
            ("birth_date", &self.birth_date),
            ("sex", &self.sex),
            ("village", &self.village),
            ("dusun", &self.dusun),
            ("rt", &self.rt),
            ("rw", &self.rw),
            ("street", &self.street),
            ("phone", &self.phone),
        ]
    }

    /// The field of that name, to write to.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "nik" => &mut self.nik,
            "no_nik_reason" => &mut self.no_nik_reason,
            "kk" => &mut self.kk,
            "name" => &mut self.name,
            "birth_place" => &mut self.birth_place,
            "birth_date" => &mut self.birth_date,
            "sex" => &mut self.sex,
            "village" => &mut self.village,
            "dusun" => &mut self.dusun,
            "rt" => &mut self.rt,
            "rw" => &mut self.rw,
            "street" => &mut self.street,
            "phone" => &mut self.phone,
            _ => return None,
        })
    }

    /// Whether nothing at all was typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().iter().all(|(_, value)| value.is_none())
    }

    /// Trims, drops empty fields, reduces numbers to digits and phones to E.164 where they are valid.
    #[must_use]
    pub fn normalised(mut self) -> Self {
        for name in Self::default().fields().map(|(name, _)| name) {
            if let Some(field) = self.field_mut(name) {
                *field = field.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            }
        }
        self.nik = self.nik.map(|typed| nik::digits_of(&typed)).filter(|digits| !digits.is_empty());
        self.kk = self.kk.map(|typed| nik::digits_of(&typed)).filter(|digits| !digits.is_empty());
        self.phone = self.phone.map(|typed| phone::to_e164(&typed).unwrap_or(typed));
        for unit in [&mut self.rt, &mut self.rw] {
            *unit = unit.take().map(|typed| three_digits(&typed).unwrap_or(typed));
        }
        if self.nik.is_some() {
            self.no_nik_reason = None;
        }
        self
    }

    /// Looks at a normalised person.
    ///
    /// `known_villages` empty means that villages are not compared with a list.
    #[must_use]
    pub fn check(&self, role: Role, today: Date, known_villages: &[String]) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.check_numbers(role, today, &mut findings);
        self.check_name(role, &mut findings);
        self.check_birth(today, &mut findings);
        self.check_contact(role, known_villages, &mut findings);
        findings
    }

    fn check_numbers(&self, role: Role, today: Date, findings: &mut Vec<Finding>) {
        match (&self.nik, &self.no_nik_reason) {
            (Some(typed), _) => {
                let (reading, found) = nik::read(typed, today, "nik");
                findings.extend(found);
                self.compare_with_nik(reading.as_ref(), findings);
            }
            (None, Some(reason)) if !NO_NIK_REASONS.contains(&reason.as_str()) => {
                findings.push(Finding::error("no_nik_reason", "nik_missing_reason"));
            }
            (None, None) if role != Role::Representative => {
                findings.push(Finding::error("nik", "nik_missing_reason"));
            }
            _ => {}
        }
        if let Some(kk) = &self.kk {
            findings.extend(nik::read_kk(kk, self.nik.as_deref(), "kk").1);
        }
    }

    /// The card counts, not the number: a difference is a warning that an officer confirms.
    fn compare_with_nik(&self, reading: Option<&nik::Reading>, findings: &mut Vec<Finding>) {
        let Some(reading) = reading else { return };
        if let Some(date) = self.birth_date.as_deref().and_then(|text| text.parse().ok())
            && !nik::agrees_with_birth_date(&reading.digits, date)
        {
            findings.push(Finding::warning("birth_date", "nik_birth_date_differs"));
        }
        let sex = reading.sex.map(String::from);
        if self.sex.is_some() && self.sex != sex {
            findings.push(Finding::warning("sex", "nik_sex_differs"));
        }
    }

    fn check_name(&self, role: Role, findings: &mut Vec<Finding>) {
        let Some(name) = &self.name else {
            if role != Role::Subject {
                findings.push(Finding::error("name", "name_empty"));
            }
            return;
        };
        let letters = name.chars().filter(|c| c.is_alphabetic()).count();
        let usable = |c: char| {
            c.is_alphabetic() || matches!(c, ' ' | '\'' | '’' | '.' | '-' | ',' | '/' | '`' | '(' | ')')
        };
        if letters == 0 || !name.chars().all(|c| usable(c) || is_mark(c)) {
            findings.push(Finding::error("name", "name_characters"));
        } else if name.chars().count() > NAME_CHARS_MAX {
            findings.push(Finding::error("name", "name_too_long"));
        } else if letters == 1 {
            findings.push(Finding::warning("name", "name_one_letter"));
        } else if name.chars().count() > NAME_CHARS_CARD {
            findings.push(Finding::warning("name", "name_long"));
        }
    }

    fn check_birth(&self, today: Date, findings: &mut Vec<Finding>) {
        match self.birth_date.as_deref().map(str::parse::<Date>) {
            Some(Err(_)) => findings.push(Finding::error("birth_date", "birth_date_invalid")),
            Some(Ok(date)) if date > today => {
                findings.push(Finding::error("birth_date", "birth_date_future"));
            }
            _ => {}
        }
        if self.sex.as_deref().is_some_and(|sex| sex != "L" && sex != "P") {
            findings.push(Finding::error("sex", "sex_invalid"));
        }
    }

    fn check_contact(&self, role: Role, known_villages: &[String], findings: &mut Vec<Finding>) {
        if self.phone.as_deref().is_some_and(|typed| phone::to_e164(typed).is_none()) {
            findings.push(Finding::error("phone", "phone_invalid"));
        }
        match &self.village {
            None if role == Role::Applicant => findings.push(Finding::error("village", "village_missing")),
            Some(code) if !is_village_code(code) => {
                findings.push(Finding::error("village", "village_invalid"));
            }
            Some(code) if !known_villages.is_empty() && !known_villages.contains(code) => {
                findings.push(Finding::warning("village", "village_unknown"));
            }
            _ => {}
        }
        for (field, unit) in [("rt", &self.rt), ("rw", &self.rw)] {
            if unit.as_deref().is_some_and(|typed| three_digits(typed).is_none()) {
                findings.push(Finding::error(field, "rt_rw_invalid"));
            }
        }
    }
}

/// `1` and `01` become `001`.
fn three_digits(typed: &str) -> Option<String> {
    let number = typed.parse::<u16>().ok().filter(|_| typed.bytes().all(|byte| byte.is_ascii_digit()))?;
    (number < 1000).then(|| format!("{number:03}"))
}

/// Whether the text has the shape `16.04.10.2001`.
#[must_use]
pub fn is_village_code(code: &str) -> bool {
    let sizes = code
        .split('.')
        .map(|part| if part.bytes().all(|byte| byte.is_ascii_digit()) { part.len() } else { 0 });
    sizes.eq([2, 2, 2, 4])
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests;
