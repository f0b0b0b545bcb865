//! Calls that cut frames and read and write bodies.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Answer, BlobRef, Blobs, CallError, Parameters, plain};
use crate::caller::Name;
use crate::digest::NamedSum;
use crate::exchange::{
    ChainFrames, Changes, Extras, HeldChain, Hello, Listed, Membership, Offer, Receipt, RepairRequest,
    RepairStep, ResponseRecord, Want, Yours, decode_record, encode_request_with, push_plan as plan,
    records_in,
};
use crate::frame::{CutFrame, Frame, SIGNATURE_BYTES, SessionHeader, cut};
use crate::ids::{ChangeHash, DeviceId, DocumentId, Fold, FrameHash, Kind, LogId, SaveHash, SessionId};
use crate::save::{Entry, Save};

#[derive(Deserialize)]
struct EntryInput {
    document: DocumentId,
    kind: Kind,
    #[serde(default)]
    counter: Option<u32>,
    hash: ChangeHash,
    /// Absent when the document was erased: only the name is left.
    #[serde(default)]
    change: Option<BlobRef>,
}

#[derive(Deserialize)]
struct SaveInput {
    number: u64,
    hash: SaveHash,
    entries: Vec<EntryInput>,
}

fn save_of(parameters: &Parameters<'_>, input: &SaveInput) -> Result<Save, CallError> {
    let entries = input.entries.iter().map(|entry| entry_of(parameters, entry));
    let entries = entries.collect::<Result<_, CallError>>()?;
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

/// `{frame, documents}`: the frame with nothing but the names of its changes of these; null when it has none of them.
pub(super) fn frame_erase(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        frame: BlobRef,
        documents: BTreeSet<DocumentId>,
    }
    let input: Input = parameters.read()?;
    let frame = Frame::decode(parameters.blob(&input.frame)?)
        .map_err(|error| CallError::new("FRAME_UNREADABLE", error.to_string()))?;
    let mut blobs = Blobs::default();
    let left = frame.without(|document| input.documents.contains(document)).map(|left| left.encode());
    let json = json!({"frame": left.map(|bytes| blobs.add(bytes))});
    Ok(blobs.answer(json))
}

#[derive(Deserialize)]
struct OfferInput {
    log: LogId,
    node: DeviceId,
    signature: BlobRef,
    entries: Vec<OfferedInput>,
}

#[derive(Deserialize)]
struct OfferedInput {
    #[serde(flatten)]
    entry: EntryInput,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct RepairInput {
    scope: String,
    position: u64,
    fold: Fold,
    #[serde(default)]
    message: Option<BlobRef>,
}

fn entry_of(parameters: &Parameters<'_>, input: &EntryInput) -> Result<Entry, CallError> {
    let EntryInput { document, kind, counter, hash, .. } = *input;
    let entry = |bytes| Entry { document, kind, counter, hash, bytes };
    match &input.change {
        Some(change) => Ok(entry(parameters.blob(change)?.to_vec())),
        None => Ok(entry(Vec::new()).erased()),
    }
}

fn offer_of(parameters: &Parameters<'_>, input: &OfferInput) -> Result<Offer, CallError> {
    let scopes: BTreeSet<&String> = input.entries.iter().flat_map(|offered| &offered.scopes).collect();
    let scopes: Vec<String> = scopes.into_iter().cloned().collect();
    let numbers = |offered: &OfferedInput| -> Vec<usize> {
        offered.scopes.iter().filter_map(|scope| scopes.binary_search(scope).ok()).collect()
    };
    let entries = input.entries.iter().map(|offered| entry_of(parameters, &offered.entry));
    Ok(Offer {
        log: input.log,
        node: input.node,
        signature: parameters.array(&input.signature)?,
        entries: entries.collect::<Result<_, CallError>>()?,
        membership: Membership::collect(input.entries.iter().map(numbers)),
        scopes,
    })
}

pub(super) fn request_encode(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        hello: Hello,
        frames: Vec<BlobRef>,
        #[serde(default)]
        grants: Vec<BlobRef>,
        #[serde(default)]
        offers: Vec<OfferInput>,
        #[serde(default)]
        repairs: Vec<RepairInput>,
    }
    let input: Input = parameters.read()?;
    let repair = |input: &RepairInput| {
        let message = input.message.as_ref().map_or(Ok(&[][..]), |message| parameters.blob(message))?;
        let RepairInput { scope, position, fold, .. } = input;
        let (scope, message) = (scope.clone(), message.to_vec());
        Ok(RepairRequest { scope, position: *position, fold: *fold, message })
    };
    let grants = parameters.blobs(&input.grants)?.into_iter().map(<[u8]>::to_vec).collect();
    let offers = input.offers.iter().map(|offer| offer_of(parameters, offer));
    let extras = Extras {
        grants,
        offers: offers.collect::<Result<_, CallError>>()?,
        repairs: input.repairs.iter().map(repair).collect::<Result<_, CallError>>()?,
    };
    let mut blobs = Blobs::default();
    let body = encode_request_with(&input.hello, &extras, &parameters.blobs(&input.frames)?);
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
        ResponseRecord::Welcome(welcome) => json!({
            "type": "welcome",
            "log": welcome.log,
            "time": welcome.time,
            "protocol": welcome.protocol,
            "marks": welcome.marks,
            "backed_up": welcome.backed_up,
            "backup": welcome.backup,
            "node": welcome.node,
            "ancestors": welcome.ancestors,
        }),
        ResponseRecord::Holds(chains) => json!({"type": "holds", "chains": chains}),
        ResponseRecord::Refused { session, number, code } => {
            json!({"type": "refused", "session": session, "number": number, "code": code})
        }
        ResponseRecord::Notice { document, hash, code } => {
            json!({"type": "notice", "document": document, "hash": hash, "code": code})
        }
        ResponseRecord::Changes(changes) => changes_json(&changes, blobs),
        ResponseRecord::Digest(digest) => {
            let sums = digest.scopes.iter().map(|(scope, sum)| NamedSum::new(scope, sum));
            json!({"type": "digest", "fold": digest.fold, "sums": sums.collect::<Vec<_>>()})
        }
        ResponseRecord::Repair(RepairStep { scope, position, message }) => {
            json!({"type": "repair", "scope": scope, "position": position, "message": blobs.add(message)})
        }
        ResponseRecord::Want(Want { scope, ids }) => {
            let ids: Vec<String> = ids.iter().map(hex::encode).collect();
            json!({"type": "want", "scope": scope, "ids": ids})
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
        ResponseRecord::Tombstone(bytes) => json!({"type": "tombstone", "bytes": blobs.add(bytes)}),
        ResponseRecord::Certificate(bytes) => json!({"type": "certificate", "bytes": blobs.add(bytes)}),
        ResponseRecord::Folds(_) => json!({"type": "chain_folds"}),
        ResponseRecord::Released { at, by, reason } => {
            json!({"type": "released", "at": at, "by": by, "reason": reason})
        }
        ResponseRecord::End { more } => json!({"type": "end", "more": more}),
    }
}

/// The changes with their bytes, and beside them those that are only named. Each says which scopes list it.
fn changes_json(changes: &Changes, blobs: &mut Blobs) -> Json {
    let listings = changes.listings();
    let mut received = Vec::new();
    let mut yours = Vec::new();
    for (listed, scopes) in listings {
        match listed {
            Listed::Change(entry) => received.push(json!({
                "document": entry.document,
                "kind": entry.kind,
                "counter": entry.counter,
                "hash": entry.hash,
                "time": Name::of(entry).time,
                "change": blobs.add(entry.bytes.clone()),
                "scopes": scopes,
            })),
            Listed::Yours(Yours { chain, frame, index }) => {
                yours.push(json!({"chain": chain, "frame": frame, "index": index, "scopes": scopes}));
            }
        }
    }
    let attestation = changes.attestation.map(|signature| blobs.add(signature.to_vec()));
    json!({
        "type": "changes",
        "changes": received,
        "yours": yours,
        "cursors": changes.cursors,
        "attestation": attestation,
    })
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
