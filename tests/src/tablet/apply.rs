//! Operations turned into saves, as an officer without any network would make them.
//!
//! The ticket and the application taken with it are one journal record, so a power cut leaves both
//! or neither. An operation that the tablet has already is passed over: a file that was interrupted
//! is simply applied again.

use std::collections::BTreeMap;

use mpp_sync::action::{
    ActionError, Context, IssuedTicket, MadeSave, Register, add_status, issue_ticket, register,
};
use mpp_sync::document::Document;
use mpp_sync::ids::Kind;
use mpp_sync::rules::person::Person;
use mpp_sync::rules::status::Status;
use mpp_sync::rules::tracking;
use mpp_sync::save::Save;
use mpp_sync::view::View;
use serde::Serialize;

use super::device::Prepared;
use super::record::Record;
use super::state::REFERENCE_FIELD;
use super::{Tablet, TabletError, random};
use crate::operations::{Applicant, Event, Operation, Registration, unix_of};

/// What an officer says when a status needs a reason and the file gives none.
const REASON: &str = "Persyaratan belum lengkap.";

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Operations that are now durable.
    pub applied: usize,
    /// Operations that were there already.
    pub already: usize,
    /// Changes that were written.
    pub changes: usize,
    /// Operations that the rules do not allow.
    pub refused: Vec<RefusedOperation>,
}

/// An operation that nothing was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedOperation {
    /// Its `ref`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The stable code.
    pub code: String,
    /// The fields with errors.
    pub fields: Vec<String>,
}

impl RefusedOperation {
    fn new(reference: &str, code: &str) -> Self {
        Self { reference: reference.to_owned(), code: code.to_owned(), fields: Vec::new() }
    }

    fn of(reference: &str, error: &ActionError) -> Self {
        let fields = match error {
            ActionError::Input(findings) => {
                findings.iter().map(|finding| format!("{} {}", finding.field, finding.code)).collect()
            }
            _ => Vec::new(),
        };
        Self { fields, ..Self::new(reference, error.code()) }
    }
}

/// The saves of one operation; none when the tablet has it already.
type Made = Result<Vec<MadeSave>, RefusedOperation>;

impl Tablet {
    /// Applies operations in order. Each is durable before the next one begins.
    ///
    /// # Errors
    /// [`TabletError::Io`]: what was applied before stays. [`TabletError::NotPrepared`].
    pub fn apply(&mut self, operations: &[Operation]) -> Result<Applied, TabletError> {
        let prepared = self.prepared.clone();
        let prepared = prepared.ok_or_else(|| TabletError::NotPrepared("never prepared".to_owned()))?;
        let mut applied = Applied::default();
        for operation in operations {
            match self.saves_of(operation, &prepared, random()?) {
                Err(refused) => applied.refused.push(refused),
                Ok(saves) if saves.is_empty() => applied.already += 1,
                Ok(saves) => {
                    applied.changes += saves.iter().map(|made| made.save.entries.len()).sum::<usize>();
                    self.commit_saves(saves, &prepared)?;
                    applied.applied += 1;
                }
            }
        }
        Ok(applied)
    }

    fn commit_saves(&mut self, made: Vec<MadeSave>, prepared: &Prepared) -> Result<(), TabletError> {
        let next_counter = made.last().map_or(0, |made| made.next_counter);
        let saves: Vec<Save> = made.into_iter().map(|made| made.save).collect();
        let mut records: Vec<Record> = self.session_record(prepared).into_iter().collect();
        records.push(Record::Saves { session: self.session, next_counter, saves });
        self.commit(records)
    }

    fn saves_of(&self, operation: &Operation, prepared: &Prepared, random: [u8; 8]) -> Made {
        match operation {
            Operation::Register(registration) => self.registration(registration, prepared, random),
            Operation::Event(event) => self.event(event, prepared),
        }
    }

    fn registration(&self, typed: &Registration, prepared: &Prepared, random: [u8; 8]) -> Made {
        let reference = typed.reference.as_str();
        if self.state.application_of(reference).is_some() {
            return Ok(Vec::new());
        }
        let at = unix_of(&typed.at).ok_or_else(|| RefusedOperation::new(reference, "TIME_UNREADABLE"))?;
        let context = self.context(prepared, &typed.officer, at);
        let refused = |error: ActionError| RefusedOperation::of(reference, &error);
        let issued = match &typed.ticket {
            Some(ticket) => {
                let parts = ticket_parts(ticket);
                let (_, number) =
                    parts.ok_or_else(|| RefusedOperation::new(reference, "TICKET_UNREADABLE"))?;
                // Whatever letter the file's tablet had: a ticket carries the letter of the tablet that prints it.
                let letter = prepared.letter.as_str();
                Some(issue_ticket(&context, &prepared.day, letter, number, random).map_err(refused)?)
            }
            None => None,
        };
        let mut form = form_of(typed, self.standard_of(&typed.service));
        form.tracking =
            issued.as_ref().map_or_else(|| tracking::from_random(random), |issued| issued.tracking.clone());
        form.ticket = issued.as_ref().map(|issued| issued.ticket.clone());
        let mut visit = issued.as_ref().and_then(visit_of);
        let context = issued.as_ref().map_or_else(|| context.clone(), |issued| after(&context, &issued.made));
        let taken = register(&context, &prepared.day, visit.as_mut(), None, &form).map_err(refused)?;
        Ok(issued.map(|issued| issued.made).into_iter().chain([taken]).collect())
    }

    fn event(&self, event: &Event, prepared: &Prepared) -> Made {
        let reference = event.reference.as_str();
        let unknown = || RefusedOperation::new(reference, "REF_UNKNOWN");
        let id = self.state.application_of(reference).ok_or_else(unknown)?;
        let at = unix_of(&event.at).ok_or_else(|| RefusedOperation::new(reference, "TIME_UNREADABLE"))?;
        let status: Status = serde_json::from_value(event.status.clone().into())
            .map_err(|_| RefusedOperation::new(reference, "STATUS_UNKNOWN"))?;
        if let Some(View::Application(application)) = self.state.views().get(&id)
            && application.status.events.iter().any(|known| {
                known.status == status && known.author.officer == event.officer && known.author.at == at
            })
        {
            return Ok(Vec::new());
        }
        let mut document = self.state.open(&id).ok_or_else(unknown)?;
        let context = self.context(prepared, &event.officer, at);
        let reason = status.needs_reason().then_some(REASON);
        let made = add_status(&context, &mut document, status, reason, None)
            .map_err(|error| RefusedOperation::of(reference, &error))?;
        Ok(vec![made])
    }

    fn context(&self, prepared: &Prepared, officer: &str, at: i64) -> Context {
        let session = self.state.session(&self.session);
        let last = session.and_then(|session| session.last_save);
        Context {
            session: self.session,
            counter: session.map_or(0, |session| session.next_counter),
            officer: officer.to_owned(),
            device: prepared.letter.clone(),
            at,
            save_number: last.map_or(0, |(number, _)| number + 1),
            save_previous: last.map(|(_, hash)| hash),
        }
    }

    /// The newest version of the service's standard that the tablet has; 1 before the first download.
    fn standard_of(&self, service: &str) -> i64 {
        let catalogues = self.state.views().values().filter_map(|view| match view {
            View::Catalogue(catalogue) => Some(catalogue),
            _ => None,
        });
        let versions = catalogues
            .flat_map(|catalogue| &catalogue.services)
            .filter(|standard| standard.service == service)
            .map(|standard| standard.version);
        versions.max().unwrap_or(1)
    }
}

/// The context of the save after this one.
pub(crate) fn after(context: &Context, made: &MadeSave) -> Context {
    Context {
        counter: made.next_counter,
        save_number: made.save.number + 1,
        save_previous: Some(made.save.hash),
        ..context.clone()
    }
}

/// The visit that a ticket has just made.
pub(crate) fn visit_of(issued: &IssuedTicket) -> Option<Document> {
    let entry = issued.made.save.entries.first()?;
    Some(Document::open(Kind::Visit, entry.document, &[&entry.bytes]).0)
}

/// `A-017` is the letter A and the number 17.
pub(crate) fn ticket_parts(ticket: &str) -> Option<(&str, u32)> {
    let (letter, number) = ticket.split_once('-')?;
    Some((letter, number.parse().ok()?))
}

/// The form as an officer would have filled it in.
pub(crate) fn form_of(typed: &Registration, standard: i64) -> Register {
    Register {
        service: typed.service.clone(),
        standard,
        applicant: person_of(&typed.applicant),
        fields: BTreeMap::from([(REFERENCE_FIELD.to_owned(), typed.reference.clone())]),
        checks: typed.requirements.clone(),
        notes: Some(typed.notes.clone()),
        ..Register::default()
    }
}

fn person_of(typed: &Applicant) -> Person {
    let address = &typed.address;
    Person {
        nik: typed.nik.clone(),
        no_nik_reason: typed.no_nik_reason.as_deref().map(|reason| no_nik_reason(reason).to_owned()),
        kk: typed.kk.clone(),
        name: Some(typed.name.clone()),
        birth_place: typed.birth_place.clone(),
        birth_date: typed.birth_date.clone(),
        sex: typed.sex.clone(),
        village: Some(address.village_code.clone()),
        dusun: Some(address.dusun.clone()),
        rt: Some(address.rt.clone()),
        rw: Some(address.rw.clone()),
        street: Some(address.street.clone()),
        phone: typed.phone.clone(),
    }
}

/// The words of the file as the form stores them.
fn no_nik_reason(words: &str) -> &str {
    match words {
        "belum punya NIK" => "belum_punya",
        "tidak membawa" => "tidak_membawa",
        other => other,
    }
}
