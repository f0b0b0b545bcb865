//! What the judge has to know, from the modelled tables.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use mpp_server::ingest::facts::{Facts, KnownDocument};
use mpp_server::ingest::judge::Arrived;
use mpp_sync::check::GrantedDay;
use mpp_sync::document::Refusal;
use mpp_sync::frame::Frame;
use mpp_sync::ids::{DeviceId, DocumentId, Kind, SessionId};

use crate::sim::tables::Tables;

/// The days that a device was put on.
pub fn granted_to(tables: &Tables, device: DeviceId) -> Vec<GrantedDay> {
    let grants = tables.grants.iter().filter(|grant| grant.device == device.0);
    let days = grants.map(|grant| GrantedDay {
        day: DocumentId(grant.day),
        labels: vec![grant.label.clone()],
        roster: BTreeSet::from([grant.username.clone()]),
    });
    days.collect()
}

/// What the judge has to know, as the server's `facts` gathers it from a store.
pub fn facts_of(tables: &Tables, arrived: &[Arrived], granted: &[DeviceId], office: DeviceId) -> Facts {
    let mut facts = Facts { office: Some(office), ..Facts::default() };
    let frames: Vec<&Frame> = arrived.iter().filter_map(|arrived| arrived.frame.as_ref().ok()).collect();
    let mut touched: BTreeSet<[u8; 16]> =
        frames.iter().flat_map(|frame| frame.entries()).map(|entry| entry.document.0).collect();
    let of_granted = |session: &[u8; 16]| {
        tables.chains.get(session).is_some_and(|chain| granted.contains(&DeviceId(chain.device)))
    };
    let waiting = tables.quarantine.values().filter(|row| of_granted(&row.session));
    touched.extend(waiting.map(|row| row.document));
    let parked = tables.quarantine.values().filter(|row| touched.contains(&row.document));
    let may_pass = |code: &str| Refusal::from_code(code).is_some_and(Refusal::may_pass_later);
    facts.parked = parked.filter(|row| may_pass(&row.code)).cloned().collect();
    facts.parked.sort_by_key(|row| (row.received_at, row.session, row.frame, row.document, row.hash));
    let mut sessions: BTreeSet<[u8; 16]> = frames.iter().map(|frame| frame.session.0).collect();
    sessions.extend(facts.parked.iter().map(|row| row.session));
    for session in &sessions {
        facts.chains.extend(tables.chains.get(session).map(|row| (SessionId(*session), row.clone())));
        let past =
            tables.frames.range((*session, 0)..=(*session, i64::MAX)).map(|(_, row)| row.bytes.clone());
        facts.past.insert(SessionId(*session), past.collect());
    }
    facts.branches = tables.branches.iter().filter(|row| sessions.contains(&row.session)).cloned().collect();
    for frame in &frames {
        let headed = frame.header.as_ref().and_then(|header| header.previous.as_ref());
        let named = headed.map(|previous| (previous.session, previous.frames));
        for (session, number) in named.into_iter().chain([(frame.session, frame.number)]) {
            let row = i64::try_from(number).ok().and_then(|number| tables.frames.get(&(session.0, number)));
            facts.held.extend(row.map(|row| ((session, number), row.bytes.clone())));
        }
    }
    let mut devices: BTreeSet<DeviceId> = facts.chains.values().map(|row| DeviceId(row.device)).collect();
    devices.extend(frames.iter().filter_map(|frame| frame.header.as_ref()).map(|header| header.device));
    for device in devices {
        facts.granted.insert(device, Arc::new(granted_to(tables, device)));
        facts.devices.extend(tables.devices.get(&device.0).map(|row| (device, row.clone())));
    }
    facts.documents = documents_of(tables, &touched);
    facts
}

fn documents_of(tables: &Tables, touched: &BTreeSet<[u8; 16]>) -> HashMap<DocumentId, KnownDocument> {
    let mut documents = HashMap::new();
    for document in touched {
        let raw: Vec<Vec<u8>> = tables.changes_of(*document).map(|change| change.bytes.clone()).collect();
        let kind = tables.changes_of(*document).next().and_then(|change| u8::try_from(change.kind).ok());
        if let Some(kind) = kind.and_then(|kind| Kind::try_from(kind).ok()) {
            let known = KnownDocument { kind, raw, scopes: tables.scopes_of(*document) };
            documents.insert(DocumentId(*document), known);
        }
    }
    documents
}
