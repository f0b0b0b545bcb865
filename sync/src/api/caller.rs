//! Calls that decide what a tablet does with what came: pages, sums, repairs, batches given back, another log.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Answer, BlobRef, Blobs, CallError, Parameters, plain};
use crate::caller::{
    self, ClaimedChain, KeptBatch, Name, Naming, NodeHolds, Offering, OwnFrame, Place, Said, listings_of,
};
use crate::digest::{NamedSum, ScopeSum};
use crate::exchange::{Ancestor, Digest, RepairRequest, Yours, attests};
use crate::frame::{Frame, SIGNATURE_BYTES};
use crate::ids::{ChangeHash, DocumentId, Fold, LogId};
use crate::repair::{RepairError, item_id};

impl From<RepairError> for CallError {
    fn from(error: RepairError) -> Self {
        Self::new("REPAIR_UNREADABLE", error.to_string())
    }
}

fn sums_of(sums: &[NamedSum]) -> Result<BTreeMap<String, ScopeSum>, CallError> {
    let read = |named: &NamedSum| {
        let sum = named.read().ok_or_else(|| CallError::new("BAD_PARAMETERS", "sum"))?;
        Ok((named.scope.clone(), sum))
    };
    sums.iter().map(read).collect()
}

fn item_of(text: &String) -> Result<[u8; 32], CallError> {
    let bad = || CallError::new("BAD_PARAMETERS", "item");
    hex::decode(text).map_err(|_| bad())?.try_into().map_err(|_| bad())
}

/// `{changes, yours, chains, frames}`: what a page lists, or which chains it must not name.
pub(super) fn page_take(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Received {
        #[serde(flatten)]
        name: Name,
        scopes: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Own {
        chain: u64,
        frame: u64,
        index: u64,
        scopes: Vec<String>,
    }
    #[derive(Deserialize)]
    struct FrameInput {
        chain: u64,
        frame: u64,
        bytes: BlobRef,
    }
    #[derive(Deserialize)]
    struct Input {
        changes: Vec<Received>,
        yours: Vec<Own>,
        chains: Vec<NodeHolds>,
        frames: Vec<FrameInput>,
    }
    let input: Input = parameters.read()?;
    let frame = |input: &FrameInput| {
        let read = Frame::decode(parameters.blob(&input.bytes)?)
            .map_err(|error| CallError::new("FRAME_UNREADABLE", error.to_string()))?;
        let names = read.entries().map(Name::of).collect();
        Ok(OwnFrame { chain: input.chain, frame: input.frame, names })
    };
    let frames = input.frames.iter().map(frame).collect::<Result<Vec<_>, CallError>>()?;
    let received = input.changes.iter().map(|change| (change.name, texts(&change.scopes)));
    let own = input.yours.iter().map(|own| {
        let Own { chain, frame, index, .. } = *own;
        (Yours { chain, frame, index }, texts(&own.scopes))
    });
    Ok(plain(match listings_of(received, own, &input.chains, &frames) {
        Ok(listings) => json!({"taken": true, "listings": listings}),
        Err(refused) => json!({"taken": false, "chains": refused.chains}),
    }))
}

fn texts(scopes: &[String]) -> Vec<&str> {
    scopes.iter().map(String::as_str).collect()
}

/// `{sums, listings, gone?}`: the sums with what was not listed before counted in, and what was erased counted out;
/// without sums, a recount.
pub(super) fn sums_add(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Added {
        scope: String,
        document: DocumentId,
        hash: ChangeHash,
    }
    #[derive(Deserialize)]
    struct Input {
        sums: Vec<NamedSum>,
        listings: Vec<Added>,
        #[serde(default)]
        gone: Vec<Added>,
    }
    let input: Input = parameters.read()?;
    let mut sums = sums_of(&input.sums)?;
    for Added { scope, document, hash } in input.listings {
        sums.entry(scope).or_default().add(&document, &hash);
    }
    for Added { scope, document, hash } in input.gone {
        sums.entry(scope).or_default().subtract(&document, &hash);
    }
    let sums: Vec<NamedSum> = sums.iter().map(|(scope, sum)| NamedSum::new(scope, sum)).collect();
    Ok(plain(json!({"sums": sums})))
}

/// `{log, public_key, entries, attestation}`: whether the node with this key signed exactly these changes.
pub(super) fn attestation_verify(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Entry {
        document: DocumentId,
        hash: ChangeHash,
    }
    #[derive(Deserialize)]
    struct Input {
        log: LogId,
        public_key: BlobRef,
        entries: Vec<Entry>,
        attestation: BlobRef,
    }
    let input: Input = parameters.read()?;
    let signature: [u8; SIGNATURE_BYTES] = parameters.array(&input.attestation)?;
    let names = input.entries.iter().map(|entry| (&entry.document, &entry.hash));
    let valid = attests(parameters.blob(&input.public_key)?, &input.log, names, &signature);
    Ok(plain(json!({"valid": valid})))
}

/// `{own, asked, fold, sums, settled}`: whether both sides hold the same, and what to do if not.
pub(super) fn digest_compare(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        own: Vec<NamedSum>,
        asked: Vec<String>,
        fold: Fold,
        sums: Vec<NamedSum>,
        #[serde(default)]
        settled: BTreeSet<String>,
    }
    let input: Input = parameters.read()?;
    let digest = Digest { fold: input.fold, scopes: sums_of(&input.sums)?.into_iter().collect() };
    let compared = caller::compare(&sums_of(&input.own)?, &input.asked, &digest, &input.settled);
    Ok(plain(json!(compared)))
}

#[derive(Deserialize)]
struct RepairStepInput {
    scope: String,
    position: u64,
    items: Vec<Name>,
    #[serde(default)]
    message: Option<BlobRef>,
}

fn repair_json(repair: RepairRequest, blobs: &mut Blobs) -> Json {
    let RepairRequest { scope, position, fold, message } = repair;
    json!({"scope": scope, "position": position, "fold": fold, "message": blobs.add(message)})
}

/// `{scope, position, items}`: the first step of comparing a scope change by change.
pub(super) fn repair_begin(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    let input: RepairStepInput = parameters.read()?;
    let repair = caller::repair_begin(&input.scope, input.position, &input.items)?;
    let mut blobs = Blobs::default();
    let json = json!({"repair": repair_json(repair, &mut blobs)});
    Ok(blobs.answer(json))
}

/// `{scope, position, items, message}`: the answer to the node's step; null when the scope is through.
pub(super) fn repair_answer(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    let input: RepairStepInput = parameters.read()?;
    let message = input.message.as_ref().map_or(Ok(&[][..]), |message| parameters.blob(message))?;
    let next = caller::repair_answer(&input.scope, input.position, &input.items, message)?;
    let mut blobs = Blobs::default();
    let json = json!({"repair": next.map(|repair| repair_json(repair, &mut blobs))});
    Ok(blobs.answer(json))
}

/// `{log, ancestors, compared, wanted, batches}`: which batches to give to the node, and what of the wanted is in none.
pub(super) fn offers_choose(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Entry {
        document: DocumentId,
        hash: ChangeHash,
    }
    #[derive(Deserialize)]
    struct Batch {
        id: u64,
        log: LogId,
        position: u64,
        entries: Vec<Entry>,
        scopes: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Input {
        #[serde(default)]
        ancestors: Vec<Ancestor>,
        compared: BTreeSet<String>,
        wanted: Vec<String>,
        batches: Vec<Batch>,
    }
    let input: Input = parameters.read()?;
    let wanted = input.wanted.iter().map(item_of).collect::<Result<BTreeSet<_>, CallError>>()?;
    let offering = |batch: &'_ Batch| -> (KeptBatch<u64>, Vec<[u8; 32]>) {
        let Batch { id, log, position, .. } = *batch;
        let items = batch.entries.iter().map(|entry| item_id(&entry.document, &entry.hash)).collect();
        (KeptBatch { id, log, position, changes: batch.entries.len() }, items)
    };
    let batches: Vec<Offering<'_, u64>> = input
        .batches
        .iter()
        .map(|read| {
            let (batch, items) = offering(read);
            Offering { batch, items, scopes: texts(&read.scopes) }
        })
        .collect();
    let held: BTreeSet<&[u8; 32]> = batches.iter().flat_map(|offering| &offering.items).collect();
    let nowhere: Vec<String> = wanted.iter().filter(|item| !held.contains(item)).map(hex::encode).collect();
    let offer = caller::offers_to_make(&input.ancestors, &input.compared, &wanted, &batches);
    Ok(plain(json!({"offer": offer, "nowhere": nowhere})))
}

/// `{batches, log, ancestors, backed_up}`: which kept batches need not be kept.
pub(super) fn batches_drop(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Batch {
        id: u64,
        log: LogId,
        position: u64,
        changes: usize,
    }
    #[derive(Deserialize)]
    struct Input {
        batches: Vec<Batch>,
        log: LogId,
        #[serde(default)]
        ancestors: Vec<Ancestor>,
        backed_up: u64,
    }
    let input: Input = parameters.read()?;
    let kept = |batch: &Batch| {
        let Batch { id, log, position, changes } = *batch;
        KeptBatch { id, log, position, changes }
    };
    let batches: Vec<KeptBatch<u64>> = input.batches.iter().map(kept).collect();
    Ok(plain(json!(caller::batches_outdated(&batches, input.log, &input.ancestors, input.backed_up))))
}

/// `{batches, log, equal}`: which batches have arrived in the office's log, since nothing differs in these scopes.
pub(super) fn batches_arrived(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Batch {
        id: u64,
        log: LogId,
        position: u64,
        scopes: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Input {
        batches: Vec<Batch>,
        log: LogId,
        equal: BTreeSet<String>,
    }
    let input: Input = parameters.read()?;
    let offering = |read: &'_ Batch| -> KeptBatch<u64> {
        let Batch { id, log, position, .. } = *read;
        KeptBatch { id, log, position, changes: 0 }
    };
    let batches: Vec<Offering<'_, u64>> = input
        .batches
        .iter()
        .map(|read| Offering { batch: offering(read), items: Vec::new(), scopes: texts(&read.scopes) })
        .collect();
    Ok(plain(json!({"arrived": caller::batches_arrived(input.log, &input.equal, &batches)})))
}

/// `{log, ancestors, known}`: where to go on in a log that was not read before.
pub(super) fn cursors_adopt(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        log: LogId,
        ancestors: Vec<Ancestor>,
        known: Vec<Place>,
    }
    let input: Input = parameters.read()?;
    Ok(plain(json!(caller::adopt(input.log, &input.ancestors, &input.known))))
}

/// `{chains, all, marks_moved, open}`: the chains to name in the next hello.
pub(super) fn chains_to_name(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        chains: Vec<ClaimedChain>,
        #[serde(flatten)]
        why: Naming,
    }
    let input: Input = parameters.read()?;
    Ok(plain(json!({"chains": caller::chains_to_name(&input.chains, &input.why)})))
}

/// `{pairs: [{said, known}]}`: which of the receipts were signed before what is known, in their order.
pub(super) fn receipts_older(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Pair {
        said: Said,
        known: Said,
    }
    #[derive(Deserialize)]
    struct Input {
        pairs: Vec<Pair>,
    }
    let input: Input = parameters.read()?;
    let older: Vec<bool> = input.pairs.iter().map(|pair| pair.said.is_older_than(&pair.known)).collect();
    Ok(plain(json!({"older": older})))
}

/// `{frames, said, office_log}`: how many frames of a chain have reached each tier.
pub(super) fn tiers(parameters: &Parameters<'_>) -> Result<Answer, CallError> {
    #[derive(Deserialize)]
    struct Input {
        frames: u64,
        said: Vec<Said>,
        #[serde(default)]
        office_log: Option<LogId>,
    }
    let input: Input = parameters.read()?;
    Ok(plain(json!(caller::tiers(input.frames, &input.said, input.office_log))))
}
