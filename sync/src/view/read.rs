//! Typed access to the fields of a document; missing or odd values never stop the reading.

use std::collections::BTreeMap;

use crate::document::{Author, ChangeMeta, Document, Fields, Value};
use crate::ids::DocumentId;
use crate::rules::person::Person;

/// A document's fields with their writers.
pub(super) struct Read<'a> {
    pub(super) id: DocumentId,
    pub(super) fields: Fields<'a>,
    pub(super) created: Author,
    pub(super) updated: Author,
}

impl<'a> Read<'a> {
    pub(super) fn of(document: &'a Document) -> Option<Self> {
        let first = document.changes().iter().min_by_key(|change| (change.start_op, change.hash))?;
        let last = document.changes().iter().max_by_key(|change| (change.max_op, change.hash))?;
        Some(Self {
            id: document.id(),
            fields: document.fields(),
            created: first.author.clone(),
            updated: last.author.clone(),
        })
    }

    /// The value that counts until a person chooses.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).and_then(|values| values.last()).map(|written| &written.value)
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.value(key).and_then(Value::text).map(str::to_owned)
    }

    pub(super) fn int(&self, key: &str) -> Option<i64> {
        match self.value(key) {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn document(&self, key: &str) -> Option<DocumentId> {
        match self.value(key) {
            Some(Value::Bytes(bytes)) => DocumentId::from_slice(bytes).ok(),
            _ => None,
        }
    }

    pub(super) fn person(&self, prefix: &str) -> Option<Person> {
        let mut person = Person::default();
        for name in Person::default().fields().map(|(name, _)| name) {
            if let Some(field) = person.field_mut(name) {
                *field = self.text(&format!("{prefix}{name}"));
            }
        }
        (!person.is_empty()).then_some(person)
    }

    /// The keys under a prefix, without it, with the value that counts.
    pub(super) fn under<'b>(&'b self, prefix: &'b str) -> impl Iterator<Item = (&'b str, &'b Value)> {
        self.entries(prefix).map(|(key, value, _)| (key, value))
    }

    /// The same, with the change that wrote the value.
    pub(super) fn entries<'b>(
        &'b self,
        prefix: &'b str,
    ) -> impl Iterator<Item = (&'b str, &'b Value, &'b ChangeMeta)> {
        self.fields.iter().filter_map(move |(key, values)| {
            let rest = key.strip_prefix(prefix)?;
            let written = values.last()?;
            Some((rest, &written.value, written.change))
        })
    }

    pub(super) fn texts_under(&self, prefix: &str) -> BTreeMap<String, String> {
        self.under(prefix).map(|(key, value)| (key.to_owned(), value.display())).collect()
    }

    pub(super) fn names_set_under(&self, prefix: &str) -> Vec<String> {
        self.under(prefix)
            .filter(|(_, value)| **value != Value::Bool(false))
            .map(|(key, _)| key.to_owned())
            .collect()
    }
}
