//! The downward half of an exchange: changes with the scopes that list them, the node's signature over each batch, and
//! at the log's end the sums to compare with.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use mpp_store::{Hash, Id, LoggedChange, OwnChange, PullGroup, PullPage, PullQuery, Store};
use mpp_sync::digest::fold;
use mpp_sync::exchange::{
    Changes, Cursor, Digest, Hello, Listed, Membership, ResponseRecord, ResponseWriter, Yours, attest, flags,
};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{ChangeHash, DocumentId, Kind, Rolling};
use mpp_sync::save;

use super::error::ApiError;
use crate::app::App;
use crate::rot;

/// Raw bytes of changes in one answer when the caller says nothing: half a minute on the worst link that still works.
const ANSWER_BYTES: usize = 256 * 1024;
/// The smallest and the largest answer that a caller may ask for, in bytes on the wire.
const ANSWER_MIN: usize = 16 * 1024;
const ANSWER_MAX: usize = 256 * 1024;
/// Raw bytes of changes for each byte on the wire, about.
const RATIO: usize = 4;
/// Raw bytes of changes in the first record of an answer and in its largest: what the tablet stores at once. A link
/// that always breaks after a few thousand bytes brings at least the first one every time.
const RECORD_BYTES: (usize, usize) = (4 * 1024, 64 * 1024);

/// Where a change stands in a frame.
type Places = HashMap<(DocumentId, ChangeHash), u64>;

/// Writes a bounded answer, record by record, each with the cursors that stand behind it: a link that breaks in the
/// middle keeps every record that came whole. Says whether there is more.
///
/// # Errors
/// As the store.
pub async fn write_changes(
    app: &App,
    writer: &mut ResponseWriter,
    hello: &Hello,
    mut query: PullQuery,
    left_out: bool,
) -> Result<bool, ApiError> {
    query.max_bytes = RECORD_BYTES.0;
    query.name_own = hello.common_protocol() > 0;
    let room = hello
        .answer_bytes()
        .map_or(ANSWER_BYTES, |bytes| bytes.clamp(ANSWER_MIN, ANSWER_MAX).saturating_mul(RATIO));
    let same_log = hello.pull.as_ref().is_some_and(|pull| pull.log == Some(app.node.log));
    let mut bytes = 0;
    loop {
        let page = app.store().pull(&query).await?;
        if page.groups.is_empty() {
            return Ok(page.more);
        }
        bytes += page.changes.iter().map(|change| change.bytes.len()).sum::<usize>();
        let more = page.more;
        let next =
            page.groups.iter().map(|group| PullGroup { cursor: group.cursor, scopes: group.scopes.clone() });
        let next: Vec<PullGroup> = next.collect();
        let nothing = page.changes.is_empty() && page.own.is_empty() && next == query.groups;
        let sums = page.sums.clone();
        for tombstone in &page.tombstones {
            writer.record(&ResponseRecord::Tombstone(tombstone.clone()));
        }
        // Cursors that moved nowhere say nothing, unless the caller has to learn what it was not answered for.
        if !(nothing && same_log && !left_out && query.name_own) {
            let record = batch(app, hello, page).await?;
            writer.record(&ResponseRecord::Changes(record));
        }
        if !more && query.name_own {
            let scopes = if hello.flags & flags::SUMS == 0 { Vec::new() } else { sums.clone() };
            writer.record(&ResponseRecord::Digest(Digest { fold: fold(&sums), scopes }));
        }
        if !more || bytes >= room {
            return Ok(more);
        }
        query.groups = next;
        query.max_bytes = (query.max_bytes * 2).min(RECORD_BYTES.1);
    }
}

/// One record of a page.
async fn batch(app: &App, hello: &Hello, page: PullPage) -> Result<Changes, ApiError> {
    let cursors: Vec<Cursor> = page
        .groups
        .iter()
        .map(|group| Cursor {
            position: u64::try_from(group.cursor.position).unwrap_or(0),
            rolling: Rolling(group.cursor.rolling),
            scopes: group.scopes.clone(),
        })
        .collect();
    let scopes: Vec<&String> = cursors.iter().flat_map(|cursor| &cursor.scopes).collect();
    let numbers: HashMap<&String, usize> =
        scopes.iter().enumerate().map(|(number, scope)| (*scope, number)).collect();
    let numbered = |listed: &BTreeSet<String>| -> Vec<usize> {
        listed.iter().filter_map(|scope| numbers.get(scope).copied()).collect()
    };
    let (mut entries, mut lists) = (Vec::new(), Vec::new());
    let names: Vec<(Id, Hash)> = page.changes.iter().map(|change| (change.document, change.hash)).collect();
    let mut all = names.into_iter().zip(&page.listed);
    for change in rot::whole(app.store(), page.changes).await? {
        let name = (change.document, change.hash);
        let Some((_, listed)) = all.find(|(other, _)| *other == name) else { break };
        if let Some(entry) = entry_of(change) {
            entries.push(Listed::Change(entry));
            lists.push(numbered(listed));
        }
    }
    for (yours, listed) in named(app.store(), hello, &page.own).await? {
        entries.push(Listed::Yours(yours));
        lists.push(numbered(listed));
    }
    let mut changes = Changes { entries, cursors, membership: None, attestation: None };
    if hello.common_protocol() > 0 {
        changes.membership = Some(Membership::collect(lists));
        changes.attestation = attest(app.node.key.signing(), &app.node.log, &changes);
    }
    Ok(changes)
}

/// The caller's own changes by their places in its frames, in the order of its chains.
async fn named<'a>(
    store: &dyn Store,
    hello: &Hello,
    own: &'a [OwnChange],
) -> Result<Vec<(Yours, &'a BTreeSet<String>)>, ApiError> {
    let chains: HashMap<[u8; 16], u64> =
        hello.chains.iter().zip(0..).map(|(chain, number)| (chain.session.0, number)).collect();
    let mut places: HashMap<([u8; 16], i64), Places> = HashMap::new();
    let mut named = Vec::new();
    for change in own {
        let key = (change.session, change.frame);
        let known = match places.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let frame = store.frame(change.session, change.frame).await?;
                place.insert(frame.map(|frame| places_in(&frame.bytes)).unwrap_or_default())
            }
        };
        let name = (DocumentId(change.document), ChangeHash(change.hash));
        let (Some(chain), Some(index)) = (chains.get(&change.session), known.get(&name)) else {
            tracing::error!(
                code = "OWN_CHANGE_WITHOUT_FRAME",
                frame = change.frame,
                "a frame of the log is not held"
            );
            continue;
        };
        let frame = u64::try_from(change.frame).unwrap_or(0);
        named.push((Yours { chain: *chain, frame, index: *index }, &change.listed));
    }
    named.sort_by_key(|(yours, _)| *yours);
    Ok(named)
}

fn places_in(frame: &[u8]) -> Places {
    let Ok(frame) = Frame::decode(frame) else { return Places::new() };
    frame.entries().zip(0..).map(|(entry, index)| ((entry.document, entry.hash), index)).collect()
}

/// The change as it travels; none when its kind is not known.
#[must_use]
pub fn entry_of(change: LoggedChange) -> Option<save::Entry> {
    Some(save::Entry {
        document: DocumentId(change.document),
        kind: Kind::try_from(u8::try_from(change.kind).ok()?).ok()?,
        counter: change.counter.and_then(|counter| u32::try_from(counter).ok()),
        hash: ChangeHash(change.hash),
        bytes: change.bytes,
    })
}
