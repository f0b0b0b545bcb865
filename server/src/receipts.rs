//! Receipts: this node's signed word on the chains of a device, and on a hub the office's word handed on.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::{CoveredChain, Id, OfficeReceiptRow, Store, StoreError};
use mpp_sync::exchange::{Receipt, ReceiptChain, ReceiptHeads};
use mpp_sync::ids::{FrameHash, LogId, SessionId};

use crate::node_key::NodeKey;

/// What to answer about these sessions, durable as it is now: one receipt for each device they belong to, then what the
/// office said of them.
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
    let mut of_device: BTreeMap<Id, Vec<CoveredChain>> = BTreeMap::new();
    for chain in store.covered_chains(sessions).await? {
        of_device.entry(chain.device).or_default().push(chain);
    }
    let issued_at = u64::try_from(now).unwrap_or(0);
    let own = of_device
        .into_values()
        .map(|chains| Receipt::sign(key.signing(), log, issued_at, chains.iter().map(covered).collect()));
    let mut receipts: Vec<Receipt> = own.collect();
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

/// Keeps what the office said to this hub, to hand it on to the tablets. The caller has checked the office's signature.
///
/// # Errors
/// [`StoreError`].
pub async fn keep_of_office(store: &dyn Store, receipt: &Receipt) -> Result<(), StoreError> {
    let bytes = receipt.encode();
    let count = |frames: u64| i64::try_from(frames).unwrap_or(i64::MAX);
    let rows = receipt.chains.iter().map(|chain| OfficeReceiptRow {
        session: chain.session.0,
        frames: count(chain.frames),
        backed_up: count(chain.backed_up),
        receipt: bytes.clone(),
    });
    store.put_office_receipts(&rows.collect::<Vec<_>>()).await
}

#[cfg(test)]
mod tests;
