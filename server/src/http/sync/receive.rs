//! A body as it arrives: every whole frame is handed in at once.

use axum::body::Body;
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use mpp_sync::exchange::{Hello, RequestReader, RequestRecord};
use mpp_sync::trust::Grant;
use mpp_sync::wire::WireError;
use tokio::time::timeout;

use super::Exchange;
use super::earlier::QUIET;
use super::scopes::allowed;
use crate::http::Shared;
use crate::http::auth::Caller;
use crate::http::device::admitted;
use crate::http::error::ApiError;
use crate::http::field::revoked;
use crate::http::give_back::take_back;
use crate::ingest::judge::ERASED;
use crate::ingest::{Notice, Outcome, Pending, Submission};

/// Bytes of the body that are looked at in one go.
const PIECE: usize = 4 * 1024;
/// Frames handed in and not yet durable, per request.
const PENDING_MAX: usize = 64;

/// Reads the body as it arrives and hands every whole frame in at once. All that was handed in is durable, or refused,
/// when this returns, with or without an error.
pub(super) async fn receive(app: &Shared, caller: &Caller, body: Body) -> Result<Exchange, ApiError> {
    let (app, caller) = (app.clone(), caller.clone());
    // A request whose connection breaks is dropped; what came of it is not.
    let read = tokio::spawn(async move {
        let mut exchange = Exchange::default();
        let mut pending: Vec<Pending> = Vec::new();
        let read = read_body(&app, &caller, body, &mut exchange, &mut pending).await;
        let settled = settle(&mut exchange, &mut pending).await;
        read.and(settled).map(|()| exchange)
    });
    read.await.map_err(|error| {
        tracing::error!(code = "BODY_READER_STOPPED", error = %error);
        ApiError::internal()
    })?
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
    loop {
        let Ok(chunk) = timeout(QUIET, stream.next()).await else {
            settle(exchange, pending).await?;
            exchange.reading.iter().for_each(|reading| reading.set_busy(false));
            continue;
        };
        let Some(chunk) = chunk else { break };
        exchange.reading.iter().for_each(|reading| reading.set_busy(true));
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
            exchange.reading.get_or_insert_with(|| app.bodies.read(hello.device));
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
                let passing = |notice: &Notice| notice.code.is_empty() || notice.code == ERASED;
                exchange.passing.extend(notices.into_iter().filter(passing));
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
