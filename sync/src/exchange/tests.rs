use super::*;
use crate::ids::{ChangeHash, DeviceId, DocumentId, FrameHash, FramePrefix, LogId, Rolling, SessionId};
use crate::limits::BODY_INFLATED_MAX;
use crate::wire::WireError;

fn hello() -> Hello {
    Hello {
        device: DeviceId([1; 16]),
        day: Some(DocumentId([2; 16])),
        chains: vec![ChainClaim { session: SessionId([3; 16]), frames: 4 }],
        pull: Some(PullRequest {
            log: Some(LogId([5; 16])),
            cursors: vec![Cursor {
                position: 6,
                rolling: Rolling([7; 8]),
                scopes: vec!["everyone".to_owned(), "village/16.04.10.2001".to_owned()],
            }],
        }),
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect()
}

fn read_all(body: &[u8], step: usize) -> Result<Vec<RequestRecord>, WireError> {
    let mut reader = RequestReader::default();
    let mut records = Vec::new();
    for piece in body.chunks(step) {
        records.extend(reader.push(piece)?);
    }
    Ok(records)
}

#[test]
fn a_request_reads_back_however_it_is_cut_into_pieces() {
    let frames = [noise(100), noise(70_000), vec![0; 200_000]];
    let body = encode_request(&hello(), &frames);
    for step in [1, 7, 1_000, body.len()] {
        let records = read_all(&body, step).unwrap();
        assert_eq!(records.len(), 5, "{step}");
        assert_eq!(records[0], RequestRecord::Hello(hello()));
        for (record, frame) in records[1..4].iter().zip(&frames) {
            assert_eq!(*record, RequestRecord::Frame(frame.clone()));
        }
        assert_eq!(records[4], RequestRecord::End);
    }
}

#[test]
fn a_body_cut_in_the_middle_gives_the_frames_before_the_cut() {
    let frames: Vec<Vec<u8>> = (0..20).map(|_| noise(500)).collect();
    let body = encode_request(&hello(), &frames);
    let mut seen = 0;
    for length in 0..body.len() {
        let records = read_all(&body[..length], length.max(1)).unwrap();
        let whole = records.iter().filter(|record| matches!(record, RequestRecord::Frame(_))).count();
        assert!(whole >= seen, "never fewer with more bytes");
        assert!(!records.contains(&RequestRecord::End) || length > body.len() - 8);
        seen = whole;
    }
    assert_eq!(seen, 20);
}

#[test]
fn each_frame_is_readable_as_soon_as_its_bytes_are_there() {
    let mut writer = BodyWriter::default();
    let mut reader = BodyReader::default();
    for length in [10, 1_000, 100_000] {
        writer.record(RecordKind::Frame, &noise(length));
        writer.flush();
        assert_eq!(reader.push(&writer.take()).unwrap().len(), 1);
    }
}

#[test]
fn another_magic_or_version_is_refused() {
    for start in [&b"MPPS\x02"[..], b"GET /", b"\x00"] {
        assert_eq!(RequestReader::default().push(start), Err(WireError::Version));
    }
}

#[test]
fn an_oversized_length_is_refused_before_anything_is_allocated() {
    let mut writer = BodyWriter::default();
    writer.record(RecordKind::Frame, &vec![0; crate::limits::RECORD_BYTES_MAX + 1]);
    let result = BodyReader::default().push(&writer.finish());
    assert_eq!(result, Err(WireError::TooLong("record")));
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let mut writer = BodyWriter::default();
    let record = vec![0; 1_000_000];
    for _ in 0..=BODY_INFLATED_MAX / record.len() {
        writer.record(RecordKind::Frame, &record);
    }
    let bomb = writer.finish();
    assert!(bomb.len() < 200_000);
    let mut reader = BodyReader::default();
    assert_eq!(reader.push(&bomb), Err(WireError::TooLong("inflated body")));
}

#[test]
fn an_unknown_record_is_skipped_and_a_critical_one_is_not() {
    assert_eq!(records_in(&[0x40, 2, 1, 1, 0x1f, 0]).unwrap(), (vec![(RecordKind::End, &[][..])], 6));
    assert_eq!(records_in(&[0x80, 0]), Err(WireError::Version));
}

#[test]
fn frames_before_the_hello_are_refused() {
    let mut writer = BodyWriter::default();
    writer.record(RecordKind::Frame, b"x");
    assert_eq!(RequestReader::default().push(&writer.finish()), Err(WireError::Malformed("record order")));
}

#[test]
fn every_answer_reads_back() {
    let records = [
        ResponseRecord::Welcome { log: LogId([1; 16]), time: 1_800_000_000 },
        ResponseRecord::Holds(vec![HeldChain {
            session: SessionId([2; 16]),
            frames: 3,
            head: FramePrefix([4; 8]),
        }]),
        ResponseRecord::Refused { session: SessionId([2; 16]), number: 9, code: "frame_gap".to_owned() },
        ResponseRecord::Notice {
            document: DocumentId([5; 16]),
            hash: ChangeHash([6; 32]),
            code: "day_not_granted".to_owned(),
        },
        ResponseRecord::Changes { entries: Vec::new(), cursors: hello().pull.unwrap().cursors },
    ];
    let mut writer = ResponseWriter::default();
    for record in &records {
        writer.record(record);
    }
    let body = writer.finish(true);
    let read: Vec<ResponseRecord> = BodyReader::default()
        .push(&body)
        .unwrap()
        .into_iter()
        .filter_map(|(kind, payload)| decode_record(kind, &payload).unwrap())
        .collect();
    assert_eq!(read[..5], records);
    assert_eq!(read[5], ResponseRecord::End { more: true });
}

#[test]
fn nothing_changed_costs_few_bytes() {
    let mut asked = hello();
    let pull = asked.pull.as_mut().unwrap();
    pull.cursors[0].scopes.extend((0..6).map(|n| format!("village/16.04.10.20{n:02}")));
    let mut answer = ResponseWriter::default();
    answer.record(&ResponseRecord::Welcome { log: LogId(*b"0123456789abcdef"), time: 1_800_000_000 });
    answer.record(&ResponseRecord::Holds(vec![HeldChain {
        session: SessionId([3; 16]),
        frames: 4,
        head: FramePrefix([4; 8]),
    }]));
    let both = encode_request(&asked, &Vec::<Vec<u8>>::new()).len() + answer.finish(false).len();
    assert!(both <= 400, "{both} bytes");
}

fn chain(frames: u8) -> ChainFrames {
    ChainFrames { session: SessionId([1; 16]), frames: (0..frames).map(|n| FrameHash([n; 32])).collect() }
}

fn held(frames: u64, head: u8) -> HeldChain {
    HeldChain { session: SessionId([1; 16]), frames, head: FramePrefix([head; 8]) }
}

#[test]
fn what_the_node_lacks_is_sent_whatever_was_sent_before() {
    let plan = push_plan(&[chain(5)], &[held(3, 2)]);
    assert_eq!(plan.send, [SendFrom { session: SessionId([1; 16]), from: 3 }]);
    assert_eq!(plan.confirmed, [Confirmed { session: SessionId([1; 16]), frames: 3 }]);
    let restored = push_plan(&[chain(5)], &[]);
    assert_eq!(restored.send[0].from, 0);
    assert!(push_plan(&[chain(5)], &[held(5, 4)]).send.is_empty());
}

#[test]
fn a_node_that_holds_something_else_of_our_session_shows_a_fork() {
    assert_eq!(push_plan(&[chain(5)], &[held(3, 9)]).forked, [SessionId([1; 16])]);
    assert_eq!(push_plan(&[chain(2)], &[held(3, 2)]).forked, [SessionId([1; 16])]);
}

proptest::proptest! {
    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, kind in 0_u8..0x20) {
        let _ = records_in(&bytes);
        if let Some(kind) = RecordKind::of(kind) {
            let _ = decode_record(kind, &bytes);
        }
        let mut body = b"MPPS\x01".to_vec();
        body.extend_from_slice(&bytes);
        let _ = RequestReader::default().push(&body);
        let mut writer = BodyWriter::default();
        writer.record(RecordKind::Hello, &bytes);
        let _ = RequestReader::default().push(&writer.finish());
    }
}
