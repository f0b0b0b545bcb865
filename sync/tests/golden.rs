//! What this version writes today must be readable for ever, and must not change by accident.
//!
//! `testdata/golden/v1` holds one document of every kind, a signed frame, a request and an answer.
//! `MPP_GOLDEN=write cargo test -p mpp-sync --test golden` writes files that do not exist yet; it
//! never overwrites one: bytes that were released stay.

#![cfg(test)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use mpp_sync::action::{
    Context, Decide, MadeSave, Register, add_status, decide, issue_ticket, publish_catalogue, publish_day,
    register,
};
use mpp_sync::digest::{ScopeSum, fold};
use mpp_sync::document::Document;
use mpp_sync::exchange::{
    BackupState, BodyReader, ChainClaim, ChainFrames, Changes, Cursor, Digest, Extras, HeldChain, Hello,
    Listed, Membership, Offer, PullRequest, Receipt, ReceiptChain, ReceiptHeads, RepairRequest, RepairStep,
    RequestReader, RequestRecord, ResponseRecord, ResponseWriter, Want, Welcome, Yours, attest,
    decode_record, encode_request_with, flags,
};
use mpp_sync::frame::{Chain, Frame, FrameVerdict, PreviousSession, SessionHeader, check_frame, cut};
use mpp_sync::ids::{
    ChangeHash, DeviceId, DocumentId, Fold, FrameHash, FramePrefix, Kind, LogId, Rolling, SessionId,
};
use mpp_sync::rules::person::Person;
use mpp_sync::rules::status::Status;
use mpp_sync::save::{Entry, Save};
use mpp_sync::view::{Agency, DayPlan, Standard, View};
use p256::ecdsa::SigningKey;

const SESSION: SessionId = SessionId([0x11; 16]);
const DAY: DocumentId = DocumentId([0x22; 16]);

fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/v1").join(name);
    if !path.exists() && std::env::var("MPP_GOLDEN").as_deref() == Ok("write") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let stored =
        std::fs::read(&path).unwrap_or_else(|_| panic!("{name} is missing: see the head of golden.rs"));
    assert!(stored == bytes, "{name}: this version writes other bytes than the released one");
    stored
}

/// The session's saves, one after the other.
struct Writer {
    context: Context,
    saves: Vec<Save>,
}

impl Writer {
    fn new() -> Self {
        let context = Context {
            session: SESSION,
            counter: 0,
            officer: "rina".to_owned(),
            device: "A".to_owned(),
            at: 1_800_000_000,
            save_number: 0,
            save_previous: None,
        };
        Self { context, saves: Vec::new() }
    }

    fn keep(&mut self, made: MadeSave) {
        self.context.counter = made.next_counter;
        self.context.save_number += 1;
        self.context.save_previous = Some(made.save.hash);
        self.saves.push(made.save);
    }

    fn open(&self, kind: Kind) -> Document {
        let entries: Vec<_> =
            self.saves.iter().flat_map(|save| &save.entries).filter(|entry| entry.kind == kind).collect();
        let changes: Vec<&[u8]> = entries.iter().map(|entry| entry.bytes.as_slice()).collect();
        let (document, left) = Document::open(kind, entries[0].document, &changes);
        assert!(left.is_empty());
        document
    }
}

fn sulastri() -> Person {
    Person {
        nik: Some("1604104112019901".to_owned()),
        kk: Some("1604990107210001".to_owned()),
        name: Some("Sulastri Nur'aini".to_owned()),
        birth_place: Some("Lahat".to_owned()),
        birth_date: Some("2001-12-01".to_owned()),
        sex: Some("P".to_owned()),
        village: Some("16.04.12.2026".to_owned()),
        dusun: Some("Dusun II".to_owned()),
        rt: Some("001".to_owned()),
        rw: Some("002".to_owned()),
        street: Some("dekat masjid".to_owned()),
        phone: Some("+6281234567890".to_owned()),
        ..Person::default()
    }
}

fn typed(ticket: &str, tracking: &str) -> Register {
    let child = Person {
        name: Some("Bayi Ny. Sulastri".to_owned()),
        no_nik_reason: Some("bayi".to_owned()),
        ..Person::default()
    };
    Register {
        service: "DUKCAPIL-04".to_owned(),
        standard: 2,
        applicant: sulastri(),
        subject: Some(child),
        representative: Some(Person { name: Some("Rusdi".to_owned()), ..Person::default() }),
        fields: BTreeMap::from([("reason".to_owned(), "baru".to_owned())]),
        checks: BTreeMap::from([("0".to_owned(), true), ("1".to_owned(), false)]),
        notes: Some("Lansia".to_owned()),
        ticket: Some(ticket.to_owned()),
        tracking: tracking.to_owned(),
    }
}

fn standard() -> Standard {
    let json = serde_json::json!({
        "service": "DUKCAPIL-04", "version": 2, "name": "Penerbitan KIA", "requirements": ["Kartu Keluarga"],
        "duration": "1 hari kerja", "fee": "Rp0", "product": "KIA", "offline": "intake", "valid_from": "2026-01-01",
        "subject": {"label": "Anak", "required": true},
        "fields": [{"key": "reason", "label": "Alasan", "type": "choice", "options": ["baru", "hilang"]}],
        "legal_basis": "Permendagri 2/2016",
    });
    serde_json::from_value(json).unwrap()
}

/// Everything that people do, once.
fn day() -> Writer {
    let mut writer = Writer::new();
    let plan = DayPlan {
        date: "2026-11-22".to_owned(),
        place: "Balai Desa Jenti'an".to_owned(),
        regency: "16.04".to_owned(),
        phone: Some("+62731321234".to_owned()),
        villages: vec!["16.04.12.2026".to_owned()],
        agencies: vec!["DUKCAPIL".to_owned()],
        services: BTreeMap::from([("DUKCAPIL-04".to_owned(), Some(50)), ("DUKCAPIL-02".to_owned(), None)]),
        officers: BTreeMap::from([("rina".to_owned(), "Rina Wati".to_owned())]),
    };
    writer.keep(publish_day(&writer.context, &plan).unwrap());
    let agency =
        Agency { code: "DUKCAPIL".to_owned(), name: "Dinas".to_owned(), short: "Disdukcapil".to_owned() };
    writer.keep(publish_catalogue(&writer.context, None, &agency, &[standard()]).unwrap());
    let issued = issue_ticket(&writer.context, &DAY, "A", 17, [0x5a; 8]).unwrap();
    let input = typed(&issued.ticket, &issued.tracking);
    writer.keep(issued.made);
    let mut visit = writer.open(Kind::Visit);
    writer.keep(register(&writer.context, &DAY, Some(&mut visit), None, &input).unwrap());
    let mut application = writer.open(Kind::Application);
    writer.keep(
        add_status(&writer.context, &mut application, Status::Returned, Some("KK lama belum ada"), None)
            .unwrap(),
    );
    let mut resident = writer.open(Kind::Resident);
    let Some(View::Resident(view)) = View::of(&resident) else { panic!("a resident") };
    let spelling = Decide::name("Sulastri Nuraini".to_owned(), vec![resident.id()]);
    writer.keep(decide(&writer.context, &mut resident, &[*view], &spelling).unwrap());
    writer
}

#[test]
fn every_kind_of_document_is_written_and_read_as_released() {
    let writer = day();
    for kind in [Kind::Resident, Kind::Visit, Kind::Application, Kind::ServiceDay, Kind::Catalogue] {
        let name = serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned();
        let entries = writer.saves.iter().flat_map(|save| &save.entries).filter(|entry| entry.kind == kind);
        let changes: Vec<String> = entries.map(|entry| hex::encode(&entry.bytes)).collect();
        let stored = golden(&format!("{name}.changes"), changes.join("\n").as_bytes());
        let stored: Vec<Vec<u8>> =
            std::str::from_utf8(&stored).unwrap().lines().map(|line| hex::decode(line).unwrap()).collect();
        let (document, left) = Document::open(kind, writer.open(kind).id(), &stored);
        assert!(left.is_empty());
        let view = serde_json::to_string_pretty(&View::of(&document).unwrap().to_json()).unwrap();
        golden(&format!("{name}.json"), view.as_bytes());
    }
}

#[test]
fn frames_and_bodies_are_written_and_read_as_released() {
    let key = SigningKey::from_slice(&[0x33; 32]).unwrap();
    let public_key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let device = DeviceId::of_key(&public_key);
    let header = SessionHeader {
        device,
        previous: Some(PreviousSession {
            session: SessionId([0x44; 16]),
            frames: 2,
            head: FrameHash([0x55; 32]),
        }),
        day: Some(DAY),
        app_version: "0.1.0".to_owned(),
        started_at: 1_800_000_000,
    };
    let cut = cut(&SESSION, 0, &FrameHash::NONE, Some(&header), &day().saves).unwrap();
    let frame = golden("frame.bin", &cut.sign(&key));
    let decoded = Frame::decode(&frame).unwrap();
    let verdict = check_frame(&decoded, &frame, &Chain::START, None, &public_key);
    assert!(matches!(verdict, Ok(FrameVerdict::Next(chain)) if chain.saves == 6));

    let cursor = Cursor { position: 7, rolling: Rolling([0x66; 8]), scopes: vec!["everyone".to_owned()] };
    let hello = Hello {
        device,
        day: Some(DAY),
        chains: vec![ChainClaim { session: SESSION, frames: 1 }],
        pull: Some(PullRequest { log: Some(LogId([0x77; 16])), cursors: vec![cursor.clone()] }),
        protocol: 1,
        flags: flags::SUMS,
        marks: 3,
    };
    let entries: Vec<Entry> = decoded.entries().cloned().collect();
    let offer = Offer {
        log: LogId([0x77; 16]),
        node: device,
        signature: [0xaa; 64],
        membership: Membership::collect(entries.iter().map(|_| vec![0])),
        entries: entries.clone(),
        scopes: cursor.scopes.clone(),
    };
    let repair = RepairRequest {
        scope: "everyone".to_owned(),
        position: 7,
        fold: Fold([0xbb; 8]),
        message: vec![0x61, 0, 0],
    };
    let extras =
        Extras { grants: vec![vec![1, 2]], offers: vec![offer.clone()], repairs: vec![repair.clone()] };
    let request = golden("request.bin", &encode_request_with(&hello, &extras, &[&frame]));
    let records = RequestReader::default().push(&request).unwrap();
    let expected = [
        RequestRecord::Hello(hello),
        RequestRecord::Grant(vec![1, 2]),
        RequestRecord::Frame(frame),
        RequestRecord::Offer(offer),
        RequestRecord::Repair(repair),
        RequestRecord::End,
    ];
    assert_eq!(records, expected);

    let answer = answer(&key, entries, cursor);
    let mut writer = ResponseWriter::default();
    for record in &answer {
        writer.record(record);
    }
    let stored = golden("response.bin", &writer.finish(false));
    let read = BodyReader::default().push(&stored).unwrap();
    let read: Vec<_> =
        read.iter().filter_map(|(kind, payload)| decode_record(*kind, payload).unwrap()).collect();
    assert_eq!(read[..answer.len()], answer);
}

/// One record of every kind.
fn answer(key: &SigningKey, entries: Vec<Entry>, cursor: Cursor) -> Vec<ResponseRecord> {
    let mut listed: Vec<Listed> = entries.into_iter().map(Listed::Change).collect();
    listed.push(Listed::Yours(Yours { chain: 0, frame: 0, index: 1 }));
    listed.push(Listed::Yours(Yours { chain: 0, frame: 0, index: 2 }));
    let mut changes = Changes {
        membership: Some(Membership::collect(listed.iter().map(|_| vec![0]))),
        entries: listed,
        cursors: vec![cursor],
        attestation: None,
    };
    changes.attestation = attest(key, &LogId([0x77; 16]), &changes);
    let mut sum = ScopeSum::default();
    sum.add(&DAY, &ChangeHash([0x99; 32]));
    let sums = vec![("everyone".to_owned(), sum)];
    vec![
        ResponseRecord::Welcome(Welcome {
            log: LogId([0x77; 16]),
            time: 1_800_000_001,
            protocol: 1,
            marks: 4,
            backed_up: 6,
            backup: BackupState::Good,
            node: Some(DeviceId::of_key(key.verifying_key().to_sec1_point(false).as_bytes())),
            ancestors: Vec::new(),
        }),
        ResponseRecord::Holds(vec![HeldChain { session: SESSION, frames: 1, head: FramePrefix([0x88; 8]) }]),
        ResponseRecord::Refused { session: SESSION, number: 1, code: "frame_gap".to_owned() },
        ResponseRecord::Notice {
            document: DAY,
            hash: ChangeHash([0x99; 32]),
            code: "day_not_granted".to_owned(),
        },
        ResponseRecord::Changes(changes),
        ResponseRecord::Receipt(receipt(key)),
        ResponseRecord::Digest(Digest { fold: fold(&sums), scopes: sums }),
        ResponseRecord::Repair(RepairStep { scope: "everyone".to_owned(), position: 7, message: vec![0x61] }),
        ResponseRecord::Want(Want { scope: "everyone".to_owned(), ids: vec![[0xcc; 32]] }),
        ResponseRecord::Tombstone(vec![2]),
        ResponseRecord::Certificate(vec![3]),
    ]
}

#[test]
fn a_receipt_is_written_and_read_as_released() {
    let key = SigningKey::from_slice(&[0x33; 32]).unwrap();
    let public_key = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let receipt = receipt(&key);
    let stored = golden("receipt.bin", &receipt.encode());
    let frames = vec![FrameHash([0xaa; 32]), FrameHash([0xbb; 32])];
    let read = Receipt::decode(&stored).unwrap();
    assert_eq!(read.verify(&public_key, &[ChainFrames { session: SESSION, frames }]), Ok(()));
}

fn receipt(key: &SigningKey) -> Receipt {
    let chain = ReceiptChain { session: SESSION, frames: 2, backed_up: 1 };
    let heads = ReceiptHeads { head: FrameHash([0xbb; 32]), backed_up: FrameHash([0xaa; 32]) };
    Receipt::sign(key, LogId([0x77; 16]), 1_800_000_002, vec![(chain, heads)])
}
