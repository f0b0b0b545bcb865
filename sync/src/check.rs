//! Whether a change may enter the log, and into which scopes. Only this module makes an
//! [`AcceptedChange`], and the log takes nothing else.

use std::collections::BTreeSet;

use crate::document::{ChangeMeta, Document, Refusal, Set, Value};
use crate::ids::{ChangeHash, DocumentId, Kind, SessionId};
use crate::rules::person::is_village_code;
use crate::rules::ticket::number_of;
use crate::save::Entry;
use crate::view::{DECISION_PREFIX, STATUS_PREFIX};

/// Everything that everyone may read: the catalogue.
pub const EVERYONE: &str = "everyone";

/// The scope of a service day.
#[must_use]
pub fn day_scope(day: &DocumentId) -> String {
    format!("day/{day}")
}

/// The scope of a village.
#[must_use]
pub fn village_scope(code: &str) -> String {
    format!("village/{code}")
}

/// On whose behalf a session writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A tablet, bound to the days it was prepared for.
    Tablet,
    /// The office or a hub itself.
    Office,
}

/// A day that a device was put on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantedDay {
    /// The service day.
    pub day: DocumentId,
    /// The letters that are the device's own there. More than one when an office that was restored had given the first
    /// to somebody else meanwhile.
    pub labels: Vec<String>,
    /// Usernames of those who may write on that day.
    pub roster: BTreeSet<String>,
}

/// What the node knows of the writer of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The session of the frame.
    pub session: SessionId,
    /// Tablet or office.
    pub role: Role,
    /// The day that the session's header names.
    pub day: Option<DocumentId>,
    /// The days that the device was granted.
    pub granted: &'a [GrantedDay],
}

impl Writer<'_> {
    fn granted(&self, day: &DocumentId) -> Option<&GrantedDay> {
        self.granted.iter().find(|granted| granted.day == *day)
    }
}

/// A change that may enter the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedChange {
    entry: Entry,
    session: SessionId,
    seq: u64,
    scopes: Vec<String>,
    entered: Vec<String>,
}

impl AcceptedChange {
    /// The change with its document.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> DocumentId {
        self.entry.document
    }

    /// The change.
    #[must_use]
    pub fn hash(&self) -> ChangeHash {
        self.entry.hash
    }

    /// The session that wrote it.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Its number among the session's changes of the document.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The scopes that list it.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Those of them that the document enters with this change: they list its earlier changes too.
    #[must_use]
    pub fn entered(&self) -> &[String] {
        &self.entered
    }
}

/// Checks one change and applies it to its document, opened from the log.
///
/// `present` are the scopes that list the document so far. `None` means that the log has the change.
/// Automerge 0.12 may panic in spite of the checks: the caller catches, opens the document again
/// and treats the change as [`Refusal::ApplyFailed`].
///
/// # Errors
/// [`Refusal`]: the change is kept in quarantine with that code.
pub fn check_entry(
    document: &mut Document,
    entry: &Entry,
    writer: &Writer<'_>,
    present: &BTreeSet<String>,
) -> Result<Option<AcceptedChange>, Refusal> {
    if document.knows(&entry.hash) {
        return Ok(None);
    }
    if matches!(entry.kind, Kind::Unknown(_)) {
        return Err(Refusal::KindUnknown);
    }
    if entry.kind != document.kind() {
        return Err(Refusal::KindMismatch);
    }
    let tablets_only_read = matches!(entry.kind, Kind::ServiceDay | Kind::Catalogue);
    if writer.role == Role::Tablet && tablets_only_read {
        return Err(Refusal::KindNotAllowed);
    }
    if document.changes().is_empty() && entry.counter.is_none() {
        return Err(Refusal::DocumentUnknown);
    }
    document.accept_if(&entry.bytes, |document, meta| may_write(document, meta, writer))?;
    let seq = document.changes().last().map_or(0, |change| change.seq);
    let mut scopes = present.clone();
    scopes.extend(scopes_of(document, writer));
    let entered = scopes.difference(present).cloned().collect();
    let scopes = scopes.into_iter().collect();
    Ok(Some(AcceptedChange { entry: entry.clone(), session: writer.session, seq, scopes, entered }))
}

/// A tablet writes as its own session, on the days it was prepared for.
fn may_write(document: &Document, meta: &ChangeMeta, writer: &Writer<'_>) -> Result<(), Refusal> {
    if meta.session != writer.session {
        return Err(Refusal::NotOwnSession);
    }
    if writer.role == Role::Office {
        return Ok(());
    }
    if meta.sets.iter().any(|set| set.key.starts_with(DECISION_PREFIX) || rewrites_event(set)) {
        return Err(Refusal::EditNotAllowed);
    }
    if writer.day.as_ref().is_none_or(|day| writer.granted(day).is_none()) {
        return Err(Refusal::DayNotGranted);
    }
    // Naming a change of the resident proves that the tablet was given it; its id alone may have
    // been seen elsewhere, and writing it must not bring the resident into the tablet's scopes.
    if document.kind() == Kind::Resident && meta.deps.is_empty() && !document.changes().is_empty() {
        return Err(Refusal::EditNotAllowed);
    }
    let days = days_concerned(document, meta, writer);
    let granted = days.iter().map(|day| writer.granted(day.as_ref()?)).collect::<Option<Vec<_>>>();
    let Some(granted) = granted.filter(|days| !days.is_empty()) else { return Err(Refusal::DayNotGranted) };
    if !granted.iter().all(|day| day.roster.contains(&meta.author.officer)) {
        return Err(Refusal::AuthorNotOnRoster);
    }
    let own = |label: &str| writer.granted.iter().any(|day| day.labels.iter().any(|own| own == label));
    let tickets = meta.sets.iter().filter(|set| document.kind() == Kind::Visit && set.key == "ticket");
    let mut tickets = tickets.filter_map(|set| set.value.as_ref()?.text());
    if own(&meta.author.device) && tickets.all(|ticket| granted.iter().all(|day| is_own(ticket, day))) {
        Ok(())
    } else {
        Err(Refusal::LabelNotOwn)
    }
}

/// The days on which the writer of a change has to be at home: the document's; of a resident, who belongs to no day, the
/// session's. `None` stands for what names no day.
fn days_concerned(document: &Document, meta: &ChangeMeta, writer: &Writer<'_>) -> Vec<Option<DocumentId>> {
    if document.kind() == Kind::Resident {
        return vec![writer.day];
    }
    let set = meta.sets.iter().filter(|set| set.key == "day").map(|set| day_of(set.value.as_ref()));
    let written = document.values("day").into_iter().map(|written| day_of(Some(&written.value)));
    set.chain(written).collect()
}

/// The days whose roster decides about a change; those that are none are left out.
#[must_use]
pub fn days_of_change(document: &Document, entry: &Entry, writer: &Writer<'_>) -> BTreeSet<DocumentId> {
    let meta = ChangeMeta::read(&entry.bytes);
    let days = meta.map(|meta| days_concerned(document, &meta, writer)).unwrap_or_default();
    days.into_iter().flatten().collect()
}

/// Whether the ticket carries a letter of this tablet, so that no two tablets of a day hand out the same one.
fn is_own(ticket: &str, day: &GrantedDay) -> bool {
    day.labels.iter().any(|label| number_of(ticket, label).is_some())
}

/// Events are only ever added.
fn rewrites_event(set: &Set) -> bool {
    set.key.starts_with(STATUS_PREFIX) && (set.value.is_none() || !set.replaces.is_empty())
}

fn day_of(value: Option<&Value>) -> Option<DocumentId> {
    match value {
        Some(Value::Bytes(bytes)) => DocumentId::from_slice(bytes).ok(),
        _ => None,
    }
}

/// The scopes that the document belongs to as it now stands.
fn scopes_of(document: &Document, writer: &Writer<'_>) -> BTreeSet<String> {
    let mut scopes = BTreeSet::new();
    match document.kind() {
        Kind::Catalogue => {
            scopes.insert(EVERYONE.to_owned());
        }
        Kind::ServiceDay => {
            scopes.insert(day_scope(&document.id()));
        }
        Kind::Visit | Kind::Application => {
            let days = document.values("day").into_iter().filter_map(|written| day_of(Some(&written.value)));
            scopes.extend(days.map(|day| day_scope(&day)));
        }
        Kind::Resident => {
            scopes.extend(writer.day.as_ref().map(day_scope));
            let villages = document.values("village").into_iter();
            let codes = villages.filter_map(|written| written.value.text().map(str::to_owned));
            scopes.extend(codes.filter(|code| is_village_code(code)).map(|code| village_scope(&code)));
        }
        Kind::Unknown(_) => {}
    }
    scopes
}

#[cfg(test)]
mod tests;
