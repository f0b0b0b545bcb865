//! Calls that make saves.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Answer, BlobRef, Blobs, CallError, Parameters};
use crate::action::{self, Context, Decide, MadeSave, Register};
use crate::document::Document;
use crate::ids::{DocumentId, Kind};
use crate::rules::status::Status;
use crate::rules::tracking;
use crate::view::ResidentView;

#[derive(Deserialize)]
struct Known {
    id: DocumentId,
    changes: Vec<BlobRef>,
}

/// A document that does not open whole is never edited: its next view would hide what it holds.
fn open(parameters: &Parameters<'_>, kind: Kind, known: &Known) -> Result<Document, CallError> {
    let (document, left) = Document::open(kind, known.id, &parameters.blobs(&known.changes)?);
    match left.first() {
        Some((_, refusal)) => Err(CallError::new("DOCUMENT_INCOMPLETE", refusal.code())),
        None => Ok(document),
    }
}

fn open_if(
    parameters: &Parameters<'_>,
    kind: Kind,
    known: Option<&Known>,
) -> Result<Option<Document>, CallError> {
    known.map(|known| open(parameters, kind, known)).transpose()
}

fn save_json(made: MadeSave, blobs: &mut Blobs) -> Json {
    let entries: Vec<Json> = made
        .save
        .entries
        .into_iter()
        .zip(made.views)
        .map(|(entry, view)| {
            json!({
                "document": entry.document,
                "kind": entry.kind,
                "counter": entry.counter,
                "hash": entry.hash,
                "change": blobs.add(entry.bytes),
                "view": view.to_json(),
            })
        })
        .collect();
    json!({
        "number": made.save.number,
        "hash": made.save.hash,
        "next_counter": made.next_counter,
        "entries": entries,
    })
}

fn save_answer(made: MadeSave) -> Answer {
    let mut blobs = Blobs::default();
    let save = save_json(made, &mut blobs);
    blobs.answer(json!({"save": save}))
}

pub(super) fn ticket_issue(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        ctx: Context,
        day: DocumentId,
        letter: String,
        number: u32,
        random: BlobRef,
    }
    let input: Input = parameters.read()?;
    let random = parameters.array(&input.random)?;
    let issued = action::issue_ticket(&input.ctx, &input.day, &input.letter, input.number, random)?;
    let mut blobs = Blobs::default();
    let save = save_json(issued.made, &mut blobs);
    Ok(blobs.answer(json!({"save": save, "ticket": issued.ticket, "tracking": issued.tracking})))
}

pub(super) fn application_register(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        ctx: Context,
        day: DocumentId,
        #[serde(default)]
        visit: Option<Known>,
        #[serde(default)]
        resident: Option<Known>,
        #[serde(default)]
        tracking: Option<String>,
        random: BlobRef,
    }
    let input: Input = parameters.read()?;
    let mut typed: Register = parameters.read_register()?;
    typed.tracking = match input.tracking {
        Some(code) => code,
        None => tracking::from_random(parameters.array(&input.random)?),
    };
    let mut visit = open_if(parameters, Kind::Visit, input.visit.as_ref())?;
    let mut resident = open_if(parameters, Kind::Resident, input.resident.as_ref())?;
    let made = action::register(&input.ctx, &input.day, visit.as_mut(), resident.as_mut(), &typed)?;
    let mut blobs = Blobs::default();
    let save = save_json(made, &mut blobs);
    Ok(blobs.answer(json!({"save": save, "tracking": typed.tracking})))
}

impl Parameters<'_> {
    /// What was typed; `tracking` may be null here and is set by the call.
    fn read_register(&self) -> Result<Register, CallError> {
        let mut input = self.input.clone();
        if let Some(map) = input.as_object_mut() {
            map.remove("tracking");
        }
        Parameters { input, blobs: self.blobs }.read()
    }
}

pub(super) fn document_edit(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        ctx: Context,
        kind: Kind,
        #[serde(flatten)]
        known: Known,
        set: BTreeMap<String, Json>,
    }
    let input: Input = parameters.read()?;
    let mut document = open(parameters, input.kind, &input.known)?;
    let edits = action::json_edits(&input.set)?;
    Ok(save_answer(action::edit_document(&input.ctx, &mut document, &edits)?))
}

pub(super) fn status_add(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        ctx: Context,
        #[serde(flatten)]
        known: Known,
        status: Status,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        after: Option<Vec<String>>,
    }
    let input: Input = parameters.read()?;
    let mut document = open(parameters, Kind::Application, &input.known)?;
    let (reason, after) = (input.reason.as_deref(), input.after.as_deref());
    Ok(save_answer(action::add_status(&input.ctx, &mut document, input.status, reason, after)?))
}

pub(super) fn resident_decide(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        ctx: Context,
        #[serde(flatten)]
        known: Known,
        group: Vec<ResidentView>,
        decide: Decide,
    }
    let input: Input = parameters.read()?;
    let mut document = open(parameters, Kind::Resident, &input.known)?;
    Ok(save_answer(action::decide(&input.ctx, &mut document, &input.group, &input.decide)?))
}
