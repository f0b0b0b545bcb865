//! A change that somebody made by hand: validated, applied, saved, loaded. It must never panic, never
//! leave a document that cannot be loaded or edited, and never keep an innocent change out.

use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use automerge::legacy::{Key, ObjectId, OpId, OpType};
use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{ActorId, Automerge, Change, ExpandedChange, ObjType, ROOT, ReadDoc as _, ScalarValue};
use mpp_sync::document::{Author, Document, Edits, Refusal, Value, chunk_of, contents_of};
use mpp_sync::ids::{DocumentId, Kind, SessionId};
use mpp_sync::view::{View, history};

use super::items::{Item, pack, unpack};
use super::{mutate, sample};
use crate::rng::Rng;

/// A whole chunk, as it is.
const CHUNK: u8 = 0;
/// The contents of a chunk, which get a right checksum.
pub const CONTENTS: u8 = 1;

const ID: DocumentId = DocumentId([9; 16]);
const INNOCENT: [SessionId; 2] = [SessionId([0xa1; 16]), SessionId([0xa2; 16])];
const HOSTILE: SessionId = SessionId([0xb1; 16]);
const LATE: SessionId = SessionId([0xc1; 16]);

fn author() -> Author {
    Author { officer: "rina".to_owned(), device: "A".to_owned(), at: 1_800_000_000 }
}

fn set(keys: &[(&str, &str)]) -> Edits {
    keys.iter().map(|(key, value)| ((*key).to_owned(), Some(Value::from(*value)))).collect()
}

fn edit(document: &mut Document, session: SessionId, keys: &[(&str, &str)]) -> Vec<u8> {
    document.edit(session, &author(), &set(keys)).ok().flatten().map(|made| made.bytes).unwrap_or_default()
}

/// What honest people write: a name, a correction by somebody else, and one more by the first.
fn innocent() -> &'static [Vec<u8>; 3] {
    static CHANGES: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    CHANGES.get_or_init(|| {
        let mut document = Document::new(Kind::Resident, ID);
        [
            edit(&mut document, INNOCENT[0], &[("name", "Sulastri"), ("village", "16.04.10.2001")]),
            edit(&mut document, INNOCENT[1], &[("name", "Sulastry"), ("phone", "+6281234567890")]),
            edit(&mut document, INNOCENT[0], &[("name", "Sulastri"), ("kk", "1604990107210001")]),
        ]
    })
}

pub fn run(bytes: &[u8]) {
    let items = unpack(bytes);
    let mut document = Document::new(Kind::Resident, ID);
    let mut accepted: Vec<Vec<u8>> = Vec::new();
    for honest in innocent() {
        assert!(document.accept(honest).is_ok(), "an innocent change was kept out");
        accepted.push(honest.clone());
        // Hostile changes come between, each time all of them: some wait for an innocent one.
        for item in &items {
            let chunk = if item.tag == CHUNK { item.bytes.clone() } else { chunk_of(&item.bytes).0 };
            accept(&mut document, chunk, &mut accepted);
        }
    }
    let fields = format!("{:?}", document.fields());
    loads(&document, &accepted);
    any_order(&fields, &accepted);
    drop((View::of(&document), history(&document)));
    let made = document.edit(LATE, &author(), &set(&[("name", "Sri"), ("rt", "001")]));
    let Ok(Some(made)) = made else { broken(&format!("the document cannot be edited: {made:?}")) };
    let (mut again, left) = Document::open(Kind::Resident, ID, &accepted);
    assert!(left.is_empty(), "what was accepted is refused: {left:?}");
    assert!(again.accept(&made.bytes).is_ok(), "an edit is not accepted elsewhere");
}

#[expect(clippy::panic, reason = "a target says by panicking that an invariant is broken")]
fn broken(why: &str) -> ! {
    panic!("{why}")
}

/// Frames are signed and bound to their session, so nobody writes in an innocent one's name.
fn accept(document: &mut Document, chunk: Vec<u8>, accepted: &mut Vec<Vec<u8>>) {
    let before = document.changes().len();
    let foreign = |session: &SessionId| INNOCENT.contains(session) || *session == LATE;
    let answer =
        document.accept_if(
            &chunk,
            |_, meta| {
                if foreign(&meta.session) { Err(Refusal::NotOwnSession) } else { Ok(()) }
            },
        );
    let grown = document.changes().len() - before;
    assert_eq!(grown, usize::from(answer.is_ok() && grown > 0), "a refused change left something behind");
    if grown > 0 {
        accepted.push(chunk);
    }
}

/// The engine saves what was accepted and loads it again, with every change.
fn loads(document: &Document, accepted: &[Vec<u8>]) {
    let mut engine = Automerge::new();
    for chunk in accepted {
        let change = Change::try_from(chunk.as_slice());
        let Ok(change) = change else { broken("an accepted change does not parse") };
        let hash = change.hash();
        assert!(engine.apply_changes([change]).is_ok(), "an accepted change does not apply");
        let kept = engine.get_change_by_hash(&hash).map(|change| change.raw_bytes().to_vec());
        assert_eq!(kept.as_ref(), Some(chunk), "the engine gives other bytes back");
    }
    match Automerge::load(&engine.save()) {
        Err(error) => broken(&format!("the saved document cannot be loaded: {error}")),
        Ok(loaded) => {
            assert_eq!(loaded.get_changes(&[]).len(), document.changes().len());
            assert_eq!(loaded.get_heads(), engine.get_heads());
            for key in loaded.keys(ROOT) {
                let values =
                    |engine: &Automerge| engine.get_all(ROOT, key.as_str()).map(|all| format!("{all:?}"));
                assert_eq!(values(&loaded).ok(), values(&engine).ok(), "loading changes a value");
            }
        }
    }
}

/// In whatever order a replica hears of them, it comes to the same document.
fn any_order(fields: &str, accepted: &[Vec<u8>]) {
    let backwards: Vec<&Vec<u8>> = accepted.iter().rev().collect();
    let (document, left) = Document::open(Kind::Resident, ID, &backwards);
    assert!(left.is_empty(), "another order refuses {left:?}");
    assert_eq!(fields, format!("{:?}", document.fields()), "another order, another document");
}

/// A valid change with one thing altered and a right checksum, as contents.
fn altered(chunk: &[u8], alter: impl FnOnce(&mut ExpandedChange)) -> Option<Item> {
    let encode = || {
        let mut expanded = Change::try_from(chunk).ok()?.decode();
        alter(&mut expanded);
        contents_of(Change::from(expanded).raw_bytes()).map(|contents| Item::new(CONTENTS, contents))
    };
    // The engine may refuse to write what we ask of it by panicking.
    catch_unwind(AssertUnwindSafe(encode)).ok().flatten()
}

fn actor(session: SessionId) -> ActorId {
    ActorId::from(&session.0[..])
}

/// What only an engine can write: nested objects, lists, counters, an author footer.
fn made_by_engine(make: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) -> Vec<u8> {
    let mut engine = Automerge::new();
    engine.set_actor(actor(HOSTILE));
    let mut transaction = engine.transaction();
    make(&mut transaction);
    transaction.commit_with(CommitOptions::default().with_message("rina@A"));
    engine.get_last_local_change().map(|change| change.raw_bytes().to_vec()).unwrap_or_default()
}

/// A hostile session's honest-looking first and second change, on top of the innocent ones.
fn honest_looking() -> [Vec<u8>; 2] {
    let (mut document, _) = Document::open(Kind::Resident, ID, innocent());
    [
        edit(&mut document, HOSTILE, &[("name", "Rusdi"), ("check/1", "ya")]),
        edit(&mut document, HOSTILE, &[("name", "Rusdy"), ("street", "Jalan Merdeka")]),
    ]
}

/// Every attack of the notes on the engine, version 0.12.
fn attacks() -> Vec<Item> {
    let [first, second] = honest_looking();
    let head = Change::try_from(innocent()[2].as_slice()).ok().map(|change| change.hash());
    let start = |start: u64| NonZeroU64::new(start).unwrap_or(NonZeroU64::MIN);
    let fork = edit(&mut Document::new(Kind::Resident, ID), HOSTILE, &[("name", "Fork")]);
    let long = "x".repeat(2_000);
    let long = edit(&mut Document::new(Kind::Resident, ID), HOSTILE, &[("notes", &long)]);
    let mut compressed = Change::try_from(long.as_slice()).ok();
    let compressed = compressed.as_mut().map(|change| change.bytes().to_vec()).unwrap_or_default();
    let mut padded = contents_of(&first).unwrap_or_default().to_vec();
    padded.extend_from_slice(&[0; 3]);
    let mut footer = Automerge::new().with_author(Some(automerge::Author::from(vec![1, 2, 3])));
    footer.set_actor(actor(HOSTILE));
    let mut items: Vec<Option<Item>> = vec![
        // A second change with the same actor and number.
        Some(Item::new(CHUNK, fork)),
        // Number 7 first.
        altered(&first, |change| change.seq = 7),
        altered(&first, |change| change.seq = 0),
        altered(&first, |change| change.seq = u64::MAX),
        // Operation counters near 2^32, beyond, too low, and at our own limit.
        altered(&first, |change| change.start_op = start(u64::from(u32::MAX) - 6)),
        altered(&first, |change| change.start_op = start(u64::from(u32::MAX) + 1)),
        altered(&first, |change| change.start_op = start(1)),
        altered(&first, |change| change.start_op = start(1 << 31)),
        altered(&first, |change| change.start_op = start(u64::MAX - 1)),
        // A tail of garbage, a compressed chunk, a chunk as it is not a change.
        altered(&first, |change| change.extra_bytes = vec![0x0a, 3, 1, 2, 3]),
        altered(&first, |change| change.extra_bytes = vec![0xff; 40]),
        Some(Item::new(CONTENTS, padded)),
        Some(Item::new(CHUNK, compressed)),
        Some(Item::new(CHUNK, footer.save())),
        // No author, an author without a device, another actor's length.
        altered(&first, |change| change.message = None),
        altered(&first, |change| change.message = Some("rina".to_owned())),
        altered(&first, |change| change.actor_id = ActorId::from(&[1, 2, 3][..])),
        // Dependencies that are unknown, doubled, or left out.
        altered(&first, |change| change.deps = vec![automerge::ChangeHash([7; 32])]),
        altered(&first, |change| change.deps = head.into_iter().chain(head).collect()),
        altered(&first, |change| change.deps = Vec::new()),
        // Replaces what does not exist, what it never saw, and what another key holds.
        altered(&first, |change| set_pred(change, OpId::new(99, &actor(HOSTILE)))),
        altered(&second, |change| {
            change.deps = Vec::new();
            change.start_op = start(1);
            change.seq = 1;
            set_pred(change, OpId::new(3, &actor(INNOCENT[1])));
        }),
        altered(&first, |change| set_pred(change, OpId::new(2, &actor(INNOCENT[0])))),
        // Operations that are no scalars at root keys.
        altered(&first, |change| set_action(change, OpType::Increment(i64::MAX))),
        altered(&first, |change| set_action(change, OpType::Put(ScalarValue::Counter(5.into())))),
        altered(&first, |change| set_action(change, OpType::Make(ObjType::Map))),
        altered(&first, |change| set_action(change, OpType::Delete)),
        altered(&first, |change| {
            if let Some(op) = change.operations.first_mut() {
                op.obj = ObjectId::Id(OpId::new(1, &actor(INNOCENT[0])));
            }
        }),
        altered(&first, |change| {
            if let Some(op) = change.operations.first_mut() {
                op.key = Key::Map(String::new().into());
            }
        }),
        Some(Item::new(
            CHUNK,
            made_by_engine(|transaction| {
                if let Ok(list) = transaction.put_object(ROOT, "list", ObjType::List) {
                    drop(transaction.insert(&list, 0, 1));
                }
            }),
        )),
        Some(Item::new(
            CHUNK,
            made_by_engine(|transaction| {
                drop(transaction.put(ROOT, "boolean", true));
                drop(transaction.put(ROOT, "float", 0.5));
                drop(transaction.put(ROOT, "null", ()));
            }),
        )),
    ];
    items.extend([first, second].map(|chunk| Some(Item::new(CHUNK, chunk))));
    items.into_iter().flatten().collect()
}

fn set_pred(change: &mut ExpandedChange, operation: OpId) {
    if let Some(op) = change.operations.first_mut() {
        op.pred = vec![operation].into();
    }
}

fn set_action(change: &mut ExpandedChange, action: OpType) {
    if let Some(op) = change.operations.first_mut() {
        op.action = action;
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let attacks = attacks();
    let [first, second] = honest_looking();
    let honest = [first, second].map(|chunk| Item::new(CONTENTS, contents_of(&chunk).unwrap_or_default()));
    let mut seeds: Vec<Vec<u8>> = attacks.iter().map(|item| pack(std::slice::from_ref(item))).collect();
    // Each attack before, between and after the honest ones of the same session.
    for attack in &attacks {
        seeds.push(pack(&[attack.clone(), honest[0].clone(), honest[1].clone()]));
        seeds.push(pack(&[honest[0].clone(), attack.clone(), honest[1].clone()]));
    }
    seeds.push(pack(&attacks));
    seeds.push(pack(&honest));
    let entries = sample::entries(&sample::saves(HOSTILE));
    seeds.extend(entries.iter().map(|entry| pack(&[Item::new(CHUNK, entry.bytes.clone())])));
    seeds
}

pub fn mutate(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    mutate::items(rng, input, alter)
}

/// Alters what a change says, or its bytes under a right checksum.
pub fn alter(rng: &mut Rng, item: &Item) -> Item {
    let chunk = if item.tag == CHUNK { item.bytes.clone() } else { chunk_of(&item.bytes).0 };
    let by_meaning = rng.chance(70).then(|| altered(&chunk, |change| alter_meaning(rng, change))).flatten();
    by_meaning.unwrap_or_else(|| {
        let contents = contents_of(&chunk).unwrap_or(&chunk);
        Item::new(CONTENTS, mutate::bytes(rng, contents))
    })
}

fn alter_meaning(rng: &mut Rng, change: &mut ExpandedChange) {
    let sessions = [HOSTILE, HOSTILE, INNOCENT[0], INNOCENT[1], SessionId([0xb2; 16])];
    let session = actor(sessions[rng.below(sessions.len())]);
    let number = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99, (1 << 31) - 2, 1 << 31, u64::from(u32::MAX), u64::MAX];
    let among = if rng.chance(80) { 10 } else { number.len() };
    let number = number[rng.below(among)];
    let hashes: Vec<automerge::ChangeHash> =
        innocent().iter().filter_map(|chunk| Some(Change::try_from(chunk.as_slice()).ok()?.hash())).collect();
    let at = rng.below(change.operations.len());
    match rng.below(13) {
        0 => change.seq = number,
        1 => change.start_op = NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN),
        2 => change.deps = hashes.into_iter().filter(|_| rng.chance(40)).collect(),
        3 => change.actor_id = session,
        4 => change.time = i64::from_ne_bytes(rng.bytes()),
        5 => change.message = rng.chance(50).then(|| "@".repeat(rng.below(4))),
        6 => change.extra_bytes = rng.bytes::<12>()[..rng.below(12)].to_vec(),
        7 if at < change.operations.len() => {
            change.operations[at].pred = vec![OpId::new(number.min(1 << 32), &session)].into();
        }
        8 if at < change.operations.len() => change.operations[at].pred = vec![].into(),
        9 if at < change.operations.len() => {
            let keys = ["name", "phone", "kk", "day", "village", "", "new", "event/1"];
            change.operations[at].key = Key::Map(keys[rng.below(keys.len())].into());
        }
        10 if at < change.operations.len() => change.operations[at].action = action(rng),
        11 if at < change.operations.len() => drop(change.operations.remove(at)),
        _ if at < change.operations.len() => {
            let again = change.operations[at].clone();
            change.operations.push(again);
        }
        _ => {}
    }
}

fn action(rng: &mut Rng) -> OpType {
    match rng.below(10) {
        0 => OpType::Delete,
        1 => OpType::Increment(1),
        2 => OpType::Make(ObjType::Text),
        3 => OpType::Put(ScalarValue::Null),
        4 => OpType::Put(ScalarValue::Boolean(rng.chance(50))),
        5 => OpType::Put(ScalarValue::Int(i64::from_ne_bytes(rng.bytes()))),
        6 => OpType::Put(ScalarValue::Uint(rng.draw())),
        7 => OpType::Put(ScalarValue::Str("x".repeat(rng.below(300)).into())),
        8 => OpType::Put(ScalarValue::Bytes(rng.bytes::<16>().to_vec())),
        _ => OpType::Put(ScalarValue::Timestamp(1)),
    }
}
