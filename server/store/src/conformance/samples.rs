//! Small rows for the suite. Ids are a byte repeated.

use mpp_sync::frame::SessionHeader;
use mpp_sync::ids::DeviceId;

use crate::{
    Accepted, Append, ApplicationRow, ChainRow, ChangeRow, DocumentViewRow, FrameRow, Hash, Id,
    QuarantineRow, ResidentRow,
};

/// An id.
#[must_use]
pub fn id(n: u8) -> Id {
    [n; 16]
}

/// A hash.
#[must_use]
pub fn hash(n: u8) -> Hash {
    [n; 32]
}

/// Change `n` of document `document`, in session 1.
#[must_use]
pub fn change(document: u8, n: u8, scopes: &[&str]) -> ChangeRow {
    ChangeRow {
        document: id(document),
        hash: hash(n),
        kind: 3,
        counter: Some(i64::from(document)),
        session: id(1),
        frame: 0,
        seq: i64::from(n),
        bytes: vec![n; 100],
        received_at: 1_000 + i64::from(n),
        scopes: scopes.iter().map(ToString::to_string).collect(),
    }
}

/// A batch of accepted changes without frames.
#[must_use]
pub fn accepted(changes: Vec<ChangeRow>) -> Append {
    Append { accepted: changes.into_iter().map(Accepted::unchecked).collect(), ..Append::default() }
}

/// Session `session` with `frames` frames.
#[must_use]
pub fn chain(session: u8, frames: i64) -> ChainRow {
    ChainRow {
        session: id(session),
        device: id(200),
        header: vec![1, 2, 3],
        frames,
        changes: frames * 2,
        head_hash: hash(u8::try_from(frames).unwrap_or(0)),
        saves: frames * 3,
        last_save: hash(77),
        day: Some(id(100)),
        officer: "rina".into(),
        last_at: 1_000 + frames,
    }
}

/// Session `session` with `frames` frames, begun by device `device` at a time in Unix seconds.
#[must_use]
pub fn chain_begun(session: u8, frames: i64, device: u8, started_at: u64) -> ChainRow {
    let header = SessionHeader {
        device: DeviceId(id(device)),
        previous: None,
        day: None,
        app_version: "1".into(),
        started_at,
    };
    ChainRow { device: id(device), header: header.encode(), ..chain(session, frames) }
}

/// Frame `number` of session `session`.
#[must_use]
pub fn frame(session: u8, number: i64) -> FrameRow {
    FrameRow {
        session: id(session),
        number,
        hash: hash(u8::try_from(number).unwrap_or(0)),
        bytes: vec![9; 10],
        received_at: 1_000,
    }
}

/// Change `n` of document `document` kept aside.
#[must_use]
pub fn aside(document: u8, n: u8, code: &str) -> QuarantineRow {
    QuarantineRow {
        document: id(document),
        hash: hash(n),
        kind: 3,
        counter: None,
        session: id(1),
        frame: 0,
        bytes: vec![n; 10],
        code: code.into(),
        received_at: 1_000 + i64::from(n),
        retried: 0,
    }
}

/// A view.
#[must_use]
pub fn view(document: u8, kind: i64, text: &str) -> DocumentViewRow {
    DocumentViewRow { document: id(document), kind, day: Some(id(100)), view: text.into(), projected_upto: 1 }
}

/// A resident whose NIK has the key `[key; 32]`.
#[must_use]
pub fn resident(document: u8, key: Option<u8>, links: &[u8]) -> ResidentRow {
    ResidentRow {
        document: id(document),
        nik_key: key.map(|key| vec![key; 32]),
        village: Some("16.04.12.2025".into()),
        name: "Nur'aini".into(),
        search: "nuraini".into(),
        links: links.iter().map(|n| id(*n)).collect(),
    }
}

/// An application, last changed at `updated_at`.
#[must_use]
pub fn application(document: u8, updated_at: i64) -> ApplicationRow {
    ApplicationRow {
        document: id(document),
        day: Some(id(100)),
        visit: None,
        resident: None,
        service: "DUKCAPIL-02".into(),
        standard: 1,
        ticket: Some("A-001".into()),
        tracking: Some(format!("CODE{document}")),
        applicant_name: "Siti Nur'azizah".into(),
        subject_name: None,
        nik_masked: Some("160499••••••0001".into()),
        village: Some("16.04.12.2025".into()),
        status: "received".into(),
        status_conflict: false,
        field_conflict: false,
        officer: "rina".into(),
        device: "A".into(),
        created_at: 1_000,
        updated_at,
        search: "sitinurazizah a001".into(),
    }
}
