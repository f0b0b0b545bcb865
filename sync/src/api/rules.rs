//! Calls that look at what is typed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{Answer, CallError, Parameters, plain};
use crate::rules::date::Date;
use crate::rules::declared::{self, Declared};
use crate::rules::person::{Person, Role};
use crate::rules::status::Status;
use crate::rules::{nik, tracking};
use crate::text::needle;

fn date(text: &str) -> Result<Date, CallError> {
    text.parse().map_err(|_| CallError::new("BAD_PARAMETERS", "today"))
}

pub(super) fn nik_read(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        nik: String,
        today: String,
    }
    let input: Input = parameters.read()?;
    let (reading, findings) = nik::read(&input.nik, date(&input.today)?, "nik");
    let birth_date = reading.as_ref().and_then(|reading| reading.birth_date).map(|date| date.to_string());
    Ok(plain(json!({
        "digits": nik::digits_of(&input.nik),
        "birth_date": birth_date,
        "sex": reading.as_ref().and_then(|reading| reading.sex),
        "region": reading.as_ref().map(|reading| &reading.region),
        "findings": findings,
    })))
}

pub(super) fn person_check(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        person: Person,
        today: String,
        #[serde(default)]
        known_villages: Vec<String>,
        required: Role,
    }
    let input: Input = parameters.read()?;
    let person = input.person.normalised();
    let findings = person.check(input.required, date(&input.today)?, &input.known_villages);
    Ok(plain(json!({"person": person, "findings": findings})))
}

pub(super) fn fields_check(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        declared: Vec<Declared>,
        values: BTreeMap<String, String>,
    }
    let input: Input = parameters.read()?;
    let (shown, findings) = declared::check(&input.declared, &input.values);
    Ok(plain(json!({"shown": shown, "findings": findings})))
}

pub(super) fn search_key(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        text: String,
    }
    let input: Input = parameters.read()?;
    Ok(plain(json!({"key": needle(&input.text)})))
}

pub(super) fn next_statuses(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        current: Status,
    }
    let input: Input = parameters.read()?;
    let next = input.current.next().iter();
    let statuses: Vec<_> =
        next.map(|status| json!({"status": status, "needs_reason": status.needs_reason()})).collect();
    Ok(plain(json!({"statuses": statuses})))
}

pub(super) fn tracking_check(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        code: String,
    }
    let input: Input = parameters.read()?;
    Ok(plain(json!({"code": tracking::parse(&input.code)})))
}
