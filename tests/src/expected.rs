//! Compares records with the operations they came from, field by field, from the JSON of both alone:
//! none of the code that turns operations into records is used here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::operations::{player, unix_of};

/// Every difference between the operations (one JSON a line) and the records (one JSON each), in words.
#[must_use]
pub fn differences(operations: &str, records: &[String]) -> Vec<String> {
    let mut check = Check::new(records);
    let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut registrations = Vec::new();
    for line in operations.lines().filter(|line| !line.trim().is_empty()) {
        let Ok(operation) = serde_json::from_str::<Value>(line) else {
            check.differences.push(format!("not JSON: {line}"));
            continue;
        };
        if operation["op"] == "event" {
            events.entry(text(&operation["ref"])).or_default().push(operation);
        } else {
            registrations.push(operation);
        }
    }
    for registration in &registrations {
        let later = events.remove(&text(&registration["ref"])).unwrap_or_default();
        check.registration(registration, &later);
    }
    let lost = events.into_keys().map(|reference| format!("{reference}: events of no registration"));
    check.differences.extend(lost);
    let tickets = registrations.iter().filter(|one| !one["ticket"].is_null()).count();
    for (kind, count) in
        [("resident", registrations.len()), ("application", registrations.len()), ("visit", tickets)]
    {
        let found = check.by_id.values().filter(|record| record["kind"] == kind).count();
        check.same("all", &format!("number of {kind} records"), &json!(count), &json!(found));
    }
    check.differences
}

struct Check {
    by_id: BTreeMap<String, Value>,
    by_reference: BTreeMap<String, Vec<String>>,
    /// The letter of each device of the operations.
    labels: BTreeMap<String, Value>,
    tracking: BTreeSet<String>,
    differences: Vec<String>,
}

impl Check {
    fn new(records: &[String]) -> Self {
        let mut check = Self {
            by_id: BTreeMap::new(),
            by_reference: BTreeMap::new(),
            labels: BTreeMap::new(),
            tracking: BTreeSet::new(),
            differences: Vec::new(),
        };
        for line in records {
            let record: Value = serde_json::from_str(line).unwrap_or_default();
            let id = text(&record["id"]);
            if record["kind"] == "application" {
                let reference = text(&record["fields"]["ref"]);
                check.by_reference.entry(reference).or_default().push(id.clone());
            }
            if check.by_id.insert(id.clone(), record).is_some() {
                check.differences.push(format!("{id}: two records with one id"));
            }
        }
        check
    }

    fn same(&mut self, reference: &str, what: &str, expected: &Value, found: &Value) {
        if expected != found {
            self.differences.push(format!("{reference}: {what} should be {expected} and is {found}"));
        }
    }

    fn registration(&mut self, typed: &Value, events: &[Value]) {
        let reference = text(&typed["ref"]);
        let found = self.by_reference.get(&reference).cloned().unwrap_or_default();
        let [id] = found.as_slice() else {
            self.differences.push(format!("{reference}: {} applications instead of one", found.len()));
            return;
        };
        let application = self.by_id.get(id).cloned().unwrap_or_default();
        let person = person(&typed["applicant"]);
        let r = reference.as_str();
        self.same(r, "applicant", &person, &application["applicant"]);
        self.same(r, "service", &typed["service"], &application["service"]);
        self.same(r, "checks", &typed["requirements"], &application["checks"]);
        self.same(r, "fields", &json!({"ref": r}), &application["fields"]);
        self.author(r, typed, &application["created"]);
        let ticket = self.ticket(typed);
        self.same(r, "ticket", &ticket, &application["ticket"]);
        self.same(r, "notes", &filled(&typed["notes"]), &application["notes"]);
        self.same(r, "conflicts", &json!([]), &application["conflicts"]);
        for key in ["subject", "representative"] {
            self.same(r, key, &Value::Null, &application[key]);
        }
        if !self.tracking.insert(text(&application["tracking"])) || application["tracking"].is_null() {
            self.differences.push(format!("{r}: no tracking code of its own"));
        }
        self.events(r, typed, events, &application["status"]);
        self.resident(r, typed, &person, &application);
        self.visit(r, typed, &application);
    }

    fn author(&mut self, r: &str, typed: &Value, author: &Value) {
        self.same(r, "officer", &officer(typed), &author["officer"]);
        self.same(r, "time", &time(&typed["at"]), &author["at"]);
        let by = text(&typed["by"]);
        let known = self.labels.get(&by).cloned();
        match known {
            Some(label) => self.same(r, "device", &label, &author["device"]),
            None if self.labels.values().any(|label| *label == author["device"]) => {
                self.differences.push(format!("{r}: {by} has the letter of another device"));
            }
            None => {
                self.labels.insert(by, author["device"].clone());
            }
        }
    }

    /// The ticket of the file with the letter that its device got on the day.
    fn ticket(&self, typed: &Value) -> Value {
        let number = typed["ticket"].as_str().and_then(|ticket| Some(ticket.split_once('-')?.1));
        let letter = self.labels.get(&text(&typed["by"])).and_then(Value::as_str).unwrap_or_default();
        number.map_or(Value::Null, |number| json!(format!("{letter}-{number}")))
    }

    /// What happened, by whom and when; nothing more and nothing less.
    fn events(&mut self, r: &str, typed: &Value, events: &[Value], status: &Value) {
        let mut expected = vec![json!(["received", officer(typed), time(&typed["at"])])];
        expected.extend(events.iter().map(|one| json!([one["status"], officer(one), time(&one["at"])])));
        let mut found: Vec<Value> = status["events"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| json!([one["status"], one["officer"], one["at"]]))
            .collect();
        let sorted = |values: &mut Vec<Value>| values.sort_by_key(Value::to_string);
        sorted(&mut expected);
        sorted(&mut found);
        self.same(r, "events", &expected.into(), &found.into());
    }

    fn resident(&mut self, r: &str, typed: &Value, person: &Value, application: &Value) {
        let resident = self.by_id.get(&text(&application["resident"])).cloned().unwrap_or_default();
        self.same(r, "resident's kind", &json!("resident"), &resident["kind"]);
        self.same(r, "resident", person, &resident["person"]);
        self.same(r, "resident's decisions", &json!([]), &resident["decisions"]);
        self.same(r, "resident's conflicts", &json!([]), &resident["conflicts"]);
        self.same(r, "resident's officer", &officer(typed), &resident["created"]["officer"]);
        self.same(r, "resident's time", &time(&typed["at"]), &resident["created"]["at"]);
    }

    fn visit(&mut self, r: &str, typed: &Value, application: &Value) {
        if typed["ticket"].is_null() {
            self.same(r, "visit", &Value::Null, &application["visit"]);
            return;
        }
        let visit = self.by_id.get(&text(&application["visit"])).cloned().unwrap_or_default();
        self.same(r, "visit's kind", &json!("visit"), &visit["kind"]);
        let ticket = self.ticket(typed);
        self.same(r, "visit's ticket", &ticket, &visit["ticket"]);
        for key in ["resident", "tracking", "day"] {
            self.same(r, &format!("visit's {key}"), &application[key], &visit[key]);
        }
    }
}

/// The person as a record has it: what is empty is not there.
fn person(typed: &Value) -> Value {
    let address = &typed["address"];
    let reason = match typed["no_nik_reason"].as_str() {
        Some("belum punya NIK") => json!("belum_punya"),
        Some("tidak membawa") => json!("tidak_membawa"),
        _ => typed["no_nik_reason"].clone(),
    };
    let mut person: Map<String, Value> = ["nik", "kk", "name", "birth_place", "birth_date", "sex", "phone"]
        .into_iter()
        .map(|key| (key.to_owned(), typed[key].clone()))
        .collect();
    person.insert("no_nik_reason".to_owned(), reason);
    person.insert("village".to_owned(), address["village_code"].clone());
    for key in ["dusun", "rt", "rw", "street"] {
        person.insert(key.to_owned(), address[key].clone());
    }
    person.retain(|_, value| !filled(value).is_null());
    Value::Object(person)
}

fn filled(value: &Value) -> Value {
    if value == "" { Value::Null } else { value.clone() }
}

fn time(at: &Value) -> Value {
    at.as_str().and_then(unix_of).map_or(Value::Null, Value::from)
}

/// Who wrote it, as the demo's officers play the file's.
fn officer(typed: &Value) -> Value {
    json!(player(&text(&typed["officer"])))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
