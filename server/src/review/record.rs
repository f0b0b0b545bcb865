//! One application with everything a supervisor decides by.

use std::collections::BTreeMap;

use mpp_store::{ApplicationFilter, Id, Store, StoreError};
use mpp_sync::document::Document;
use mpp_sync::ids::DocumentId;
use mpp_sync::rules::status::Status;
use mpp_sync::view::{ApplicationView, ResidentGroup, View, group_residents, history};
use serde_json::{Value, json};

use super::applications::Words;
use super::published::json_of;
use crate::projection::{caught, connected, opened, residents, status_word};
use crate::rot;

/// Other applications of the same person shown at most.
const OTHERS_MAX: i64 = 50;

/// The record; `None` when the office does not hold it.
///
/// # Errors
/// [`StoreError`].
pub async fn record(
    store: &dyn Store,
    id: DocumentId,
    words: &Words<'_>,
) -> Result<Option<Value>, StoreError> {
    let Some(document) = opened(rot::changes_of(store, &[id.0]).await?).pop() else { return Ok(None) };
    // A panic of the document engine costs a part of the page, not the page.
    let Some(View::Application(application)) = caught(id, || View::of(&document)).flatten() else {
        return Ok(None);
    };
    let (group, members) = match application.resident {
        Some(resident) => group_of(store, resident).await?,
        None => (None, Vec::new()),
    };
    let visit = match application.visit {
        Some(visit) => store.view(visit.0).await?.as_ref().map(json_of).transpose()?,
        None => None,
    };
    let shown: Vec<&Document> = std::iter::once(&document).chain(&members).collect();
    let mut entries: Vec<_> = shown
        .iter()
        .flat_map(|document| caught(document.id(), || history(document)).unwrap_or_default())
        .collect();
    entries.sort_by_key(|entry| entry.author.at);
    let views: Vec<Value> = members
        .iter()
        .filter_map(|member| caught(member.id(), || View::of(member))?)
        .map(|view| view.to_json())
        .collect();
    let standard = words.catalogue.standard(&application.service, Some(application.standard));
    Ok(Some(json!({
        "standard": standard.or_else(|| words.catalogue.standard(&application.service, None)),
        "resident": group,
        "residents": views,
        "visit": visit,
        "history": entries,
        "others": others(store, &application, &members, words).await?,
        "next": next(application.status.current),
        "people": words.people,
        "villages": villages(&application, &members, words),
        "application": application,
    })))
}

/// The group a resident is in, and the documents of everybody in it or asked about.
async fn group_of(
    store: &dyn Store,
    resident: DocumentId,
) -> Result<(Option<ResidentGroup>, Vec<Document>), StoreError> {
    let connected = connected(store, resident.0).await?;
    let known = residents(store, &connected).await?;
    let groups = caught(resident, || group_residents(&known)).unwrap_or_default();
    let group = groups.into_iter().find(|group| group.members.contains(&resident));
    let ids: Vec<Id> = match &group {
        Some(group) => group.members.iter().chain(&group.question_with).map(|id| id.0).collect(),
        None => Vec::new(),
    };
    let members = opened(rot::changes_of(store, &ids).await?);
    Ok((group, members))
}

async fn others(
    store: &dyn Store,
    application: &ApplicationView,
    members: &[Document],
    words: &Words<'_>,
) -> Result<Vec<Value>, StoreError> {
    let filter = ApplicationFilter {
        residents: Some(members.iter().map(|member| member.id().0).collect()),
        limit: OTHERS_MAX,
        ..ApplicationFilter::default()
    };
    let page = store.applications(&filter).await?;
    let others = page.rows.iter().filter(|listed| listed.row.document != application.id.0);
    Ok(others.map(|listed| words.row(listed)).collect())
}

/// What usually comes next, for buttons.
fn next(current: Status) -> Vec<Value> {
    let next = current.next().iter();
    next.map(|status| json!({ "status": status_word(*status), "needs_reason": status.needs_reason() }))
        .collect()
}

/// Names of every village that appears.
fn villages(
    application: &ApplicationView,
    members: &[Document],
    words: &Words<'_>,
) -> BTreeMap<String, String> {
    let people =
        [Some(&application.applicant), application.subject.as_ref(), application.representative.as_ref()];
    let typed = people.into_iter().flatten().filter_map(|person| person.village.clone());
    let of_members = members
        .iter()
        .flat_map(|member| member.values("village"))
        .filter_map(|written| written.value.text().map(str::to_owned));
    let in_conflict = application
        .conflicts
        .iter()
        .filter(|conflict| conflict.key.ends_with(".village"))
        .flat_map(|conflict| conflict.values.iter().map(|value| value.value.clone()));
    typed
        .chain(of_members)
        .chain(in_conflict)
        .filter_map(|code| Some((words.regions.village_in_words(&code)?, code)))
        .map(|(name, code)| (code, name))
        .collect()
}
