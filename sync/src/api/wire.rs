//! Calls that cut frames and read and write bodies.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Answer, BlobRef, Blobs, CallError, Parameters, plain};
use crate::exchange::{
    ChainFrames, HeldChain, Hello, Receipt, ResponseRecord, decode_record, encode_request, push_plan as plan,
    records_in,
};
use crate::frame::{CutFrame, SIGNATURE_BYTES, SessionHeader, cut};
use crate::ids::{ChangeHash, DocumentId, FrameHash, Kind, SaveHash, SessionId};
use crate::save::{Entry, Save};

#[derive(Deserialize)]
struct EntryInput {
    document: DocumentId,
    kind: Kind,
    #[serde(default)]
    counter: Option<u32>,
    hash: ChangeHash,
    change: BlobRef,
}

#[derive(Deserialize)]
struct SaveInput {
    number: u64,
    hash: SaveHash,
    entries: Vec<EntryInput>,
}

fn save_of(parameters: &Parameters<'_>, input: &SaveInput) -> Result<Save, CallError> {
    let entry = |entry: &EntryInput| {
        let bytes = parameters.blob(&entry.change)?.to_vec();
        let EntryInput { document, kind, counter, hash, .. } = *entry;
        Ok(Entry { document, kind, counter, hash, bytes })
    };
    let entries = input.entries.iter().map(entry).collect::<Result<_, CallError>>()?;
    Ok(Save { number: input.number, hash: input.hash, entries })
}

pub(super) fn frame_cut(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        session: SessionId,
        number: u64,
        #[serde(default)]
        previous: Option<FrameHash>,
        #[serde(default)]
        header: Option<SessionHeader>,
        saves: Vec<SaveInput>,
    }
    let input: Input = parameters.read()?;
    let saves =
        input.saves.iter().map(|save| save_of(parameters, save)).collect::<Result<Vec<_>, CallError>>()?;
    let previous = input.previous.unwrap_or(FrameHash::NONE);
    let made = cut(&input.session, input.number, &previous, input.header.as_ref(), &saves)
        .map_err(|error| CallError::new("FRAME_NOT_CUT", error.to_string()))?;
    let mut blobs = Blobs::default();
    let CutFrame { payload, hash, saves_taken } = made;
    let json = json!({
        "payload": blobs.add(payload),
        "signing": blobs.add(hash.0.to_vec()),
        "hash": hash,
        "saves_taken": saves_taken,
    });
    Ok(blobs.answer(json))
}

pub(super) fn frame_seal(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        payload: BlobRef,
        signature: BlobRef,
    }
    let input: Input = parameters.read()?;
    let signature: [u8; SIGNATURE_BYTES] = parameters.array(&input.signature)?;
    let mut frame = parameters.blob(&input.payload)?.to_vec();
    frame.extend_from_slice(&signature);
    let mut blobs = Blobs::default();
    let json = json!({"frame": blobs.add(frame)});
    Ok(blobs.answer(json))
}

pub(super) fn request_encode(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        hello: Hello,
        frames: Vec<BlobRef>,
    }
    let input: Input = parameters.read()?;
    let mut blobs = Blobs::default();
    let body = encode_request(&input.hello, &parameters.blobs(&input.frames)?);
    let json = json!({"body": blobs.add(body)});
    Ok(blobs.answer(json))
}

pub(super) fn response_records(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        bytes: BlobRef,
    }
    let input: Input = parameters.read()?;
    let (records, consumed) = records_in(parameters.blob(&input.bytes)?)?;
    let mut blobs = Blobs::default();
    let mut list = Vec::with_capacity(records.len());
    for (kind, payload) in records {
        list.extend(decode_record(kind, payload)?.map(|record| record_json(record, &mut blobs)));
    }
    Ok(blobs.answer(json!({"records": list, "consumed": consumed})))
}

fn record_json(record: ResponseRecord, blobs: &mut Blobs) -> Json {
    match record {
        ResponseRecord::Welcome { log, time } => json!({"type": "welcome", "log": log, "time": time}),
        ResponseRecord::Holds(chains) => json!({"type": "holds", "chains": chains}),
        ResponseRecord::Refused { session, number, code } => {
            json!({"type": "refused", "session": session, "number": number, "code": code})
        }
        ResponseRecord::Notice { document, hash, code } => {
            json!({"type": "notice", "document": document, "hash": hash, "code": code})
        }
        ResponseRecord::Changes { entries, cursors } => {
            let changes: Vec<Json> = entries
                .into_iter()
                .map(|entry| {
                    json!({
                        "document": entry.document,
                        "kind": entry.kind,
                        "counter": entry.counter,
                        "hash": entry.hash,
                        "change": blobs.add(entry.bytes),
                    })
                })
                .collect();
            json!({"type": "changes", "changes": changes, "cursors": cursors})
        }
        ResponseRecord::Receipt(receipt) => {
            let bytes = blobs.add(receipt.encode());
            let Receipt { node, log, issued_at, chains, .. } = receipt;
            json!({
                "type": "receipt",
                "node": node,
                "log": log,
                "issued_at": issued_at,
                "chains": chains,
                "receipt": bytes,
            })
        }
        ResponseRecord::End { more } => json!({"type": "end", "more": more}),
    }
}

pub(super) fn push_plan(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        chains: Vec<ChainFrames>,
        holds: Vec<HeldChain>,
    }
    let input: Input = parameters.read()?;
    Ok(plain(json!(plan(&input.chains, &input.holds))))
}

pub(super) fn receipt_verify(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        receipt: BlobRef,
        public_key: BlobRef,
        chains: Vec<ChainFrames>,
    }
    let input: Input = parameters.read()?;
    let receipt = Receipt::decode(parameters.blob(&input.receipt)?)?;
    let verdict = receipt.verify(parameters.blob(&input.public_key)?, &input.chains);
    Ok(plain(match verdict {
        Ok(()) => json!({"valid": true}),
        Err(refusal) => json!({"valid": false, "code": refusal.code()}),
    }))
}
