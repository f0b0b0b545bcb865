//! Valid things to start from: a service day's saves, keys and frames.

use mpp_sync::action::{Context, Register, edit_document, issue_ticket, register};
use mpp_sync::document::{Document, Value};
use mpp_sync::frame::{SessionHeader, cut};
use mpp_sync::ids::{DeviceId, DocumentId, FrameHash, SessionId};
use mpp_sync::rules::person::Person;
use mpp_sync::save::{Entry, Save};
use p256::ecdsa::SigningKey;

/// The service day of all samples.
pub const DAY: DocumentId = DocumentId([5; 16]);

/// A key made of one byte.
pub fn key(number: u8) -> SigningKey {
    let mut bytes = [number; 32];
    loop {
        match SigningKey::from_slice(&bytes) {
            Ok(key) => return key,
            Err(_) => bytes[0] /= 2,
        }
    }
}

/// The public half: SEC1, uncompressed.
pub fn public_key(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

/// The device of that key.
pub fn device(key: &SigningKey) -> DeviceId {
    DeviceId::of_key(&public_key(key))
}

/// The header of a session of that key.
pub fn header(key: &SigningKey) -> SessionHeader {
    SessionHeader {
        device: device(key),
        previous: None,
        day: Some(DAY),
        app_version: "0.1.0".to_owned(),
        started_at: 1_800_000_000,
    }
}

/// The context of the next save of a session.
pub fn context(session: SessionId, before: &[Save], counter: u32) -> Context {
    Context {
        session,
        counter,
        officer: "rina".to_owned(),
        device: "A".to_owned(),
        at: 1_800_000_000,
        save_number: before.len() as u64,
        save_previous: before.last().map(|save| save.hash),
    }
}

/// A ticket, an application with its resident, and an edit of the application.
pub fn saves(session: SessionId) -> Vec<Save> {
    let mut saves: Vec<Save> = Vec::new();
    let applicant = Person {
        nik: Some("1604104112019901".to_owned()),
        name: Some("Sulastri".to_owned()),
        village: Some("16.04.10.2001".to_owned()),
        ..Person::default()
    };
    let typed = Register { service: "DUKCAPIL-02".to_owned(), applicant, ..Register::default() };
    saves.extend(
        issue_ticket(&context(session, &saves, 0), &DAY, "A", 1, [3; 8]).map(|issued| issued.made.save),
    );
    saves.extend(register(&context(session, &saves, 1), &DAY, None, None, &typed).map(|made| made.save));
    let entry = saves.last().and_then(|save| save.entries.last()).cloned();
    if let Some(entry) = entry {
        let (mut application, _) = Document::open(entry.kind, entry.document, &[&entry.bytes]);
        let note = vec![("notes".to_owned(), Some(Value::from("besok")))];
        saves.extend(
            edit_document(&context(session, &saves, 3), &mut application, &note).map(|made| made.save),
        );
    }
    saves
}

/// The signed frame 0 of these saves.
pub fn first_frame(session: SessionId, key: &SigningKey, saves: &[Save]) -> Vec<u8> {
    cut(&session, 0, &FrameHash::NONE, Some(&header(key)), saves)
        .map(|frame| frame.sign(key))
        .unwrap_or_default()
}

/// All changes of the saves.
pub fn entries(saves: &[Save]) -> Vec<Entry> {
    saves.iter().flat_map(|save| save.entries.clone()).collect()
}
