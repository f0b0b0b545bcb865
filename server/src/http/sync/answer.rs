//! The answer, record by record.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::PullQuery;
use mpp_sync::exchange::{HeldChain, Hello, ResponseRecord, ResponseWriter, Welcome};
use mpp_sync::frame::Frame;
use mpp_sync::ids::{ChangeHash, DocumentId, FrameHash, SessionId};

use super::{Exchange, asks_again};
use crate::backup::standing::standing;
use crate::chains;
use crate::http::Shared;
use crate::http::error::ApiError;
use crate::http::pull::write_changes;
use crate::http::repair::write_repairs;
use crate::lineage::Lineage;
use crate::receipts::receipts;

pub(super) async fn answer(
    app: &Shared,
    exchange: &Exchange,
    hello: &Hello,
    lineage: &Lineage,
    readable: &BTreeSet<String>,
    pull: Option<(PullQuery, bool)>,
) -> Result<Vec<u8>, ApiError> {
    let mut writer = ResponseWriter::default();
    writer.record(&ResponseRecord::Welcome(welcome(app, hello, lineage).await?));
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
        None => asks_again(app, hello, lineage),
    };
    let mut body = writer.take();
    body.extend(writer.finish(more));
    Ok(body)
}

async fn welcome(app: &Shared, hello: &Hello, lineage: &Lineage) -> Result<Welcome, ApiError> {
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
        ancestors: lineage.told_to(hello.pull.as_ref(), app.node.log),
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
