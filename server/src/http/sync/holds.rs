//! What this node says it holds of chains: each chain, the branches beside it, and the part that the caller knows.

use mpp_store::BranchFrameRow;
use mpp_sync::exchange::{HeldChain, Hello};
use mpp_sync::ids::{FrameHash, SessionId};

use crate::http::Shared;
use crate::http::error::ApiError;
use crate::ways::ends;

/// What is held of these sessions, and which of them are the caller's own: a hub carries everybody's.
///
/// # Errors
/// When the store fails.
pub(super) async fn holds(
    app: &Shared,
    hello: &Hello,
    sessions: &[[u8; 16]],
    hub: bool,
) -> Result<(Vec<HeldChain>, Vec<[u8; 16]>), ApiError> {
    let rows = app.store().chains(sessions).await?;
    let of_device =
        rows.iter().filter(|row| hub || row.device == hello.device.0).map(|row| row.session).collect();
    let mut held: Vec<HeldChain> =
        rows.iter().map(|row| named(row.session, row.frames, row.head_hash)).collect();
    let beside = app.store().branch_frames(sessions).await?;
    // A copied tablet hears that its frames arrived too.
    let ends = ends(&beside).into_iter();
    held.extend(ends.map(|(session, frames, head)| HeldChain { session, frames, head: head.prefix() }));
    held.extend(known_to(app, hello, &held, &beside).await?);
    Ok((held, of_device))
}

fn named(session: [u8; 16], frames: i64, head: [u8; 32]) -> HeldChain {
    HeldChain {
        session: SessionId(session),
        frames: u64::try_from(frames).unwrap_or(0),
        head: FrameHash(head).prefix(),
    }
}

/// Of chains of which more is held than the caller knows, along the chain or a branch: that what it knows is held too.
async fn known_to(
    app: &Shared,
    hello: &Hello,
    held: &[HeldChain],
    beside: &[BranchFrameRow],
) -> Result<Vec<HeldChain>, ApiError> {
    let mut found = Vec::new();
    for claim in &hello.chains {
        let longer = held.iter().any(|chain| chain.session == claim.session && chain.frames > claim.frames);
        let Some(last) = claim.frames.checked_sub(1).filter(|_| longer) else { continue };
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        let row = app.store().frame(claim.session.0, last).await?;
        let branched = beside.iter().filter(|row| (row.session, row.number) == (claim.session.0, last));
        let heads = row.map(|row| row.hash).into_iter().chain(branched.map(|row| row.hash));
        let held = heads.map(|hash| FrameHash(hash).prefix());
        found.extend(held.map(|head| HeldChain { session: claim.session, frames: claim.frames, head }));
    }
    Ok(found)
}
