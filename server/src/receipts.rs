//! Receipts: this node's signed word on the chains of a device, and on a hub the office's word handed on.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{CoveredChain, Id, OfficeReceiptRow, Store, StoreError};
use mpp_sync::exchange::{Receipt, ReceiptChain, ReceiptHeads};
use mpp_sync::ids::{FrameHash, LogId, SessionId};

use crate::node_key::NodeKey;
use crate::ways::{Way, Ways};

/// What to answer about these sessions, durable as it is now: one receipt for each device they belong to, one for each way
/// of a session that went on in two, then what the office said of them.
///
/// # Errors
/// [`StoreError`].
pub async fn receipts(
    store: &dyn Store,
    key: &NodeKey,
    log: LogId,
    now: i64,
    sessions: &[Id],
) -> Result<Vec<Receipt>, StoreError> {
    let beside = store.branch_frames(sessions).await?;
    let went_two_ways = |session: Id| beside.iter().any(|row| row.session == session);
    let issued_at = u64::try_from(now).unwrap_or(0);
    let sign = |chains| Receipt::sign(key.signing(), log, issued_at, chains);
    let mut of_device: BTreeMap<Id, Vec<CoveredChain>> = BTreeMap::new();
    let mut receipts: Vec<Receipt> = Vec::new();
    for chain in store.covered_chains(sessions).await? {
        if went_two_ways(chain.session) {
            // Each of the tablets knows its own way only.
            let ways = Ways::of(store, SessionId(chain.session)).await?;
            receipts.extend(ways.all().iter().filter_map(|way| Some(sign(vec![covered_way(&chain, way)?]))));
        } else {
            of_device.entry(chain.device).or_default().push(chain);
        }
    }
    receipts.extend(of_device.into_values().map(|chains| sign(chains.iter().map(covered).collect())));
    let said = store.office_receipts(sessions).await?;
    // One receipt may speak of several sessions.
    let said: BTreeSet<Vec<u8>> = said.into_iter().map(|row| row.receipt).collect();
    receipts.extend(said.iter().filter_map(|bytes| Receipt::decode(bytes).ok()));
    Ok(receipts)
}

fn covered(chain: &CoveredChain) -> (ReceiptChain, ReceiptHeads) {
    let frames = |count: i64| u64::try_from(count).unwrap_or(0);
    let said = ReceiptChain {
        session: SessionId(chain.session),
        frames: frames(chain.frames),
        backed_up: frames(chain.backed_up),
    };
    (said, ReceiptHeads { head: FrameHash(chain.head), backed_up: FrameHash(chain.backed_up_head) })
}

/// One way of a session, with as much of the backup as it shares with the chain: what lies beside is not counted by it.
fn covered_way(chain: &CoveredChain, way: &Way) -> Option<(ReceiptChain, ReceiptHeads)> {
    let backed_up = usize::try_from(chain.backed_up).ok()?.min(way.shared);
    let head = |frames: usize| {
        frames.checked_sub(1).map_or(Some(FrameHash::NONE), |last| way.hashes.get(last).copied())
    };
    let said = ReceiptChain {
        session: SessionId(chain.session),
        frames: u64::try_from(way.hashes.len()).ok()?,
        backed_up: u64::try_from(backed_up).ok()?,
    };
    Some((said, ReceiptHeads { head: head(way.hashes.len())?, backed_up: head(backed_up)? }))
}

/// Keeps what the office said to this hub, to hand it on to the tablets. The caller has checked the office's signature,
/// and found by it which way of each session it speaks of.
///
/// # Errors
/// [`StoreError`].
pub async fn keep_of_office(
    store: &dyn Store,
    receipt: &Receipt,
    ways: &BTreeMap<SessionId, FrameHash>,
) -> Result<(), StoreError> {
    let bytes = receipt.encode();
    let count = |frames: u64| i64::try_from(frames).unwrap_or(i64::MAX);
    let rows = receipt.chains.iter().map(|chain| OfficeReceiptRow {
        session: chain.session.0,
        way: ways.get(&chain.session).map_or([0; 32], |way| way.0),
        frames: count(chain.frames),
        backed_up: count(chain.backed_up),
        receipt: bytes.clone(),
    });
    store.put_office_receipts(&rows.collect::<Vec<_>>()).await
}

#[cfg(test)]
mod tests;
