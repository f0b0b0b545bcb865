//! The decompressor, the body reader and the records of a request: nothing inflates or grows without a
//! bound, and how the bytes are cut into pieces changes nothing.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use mpp_sync::exchange::{
    BodyReader, BodyWriter, ChainClaim, Cursor, Hello, PullRequest, RecordKind, RequestReader, RequestRecord,
    encode_request,
};
use mpp_sync::ids::{DeviceId, LogId, Rolling, SessionId};
use mpp_sync::limits::BODY_INFLATED_MAX;
use mpp_sync::wire::put_bytes;

use super::items::{Item, pack, unpack};
use super::{mutate, sample};
use crate::rng::Rng;

/// The bytes as they are.
const AS_IT_IS: u8 = 0;
/// A record of the type that the first byte says, inside a right deflate stream.
const RECORD: u8 = 1;
/// Bytes inside a right deflate stream, whatever they are.
const INFLATED: u8 = 2;

pub fn run(bytes: &[u8]) {
    let items = unpack(bytes);
    let body = body_of(&items);
    let whole = in_pieces(&body, body.len().max(1));
    let step = 1 + body.len() / 7;
    let pieces = in_pieces(&body, step);
    if let Ok(whole) = &whole {
        assert_eq!(pieces.as_ref(), Ok(whole), "pieces change what is read");
        again(whole);
    }
    drop((whole, pieces));
    let inflated = BodyReader::default().push(&body);
    let size: usize = inflated.iter().flatten().map(|(_, payload)| payload.len()).sum();
    assert!(size <= BODY_INFLATED_MAX, "inflated beyond the limit");
}

/// What was read can be written, and reads back the same.
fn again(records: &[RequestRecord]) {
    let hello = records.iter().find_map(|record| match record {
        RequestRecord::Hello(hello) => Some(hello.clone()),
        _ => None,
    });
    let Some(hello) = hello else { return };
    let frames: Vec<&Vec<u8>> = records
        .iter()
        .filter_map(|record| match record {
            RequestRecord::Frame(bytes) => Some(bytes),
            _ => None,
        })
        .collect();
    let body = encode_request(&hello, &frames);
    let Ok(read) = in_pieces(&body, body.len()) else {
        assert!(frames.len() > 8, "what was read cannot be written");
        return;
    };
    assert_eq!(read.first(), Some(&RequestRecord::Hello(hello)));
    assert_eq!(read.len(), frames.len() + 2);
}

fn in_pieces(body: &[u8], step: usize) -> Result<Vec<RequestRecord>, mpp_sync::wire::WireError> {
    let mut reader = RequestReader::default();
    let mut records = Vec::new();
    for piece in body.chunks(step) {
        records.extend(reader.push(piece)?);
    }
    reader.finish()?;
    Ok(records)
}

/// Records and loose bytes go into one right deflate stream; bytes as they are stand before it.
fn body_of(items: &[Item]) -> Vec<u8> {
    let (mut out, mut inflated) = (Vec::new(), Vec::new());
    for item in items {
        match item.tag {
            RECORD => {
                let (kind, payload) = item.bytes.split_first().unwrap_or((&0, &[]));
                inflated.push(*kind);
                put_bytes(&mut inflated, payload);
            }
            INFLATED => inflated.extend_from_slice(&item.bytes),
            _ => out.extend_from_slice(&item.bytes),
        }
    }
    if !inflated.is_empty() {
        out.extend_from_slice(b"MPPS\x01");
        let mut deflate = DeflateEncoder::new(out, Compression::fast());
        // Into memory: it cannot fail.
        drop(deflate.write_all(&inflated));
        return deflate.finish().unwrap_or_default();
    }
    out
}

fn hello(scopes: usize) -> Hello {
    Hello {
        device: DeviceId([1; 16]),
        day: Some(sample::DAY),
        chains: vec![ChainClaim { session: SessionId([3; 16]), frames: 4 }],
        pull: Some(PullRequest {
            log: Some(LogId([5; 16])),
            cursors: vec![Cursor {
                position: 6,
                rolling: Rolling([7; 8]),
                scopes: (0..scopes).map(|n| format!("village/16.04.10.{n:04}")).collect(),
            }],
        }),
        flags: 1,
        marks: 7,
        ..Hello::default()
    }
}

/// A record of zeros that inflates a thousand times.
fn bomb() -> Vec<u8> {
    let mut writer = BodyWriter::default();
    for _ in 0..70 {
        writer.record(RecordKind::Frame, &vec![0; 1_000_000]);
    }
    writer.finish()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let session = SessionId([1; 16]);
    let key = sample::key(7);
    let frame = sample::first_frame(session, &key, &sample::saves(session));
    let bodies = [
        encode_request(&hello(3), &[&frame, &frame]),
        encode_request(&hello(0), &Vec::<Vec<u8>>::new()),
        encode_request(&hello(2_000), &[vec![0; 100_000]]),
        bomb(),
        b"MPPS\x01".to_vec(),
        b"MPPS\x02\x00".to_vec(),
        Vec::new(),
    ];
    let mut seeds: Vec<Vec<u8>> =
        bodies.iter().map(|body| pack(&[Item::new(AS_IT_IS, body.clone())])).collect();
    let mut greeting = Vec::new();
    for (kind, payload) in
        BodyReader::default().push(&encode_request(&hello(2), &[&frame])).unwrap_or_default()
    {
        greeting.push(Item::new(RECORD, [&[kind as u8], payload.as_slice()].concat()));
    }
    seeds.push(pack(&greeting));
    let mut oversized = vec![RecordKind::Frame as u8];
    put_bytes(&mut oversized, &[0; 300]);
    seeds.push(pack(&[greeting[0].clone(), Item::new(INFLATED, oversized), Item::new(RECORD, [0x1f])]));
    seeds
}

pub fn mutate(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    mutate::items(rng, input, |rng, item| {
        let mut bytes = mutate::bytes(rng, &item.bytes);
        // The first bytes of a body are checked before everything else.
        if item.tag == AS_IT_IS && rng.chance(80) {
            bytes.splice(..bytes.len().min(5), *b"MPPS\x01");
        }
        Item::new(item.tag, bytes)
    })
}
