//! The office's door: the list, one record, and deciding about it.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use mpp_store::ApplicationFilter;
use mpp_sync::action::{ActionError, add_status, edit_document};
use mpp_sync::ids::DocumentId;
use mpp_sync::rules::status::Status;
use mpp_sync::text::needle;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::auth::AuthSupervisor;
use super::error::ApiError;
use super::guard::{InPath, InQuery, json_body};
use crate::review::applications::Words;
use crate::review::published::days;
use crate::review::record::record;
use crate::review::{quarantine, tablets};

/// Rows of one page of the list.
const PAGE: i64 = 50;
/// How many days ago the oldest day that is listed may be: the rosters of five years would be megabytes.
const DAYS_BACK: i64 = 400;
/// Words of one search.
const WORDS_MAX: usize = 8;

/// `GET /api/office/days`: the days to come and those of the last thirteen months, the newest first.
///
/// # Errors
/// When the store fails.
pub async fn office_days(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
) -> Result<Json<Value>, ApiError> {
    let mut days = days(app.store(), Some(&app.date(-DAYS_BACK))).await?;
    days.reverse();
    Ok(Json(json!({ "days": days })))
}

/// What the list is filtered by.
#[derive(Deserialize)]
pub struct ListQuery {
    day: Option<DocumentId>,
    status: Option<Status>,
    agency: Option<String>,
    service: Option<String>,
    attention: Option<String>,
    page: Option<i64>,
}

/// What the list is filtered and searched by.
#[derive(Deserialize)]
struct Search {
    day: Option<DocumentId>,
    status: Option<Status>,
    agency: Option<String>,
    service: Option<String>,
    /// A name, a ticket, a tracking code: what a person types about another person.
    #[serde(default)]
    q: String,
    #[serde(default)]
    attention: bool,
    page: Option<i64>,
}

/// `GET /api/office/applications`
///
/// # Errors
/// When the store fails.
pub async fn list(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
    InQuery(query): InQuery<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let ListQuery { day, status, agency, service, attention, page } = query;
    let attention = attention.as_deref() == Some("1");
    rows(&app, Search { day, status, agency, service, q: String::new(), attention, page }).await
}

/// `POST /api/office/applications/search`: the list, searched. A name must not stand in an address, which browsers,
/// proxies and their logs keep.
///
/// # Errors
/// When the store fails.
pub async fn search(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    rows(&app, json_body(request).await?).await
}

async fn rows(app: &Shared, query: Search) -> Result<Json<Value>, ApiError> {
    let words = Words::read(app.store(), &app.regions).await?;
    let agency = query.agency.filter(|agency| !agency.is_empty());
    let services = match (query.service.filter(|service| !service.is_empty()), agency) {
        (Some(service), _) => Some(vec![service]),
        (None, Some(agency)) => Some(words.catalogue.services_of(&agency)),
        (None, None) => None,
    };
    let search = needle(&query.q);
    let page = query.page.unwrap_or(1).clamp(1, 1_000_000);
    let filter = ApplicationFilter {
        day: query.day.map(|day| day.0),
        status: query.status.map(crate::projection::status_word),
        services,
        words: search.split(' ').filter(|word| !word.is_empty()).take(WORDS_MAX).map(str::to_owned).collect(),
        attention: query.attention,
        residents: None,
        offset: (page - 1) * PAGE,
        limit: PAGE,
    };
    let found = app.store().applications(&filter).await?;
    let rows: Vec<Value> = found.rows.iter().map(|listed| words.row(listed)).collect();
    Ok(Json(json!({ "rows": rows, "total": found.total, "page": page, "page_size": PAGE })))
}

/// `GET /api/office/applications/{id}`
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
    InPath(id): InPath<DocumentId>,
) -> Result<Json<Value>, ApiError> {
    whole_record(&app, id).await
}

async fn whole_record(app: &Shared, id: DocumentId) -> Result<Json<Value>, ApiError> {
    let words = Words::read(app.store(), &app.regions).await?;
    record(app.store(), id, &words).await?.map(Json).ok_or_else(ApiError::not_found)
}

#[derive(Deserialize)]
struct SetStatus {
    status: Status,
    reason: Option<String>,
    after: Option<Vec<String>>,
}

/// `POST /api/office/applications/{id}/status`: answers with the record as it is then.
///
/// # Errors
/// `INPUT_INVALID` when a reason is missing, `NOT_FOUND`.
pub async fn set_status(
    State(app): State<Shared>,
    AuthSupervisor(account): AuthSupervisor,
    InPath(id): InPath<DocumentId>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: SetStatus = json_body(request).await?;
    app.office
        .write(&account.username, &[id], |context, documents| {
            let [application] = documents else { return Err(ActionError::Nothing) };
            add_status(context, application, asked.status, asked.reason.as_deref(), asked.after.as_deref())
        })
        .await?;
    whole_record(&app, id).await
}

#[derive(Deserialize)]
struct Choose {
    key: String,
    value: Value,
}

/// `POST /api/office/applications/{id}/choose`: settles a field with one of its values.
///
/// # Errors
/// `VALUE_UNKNOWN` when the value is none of them, `KEY_NOT_EDITABLE`, `NOT_FOUND`.
pub async fn choose(
    State(app): State<Shared>,
    AuthSupervisor(account): AuthSupervisor,
    InPath(id): InPath<DocumentId>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: Choose = json_body(request).await?;
    let wanted = asked.value.as_str().map_or_else(|| asked.value.to_string(), str::to_owned);
    let mut unknown = false;
    let ids = [id];
    let written = app.office.write(&account.username, &ids, |context, documents| {
        let [application] = documents else { return Err(ActionError::Nothing) };
        let values = application.values(&asked.key);
        let value = values.into_iter().map(|written| written.value).find(|value| value.display() == wanted);
        let Some(value) = value else {
            unknown = true;
            return Err(ActionError::Nothing);
        };
        edit_document(context, application, &vec![(asked.key.clone(), Some(value))])
    });
    let written = written.await;
    if unknown {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "VALUE_UNKNOWN",
            "Nilai itu sudah tidak ada di data ini. Muat ulang, lalu pilih lagi.",
        ));
    }
    written?;
    whole_record(&app, id).await
}

/// Which day's tablets.
#[derive(Deserialize)]
pub struct TabletQuery {
    day: Option<DocumentId>,
}

/// `GET /api/office/tablets`
///
/// # Errors
/// When the store fails.
pub async fn list_tablets(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
    InQuery(query): InQuery<TabletQuery>,
) -> Result<Json<Value>, ApiError> {
    let tablets = tablets::tablets(app.store(), query.day.map(|day| day.0)).await?;
    Ok(Json(json!({ "tablets": tablets })))
}

/// `GET /api/office/quarantine`
///
/// # Errors
/// When the store fails.
pub async fn list_quarantine(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
) -> Result<Json<Value>, ApiError> {
    let rows = quarantine::quarantine(app.store(), app.node.key.device()).await?;
    Ok(Json(json!({ "rows": rows })))
}

/// `POST /api/office/quarantine/retry`: tries everything that is kept aside again.
///
/// # Errors
/// When the store fails.
pub async fn retry_quarantine(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
) -> Result<Json<Value>, ApiError> {
    let before = aside(&app).await?;
    app.ingest.retry_everything().await?;
    let left = aside(&app).await?;
    let head = app.store().head().await?;
    app.projection.reach(head.position).await;
    Ok(Json(json!({ "accepted": before.saturating_sub(left), "left": left })))
}

async fn aside(app: &Shared) -> Result<u64, ApiError> {
    let counts = app.store().quarantine_counts().await?;
    Ok(counts.into_iter().filter_map(|(_, count)| u64::try_from(count).ok()).sum())
}
