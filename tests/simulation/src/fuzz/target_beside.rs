//! What comes up beside frames: batches given back and steps of a repair, in a right body. An altered batch is not
//! believed; a message of a repair, whatever it says, ends in an error or in ids.

use std::sync::OnceLock;

use mpp_sync::exchange::{
    BodyWriter, Changes, Extras, Hello, Listed, Membership, Offer, RecordKind, RepairRequest, RequestReader,
    RequestRecord, attest, encode_request_with,
};
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, Fold, LogId, SessionId};
use mpp_sync::repair::Items;
use mpp_sync::trust::public_key_of;

use super::items::{Item, pack, unpack};
use super::{mutate, sample};
use crate::rng::Rng;

/// Signing takes longer than everything else here.
static GENUINE: OnceLock<Offer> = OnceLock::new();

const LOG: LogId = LogId([1; 16]);

pub fn run(bytes: &[u8]) {
    let mut body = BodyWriter::default();
    let items: Vec<Item> =
        unpack(bytes).into_iter().filter(|item| RecordKind::of(item.tag).is_some()).collect();
    for item in &items {
        let Some(kind) = RecordKind::of(item.tag) else { continue };
        body.record(kind, &item.bytes);
    }
    let Ok(records) = RequestReader::default().push(&body.finish()) else { return };
    let genuine = GENUINE.get_or_init(offer);
    for record in records {
        match record {
            RequestRecord::Offer(read) => {
                for index in 0..read.entries.len() {
                    drop(read.scopes_of(index));
                }
                let same = read.entries == genuine.entries && read.log == genuine.log;
                let believed = read.signed_by(&public_key_of(&sample::key(21)));
                assert!(!believed || same, "an altered batch is believed");
            }
            RequestRecord::Repair(step) => repair(&step.message),
            _ => {}
        }
    }
}

/// Either side takes the message, and neither lists more than it could have been told.
fn repair(message: &[u8]) {
    let Ok(items) = items() else { return };
    drop(items.answer(message));
    if let Ok(learnt) = items.learn(message) {
        assert!(learnt.caller_lacks.len() <= LISTED, "more is lacking than there is");
        assert!(learnt.node_lacks.len() <= message.len() / 32, "more is wanted than was named");
    }
}

/// Changes that both sides of the sample compare.
const LISTED: usize = 40;

fn items() -> Result<Items, mpp_sync::repair::RepairError> {
    let names: Vec<(u64, DocumentId, ChangeHash)> = (0..LISTED)
        .map(|number| {
            let byte = u8::try_from(number).unwrap_or(0);
            (1_800_000_000 + number as u64, DocumentId([byte; 16]), ChangeHash([byte; 32]))
        })
        .collect();
    Items::new(names.iter().map(|(time, document, hash)| (*time, document, hash)))
}

fn offer() -> Offer {
    let entries = sample::entries(&sample::saves(SessionId([2; 16])));
    let listed: Vec<Listed> = entries.iter().cloned().map(Listed::Change).collect();
    let membership = Membership::collect(entries.iter().map(|_| vec![0]));
    let changes = Changes { entries: listed, ..Changes::default() };
    let node = sample::key(21);
    Offer {
        log: LOG,
        node: DeviceId::of_key(&public_key_of(&node)),
        signature: attest(&node, &LOG, &changes).unwrap_or([0; 64]),
        entries,
        scopes: vec!["everyone".to_owned()],
        membership,
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let message = items().and_then(|items| items.begin()).unwrap_or_default();
    let step = RepairRequest { scope: "everyone".to_owned(), position: 9, fold: Fold([1; 8]), message };
    let extras = Extras { offers: vec![offer()], repairs: vec![step], ..Extras::default() };
    let body = encode_request_with::<Vec<u8>>(&Hello::default(), &extras, &[]);
    let read = mpp_sync::exchange::BodyReader::default().push(&body).unwrap_or_default();
    let items: Vec<Item> = read.into_iter().map(|(kind, payload)| Item::new(kind as u8, payload)).collect();
    let mut seeds: Vec<Vec<u8>> = items.iter().map(|item| pack(std::slice::from_ref(item))).collect();
    seeds.push(pack(&items));
    seeds
}

pub fn mutate(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    mutate::items(rng, input, |rng, item| Item::new(item.tag, mutate::bytes(rng, &item.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_signed_is_believed() {
        assert!(offer().signed_by(&public_key_of(&sample::key(21))));
        assert!(seeds().len() > 3);
    }
}
