//! `POST /sync/v1`: frames up, what the office holds and what is missing down, in one round trip.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use mpp_store::{Cursor as LogCursor, PullGroup, PullQuery, StoreError};
use mpp_sync::check::EVERYONE;
use mpp_sync::exchange::chains::FoldsAsked;
use mpp_sync::exchange::{
    Cursor, HeldChain, Hello, PullRequest, RepairRequest, RequestReader, RequestRecord, ResponseRecord,
    ResponseWriter, Welcome, flags,
};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{ChangeHash, DeviceId, DocumentId, FrameHash, SessionId};
use mpp_sync::trust::Grant;
use mpp_sync::wire::WireError;

use super::Shared;
use super::auth::Caller;
use super::device::{admitted, hub_revoked};
use super::error::ApiError;
use super::field::{on_roster, revoked, scopes_of_day};
use super::give_back::take_back;
use super::pull::write_changes;
use super::repair::write_repairs;
use crate::backup::standing::standing;
use crate::chains;
use crate::contacts;
use crate::ingest::{Notice, Outcome, Pending, Submission};
use crate::lineage::Lineage;
use crate::receipts::receipts;
use crate::review::published::json_of;

/// The body's type, both ways.
pub const CONTENT_TYPE: &str = "application/vnd.mpp.sync";
/// Bytes of the body that are looked at in one go.
const PIECE: usize = 4 * 1024;
/// Frames handed in and not yet durable, per request.
const PENDING_MAX: usize = 64;

/// What a request said and what became of it.
#[derive(Default)]
struct Exchange {
    hello: Option<Hello>,
    sessions: BTreeSet<SessionId>,
    folds: Option<FoldsAsked>,
    refused: Vec<(SessionId, u64, String)>,
    lifted: Vec<Notice>,
    repairs: Vec<RepairRequest>,
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
    let exchange = receive(&app, &caller, request.into_body()).await?;
    let hello = exchange.hello.as_ref().ok_or(WireError::Truncated)?;
    contacts::note(app.store(), hello.device, &hello.chains, &exchange.refused, app.env().now()).await?;
    let pull = match &hello.pull {
        Some(pull) if !asks_again(&app, hello) => Some(granted(&app, &caller, hello, pull).await?),
        _ => None,
    };
    let readable = match exchange.repairs.as_slice() {
        [] => BTreeSet::new(),
        _ => allowed(&app, &caller, hello).await?,
    };
    let body = answer(&app, &exchange, hello, &readable, pull).await?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response())
}

/// A tablet that meets hub and office in turn named the cursors of the other: it has some for this log as well.
fn asks_again(app: &Shared, hello: &Hello) -> bool {
    let log = hello.pull.as_ref().and_then(|pull| pull.log);
    hello.flags & flags::OTHER_LOGS != 0 && log.is_some_and(|log| log != app.node.log)
}

fn speaks_sync(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes() == CONTENT_TYPE.as_bytes())
}

/// Reads the body as it arrives and hands every whole frame in at once. All that was handed in is durable, or refused,
/// when this returns, with or without an error.
async fn receive(app: &Shared, caller: &Caller, body: Body) -> Result<Exchange, ApiError> {
    let mut exchange = Exchange::default();
    let mut pending: Vec<Pending> = Vec::new();
    let read = read_body(app, caller, body, &mut exchange, &mut pending).await;
    let settled = settle(&mut exchange, &mut pending).await;
    read.and(settled)?;
    Ok(exchange)
}

async fn read_body(
    app: &Shared,
    caller: &Caller,
    body: Body,
    exchange: &mut Exchange,
    pending: &mut Vec<Pending>,
) -> Result<(), ApiError> {
    let mut reader = RequestReader::default();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        // The link broke: what came whole is kept.
        let chunk = chunk.map_err(|_| WireError::Truncated)?;
        // In small pieces, because a piece that turns out to be damaged costs the whole records in it.
        for piece in chunk.chunks(PIECE) {
            for record in reader.push(piece)? {
                take(app, caller, record, exchange, pending).await?;
            }
        }
    }
    Ok(reader.finish()?)
}

async fn take(
    app: &Shared,
    caller: &Caller,
    record: RequestRecord,
    exchange: &mut Exchange,
    pending: &mut Vec<Pending>,
) -> Result<(), ApiError> {
    match record {
        RequestRecord::Hello(hello) => {
            known_device(app, caller, &hello).await?;
            exchange.sessions.extend(hello.chains.iter().map(|chain| chain.session));
            exchange.hello = Some(hello);
        }
        RequestRecord::Frame(bytes) => {
            let officer = match caller {
                Caller::Officer(account) => account.username.clone(),
                // Whose work it is stands in the device's grant.
                Caller::Device(_) | Caller::Hub(_) => String::new(),
            };
            let submission = Submission { bytes, officer };
            pending.push(app.ingest.submit(submission).await?);
            if pending.len() >= PENDING_MAX {
                settle(exchange, pending).await?;
            }
        }
        RequestRecord::Grant(bytes) => {
            let grant = Grant::decode(&bytes)?;
            // A grant that is not believed keeps nobody's frames out but those of its own device.
            if let Err(error) = admitted(app, &grant).await {
                tracing::warn!(code = "GRANT_NOT_TAKEN", reason = error.code(), device = %grant.granted.device());
            }
        }
        RequestRecord::Offer(offer) => {
            // Frames prove more than an offer: those of this body come first.
            settle(exchange, pending).await?;
            let hello = exchange.hello.as_ref().ok_or(WireError::Truncated)?;
            let allowed = allowed(app, caller, hello).await?;
            take_back(app, offer, &allowed).await?;
        }
        RequestRecord::Repair(step) => exchange.repairs.push(step),
        RequestRecord::Folds(asked) => exchange.folds = Some(asked),
        RequestRecord::End => {}
    }
    Ok(())
}

/// Waits until everything handed in is durable or refused.
async fn settle(exchange: &mut Exchange, pending: &mut Vec<Pending>) -> Result<(), ApiError> {
    let mut failure = None;
    for frame in pending.drain(..) {
        match frame.outcome().await {
            Ok(Outcome::Stored { session, notices, .. }) => {
                exchange.sessions.insert(session);
                exchange.lifted.extend(notices.into_iter().filter(|notice| notice.code.is_empty()));
            }
            Ok(Outcome::Refused { session, number, code }) => {
                tracing::warn!(code = "FRAME_REFUSED", reason = %code, number);
                exchange.refused.push((session, number, code));
            }
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(()), |error| Err(error.into()))
}

async fn known_device(app: &Shared, caller: &Caller, hello: &Hello) -> Result<(), ApiError> {
    match caller {
        Caller::Officer(_) => {}
        Caller::Device(device) if *device == hello.device => {}
        // Its session ends when a hub is revoked.
        Caller::Hub(device) if *device == hello.device => return Ok(()),
        Caller::Device(_) | Caller::Hub(_) => return Err(ApiError::malformed("device")),
    }
    match app.store().device(hello.device.0).await? {
        Some(device) if device.revoked_at.is_some() => Err(revoked()),
        Some(_) => Ok(()),
        None => Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "DEVICE_UNKNOWN",
            "Tablet ini belum dikenal kantor. Siapkan dahulu tablet ini untuk hari layanannya.",
        )),
    }
}

/// The scopes that the caller may read.
async fn allowed(app: &Shared, caller: &Caller, hello: &Hello) -> Result<BTreeSet<String>, ApiError> {
    match caller {
        Caller::Officer(account) => scopes_of(app, &account.username, hello).await,
        Caller::Device(device) => scopes_granted(app, *device).await,
        Caller::Hub(hub) => scopes_of_hub(app, *hub).await,
    }
}

/// The pull, of what both the device and its officer may read: a scope that is neither is left out, so that the answer
/// still says what the office holds.
async fn granted(
    app: &Shared,
    caller: &Caller,
    hello: &Hello,
    pull: &PullRequest,
) -> Result<(PullQuery, bool), ApiError> {
    let allowed = allowed(app, caller, hello).await?;
    let mut none_left_out = true;
    let lineage = Lineage::read(app.store()).await?;
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
    let held =
        hello.chains.iter().map(|chain| (chain.session.0, i64::try_from(chain.frames).unwrap_or(i64::MAX)));
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

async fn answer(
    app: &Shared,
    exchange: &Exchange,
    hello: &Hello,
    readable: &BTreeSet<String>,
    pull: Option<(PullQuery, bool)>,
) -> Result<Vec<u8>, ApiError> {
    let mut writer = ResponseWriter::default();
    writer.record(&ResponseRecord::Welcome(welcome(app, hello).await?));
    let sessions: Vec<[u8; 16]> = exchange.sessions.iter().map(|session| session.0).collect();
    let held = app.store().chains(&sessions).await?;
    let of_device: Vec<[u8; 16]> =
        held.iter().filter(|row| row.device == hello.device.0).map(|row| row.session).collect();
    let held = held.into_iter().map(|row| HeldChain {
        session: SessionId(row.session),
        frames: u64::try_from(row.frames).unwrap_or(0),
        head: FrameHash(row.head_hash).prefix(),
    });
    let mut held: Vec<HeldChain> = held.collect();
    held.extend(branches(app, &sessions).await?);
    held.extend(known_to(app, hello, &held).await?);
    writer.record(&ResponseRecord::Holds(held));
    let node = &app.node;
    for receipt in receipts(app.store(), &node.key, node.log, app.env().now(), &sessions).await? {
        writer.record(&ResponseRecord::Receipt(receipt));
    }
    if !sessions.is_empty() {
        let releases = app.store().releases().await?;
        if let Some(row) = releases.into_iter().find(|row| row.device == hello.device.0) {
            let at = u64::try_from(row.at).unwrap_or(0);
            writer.record(&ResponseRecord::Released { at, by: row.username, reason: row.reason });
        }
    }
    for (session, number, code) in &exchange.refused {
        writer.record(&ResponseRecord::Refused { session: *session, number: *number, code: code.clone() });
    }
    for (document, hash, code) in notices(app, exchange, &of_device).await? {
        writer.record(&ResponseRecord::Notice { document, hash, code });
    }
    if let Some(asked) = &exchange.folds {
        // A hub carries everybody's chains and compares them all; a tablet compares its own.
        let hub = app.store().hub(hello.device.0).await?.is_some();
        let differ = chains::differ(app.store(), asked, (!hub).then_some(hello.device)).await?;
        writer.record(&ResponseRecord::Folds(differ));
    }
    write_repairs(app, &mut writer, hello, &exchange.repairs, readable).await?;
    let more = match pull {
        Some((query, left_out)) => write_changes(app, &mut writer, hello, query, left_out).await?,
        None => asks_again(app, hello),
    };
    let mut body = writer.take();
    body.extend(writer.finish(more));
    Ok(body)
}

async fn welcome(app: &Shared, hello: &Hello) -> Result<Welcome, ApiError> {
    let now = app.env().now();
    let standing = standing(app.store(), &app.config.data, now).await?;
    Ok(Welcome {
        log: app.node.log,
        time: u64::try_from(now).unwrap_or(0),
        protocol: hello.common_protocol(),
        marks: u64::try_from(app.store().marks().await?).unwrap_or(0),
        backed_up: standing.position(),
        backup: standing.state,
        node: Some(app.node.key.device()),
    })
}

/// The ends of second branches of the sessions, so that a copied tablet hears that its frames arrived too.
async fn branches(app: &Shared, sessions: &[[u8; 16]]) -> Result<Vec<HeldChain>, ApiError> {
    let rows = app.store().branch_frames(sessions).await?;
    let read: Vec<Frame> = rows.iter().filter_map(|row| Frame::decode(&row.bytes).ok()).collect();
    let ends = rows.iter().filter(|row| {
        let head = FrameHash(row.hash).prefix();
        !read.iter().any(|frame| frame.session.0 == row.session && frame.previous == head)
    });
    let held = ends.map(|row| HeldChain {
        session: SessionId(row.session),
        frames: u64::try_from(row.number).unwrap_or(0) + 1,
        head: FrameHash(row.hash).prefix(),
    });
    Ok(held.collect())
}

/// Of chains of which more is held than the caller knows: that what it knows is held too.
async fn known_to(app: &Shared, hello: &Hello, held: &[HeldChain]) -> Result<Vec<HeldChain>, ApiError> {
    let mut found = Vec::new();
    for claim in &hello.chains {
        let longer = held.iter().any(|chain| chain.session == claim.session && chain.frames > claim.frames);
        let Some(last) = claim.frames.checked_sub(1).filter(|_| longer) else { continue };
        let last = i64::try_from(last).unwrap_or(i64::MAX);
        if let Some(row) = app.store().frame(claim.session.0, last).await? {
            let prefix = FrameHash(row.hash).prefix();
            found.push(HeldChain { session: claim.session, frames: claim.frames, head: prefix });
        }
    }
    Ok(found)
}

/// Everything of the device that is kept aside now, whether this exchange brought it or an earlier one whose answer was
/// lost; and (code empty) what was accepted after all.
async fn notices(
    app: &Shared,
    exchange: &Exchange,
    sessions: &[[u8; 16]],
) -> Result<Vec<(DocumentId, ChangeHash, String)>, ApiError> {
    let mut notices: BTreeMap<(DocumentId, ChangeHash), String> =
        exchange.lifted.iter().map(|notice| ((notice.document, notice.hash), String::new())).collect();
    for row in app.store().quarantined_from(sessions).await? {
        notices.insert((DocumentId(row.document), ChangeHash(row.hash)), row.code);
    }
    Ok(notices.into_iter().map(|((document, hash), code)| (document, hash, code)).collect())
}
