use p256::ecdsa::SigningKey;

use super::*;
use crate::action::{Context, issue_ticket};
use crate::ids::{DeviceId, DocumentId};

const SESSION: SessionId = SessionId([1; 16]);

fn key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn public_key(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

fn header() -> SessionHeader {
    SessionHeader {
        device: DeviceId::of_key(&public_key(&key())),
        previous: None,
        day: Some(DocumentId([5; 16])),
        app_version: "0.1.0".to_owned(),
        started_at: 1_800_000_000,
    }
}

/// `count` saves of one ticket each.
fn saves(count: u32) -> Vec<Save> {
    let mut saves: Vec<Save> = Vec::new();
    for number in 0..count {
        let context = Context {
            session: SESSION,
            counter: number,
            officer: "rina".to_owned(),
            device: "A".to_owned(),
            at: 1_800_000_000,
            save_number: u64::from(number),
            save_previous: saves.last().map(|save| save.hash),
        };
        let issued = issue_ticket(&context, &DocumentId([5; 16]), "A", number + 1, [3; 8]).unwrap();
        saves.push(issued.made.save);
    }
    saves
}

/// The signed frames of these saves, each with the chain after it.
fn frames(saves: &[Save]) -> Vec<(Vec<u8>, Chain)> {
    let mut frames: Vec<(Vec<u8>, Chain)> = Vec::new();
    let mut rest = saves;
    while !rest.is_empty() {
        let chain = frames.last().map_or(Chain::START, |(_, chain)| *chain);
        let first = (chain.frames == 0).then(header);
        let cut = cut(&SESSION, chain.frames, &chain.head, first.as_ref(), rest).unwrap();
        rest = &rest[cut.saves_taken..];
        let bytes = cut.sign(&key());
        let next = accept(&bytes, &chain).unwrap();
        frames.push((bytes, next));
    }
    frames
}

fn check(bytes: &[u8], chain: &Chain, held: Option<&[u8]>) -> Result<FrameVerdict, FrameRefusal> {
    check_frame(&Frame::decode(bytes).unwrap(), bytes, chain, held, &public_key(&key()))
}

fn accept(bytes: &[u8], chain: &Chain) -> Result<Chain, FrameRefusal> {
    match check(bytes, chain, None)? {
        FrameVerdict::Next(chain) => Ok(chain),
        FrameVerdict::Duplicate => panic!("not held yet"),
    }
}

#[test]
fn frames_of_a_session_follow_each_other() {
    let saves = saves(250);
    let frames = frames(&saves);
    assert!(frames.len() > 2);
    assert_eq!(frames.last().unwrap().1.saves, 250);
    let entries: Vec<Entry> = frames
        .iter()
        .flat_map(|(bytes, _)| Frame::decode(bytes).unwrap().entries().cloned().collect::<Vec<_>>())
        .collect();
    assert_eq!(entries, saves.into_iter().flat_map(|save| save.entries).collect::<Vec<_>>());
}

#[test]
fn a_frame_sent_twice_is_a_duplicate_and_another_one_in_its_place_a_fork() {
    let frames = frames(&saves(2));
    let (bytes, chain) = &frames[0];
    assert_eq!(check(bytes, chain, Some(bytes)), Ok(FrameVerdict::Duplicate));
    let other = cut(&SESSION, 0, &FrameHash::NONE, Some(&header()), &saves(1)).unwrap().sign(&key());
    assert_eq!(check(&other, chain, Some(bytes)), Err(FrameRefusal::Fork));
}

#[test]
fn a_frame_out_of_order_is_a_gap() {
    let frames = frames(&saves(250));
    assert_eq!(check(&frames[1].0, &Chain::START, None), Err(FrameRefusal::Gap));
    assert_eq!(check(&frames[2].0, &frames[0].1, None), Err(FrameRefusal::Gap));
}

#[test]
fn a_frame_that_continues_another_history_is_a_fork() {
    let frames = frames(&saves(250));
    let mut elsewhere = frames[0].1;
    elsewhere.head = FrameHash([9; 32]);
    assert_eq!(check(&frames[1].0, &elsewhere, None), Err(FrameRefusal::Fork));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (bytes, _) = &frames(&saves(2))[0];
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let Ok(frame) = Frame::decode(&flipped) else { continue };
        let verdict = check_frame(&frame, &flipped, &Chain::START, None, &public_key(&key()));
        assert!(verdict.is_err(), "bit {at}");
    }
}

#[test]
fn another_devices_signature_does_not_count() {
    let cut = cut(&SESSION, 0, &FrameHash::NONE, Some(&header()), &saves(1)).unwrap();
    let bytes = cut.sign(&SigningKey::from_slice(&[8; 32]).unwrap());
    assert_eq!(check(&bytes, &Chain::START, None), Err(FrameRefusal::Signature));
}

#[test]
fn a_cut_off_frame_is_truncated_at_every_byte() {
    let (bytes, _) = &frames(&saves(2))[0];
    for length in 0..bytes.len() {
        assert!(Frame::decode(&bytes[..length]).is_err(), "{length}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Frame::decode(&longer), Err(WireError::Malformed("bytes after the frame")));
}

#[test]
fn only_frame_zero_has_a_header_and_saves_must_be_consecutive() {
    let saves = saves(3);
    assert_eq!(cut(&SESSION, 0, &FrameHash::NONE, None, &saves), Err(CutError::Header));
    assert_eq!(cut(&SESSION, 1, &FrameHash::NONE, Some(&header()), &saves), Err(CutError::Header));
    assert_eq!(cut(&SESSION, 1, &FrameHash::NONE, None, &[]), Err(CutError::Empty));
    let gap = [saves[0].clone(), saves[2].clone()];
    assert_eq!(cut(&SESSION, 1, &FrameHash::NONE, None, &gap), Err(CutError::NotConsecutive));
}

#[test]
fn a_header_reads_back() {
    let header = SessionHeader {
        previous: Some(PreviousSession { session: SessionId([2; 16]), frames: 3, head: FrameHash([4; 32]) }),
        ..header()
    };
    assert_eq!(SessionHeader::decode(&header.encode()), Ok(header));
}

proptest::proptest! {
    #[test]
    fn garbage_never_panics(bytes: Vec<u8>) {
        let _ = Frame::decode(&bytes);
        let _ = SessionHeader::decode(&bytes);
    }
}

#[test]
fn a_frame_with_something_erased_in_it_keeps_its_hash_and_its_signature() {
    let saves = saves(3);
    let (bytes, chain) = frames(&saves).remove(0);
    let whole = Frame::decode(&bytes).unwrap();
    assert_eq!(whole.encode(), bytes);
    let gone = saves[1].entries[0].document;
    let skeleton = whole.without(|document| *document == gone).unwrap();
    let left = skeleton.encode();
    assert!(left.len() < bytes.len());
    assert!(!left.windows(5).any(|bytes| bytes == b"A-002"), "the ticket is gone");
    let read = Frame::decode(&left).unwrap();
    assert_eq!(read, skeleton);
    assert_eq!(accept(&left, &Chain::START), Ok(chain));
    assert_eq!(read.entries().map(Entry::is_erased).collect::<Vec<_>>(), [false, true, false]);
    assert!(read.without(|document| *document == gone).is_none(), "nothing more to erase");
    let key = public_key(&key());
    for (came, held) in [(&bytes, &left), (&left, &bytes)] {
        let frame = Frame::decode(came).unwrap();
        assert_eq!(check_frame(&frame, came, &chain, Some(held), &key), Ok(FrameVerdict::Duplicate));
    }
    let mut other = skeleton.clone();
    other.signature[0] ^= 1;
    assert!(!other.is(&skeleton));
}
