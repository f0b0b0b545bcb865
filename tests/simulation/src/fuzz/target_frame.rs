//! Frames, from bytes to what the ingest would write: one broken frame or change costs itself only.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use mpp_server::ingest::Outcome;
use mpp_server::ingest::facts::Facts;
use mpp_server::ingest::judge::{Arrived, judge};
use mpp_store::DeviceRow;
use mpp_sync::check::{GrantedDay, check_entry};
use mpp_sync::document::Document;
use mpp_sync::frame::{Frame, SIGNATURE_BYTES, SessionHeader, cut};
use mpp_sync::ids::{DocumentId, FrameHash, Kind, SaveHash, SessionId};
use mpp_sync::save::{Entry, Save, link};
use mpp_sync::wire::{put_count, put_option, put_varint};
use p256::ecdsa::SigningKey;

use super::items::{Item, pack, unpack};
use super::{mutate, sample, target_change};
use crate::rng::Rng;

/// The bytes of a frame as they are.
const AS_IT_IS: u8 = 0;
/// A frame without a signature that belongs anywhere: it gets its place in the chain, and the device's signature.
const SIGNED: u8 = 1;

const HOSTILE: SessionId = SessionId([0xb1; 16]);
const INNOCENT: SessionId = SessionId([0xa1; 16]);

pub fn run(bytes: &[u8]) {
    let (key, honest_key, honest_frame) = prepared();
    let mut chain = Place::default();
    let mut frames: Vec<Vec<u8>> = Vec::new();
    for item in unpack(bytes) {
        let made = if item.tag == SIGNED { chain.signed(&item.bytes, key) } else { Some(item.bytes) };
        frames.extend(made);
    }
    // An innocent tablet's frame comes in the same group, after everything hostile.
    frames.push(honest_frame.clone());
    let mut facts = Facts::default();
    for key in [key, honest_key] {
        let device = sample::device(key);
        facts.granted.insert(device, Arc::new(vec![granted()]));
        facts.devices.insert(device, known(key));
    }
    let arrived = |bytes: &Vec<u8>| Arrived {
        frame: Frame::decode(bytes),
        bytes: bytes.clone(),
        officer: "rina".to_owned(),
    };
    let judged = judge(facts, frames.iter().map(arrived).collect(), Vec::new(), 1_800_000_000, check_entry);
    assert_eq!(judged.outcomes.len(), frames.len());
    let honest = judged.outcomes.last();
    let kept =
        matches!(honest, Some(Outcome::Stored { session: INNOCENT, notices, .. }) if notices.is_empty());
    assert!(kept, "an innocent frame suffers: {honest:?}");
    nothing_lost(&frames, &judged.append);
    documents_open(&judged.append);
    for bytes in &frames {
        if let Ok(frame) = Frame::decode(bytes) {
            assert_eq!(Frame::decode(&encode(&frame)), Ok(frame), "a frame does not read back");
        }
    }
}

/// Keys and a frame that are the same in every run.
fn prepared() -> &'static (SigningKey, SigningKey, Vec<u8>) {
    static PREPARED: OnceLock<(SigningKey, SigningKey, Vec<u8>)> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let honest = sample::key(8);
        let frame = sample::first_frame(INNOCENT, &honest, &sample::saves(INNOCENT));
        (sample::key(7), honest, frame)
    })
}

fn granted() -> GrantedDay {
    GrantedDay { day: sample::DAY, labels: vec!["A".to_owned()], roster: BTreeSet::from(["rina".to_owned()]) }
}

fn known(key: &SigningKey) -> DeviceRow {
    DeviceRow {
        id: sample::device(key).0,
        public_key: sample::public_key(key),
        name: "Tablet".to_owned(),
        created_at: 0,
        revoked_at: None,
    }
}

/// Every change of a frame that is stored is accepted or kept aside.
fn nothing_lost(frames: &[Vec<u8>], append: &mpp_store::Append) {
    let mut kept: BTreeSet<([u8; 16], [u8; 32])> =
        append.accepted.iter().map(|change| (change.row().document, change.row().hash)).collect();
    kept.extend(append.quarantined.iter().map(|row| (row.document, row.hash)));
    for row in &append.frames {
        assert!(frames.contains(&row.bytes), "a frame is stored that nobody sent");
        let stored = Frame::decode(&row.bytes);
        for entry in stored.iter().flat_map(Frame::entries).filter(|entry| !entry.is_erased()) {
            assert!(kept.contains(&(entry.document.0, entry.hash.0)), "a change was dropped");
        }
    }
}

/// What was accepted of each document opens without a refusal, in the order of the log and backwards.
fn documents_open(append: &mpp_store::Append) {
    let mut documents: HashMap<[u8; 16], Vec<&mpp_store::ChangeRow>> = HashMap::new();
    for change in &append.accepted {
        documents.entry(change.row().document).or_default().push(change.row());
    }
    for (document, rows) in documents {
        let kind = u8::try_from(rows[0].kind).ok().and_then(|kind| Kind::try_from(kind).ok());
        let Some(kind) = kind else { continue };
        let raw: Vec<&Vec<u8>> = rows.iter().map(|row| &row.bytes).collect();
        let backwards: Vec<&Vec<u8>> = raw.iter().rev().copied().collect();
        for raw in [raw, backwards] {
            let (_, left) = Document::open(kind, DocumentId(document), &raw);
            assert!(left.is_empty(), "an accepted change is refused: {left:?}");
        }
    }
}

/// Where the hostile session stands.
struct Place {
    frames: u64,
    head: FrameHash,
    saves: u64,
    last_save: SaveHash,
}

impl Default for Place {
    fn default() -> Self {
        Self { frames: 0, head: FrameHash::NONE, saves: 0, last_save: SaveHash::NONE }
    }
}

impl Place {
    /// The frame with these saves as the next one of the session, rightly signed.
    fn signed(&mut self, bytes: &[u8], key: &SigningKey) -> Option<Vec<u8>> {
        let mut padded = bytes.to_vec();
        padded.extend_from_slice(&[0; SIGNATURE_BYTES]);
        let frame = Frame::decode(&padded).ok()?;
        let mut last = self.last_save;
        let mut saves = Vec::new();
        for (entries, number) in frame.saves.into_iter().zip(self.saves..) {
            last = link(&HOSTILE, number, &last, &entries);
            saves.push(Save { number, hash: last, entries });
        }
        let header =
            SessionHeader { device: sample::device(key), ..frame.header.unwrap_or(sample::header(key)) };
        let made =
            cut(&HOSTILE, self.frames, &self.head, (self.frames == 0).then_some(&header), &saves).ok()?;
        self.saves += made.saves_taken as u64;
        self.last_save = saves[made.saves_taken - 1].hash;
        self.head = made.hash;
        self.frames += 1;
        Some(made.sign(key))
    }
}

/// The bytes of a frame, consistent or not.
fn encode(frame: &Frame) -> Vec<u8> {
    let mut out = frame.session.0.to_vec();
    put_varint(&mut out, frame.number);
    out.extend_from_slice(&frame.previous.0);
    put_option(&mut out, frame.header.as_ref(), |out, header| out.extend_from_slice(&header.encode()));
    put_varint(&mut out, frame.first_save);
    put_count(&mut out, frame.saves.len());
    for save in &frame.saves {
        put_count(&mut out, save.len());
        for entry in save {
            entry.put(&mut out);
        }
    }
    out.extend_from_slice(&frame.signature);
    out
}

fn without_signature(bytes: &[u8]) -> Item {
    Item::new(SIGNED, &bytes[..bytes.len().saturating_sub(SIGNATURE_BYTES)])
}

pub fn seeds() -> Vec<Vec<u8>> {
    let key = sample::key(7);
    let saves = sample::saves(HOSTILE);
    let whole = sample::first_frame(HOSTILE, &key, &saves);
    let first = sample::first_frame(HOSTILE, &key, &saves[..1]);
    let foreign = sample::first_frame(HOSTILE, &sample::key(9), &saves);
    let stolen = sample::first_frame(INNOCENT, &key, &saves);
    let as_it_is = |bytes: &Vec<u8>| Item::new(AS_IT_IS, bytes.clone());
    let mut seeds = vec![
        pack(&[as_it_is(&whole)]),
        pack(&[as_it_is(&first), as_it_is(&first)]),
        pack(&[as_it_is(&first), as_it_is(&whole)]),
        pack(&[as_it_is(&foreign), as_it_is(&whole)]),
        pack(&[without_signature(&whole)]),
        pack(&[without_signature(&whole), without_signature(&whole)]),
        pack(&[without_signature(&first), without_signature(&whole), without_signature(&stolen)]),
        pack(&[]),
    ];
    // Every attack on the engine, as the only change and beside honest ones, in rightly signed frames.
    for attack in target_change::seeds() {
        let entries: Vec<Entry> = unpack(&attack).iter().filter_map(entry_of).collect();
        let frame = |saves: Vec<Vec<Entry>>| Frame {
            session: HOSTILE,
            number: 0,
            previous: FrameHash::NONE.prefix(),
            header: Some(sample::header(&key)),
            first_save: 0,
            saves,
            signature: [0; SIGNATURE_BYTES],
        };
        let alone = without_signature(&encode(&frame(vec![entries.clone()])));
        seeds.push(pack(&[without_signature(&first), alone]));
    }
    seeds
}

fn entry_of(item: &Item) -> Option<Entry> {
    let contents = if item.tag == target_change::CONTENTS {
        Some(&item.bytes[..])
    } else {
        mpp_sync::document::contents_of(&item.bytes)
    };
    let (bytes, hash) = mpp_sync::document::chunk_of(contents?);
    Some(Entry { document: DocumentId([9; 16]), kind: Kind::Resident, counter: Some(0), hash, bytes })
}

pub fn mutate(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    mutate::items(rng, input, alter)
}

fn alter(rng: &mut Rng, item: &Item) -> Item {
    let mut bytes = item.bytes.clone();
    if item.tag == SIGNED {
        bytes.extend_from_slice(&[0; SIGNATURE_BYTES]);
    }
    let frame = Frame::decode(&bytes).ok().filter(|_| rng.chance(75));
    let Some(mut frame) = frame else { return Item::new(item.tag, mutate::bytes(rng, &item.bytes)) };
    alter_meaning(rng, &mut frame);
    let bytes = encode(&frame);
    if item.tag == SIGNED { without_signature(&bytes) } else { Item::new(item.tag, bytes) }
}

fn alter_meaning(rng: &mut Rng, frame: &mut Frame) {
    let save = rng.below(frame.saves.len());
    let at = frame.saves.get(save).map_or(0, |entries| rng.below(entries.len()));
    match rng.below(12) {
        0 => frame.number = [0, 1, 2, u64::MAX][rng.below(4)],
        1 => frame.first_save = [0, 1, 2, u64::MAX][rng.below(4)],
        2 => frame.header = None,
        3 => frame.session = SessionId([rng.byte(); 16]),
        4 if save < frame.saves.len() => drop(frame.saves.remove(save)),
        5 if save < frame.saves.len() => frame.saves.push(frame.saves[save].clone()),
        6 => frame.saves.push(Vec::new()),
        _ => {
            let Some(entry) = frame.saves.get_mut(save).and_then(|entries| entries.get_mut(at)) else {
                return;
            };
            alter_entry(rng, entry);
        }
    }
}

fn alter_entry(rng: &mut Rng, entry: &mut Entry) {
    let kinds = [Kind::Resident, Kind::Visit, Kind::Application, Kind::ServiceDay, Kind::Catalogue];
    match rng.below(6) {
        0 => entry.kind = kinds[rng.below(kinds.len())],
        1 => entry.counter = rng.chance(50).then(|| rng.byte().into()),
        2 => entry.document = DocumentId([rng.byte() % 4; 16]),
        _ => {
            let altered = target_change::alter(rng, &Item::new(0, entry.bytes.clone()));
            let (bytes, hash) = mpp_sync::document::chunk_of(&altered.bytes);
            (entry.bytes, entry.hash) = (bytes, hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_item_is_accepted_with_everything_in_it() {
        let key = sample::key(7);
        let frame = sample::first_frame(HOSTILE, &key, &sample::saves(HOSTILE));
        let item = without_signature(&frame);
        assert_eq!(Place::default().signed(&item.bytes, &key), Some(frame.clone()));
        run(&pack(&[item]));
    }
}
