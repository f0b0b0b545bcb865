//! All chains of two nodes compared in few bytes; `mpp_sync::exchange::chains` says how.
//!
//! A node answers with [`differ`]. Who carries frames to another node (a hub, upstream) calls [`compare`] when that node
//! names a log it does not know, or from time to time to be sure, and sends what is lacking.

use std::collections::BTreeMap;

use mpp_store::{ChainRow, Store, StoreError};
use mpp_sync::exchange::HeldChain;
use mpp_sync::exchange::chains::{
    Compared, Comparison, Folds, FoldsAsked, FoldsDiffer, Lacking, Month, OwnChain,
};
use mpp_sync::ids::{DeviceId, FrameHash, SessionId};
use mpp_sync::limits::FOLDED_CHAINS_MAX;

/// Chains listed in one answer before the rest waits for the next question.
const LISTED_MAX: usize = 4_096;
/// Rounds of one comparison at most: forty thousand devices in months that differ.
const ROUNDS_MAX: usize = 20;

/// Where this node's folds are others than asked. `only` limits the answer to one device: a tablet hears of no other.
///
/// # Errors
/// [`StoreError`].
pub async fn differ(
    store: &dyn Store,
    asked: &FoldsAsked,
    only: Option<DeviceId>,
) -> Result<FoldsDiffer, StoreError> {
    let months = asked.all_months();
    let (Some(first), Some(last)) = (months.first(), months.last()) else {
        return Ok(FoldsDiffer::default());
    };
    let mut folds = Folds::new();
    for row in store.chain_folds(i64::from(*first), i64::from(*last)).await? {
        let device = DeviceId(row.device);
        let month = Month::try_from(row.month).unwrap_or(Month::MAX);
        if months.contains(&month) && only.is_none_or(|only| only == device) {
            folds.entry(month).or_default().insert(device, row.sum.fold());
        }
    }
    let mut differ = asked.compare(&folds);
    differ.devices.retain(|(_, device, _)| only.is_none_or(|only| only == *device));
    let (mut filled, mut listed) = (0, 0);
    for (month, device, chains) in &mut differ.devices {
        if listed >= LISTED_MAX {
            break;
        }
        let limit = i64::try_from(FOLDED_CHAINS_MAX).unwrap_or(i64::MAX);
        let rows = store.chains_of_month(device.0, i64::from(*month), limit).await?;
        *chains = rows.iter().map(held).collect();
        listed += chains.len();
        filled += 1;
    }
    // The caller asks again for those that are left out.
    differ.devices.truncate(filled);
    Ok(differ)
}

fn held(row: &ChainRow) -> HeldChain {
    HeldChain {
        session: SessionId(row.session),
        frames: u64::try_from(row.frames).unwrap_or(0),
        head: FrameHash(row.head_hash).prefix(),
    }
}

/// Compares all chains that this node holds with those of another. `exchange` sends a question and brings the answer;
/// `compared` is what earlier comparisons with the same log found, and is brought up to date.
///
/// # Errors
/// Those of `exchange` and of the store; what was found equal before the failure stays in `compared`.
pub async fn compare<E, F>(
    store: &dyn Store,
    compared: &mut Compared,
    mut exchange: impl FnMut(FoldsAsked) -> F,
) -> Result<Lacking, E>
where
    E: From<StoreError>,
    F: Future<Output = Result<FoldsDiffer, E>>,
{
    let own = own_folds(store).await?;
    let mut comparison = Comparison::begin(&own, compared);
    let mut lacking = Lacking::default();
    let mut asked = comparison.ask();
    for _ in 0..ROUNDS_MAX {
        if asked.is_empty() {
            break;
        }
        let answer = exchange(asked).await?;
        asked = comparison.descend(&answer);
        for (month, device, listed) in &answer.devices {
            let chains = own_chains(store, *month, *device, listed).await?;
            let found = comparison.lacking(*month, *device, &chains, listed);
            lacking.send.extend(found.send);
            lacking.forked.extend(found.forked);
        }
    }
    comparison.end();
    Ok(lacking)
}

async fn own_folds(store: &dyn Store) -> Result<Folds, StoreError> {
    let mut folds = Folds::new();
    for row in store.chain_folds(0, i64::from(Month::MAX)).await? {
        let month = Month::try_from(row.month).unwrap_or(Month::MAX);
        folds.entry(month).or_default().insert(DeviceId(row.device), row.sum.fold());
    }
    Ok(folds)
}

async fn own_chains(
    store: &dyn Store,
    month: Month,
    device: DeviceId,
    listed: &[HeldChain],
) -> Result<Vec<OwnChain>, StoreError> {
    let theirs: BTreeMap<SessionId, &HeldChain> = listed.iter().map(|held| (held.session, held)).collect();
    let limit = i64::try_from(FOLDED_CHAINS_MAX).unwrap_or(i64::MAX);
    let mut own = Vec::new();
    for row in store.chains_of_month(device.0, i64::from(month), limit).await? {
        let mine = held(&row);
        let their = theirs.get(&mine.session).map_or(0, |held| held.frames);
        let at_their_head = match their.checked_sub(1) {
            Some(_) if their == mine.frames => Some(mine.head),
            Some(last) if their < mine.frames => {
                let frame = store.frame(row.session, i64::try_from(last).unwrap_or(i64::MAX)).await?;
                frame.map(|frame| FrameHash(frame.hash).prefix())
            }
            _ => None,
        };
        own.push(OwnChain { session: mine.session, frames: mine.frames, at_their_head });
    }
    Ok(own)
}
