//! What the core has to know to judge a group of frames, read from the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mpp_store::{
    Basis, BranchFrameRow, ChainRow, DeviceRow, FrameRow, LoggedChange, QuarantineRow, Store, StoreError,
};
use mpp_sync::check::GrantedDay;
use mpp_sync::document::{Refusal, contents_of, session_of};
use mpp_sync::frame::{Frame, is_held};
use mpp_sync::ids::{DeviceId, DocumentId, FrameHash, Kind, SessionId};

use super::Again;
use super::judge::{Arrived, HUB_ATTESTED, Offered};
use super::rights::{BY_RIGHTS, day_in_scope, granted_to, rosters_of};
use crate::rot;

/// Changes kept aside that are tried again in one go.
const RETRIES: i64 = 10_000;

/// A document as the log holds it.
#[derive(Debug)]
pub struct KnownDocument {
    /// Its kind.
    pub kind: Kind,
    /// Its raw changes in the order of the log.
    pub raw: Vec<Vec<u8>>,
    /// The scopes that list it.
    pub scopes: BTreeSet<String>,
}

/// What the core has to know.
#[derive(Debug, Default)]
pub struct Facts {
    /// The chains of the frames and of what is parked.
    pub chains: HashMap<SessionId, ChainRow>,
    /// Bytes of held frames whose number came again.
    pub held: HashMap<(SessionId, u64), Vec<u8>>,
    /// The devices of those chains, and of new ones.
    pub devices: HashMap<DeviceId, DeviceRow>,
    /// The days each of them was granted.
    pub granted: HashMap<DeviceId, Arc<Vec<GrantedDay>>>,
    /// The days whose rosters were read from the log itself.
    pub exact: BTreeSet<DocumentId>,
    /// Who each of them was given to last.
    pub officers: HashMap<DeviceId, String>,
    /// The documents touched.
    pub documents: HashMap<DocumentId, KnownDocument>,
    /// Those that were erased.
    pub erased: BTreeSet<DocumentId>,
    /// What is kept aside of those documents and may pass later.
    pub parked: Vec<QuarantineRow>,
    /// What must still be so when the verdict is written, for another process may write at the same time. Chains are
    /// not in it: a frame that somebody else stored cannot be stored again.
    pub basis: Basis,
    /// All held frames of chains that seem to be continued in two ways, from 0 on.
    pub past: HashMap<SessionId, Vec<FrameRow>>,
    /// The frames of second branches of the chains.
    pub branches: Vec<BranchFrameRow>,
    /// The office as a device; `None` in no case but tests.
    pub office: Option<DeviceId>,
}

/// Reads it all. A document's changes are read before anything of this group is written.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn gather(
    store: &dyn Store,
    frames: &[Arrived],
    offers: &[Offered],
    again: &[Again],
    exact: &BTreeSet<DocumentId>,
    office: DeviceId,
) -> Result<Facts, StoreError> {
    let mut facts = Facts { office: Some(office), exact: exact.clone(), ..Facts::default() };
    facts.basis.position = store.head().await?.position;
    let read: Vec<(&Frame, &[u8])> = frames
        .iter()
        .filter_map(|arrived| Some((arrived.frame.as_ref().ok()?, arrived.bytes.as_slice())))
        .collect();
    let frames: Vec<&Frame> = read.iter().map(|(frame, _)| *frame).collect();
    let mut touched: BTreeSet<[u8; 16]> =
        frames.iter().flat_map(|frame| frame.entries()).map(|entry| entry.document.0).collect();
    let offered = || offers.iter().flat_map(|offered| &offered.entries).map(|(entry, _)| entry);
    touched.extend(offered().map(|entry| entry.document.0));
    let touched: Vec<[u8; 16]> = touched.into_iter().collect();
    facts.erased = store.tombstones(&touched).await?.iter().map(|row| DocumentId(row.document)).collect();
    facts.parked = aside(store, &touched, again).await?;
    facts.basis.aside = facts.parked.iter().map(|row| (row.document, row.hash)).collect();
    facts.parked = rot::whole(store, std::mem::take(&mut facts.parked)).await?;
    if !again.contains(&Again::Everything) {
        facts.parked.retain(|row| Refusal::from_code(&row.code).is_some_and(Refusal::may_pass_later));
    }
    // No later version may take these by itself: the one waits for a person, the other for its author's frame.
    facts.parked.retain(|row| row.code != Refusal::ChainForked.code() && row.code != HUB_ATTESTED);
    let mut sessions: BTreeSet<[u8; 16]> = frames.iter().map(|frame| frame.session.0).collect();
    sessions.extend(facts.parked.iter().map(|row| row.session));
    sessions.extend(offered().filter_map(|entry| Some(session_of(contents_of(&entry.bytes)?)?.0)));
    let headers = || frames.iter().filter_map(|frame| frame.header.as_ref());
    sessions.extend(headers().filter_map(|header| Some(header.previous.as_ref()?.session.0)));
    let sessions: Vec<[u8; 16]> = sessions.into_iter().collect();
    for row in store.chains(&sessions).await? {
        facts.chains.insert(SessionId(row.session), row);
    }
    for frame in &frames {
        let known = facts.chains.get(&frame.session).map_or(0, |row| row.frames);
        let number = i64::try_from(frame.number).unwrap_or(i64::MAX);
        if number < known
            && let Some(row) = store.frame(frame.session.0, number).await?
        {
            facts.held.insert((frame.session, frame.number), row.bytes);
        }
    }
    for previous in headers().filter_map(|header| header.previous.as_ref()) {
        let number = i64::try_from(previous.frames).unwrap_or(i64::MAX);
        if let Some(row) = store.frame(previous.session.0, number).await? {
            facts.held.insert((previous.session, previous.frames), row.bytes);
        }
    }
    let arrived: Vec<[u8; 16]> = frames.iter().map(|frame| frame.session.0).collect();
    facts.branches = store.branch_frames(&arrived).await?;
    for (frame, bytes) in &read {
        let forked = facts.branches.iter().any(|row| row.session == frame.session.0);
        // Both ways may come together, as a hub brings them.
        let twice = read.iter().any(|(other, its)| {
            (other.session, other.number) == (frame.session, frame.number) && its != bytes
        });
        if forked || twice || parts_ways(&facts, frame, bytes) {
            let rows = store.frames(frame.session.0, 0, i64::MAX).await?;
            facts.past.insert(frame.session, rows);
        }
    }
    let mut documents: BTreeSet<[u8; 16]> = touched.into_iter().collect();
    documents.extend(facts.parked.iter().map(|row| row.document));
    facts.basis.documents = documents.iter().copied().collect();
    // A roster that keeps somebody out must still be so when that is written.
    facts.basis.documents.extend(exact.iter().map(|day| day.0));
    facts.documents = documents_of(store, documents).await?;
    gather_rights(store, &frames, &mut facts).await?;
    Ok(facts)
}

/// The devices, and what each may write where. Of rosters it reads those of days that are at hand: the sessions' and the
/// documents'.
async fn gather_rights(store: &dyn Store, frames: &[&Frame], facts: &mut Facts) -> Result<(), StoreError> {
    let headers = || frames.iter().filter_map(|frame| frame.header.as_ref());
    let mut devices: BTreeSet<DeviceId> = facts.chains.values().map(|row| DeviceId(row.device)).collect();
    devices.extend(headers().map(|header| header.device));
    let mut days: BTreeSet<[u8; 16]> = facts.chains.values().filter_map(|row| row.day).collect();
    days.extend(headers().filter_map(|header| Some(header.day?.0)));
    let scopes = facts.documents.values().flat_map(|known| &known.scopes);
    days.extend(scopes.filter_map(|scope| day_in_scope(scope)));
    let rosters = rosters_of(store, &days, &facts.exact).await?;
    for device in devices {
        let Some(row) = store.device(device.0).await? else { continue };
        let grants = store.grants_of(device.0).await?;
        if let Some(last) = grants.last() {
            facts.officers.insert(device, last.username.clone());
        }
        let mut granted = granted_to(store, device.0, grants).await?;
        for day in &mut granted {
            day.roster.extend(rosters.get(&day.day).into_iter().flatten().cloned());
        }
        facts.granted.insert(device, Arc::new(granted));
        facts.devices.insert(device, row);
    }
    Ok(())
}

/// Whether the frame is another one than the chain that is held has, or would need, at its place.
fn parts_ways(facts: &Facts, frame: &Frame, bytes: &[u8]) -> bool {
    let Some(row) = facts.chains.get(&frame.session) else { return false };
    let frames = u64::try_from(row.frames).unwrap_or(0);
    let held = facts.held.get(&(frame.session, frame.number));
    let differs = held.is_some_and(|held| !is_held(frame, bytes, held));
    differs || (frame.number == frames && frame.previous != FrameHash(row.head_hash).prefix())
}

/// What is kept aside of the touched documents, or is to be tried again.
async fn aside(
    store: &dyn Store,
    touched: &[[u8; 16]],
    again: &[Again],
) -> Result<Vec<QuarantineRow>, StoreError> {
    if again.contains(&Again::Everything) {
        let mut rows = store.quarantined(RETRIES).await?;
        // The newest come first; a change follows on those before it.
        rows.reverse();
        return Ok(rows);
    }
    let mut rows = store.quarantined_of(touched).await?;
    if !again.is_empty() {
        let codes = BY_RIGHTS.map(Refusal::code);
        let mut waiting = store.quarantined_for(&codes, RETRIES).await?;
        let sessions: BTreeSet<[u8; 16]> = waiting.iter().map(|row| row.session).collect();
        let chains = store.chains(&sessions.into_iter().collect::<Vec<_>>()).await?;
        let devices: HashMap<[u8; 16], DeviceId> =
            chains.iter().map(|chain| (chain.session, DeviceId(chain.device))).collect();
        waiting.retain(|row| {
            let device = devices.get(&row.session);
            device.is_some_and(|device| again.contains(&Again::Granted(*device)))
                || (row.code == Refusal::AuthorNotOnRoster.code() && again.contains(&Again::Roster))
        });
        // What follows on those changes waits for them, whatever its own reason.
        let documents: BTreeSet<[u8; 16]> = waiting.iter().map(|row| row.document).collect();
        let documents: Vec<[u8; 16]> =
            documents.into_iter().filter(|document| !touched.contains(document)).collect();
        rows.extend(store.quarantined_of(&documents).await?);
    }
    Ok(rows)
}

async fn documents_of(
    store: &dyn Store,
    documents: BTreeSet<[u8; 16]>,
) -> Result<HashMap<DocumentId, KnownDocument>, StoreError> {
    let documents: Vec<[u8; 16]> = documents.into_iter().collect();
    let mut by_document: BTreeMap<[u8; 16], Vec<LoggedChange>> = BTreeMap::new();
    for change in rot::changes_of(store, &documents).await? {
        by_document.entry(change.document).or_default().push(change);
    }
    let mut known = HashMap::new();
    for (document, changes) in by_document {
        let kind = changes.first().and_then(|change| u8::try_from(change.kind).ok());
        let kind = kind.and_then(|kind| Kind::try_from(kind).ok()).ok_or(StoreError::Corrupt("kind"))?;
        let scopes = store.scopes_of(document).await?.into_iter().collect();
        let raw = changes.into_iter().map(|change| change.bytes).collect();
        known.insert(DocumentId(document), KnownDocument { kind, raw, scopes });
    }
    Ok(known)
}
