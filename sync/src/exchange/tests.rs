use super::*;
use crate::ids::{ChangeHash, DeviceId, DocumentId, Fold, FrameHash, FramePrefix, LogId, Rolling, SessionId};
use crate::limits::BODY_INFLATED_MAX;
use crate::save::Entry;
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
        protocol: PROTOCOL,
        flags: 0,
        marks: 0,
    }
}

fn welcome() -> ResponseRecord {
    ResponseRecord::Welcome(Welcome {
        log: LogId(*b"0123456789abcdef"),
        time: 1_800_000_000,
        protocol: 1,
        marks: 1_000,
        backed_up: 100_000,
        backup: BackupState::Good,
        node: Some(DeviceId(*b"fedcba9876543210")),
        ancestors: Vec::new(),
    })
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
    let _ = reader.push(&bomb);
    assert_eq!(reader.finish(), Err(WireError::TooLong("inflated body")));
}

/// Found by the fuzz target `body`: millions of empty records in a small body, each with a place in memory.
#[test]
fn a_body_of_countless_empty_records_stops_at_the_limit() {
    let mut writer = BodyWriter::default();
    for _ in 0..=crate::limits::BODY_RECORDS_MAX {
        writer.record(RecordKind::End, &[]);
    }
    let mut reader = BodyReader::default();
    let records = reader.push(&writer.finish()).map_or(0, |records| records.len());
    assert!(records <= crate::limits::BODY_RECORDS_MAX);
    assert_eq!(reader.finish(), Err(WireError::TooLong("records")));
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
fn the_whole_records_before_a_bad_one_are_handed_out() {
    let mut writer = BodyWriter::default();
    writer.record(RecordKind::Hello, &{
        let body = encode_request::<Vec<u8>>(&hello(), &[]);
        BodyReader::default().push(&body).unwrap().remove(0).1
    });
    writer.record(RecordKind::Frame, b"whole");
    let good = writer.take();
    let broken_order = {
        let mut writer = writer;
        writer.record(RecordKind::Hello, b"again");
        [good, writer.finish()].concat()
    };
    let mut reader = RequestReader::default();
    let records = reader.push(&broken_order).unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[1], RequestRecord::Frame(b"whole".to_vec()));
    assert_eq!(reader.finish(), Err(WireError::Malformed("record order")));
    assert_eq!(reader.push(&[]), Err(WireError::Malformed("record order")));
}

#[test]
fn what_inflated_before_a_broken_stream_is_handed_out() {
    let mut body = encode_request(&hello(), &[noise(2_000), noise(3_000)]);
    body.truncate(body.len() - 20);
    // A block type that does not exist, after the flush of the first frame.
    body.extend_from_slice(&[0xff; 64]);
    let mut reader = RequestReader::default();
    let records = reader.push(&body).unwrap();
    assert!(records.len() >= 2, "{}", records.len());
}

#[test]
fn a_critical_record_behind_good_ones_keeps_none_of_them_back() {
    assert_eq!(records_in(&[0x1f, 0, 0x80, 0]).unwrap(), (vec![(RecordKind::End, &[][..])], 2));
}

#[test]
fn a_hello_of_the_version_before_digests_is_read_and_one_of_a_later_version_too() {
    let older = Hello { protocol: 0, ..hello() };
    let body = encode_request::<Vec<u8>>(&older, &[]);
    let records = RequestReader::default().push(&body).unwrap();
    assert_eq!(records[0], RequestRecord::Hello(older.clone()));
    assert_eq!(older.common_protocol(), 0);
    let newer = Hello { protocol: 9, flags: 0x85, marks: 70, ..hello() };
    let (_, mut payload) =
        BodyReader::default().push(&encode_request::<Vec<u8>>(&newer, &[])).unwrap().remove(0);
    payload.extend_from_slice(b"fields of version 9");
    let mut writer = BodyWriter::default();
    writer.record(RecordKind::Hello, &payload);
    let records = RequestReader::default().push(&writer.finish()).unwrap();
    assert_eq!(records[0], RequestRecord::Hello(newer.clone()));
    assert_eq!((newer.common_protocol(), newer.answer_bytes()), (PROTOCOL, Some(256 * 1024)));
}

#[test]
fn changes_for_an_older_caller_end_with_their_cursors() {
    let changes = Changes { cursors: hello().pull.unwrap().cursors, ..Changes::default() };
    let mut payload = Vec::new();
    changes.put(&mut payload);
    assert_eq!(Changes::take(&payload).unwrap(), changes);
    let listed = Changes { membership: Some(Membership::default()), ..changes };
    let mut longer = Vec::new();
    listed.put(&mut longer);
    assert!(longer.starts_with(&payload));
    assert_eq!(Changes::take(&longer).unwrap(), listed);
}

#[test]
fn a_batch_is_attested_in_its_order_and_for_its_log() {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public_key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let entry = |n: u8| Entry {
        document: DocumentId([n; 16]),
        kind: crate::ids::Kind::Visit,
        counter: None,
        hash: ChangeHash([n; 32]),
        bytes: Vec::new(),
    };
    let changes = Changes { entries: vec![entry(1).into(), entry(2).into()], ..Changes::default() };
    let signature = attest(&key, &LogId([1; 16]), &changes).unwrap();
    let names =
        |list: Vec<Entry>, log| attests(&public_key, &LogId(log), list.iter().map(Entry::name), &signature);
    assert!(names(vec![entry(1), entry(2)], [1; 16]));
    assert!(!names(vec![entry(2), entry(1)], [1; 16]));
    assert!(!names(vec![entry(1)], [1; 16]));
    assert!(!names(vec![entry(1), entry(2)], [2; 16]));
    assert_eq!(attest(&key, &LogId([1; 16]), &Changes::default()), None);
}

#[test]
fn every_answer_reads_back() {
    let records = [
        welcome(),
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
        ResponseRecord::Changes(Changes {
            cursors: hello().pull.unwrap().cursors,
            membership: Some(Membership::default()),
            ..Changes::default()
        }),
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
    answer.record(&welcome());
    answer.record(&ResponseRecord::Holds(vec![HeldChain {
        session: SessionId([3; 16]),
        frames: 4,
        head: FramePrefix([4; 8]),
    }]));
    answer.record(&ResponseRecord::Digest(Digest { fold: Fold(*b"8 random"), scopes: Vec::new() }));
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
}

#[test]
fn a_node_that_holds_more_of_our_session_shows_a_storage_that_went_back() {
    let plan = push_plan(&[chain(2)], &[held(3, 2), held(2, 1)]);
    assert_eq!((plan.behind.as_slice(), plan.forked.len()), (&[SessionId([1; 16])][..], 0));
    assert_eq!(plan.confirmed[0].frames, 2);
    assert_eq!(push_plan(&[chain(2)], &[held(3, 2)]).forked.len(), 1, "what it has of ours is not said");
}

/// Found by the simulator, seed 2031: a storage that went back to before the first frame was taken for a fork for ever.
#[test]
fn a_session_of_which_no_frame_is_left_is_no_fork() {
    let plan = push_plan(&[chain(0)], &[held(3, 2)]);
    assert_eq!((plan.behind.as_slice(), plan.forked.len()), (&[SessionId([1; 16])][..], 0));
    assert_eq!(plan.confirmed, [Confirmed { session: SessionId([1; 16]), frames: 0 }]);
}

#[test]
fn a_second_branch_that_the_node_keeps_is_confirmed() {
    let plan = push_plan(&[chain(5)], &[held(7, 99), held(4, 3)]);
    assert_eq!(plan.confirmed, [Confirmed { session: SessionId([1; 16]), frames: 4 }]);
    assert_eq!(plan.send, [SendFrom { session: SessionId([1; 16]), from: 4 }]);
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

#[test]
fn a_restored_log_says_where_it_comes_from_and_an_ordinary_one_says_nothing_more() {
    let ResponseRecord::Welcome(plain) = welcome() else { unreachable!() };
    let ancestors = vec![Ancestor { log: LogId([4; 16]), position: 300, rolling: Rolling([6; 8]) }];
    let bytes = |welcome: &Welcome| {
        let mut writer = ResponseWriter::default();
        writer.record(&ResponseRecord::Welcome(welcome.clone()));
        let records = BodyReader::default().push(&writer.finish(false)).unwrap();
        records.into_iter().next().unwrap()
    };
    let restored = Welcome { ancestors, ..plain.clone() };
    let (kind, payload) = bytes(&restored);
    assert_eq!(payload.len(), bytes(&plain).1.len() + 1 + 16 + 2 + 8);
    assert_eq!(decode_record(kind, &payload).unwrap(), Some(ResponseRecord::Welcome(restored)));
}
