//! `POST /sync/v1`: frames up, what the office holds and what is missing down, in one round trip.

mod answer;
mod earlier;
mod holds;
mod receive;
mod scopes;

use std::collections::BTreeSet;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use mpp_sync::exchange::chains::FoldsAsked;
use mpp_sync::exchange::{Hello, RepairRequest, flags};
use mpp_sync::ids::SessionId;
use mpp_sync::wire::WireError;

use self::answer::answer;
pub use self::earlier::Bodies;
use self::earlier::Reading;
use self::receive::receive;
use self::scopes::{allowed, granted};
use super::Shared;
use super::auth::Caller;
use super::device::hub_revoked;
use super::error::ApiError;
use crate::contacts;
use crate::ingest::Notice;
use crate::lineage::Lineage;

/// The body's type, both ways.
pub const CONTENT_TYPE: &str = "application/vnd.mpp.sync";

/// What a request said and what became of it.
#[derive(Default)]
struct Exchange {
    hello: Option<Hello>,
    sessions: BTreeSet<SessionId>,
    folds: Option<FoldsAsked>,
    refused: Vec<(SessionId, u64, String)>,
    /// What is said once, because nothing is kept aside: accepted after all, or erased.
    passing: Vec<Notice>,
    repairs: Vec<RepairRequest>,
    /// Since the hello named the device.
    reading: Option<Reading>,
}

/// `POST /sync/v1`
///
/// # Errors
/// `DEVICE_UNKNOWN`, `DEVICE_REVOKED`, `STORAGE_FULL`, or a code of [`WireError`]. Frames that came before the failure
/// and were stored stay stored; the next exchange says so.
pub async fn exchange(
    State(app): State<Shared>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    if !speaks_sync(request.headers()) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "CONTENT_TYPE",
            "Permintaan tidak terbaca. Perbarui aplikasi di tablet ini.",
        ));
    }
    // A hub that the office no longer believes takes nothing, so that tablets go to the office.
    if app.upstream.state().revoked {
        return Err(hub_revoked());
    }
    let mut exchange = receive(&app, &caller, request.into_body()).await?;
    if let Some(reading) = exchange.reading.take() {
        reading.after_earlier().await;
    }
    let hello = exchange.hello.as_ref().ok_or(WireError::Truncated)?;
    contacts::note(app.store(), hello.device, &hello.chains, &exchange.refused, app.env().now()).await?;
    let lineage = Lineage::read(app.store()).await?;
    let pull = match &hello.pull {
        Some(pull) if !asks_again(&app, hello, &lineage) => {
            Some(granted(&app, &caller, hello, pull, &lineage).await?)
        }
        _ => None,
    };
    let readable = match exchange.repairs.as_slice() {
        [] => BTreeSet::new(),
        _ => allowed(&app, &caller, hello).await?,
    };
    let body = answer(&app, &exchange, hello, &lineage, &readable, pull).await?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response())
}

/// A tablet that meets hub and office in turn named the cursors of the other: it has some for this log as well. Those of a
/// log that this one goes on from are as good as its own.
fn asks_again(app: &Shared, hello: &Hello, lineage: &Lineage) -> bool {
    let log = hello.pull.as_ref().and_then(|pull| pull.log);
    let elsewhere = |log| log != app.node.log && !lineage.names(log);
    hello.flags & flags::OTHER_LOGS != 0 && log.is_some_and(elsewhere)
}

fn speaks_sync(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes() == CONTENT_TYPE.as_bytes())
}
