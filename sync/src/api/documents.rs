//! Calls that open documents.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Answer, BlobRef, CallError, Parameters, plain};
use crate::document::Document;
use crate::ids::{DocumentId, Kind};
use crate::view::{ResidentView, View, group_residents, history};

pub(super) fn documents_apply(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct One {
        id: DocumentId,
        kind: Kind,
        have: Vec<BlobRef>,
        add: Vec<BlobRef>,
    }
    #[derive(Deserialize)]
    struct Input {
        documents: Vec<One>,
    }
    let input: Input = parameters.read()?;
    let mut documents = Vec::with_capacity(input.documents.len());
    for one in &input.documents {
        let have = parameters.blobs(&one.have)?;
        let add = parameters.blobs(&one.add)?;
        documents.push(apply(one.kind, one.id, &have, &add));
    }
    Ok(plain(json!({"documents": documents})))
}

/// Opens with what is held and what came; a change that must wait is kept and tried again later.
fn apply(kind: Kind, id: DocumentId, have: &[&[u8]], add: &[&[u8]]) -> Json {
    let all: Vec<&[u8]> = have.iter().chain(add).copied().collect();
    let (document, left) = Document::open(kind, id, &all);
    let refused: Vec<Json> = left
        .iter()
        .filter_map(|(index, refusal)| {
            let index = index.checked_sub(have.len())?;
            Some(json!({"index": index, "code": refusal.code(), "may_pass_later": refusal.may_pass_later()}))
        })
        .collect();
    let accepted: Vec<usize> =
        (0..add.len()).filter(|index| !left.iter().any(|(left, _)| *left == index + have.len())).collect();
    let view = View::of(&document).map(|view| view.to_json());
    json!({"id": id, "view": view, "accepted": accepted, "refused": refused})
}

pub(super) fn document_view(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        id: DocumentId,
        kind: Kind,
        changes: Vec<BlobRef>,
    }
    let input: Input = parameters.read()?;
    let (document, left) = Document::open(input.kind, input.id, &parameters.blobs(&input.changes)?);
    let refused: Vec<Json> =
        left.iter().map(|(index, refusal)| json!({"index": index, "code": refusal.code()})).collect();
    let view = View::of(&document).map(|view| view.to_json());
    Ok(plain(json!({"view": view, "history": history(&document), "refused": refused})))
}

pub(super) fn residents_group(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        residents: Vec<ResidentView>,
    }
    let input: Input = parameters.read()?;
    Ok(plain(json!({"groups": group_residents(&input.residents)})))
}
