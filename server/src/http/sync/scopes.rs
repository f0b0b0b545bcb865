//! Which scopes a caller may read.

use std::collections::BTreeSet;

use mpp_store::{Cursor as LogCursor, PullGroup, PullQuery, StoreError};
use mpp_sync::check::EVERYONE;
use mpp_sync::exchange::{Cursor, Hello, PullRequest};
use mpp_sync::ids::{DeviceId, DocumentId, SessionId};
use mpp_sync::trust::Grant;

use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::field::{on_roster, scopes_of_day};
use crate::lineage::Lineage;
use crate::review::published::json_of;

/// The scopes that the caller may read.
pub(super) async fn allowed(
    app: &Shared,
    caller: &Caller,
    hello: &Hello,
) -> Result<BTreeSet<String>, ApiError> {
    match caller {
        Caller::Officer(account) => scopes_of(app, &account.username, hello).await,
        Caller::Device(device) => scopes_granted(app, *device).await,
        Caller::Hub(hub) => scopes_of_hub(app, *hub).await,
    }
}

/// The pull, of what both the device and its officer may read: a scope that is neither is left out, so that the answer
/// still says what the office holds.
pub(super) async fn granted(
    app: &Shared,
    caller: &Caller,
    hello: &Hello,
    pull: &PullRequest,
    lineage: &Lineage,
) -> Result<(PullQuery, bool), ApiError> {
    let allowed = allowed(app, caller, hello).await?;
    let mut none_left_out = true;
    let groups = pull.cursors.iter().filter_map(|cursor| {
        let scopes: Vec<String> =
            cursor.scopes.iter().filter(|scope| allowed.contains(*scope)).cloned().collect();
        let left_out = cursor.scopes.len() - scopes.len();
        if left_out > 0 {
            none_left_out = false;
            tracing::warn!(code = "SCOPE_NOT_GRANTED", device = %hello.device, left_out, "scopes were left out");
        }
        let cursor = lineage.cursor(app.node.log, pull.log, log_cursor(cursor));
        (!scopes.is_empty()).then_some(PullGroup { cursor, scopes })
    });
    let claimed: Vec<[u8; 16]> = hello.chains.iter().map(|chain| chain.session.0).collect();
    let beside = app.store().branch_frames(&claimed).await?;
    // Of a session that went on in two ways, here or where the caller names it once for each, nobody knows which of them
    // the caller keeps: nothing is left out.
    let named = |session: SessionId| hello.chains.iter().filter(|chain| chain.session == session).count();
    let one_way =
        |session: SessionId| !beside.iter().any(|row| row.session == session.0) && named(session) == 1;
    let held = hello.chains.iter().filter(|chain| one_way(chain.session));
    let held = held.map(|chain| (chain.session.0, i64::try_from(chain.frames).unwrap_or(i64::MAX)));
    let groups = groups.collect();
    Ok((PullQuery { groups, held: held.collect(), ..PullQuery::default() }, !none_left_out))
}

/// What everybody reads, and the days that the device was put on and the officer is on the roster of. A supervisor or
/// administrator is no exception: they have the office's door.
async fn scopes_of(app: &Shared, officer: &str, hello: &Hello) -> Result<BTreeSet<String>, ApiError> {
    let mut allowed = BTreeSet::from([EVERYONE.to_owned()]);
    for grant in app.store().grants_of(hello.device.0).await? {
        let Some(view) = app.store().view(grant.day).await? else { continue };
        let day = json_of(&view)?;
        if on_roster(&day, officer) {
            allowed.extend(scopes_of_day(&day, &DocumentId(grant.day)));
        }
    }
    Ok(allowed)
}

/// What the device's grants name, while their leases hold.
async fn scopes_granted(app: &Shared, device: DeviceId) -> Result<BTreeSet<String>, ApiError> {
    let now = u64::try_from(app.env().now()).unwrap_or(0);
    let mut allowed = BTreeSet::new();
    for row in app.store().signed_grants(&[device.0]).await? {
        let grant = Grant::decode(&row.bytes).map_err(|_| StoreError::Corrupt("grant"))?;
        if grant.may_read_at(now) {
            allowed.extend(grant.granted.scopes);
        }
    }
    Ok(allowed)
}

/// What everybody reads, and the days that the hub may hold.
async fn scopes_of_hub(app: &Shared, hub: DeviceId) -> Result<BTreeSet<String>, ApiError> {
    let mut allowed = BTreeSet::from([EVERYONE.to_owned()]);
    for day in app.store().hub_days(hub.0).await? {
        if let Some(view) = app.store().view(day).await? {
            allowed.extend(scopes_of_day(&json_of(&view)?, &DocumentId(day)));
        }
    }
    Ok(allowed)
}

fn log_cursor(cursor: &Cursor) -> LogCursor {
    LogCursor { position: i64::try_from(cursor.position).unwrap_or(i64::MAX), rolling: cursor.rolling.0 }
}
