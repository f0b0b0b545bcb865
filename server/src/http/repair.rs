//! Repairing a scope: the caller's sum differs, so both sides find out in which changes.

use std::collections::{BTreeSet, HashMap};

use mpp_store::LoggedChange;
use mpp_sync::digest::{ScopeSum, fold};
use mpp_sync::document::{contents_of, time_of};
use mpp_sync::exchange::{
    Changes, Hello, Listed, Membership, RepairRequest, RepairStep, ResponseRecord, ResponseWriter, Want,
    attest,
};
use mpp_sync::ids::{ChangeHash, DocumentId};
use mpp_sync::repair::{Items, item_id};

use super::error::ApiError;
use super::pull::entry_of;
use crate::app::App;
use crate::rot;

/// Changes in one record of a repair.
const RECORD_CHANGES: usize = 100;

/// Answers the steps of a caller that stands in this log, of scopes that it may read.
///
/// # Errors
/// As the store.
pub async fn write_repairs(
    app: &App,
    writer: &mut ResponseWriter,
    hello: &Hello,
    steps: &[RepairRequest],
    allowed: &BTreeSet<String>,
) -> Result<(), ApiError> {
    if hello.pull.as_ref().is_none_or(|pull| pull.log != Some(app.node.log)) {
        return Ok(());
    }
    for step in steps.iter().filter(|step| allowed.contains(&step.scope)) {
        let position = i64::try_from(step.position).unwrap_or(i64::MAX);
        let listed = rot::whole(app.store(), app.store().listed(&step.scope, position).await?).await?;
        if let Err(error) = one(app, writer, hello, step, listed) {
            tracing::warn!(code = "REPAIR_UNREADABLE", reason = %error, "a step of a repair was passed over");
        }
    }
    Ok(())
}

fn one(
    app: &App,
    writer: &mut ResponseWriter,
    hello: &Hello,
    step: &RepairRequest,
    listed: Vec<LoggedChange>,
) -> Result<(), mpp_sync::repair::RepairError> {
    let names: Vec<(u64, DocumentId, ChangeHash)> = listed
        .iter()
        .map(|change| {
            let time = contents_of(&change.bytes).map_or(0, time_of);
            (time, DocumentId(change.document), ChangeHash(change.hash))
        })
        .collect();
    let items = Items::new(names.iter().map(|(time, document, hash)| (*time, document, hash)))?;
    let next = |message| {
        ResponseRecord::Repair(RepairStep { scope: step.scope.clone(), position: step.position, message })
    };
    if step.message.is_empty() {
        let mut sum = ScopeSum::default();
        for (_, document, hash) in &names {
            sum.add(document, hash);
        }
        if fold(&[(step.scope.clone(), sum)]) != step.fold {
            tracing::warn!(code = "SCOPE_DIFFERS", device = %hello.device, "a caller holds another set of a scope");
            writer.record(&next(items.begin()?));
        }
        return Ok(());
    }
    let learnt = items.learn(&step.message)?;
    if !learnt.node_lacks.is_empty() {
        writer.record(&ResponseRecord::Want(Want { scope: step.scope.clone(), ids: learnt.node_lacks }));
    }
    let mut by_id: HashMap<[u8; 32], LoggedChange> = names
        .iter()
        .zip(listed)
        .map(|((_, document, hash), change)| (item_id(document, hash), change))
        .collect();
    // In the order of the log, because a change needs those before it.
    let mut lacking: Vec<LoggedChange> =
        learnt.caller_lacks.iter().filter_map(|id| by_id.remove(id)).collect();
    lacking.sort_by_key(|change| change.position);
    let cursor =
        hello.pull.iter().flat_map(|pull| &pull.cursors).find(|cursor| cursor.scopes.contains(&step.scope));
    if let Some(cursor) = cursor {
        let mut lacking = lacking.into_iter().filter_map(entry_of).map(Listed::Change).peekable();
        while lacking.peek().is_some() {
            let entries: Vec<Listed> = lacking.by_ref().take(RECORD_CHANGES).collect();
            let mut cursor = cursor.clone();
            // The caller's own place: a repair fills what lies before it and moves nothing on.
            cursor.scopes = vec![step.scope.clone()];
            let membership = Some(Membership::collect(entries.iter().map(|_| vec![0])));
            let mut changes = Changes { entries, cursors: vec![cursor], membership, attestation: None };
            changes.attestation = attest(app.node.key.signing(), &app.node.log, &changes);
            writer.record(&ResponseRecord::Changes(changes));
        }
    }
    writer.record(&next(learnt.message.unwrap_or_default()));
    Ok(())
}
