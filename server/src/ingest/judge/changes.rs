//! What the core says of each change, on the documents that a group opens.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use mpp_store::{Accepted, QuarantineRow};
use mpp_sync::check::{AcceptedChange, Role, Writer, day_scope, days_of_change};
use mpp_sync::document::{Document, Refusal};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{DeviceId, DocumentId, Kind, SessionId};
use mpp_sync::save::Entry;

use super::{ERASED, Judge, signed};
use crate::ingest::Notice;
use crate::ingest::facts::KnownDocument;

/// A document while the group is judged.
pub(super) struct Open {
    pub(super) document: Document,
    raw: Vec<Vec<u8>>,
    scopes: BTreeSet<String>,
}

impl Judge {
    /// Accepts what can be accepted, keeps the rest aside, and says what.
    pub(super) fn changes(&mut self, frame: &Frame) -> Vec<Notice> {
        let mut notices = Vec::new();
        for entry in frame.entries() {
            if let Some(said) = self.gone(entry, frame.session) {
                notices.extend(said);
                continue;
            }
            match self.check(entry, frame.session) {
                Ok(None) => {
                    self.framed.push((entry.document.0, entry.hash.0, signed(frame.number)));
                    let day = self.granted_day(frame.session).as_ref().map(day_scope);
                    self.list_too(entry, day);
                }
                Ok(Some(change)) => {
                    self.accepted.push(Accepted::new(&change, signed(frame.number), self.now));
                }
                Err(refusal) => {
                    let code = self.reason(entry, refusal);
                    notices.push(self.put_aside(entry, frame.session, signed(frame.number), &code));
                }
            }
        }
        notices
    }

    /// The day of a session, when its device was put on it.
    fn granted_day(&self, session: SessionId) -> Option<DocumentId> {
        let chain = self.chains.get(&session)?;
        let day = DocumentId(chain.day?);
        let granted = self.facts.granted.get(&DeviceId(chain.device))?;
        granted.iter().any(|granted| granted.day == day).then_some(day)
    }

    /// Which days list a resident stands in no change of it: a batch that was given back says so, and a frame. What only
    /// the second of them says of a change that is here counts too.
    pub(super) fn list_too(&mut self, entry: &Entry, scopes: impl IntoIterator<Item = String>) {
        let open = open(&mut self.open, &mut self.facts.documents, entry);
        let scopes: BTreeSet<String> =
            scopes.into_iter().filter(|scope| !open.scopes.contains(scope)).collect();
        let (document, kind) = (open.document.id(), open.document.kind());
        if kind != Kind::Resident || scopes.is_empty() {
            return;
        }
        open.scopes.extend(scopes.iter().cloned());
        self.accepted.push(Accepted::entering(&document, kind, scopes, self.now));
    }

    /// Of a frame what may be kept: of documents that were erased the names of changes only.
    pub(super) fn left_of(&self, frame: &Frame, bytes: Vec<u8>) -> Vec<u8> {
        let left = frame.without(|document| self.facts.erased.contains(document));
        left.map_or(bytes, |left| left.encode())
    }

    /// What to say of a change that is kept by name only: of one that came so nothing, of another that it was erased.
    pub(super) fn gone(&self, entry: &Entry, session: SessionId) -> Option<Vec<Notice>> {
        if entry.is_erased() {
            return Some(Vec::new());
        }
        let (document, hash, code) = (entry.document, entry.hash, ERASED.to_owned());
        self.facts.erased.contains(&document).then(|| vec![Notice { session, document, hash, code }])
    }

    /// The code to keep. A document that is unknown because its first change is kept aside shares that one's reason:
    /// it is what somebody can do something about.
    pub(super) fn reason(&self, entry: &Entry, refusal: Refusal) -> String {
        if refusal == Refusal::DocumentUnknown {
            let in_group = self.aside.values();
            let mut aside = in_group.chain(&self.facts.parked);
            let first = aside.find(|row| row.document == entry.document.0 && row.counter.is_some());
            if let Some(first) = first {
                return first.code.clone();
            }
        }
        refusal.code().to_owned()
    }

    /// Asks the core about a change of a frame.
    pub(super) fn check(
        &mut self,
        entry: &Entry,
        session: SessionId,
    ) -> Result<Option<AcceptedChange>, Refusal> {
        let chain = self.chains.get(&session).ok_or(Refusal::NotOwnSession)?;
        let device = DeviceId(chain.device);
        let role = if self.facts.office == Some(device) { Role::Office } else { Role::Tablet };
        // Its frames are kept, since a hub may have confirmed them before it heard of the revocation; none is believed.
        if self.facts.devices.get(&device).is_some_and(|row| row.revoked_at.is_some()) {
            return Err(Refusal::DeviceRevoked);
        }
        let granted = self.facts.granted.get(&device).cloned().unwrap_or_default();
        let writer = Writer { session, role, day: chain.day.map(DocumentId), granted: &granted };
        let asked = self.ask(entry, &writer, &[]);
        if asked == Err(Refusal::AuthorNotOnRoster) {
            let open = open(&mut self.open, &mut self.facts.documents, entry);
            let days = days_of_change(&open.document, entry, &writer);
            self.rosters.extend(days.difference(&self.facts.exact));
        }
        asked
    }

    /// Asks the core. A panic of the document engine costs this one change: the document is opened again without it.
    pub(super) fn ask(
        &mut self,
        entry: &Entry,
        writer: &Writer<'_>,
        scopes: &[String],
    ) -> Result<Option<AcceptedChange>, Refusal> {
        let open = open(&mut self.open, &mut self.facts.documents, entry);
        let mut present = open.scopes.clone();
        present.extend(scopes.iter().cloned());
        let check = self.check;
        let Some(answer) = caught(entry.document, || check(&mut open.document, entry, writer, &present))
        else {
            let (kind, id) = (open.document.kind(), open.document.id());
            open.document = Document::open(kind, id, &open.raw).0;
            return Err(Refusal::ApplyFailed);
        };
        if let Ok(Some(change)) = &answer {
            open.raw.push(entry.bytes.clone());
            open.scopes = change.scopes().iter().cloned().collect();
        }
        answer
    }

    pub(super) fn put_aside(&mut self, entry: &Entry, session: SessionId, frame: i64, code: &str) -> Notice {
        let row = QuarantineRow {
            document: entry.document.0,
            hash: entry.hash.0,
            kind: i64::from(entry.kind.number()),
            counter: entry.counter.map(i64::from),
            session: session.0,
            frame,
            bytes: entry.bytes.clone(),
            code: code.to_owned(),
            received_at: self.now,
            retried: 0,
        };
        self.aside.insert((entry.document, entry.hash), row);
        Notice { session, document: entry.document, hash: entry.hash, code: code.to_owned() }
    }
}

/// Asks the document engine something about one document; none, and a line in the log, when it panicked over it.
fn caught<T>(document: DocumentId, ask: impl FnOnce() -> T) -> Option<T> {
    let answer = catch_unwind(AssertUnwindSafe(ask)).ok();
    if answer.is_none() {
        tracing::error!(code = "APPLY_PANICKED", document = %document, "the document engine panicked");
    }
    answer
}

/// The document of the entry, opened once per group. One without changes takes the entry's kind.
pub(super) fn open<'a>(
    open: &'a mut HashMap<DocumentId, Open>,
    known: &mut HashMap<DocumentId, KnownDocument>,
    entry: &Entry,
) -> &'a mut Open {
    let found = open.entry(entry.document).or_insert_with(|| match known.remove(&entry.document) {
        Some(known) => {
            let (document, left_out) = Document::open(known.kind, entry.document, &known.raw);
            if !left_out.is_empty() {
                tracing::error!(code = "LOG_NOT_APPLIED", document = %entry.document, count = left_out.len(),
                    "accepted changes no longer apply");
            }
            Open { document, raw: known.raw, scopes: known.scopes }
        }
        None => Open {
            document: Document::new(entry.kind, entry.document),
            raw: Vec::new(),
            scopes: BTreeSet::new(),
        },
    });
    if found.raw.is_empty() && found.document.kind() != entry.kind {
        found.document = Document::new(entry.kind, entry.document);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer() {
        assert_eq!(caught(DocumentId([1; 16]), || 7), Some(7));
        let index = [1, 2, 3].iter().map(|n| n * 2).sum::<usize>();
        assert_eq!(caught(DocumentId([1; 16]), || [1, 2, 3][index]), None);
    }
}
