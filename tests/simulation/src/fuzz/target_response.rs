//! The records of an answer: read by tablets, from a node that may be a stolen hub.

use mpp_sync::digest::ScopeSum;
use mpp_sync::exchange::{
    BodyReader, Changes, Cursor, Digest, HeldChain, Listed, Membership, RecordKind, ResponseRecord,
    ResponseWriter, Welcome, Yours, decode_record,
};
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, Fold, FramePrefix, LogId, Rolling, SessionId};

use super::items::{Item, pack, unpack};
use super::{mutate, sample};
use crate::rng::Rng;

pub fn run(bytes: &[u8]) {
    let mut stream = Vec::new();
    for item in unpack(bytes) {
        let Some(kind) = RecordKind::of(item.tag) else { continue };
        stream.push(item.tag);
        mpp_sync::wire::put_bytes(&mut stream, &item.bytes);
        if let Ok(Some(record)) = decode_record(kind, &item.bytes) {
            again(&record);
        }
    }
    // The same bytes through the call that the page makes.
    let input = first_blob();
    drop(mpp_sync::api::call("response_records", input, &[stream]));
    drop(mpp_sync::api::call("response_records", first_blob(), &[bytes.to_vec()]));
}

fn first_blob() -> serde_json::Value {
    serde_json::json!({"bytes": {"$b": 0}})
}

/// What was read can be written, and reads back the same.
fn again(record: &ResponseRecord) {
    // What a later version puts behind the welcome of the oldest one is not ours to write.
    if matches!(record, ResponseRecord::Welcome(Welcome { protocol: 0, .. })) {
        return;
    }
    let mut writer = ResponseWriter::default();
    writer.record(record);
    let read = BodyReader::default().push(&writer.finish(false));
    let Ok(read) = read else {
        assert!(read.is_ok(), "what was read cannot be written: {read:?}");
        return;
    };
    let read = read.first().map(|(kind, payload)| decode_record(*kind, payload));
    assert_eq!(read, Some(Ok(Some(record.clone()))));
}

fn payload(record: &ResponseRecord) -> Option<Item> {
    let mut writer = ResponseWriter::default();
    writer.record(record);
    let read = BodyReader::default().push(&writer.finish(false)).ok()?;
    let (kind, payload) = read.into_iter().next()?;
    Some(Item::new(kind as u8, payload))
}

pub fn seeds() -> Vec<Vec<u8>> {
    let session = SessionId([2; 16]);
    let cursor = |scopes: Vec<String>| Cursor { position: 9, rolling: Rolling([7; 8]), scopes };
    let mut listed: Vec<Listed> =
        sample::entries(&sample::saves(session)).into_iter().map(Listed::Change).collect();
    listed.push(Listed::Yours(Yours { chain: 0, frame: 1, index: 0 }));
    let records = [
        ResponseRecord::Welcome(Welcome {
            log: LogId([1; 16]),
            time: 1_800_000_000,
            protocol: 1,
            marks: 3,
            node: Some(DeviceId([8; 16])),
            ..Welcome::default()
        }),
        ResponseRecord::Holds(vec![HeldChain { session, frames: 3, head: FramePrefix([4; 8]) }]),
        ResponseRecord::Refused { session, number: 9, code: "frame_gap".to_owned() },
        ResponseRecord::Notice {
            document: DocumentId([5; 16]),
            hash: ChangeHash([6; 32]),
            code: "day_not_granted".to_owned(),
        },
        ResponseRecord::Changes(Changes {
            membership: Some(Membership::collect(listed.iter().map(|_| vec![0, 1]))),
            entries: listed,
            cursors: vec![cursor(vec!["everyone".to_owned(), "day/05".to_owned()])],
            attestation: Some([9; 64]),
        }),
        ResponseRecord::Changes(Changes {
            cursors: vec![cursor(vec![String::new(); 2_000])],
            ..Changes::default()
        }),
        ResponseRecord::Digest(Digest {
            fold: Fold([1; 8]),
            scopes: vec![("everyone".to_owned(), ScopeSum::default())],
        }),
        ResponseRecord::Tombstone(vec![1, 2]),
        ResponseRecord::Certificate(vec![1; 90]),
        ResponseRecord::End { more: true },
    ];
    let items: Vec<Item> = records.iter().filter_map(payload).collect();
    let mut seeds: Vec<Vec<u8>> = items.iter().map(|item| pack(std::slice::from_ref(item))).collect();
    seeds.push(pack(&items));
    seeds
}

pub fn mutate(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    mutate::items(rng, input, |rng, item| {
        let tag = if rng.chance(5) { 0x11 + rng.byte() % 16 } else { item.tag };
        Item::new(tag, mutate::bytes(rng, &item.bytes))
    })
}
