//! Which registrations belong together, and whether a person is asked something about them.

use std::collections::BTreeSet;

use crate::rot;
use mpp_store::{Id, Store, StoreError};
use mpp_sync::ids::DocumentId;
use mpp_sync::view::{ResidentGroup, ResidentView, View, group_residents};

/// Marked residents looked at in one go.
const STEP: i64 = 200;
/// A group larger than this is a mistake somebody has to see, not a family.
const GROUP_MAX: usize = 500;

/// Computes the flags of every group that is marked, when the log is folded up to `upto`.
pub async fn regroup(store: &dyn Store, upto: i64) -> Result<(), StoreError> {
    loop {
        let marked = store.residents_to_regroup(STEP).await?;
        if marked.is_empty() {
            return Ok(());
        }
        let mut done: BTreeSet<Id> = BTreeSet::new();
        for resident in marked {
            if done.contains(&resident) {
                continue;
            }
            let connected = connected(store, resident).await?;
            let flags = match connected.as_slice() {
                [alone] => vec![(*alone, false, false)],
                several => flags(&groups(store, resident, several).await?, several),
            };
            done.extend(&connected);
            store.set_group_flags(&flags, upto).await?;
        }
    }
}

/// Everybody who may be the same person as this resident: same NIK, or named by a decision, however far.
///
/// # Errors
/// [`StoreError`].
pub async fn connected(store: &dyn Store, resident: Id) -> Result<Vec<Id>, StoreError> {
    let mut known = vec![resident];
    loop {
        let wider = store.resident_neighbours(&known).await?;
        if wider.len() == known.len() || wider.len() > GROUP_MAX {
            return Ok(wider);
        }
        known = wider;
    }
}

/// The residents' views, read from the log.
///
/// # Errors
/// [`StoreError`].
pub async fn residents(store: &dyn Store, ids: &[Id]) -> Result<Vec<ResidentView>, StoreError> {
    let views = super::views(rot::changes_of(store, ids).await?);
    Ok(views
        .into_iter()
        .filter_map(|view| match view {
            View::Resident(resident) => Some(*resident),
            _ => None,
        })
        .collect())
}

/// The groups of these residents; none when the engine panicked over them, so that the others are still computed.
async fn groups(store: &dyn Store, marked: Id, ids: &[Id]) -> Result<Vec<ResidentGroup>, StoreError> {
    let residents = residents(store, ids).await?;
    Ok(super::caught(DocumentId(marked), || group_residents(&residents)).unwrap_or_default())
}

/// One entry for every connected resident, also for one whose document has not arrived.
fn flags(groups: &[ResidentGroup], connected: &[Id]) -> Vec<(Id, bool, bool)> {
    connected
        .iter()
        .map(|id| {
            let group = groups.iter().find(|group| group.members.iter().any(|member| member.0 == *id));
            (*id, group.is_some_and(|group| group.question), group.is_some_and(|group| group.spelling_open))
        })
        .collect()
}
