//! The answer, record by record.

use std::collections::{BTreeMap, BTreeSet};

use mpp_store::PullQuery;
use mpp_sync::exchange::{Hello, ResponseRecord, ResponseWriter, Welcome};
use mpp_sync::ids::{ChangeHash, DocumentId};

use super::holds::holds;
use super::{Exchange, asks_again};
use crate::backup::standing::standing;
use crate::chains;
use crate::http::Shared;
use crate::http::error::ApiError;
use crate::http::pull::write_changes;
use crate::http::repair::write_repairs;
use crate::hub::backup_of_office;
use crate::ingest::judge::ERASED;
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
    let hub = app.store().hub(hello.device.0).await?.is_some();
    let (held, of_device) = holds(app, hello, &sessions, hub).await?;
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
    for (document, hash, code) in notices(app, exchange, hello, &of_device).await? {
        writer.record(&ResponseRecord::Notice { document, hash, code });
    }
    let gone = exchange.passing.iter().filter(|notice| notice.code == ERASED);
    let gone: BTreeSet<[u8; 16]> = gone.map(|notice| notice.document.0).collect();
    for row in app.store().tombstones(&gone.into_iter().collect::<Vec<_>>()).await? {
        writer.record(&ResponseRecord::Tombstone(row.bytes));
    }
    if let Some(asked) = &exchange.folds {
        // A hub carries everybody's chains and compares them all; a tablet compares its own.
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
        // A hub has no backups of its own: its tablets ask for the office's.
        backup: if app.node.trust.is_hub() { backup_of_office(app.store()).await? } else { standing.state },
        node: Some(app.node.key.device()),
        ancestors: lineage.told_to(hello.pull.as_ref(), app.node.log),
    })
}

/// Everything of the device that is kept aside now, whether this exchange brought it or an earlier one whose answer was
/// lost; (code empty) what was accepted after all; and what was sent of a document that was erased. On a hub also what the
/// office said, whose word counts, of the chains that are named, and of all when the caller has not heard the newest.
async fn notices(
    app: &Shared,
    exchange: &Exchange,
    hello: &Hello,
    sessions: &[[u8; 16]],
) -> Result<Vec<(DocumentId, ChangeHash, String)>, ApiError> {
    let mut notices: BTreeMap<(DocumentId, ChangeHash), String> =
        exchange.passing.iter().map(|notice| ((notice.document, notice.hash), notice.code.clone())).collect();
    for row in app.store().quarantined_from(sessions).await? {
        notices.insert((DocumentId(row.document), ChangeHash(row.hash)), row.code);
    }
    let heard = u64::try_from(app.store().marks().await?).is_ok_and(|marks| marks == hello.marks);
    for row in app.store().office_notices_of(hello.device.0).await? {
        if !heard || sessions.contains(&row.session) {
            notices.insert((DocumentId(row.document), ChangeHash(row.hash)), row.code);
        }
    }
    Ok(notices.into_iter().map(|((document, hash), code)| (document, hash, code)).collect())
}
