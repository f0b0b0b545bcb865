//! What devices last said of themselves: when, which frames they have that are not here, and whether their chain was
//! refused as forked. It tells the office what is still out there; nothing is decided by it.

use std::collections::BTreeMap;

use mpp_store::{ChainRow, Id, Store, StoreError};
use mpp_sync::exchange::ChainClaim;
use mpp_sync::ids::{DeviceId, SessionId};
use serde::{Deserialize, Serialize};

/// Seconds within which another contact without news is not written down again.
const QUIET: i64 = 60;
/// The refusal that means that two devices wrote on in one session: a copy, or storage that was put back.
const FORKED: &str = "frame_fork";

/// The last contact of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Unix seconds.
    pub at: i64,
    /// Frames that the device said it has, of sessions that were not held whole then.
    #[serde(default)]
    pub claimed: BTreeMap<String, u64>,
    /// Sessions of which a frame was refused as a fork.
    #[serde(default)]
    pub forked: Vec<SessionId>,
}

impl Contact {
    /// Frames of a session that the device said it has; none when it said nothing, or less than is held.
    #[must_use]
    pub fn claimed_of(&self, session: Id) -> Option<u64> {
        self.claimed.get(&SessionId(session).to_string()).copied()
    }
}

fn key(device: Id) -> String {
    format!("contact/{}", hex::encode(device))
}

/// The last contact of a device.
///
/// # Errors
/// [`StoreError`].
pub async fn contact(store: &dyn Store, device: Id) -> Result<Option<Contact>, StoreError> {
    let text = store.value(&key(device)).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Remembers a contact: the chains that the device named, and frames of it that were refused.
///
/// # Errors
/// [`StoreError`].
pub async fn note(
    store: &dyn Store,
    device: DeviceId,
    chains: &[ChainClaim],
    refused: &[(SessionId, u64, String)],
    now: i64,
) -> Result<(), StoreError> {
    let before = contact(store, device.0).await?.unwrap_or_default();
    let mut after = Contact { at: now, ..before.clone() };
    after.claimed.extend(chains.iter().map(|claim| (claim.session.to_string(), claim.frames)));
    let sessions: Vec<Id> = after
        .claimed
        .keys()
        .filter_map(|session| session.parse::<SessionId>().ok())
        .map(|session| session.0)
        .collect();
    let held: Vec<ChainRow> = if sessions.is_empty() { Vec::new() } else { store.chains(&sessions).await? };
    after.claimed.retain(|session, frames| {
        let row = held.iter().find(|row| SessionId(row.session).to_string() == *session);
        row.is_none_or(|row| u64::try_from(row.frames).unwrap_or(0) < *frames)
    });
    for (session, _, code) in refused {
        if code == FORKED && !after.forked.contains(session) {
            after.forked.push(*session);
        }
    }
    let news = after.claimed != before.claimed || after.forked != before.forked;
    if !news && now - before.at < QUIET {
        return Ok(());
    }
    let text = serde_json::to_string(&after).map_err(|_| StoreError::Corrupt("contact"))?;
    store.set_value(&key(device.0), &text).await
}
