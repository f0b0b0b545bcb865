//! Hubs at the office's door, and what a hub answers where the office has more.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use mpp_store::{HubRow, Id, RevocationRow};
use mpp_sync::ids::{DeviceId, DocumentId};
use mpp_sync::trust::{Certificate, PUBLIC_KEY_BYTES};
use p256::ecdsa::VerifyingKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{AuthHub, AuthKeeper};
use super::device::{bytes_of, text_of};
use super::error::ApiError;
use super::field::scopes_of_day;
use super::guard::{InPath, json_body};
use super::{Shared, assets};
use crate::hub::{code_of, new_code};
use crate::review::published::{days, json_of, text};
use crate::trust::{certificates, grants_for_hub, hub_certificate, revocation_list};

/// Characters of a hub's name.
const NAME_MAX: usize = 60;
/// Bytes of what a hub says of itself.
const STATE_MAX: usize = 2_048;
/// Days ahead that every hub may hold, and days back: vans swap, and tablets of yesterday still come.
const DAYS_AHEAD: i64 = 14;
const DAYS_BACK: i64 = 1;

#[derive(Deserialize)]
struct Code {
    name: String,
}

/// `POST /api/office/hubs/code {name}` → `{code, expires_at}`: lets one hub join, once, within a quarter of an hour.
///
/// # Errors
/// `ROOT_KEY_ABSENT`, `REQUEST_MALFORMED`.
pub async fn code(
    State(app): State<Shared>,
    AuthKeeper(account): AuthKeeper,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: Code = json_body(request).await?;
    let name: String = asked.name.trim().chars().take(NAME_MAX).collect();
    if name.is_empty() {
        return Err(ApiError::malformed("name"));
    }
    if app.node.trust.root_key().is_none() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "ROOT_KEY_ABSENT",
            "Kunci akar tidak ada di server. Kembalikan berkas root.key ke folder data, lalu coba lagi.",
        ));
    }
    let root = app.node.trust.known().root;
    let (row, code) =
        new_code(app.env(), &root, &name, &account.username).map_err(|_| ApiError::internal())?;
    app.store().add_hub_code(&row, app.env().now()).await?;
    Ok(Json(json!({ "code": code, "name": row.name, "expires_at": row.expires_at })))
}

#[derive(Deserialize)]
struct Enroll {
    code: String,
    public_key: String,
}

/// `POST /api/hub/enroll {code, public_key}`: a hub joins.
///
/// # Errors
/// `HUB_CODE_WRONG`, `DEVICE_KEY_INVALID`, `HUB_REVOKED`.
pub async fn enroll(State(app): State<Shared>, request: Request) -> Result<Json<Value>, ApiError> {
    let asked: Enroll = json_body(request).await?;
    let invalid = || ApiError::new(StatusCode::BAD_REQUEST, "DEVICE_KEY_INVALID", "Kunci hub tidak terbaca.");
    let key: [u8; PUBLIC_KEY_BYTES] =
        bytes_of(&asked.public_key, "public_key")?.try_into().map_err(|_| invalid())?;
    VerifyingKey::from_sec1_bytes(&key).map_err(|_| invalid())?;
    let device = DeviceId::of_key(&key);
    let now = app.env().now();
    let Some(code) = app.store().take_hub_code(code_of(&asked.code), now).await? else {
        tracing::warn!(code = "HUB_CODE_WRONG");
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "HUB_CODE_WRONG",
            "Kode hub salah, sudah dipakai, atau sudah lewat 15 menit. Minta kode baru di kantor.",
        ));
    };
    if app.store().revocations().await?.iter().any(|row| row.device == device.0) {
        return Err(super::device::hub_revoked());
    }
    let certificate = hub_certificate(&app.node.trust, app.store(), app.env(), &key, &code.name).await?;
    let certificate = certificate.ok_or_else(ApiError::internal)?;
    let row = HubRow {
        device: device.0,
        name: code.name.clone(),
        enrolled_by: code.created_by,
        enrolled_at: now,
        last_at: None,
        state: String::new(),
    };
    app.store().put_hub(&row).await?;
    tracing::info!(code = "HUB_JOINED", device = %device);
    let known = app.node.trust.known();
    Ok(Json(json!({
        "name": code.name,
        "certificate": text_of(&certificate.encode()),
        "office": text_of(&known.office.encode()),
        "root": text_of(&known.root),
    })))
}

/// `POST /api/hub/contact`: a hub says how it is, and hears what is new.
///
/// # Errors
/// When the store fails.
pub async fn contact(
    State(app): State<Shared>,
    AuthHub(hub): AuthHub,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let state: Value = json_body(request).await?;
    let state = Some(state.to_string()).filter(|text| text.len() <= STATE_MAX).unwrap_or_default();
    let now = app.env().now();
    let row = app.store().hub(hub.0).await?.ok_or_else(ApiError::not_found)?;
    app.store().hub_seen(hub.0, now, &state).await?;
    let kept = certificates(app.store()).await?;
    let current = kept.iter().find(|one| one.node() == hub).ok_or_else(ApiError::not_found)?;
    let key = current.subject.public_key;
    let certificate = hub_certificate(&app.node.trust, app.store(), app.env(), &key, &row.name).await?;
    let certificate = certificate.unwrap_or_else(|| current.clone());
    let list = revocation_list(&app.node.trust, app.store(), &app.node.key).await?.unwrap_or_default();
    let known = app.node.trust.known();
    let roots: Vec<String> = known.roots.iter().map(|root| text_of(&root.encode())).collect();
    Ok(Json(json!({
        "certificate": text_of(&certificate.encode()),
        "office": text_of(&known.office.encode()),
        "roots": roots,
        "grants": grants(&app, hub, &certificate, now).await?,
        "revocations": text_of(&list),
    })))
}

/// One grant for each day that the hub may hold; days that come near are added by themselves.
async fn grants(
    app: &Shared,
    hub: DeviceId,
    certificate: &Certificate,
    now: i64,
) -> Result<Vec<String>, ApiError> {
    let last = app.date(DAYS_AHEAD);
    for day in days(app.store(), Some(&app.date(-DAYS_BACK))).await? {
        let id: Option<DocumentId> = text(&day, "id").parse().ok();
        if let Some(id) = id.filter(|_| text(&day, "date") <= last.as_str()) {
            app.store().add_hub_day(hub.0, id.0).await?;
        }
    }
    let mut grants = Vec::new();
    for day in app.store().hub_days(hub.0).await? {
        let Some(view) = app.store().view(day).await? else { continue };
        let view = json_of(&view)?;
        let id = DocumentId(day);
        let date = text(&view, "date");
        let grant = grants_for_hub(&app.node.key, certificate, id, date, scopes_of_day(&view, &id), now);
        grants.push(text_of(&grant.encode()));
    }
    Ok(grants)
}

#[derive(Deserialize)]
struct Day {
    day: DocumentId,
}

/// `POST /api/office/hubs/{id}/days {day}`: lets a hub hold a day that it would not by itself.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn add_day(
    State(app): State<Shared>,
    _: AuthKeeper,
    InPath(hub): InPath<DeviceId>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let asked: Day = json_body(request).await?;
    app.store().hub(hub.0).await?.ok_or_else(ApiError::not_found)?;
    let view = app.store().view(asked.day.0).await?.ok_or_else(ApiError::not_found)?;
    if text(&json_of(&view)?, "kind") != "service_day" {
        return Err(ApiError::not_found());
    }
    app.store().add_hub_day(hub.0, asked.day.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/office/hubs` → `{hubs, root}`.
///
/// # Errors
/// When the store fails.
pub async fn list(State(app): State<Shared>, _: AuthKeeper) -> Result<Json<Value>, ApiError> {
    let revoked: BTreeMap<Id, i64> =
        app.store().revocations().await?.into_iter().map(|row| (row.device, row.at)).collect();
    let kept = certificates(app.store()).await?;
    let mut hubs = Vec::new();
    for hub in app.store().hubs().await? {
        let device = DeviceId(hub.device);
        let days: Vec<DocumentId> =
            app.store().hub_days(hub.device).await?.into_iter().map(DocumentId).collect();
        let state: Value = serde_json::from_str(&hub.state).unwrap_or(Value::Null);
        let certificate = kept
            .iter()
            .find(|one| one.node() == device)
            .map(|one| json!({ "serial": one.subject.serial, "not_after": one.subject.not_after }));
        hubs.push(json!({
            "device": device,
            "name": hub.name,
            "enrolled_by": hub.enrolled_by,
            "enrolled_at": hub.enrolled_at,
            "last_at": hub.last_at,
            "version": state.get("version"),
            "waiting_frames": state.get("waiting_frames"),
            "tls_days": state.get("certificate_days"),
            "days": days,
            "certificate": certificate,
            "revoked_at": revoked.get(&hub.device),
        }));
    }
    let known = app.node.trust.known();
    Ok(Json(json!({
        "hubs": hubs,
        "root": crate::trust::fingerprint(&known.root),
        "root_key_here": app.node.trust.root_key().is_some(),
    })))
}

/// `POST /api/office/devices/{id}/revoke`, `POST /api/office/hubs/{id}/revoke`: no longer believed from now on.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn revoke(
    State(app): State<Shared>,
    AuthKeeper(account): AuthKeeper,
    InPath(device): InPath<DeviceId>,
) -> Result<StatusCode, ApiError> {
    let known = app.store().device(device.0).await?.is_some() || app.store().hub(device.0).await?.is_some();
    if !known || device == app.node.key.device() {
        return Err(ApiError::not_found());
    }
    app.store().revoke(RevocationRow { device: device.0, at: app.env().now() }).await?;
    tracing::warn!(code = "DEVICE_REVOKED", device = %device, by = account.username);
    Ok(StatusCode::NO_CONTENT)
}

const NOT_HERE: &str = "<!doctype html><html lang=\"id\"><meta charset=\"utf-8\"><title>Hanya di kantor</title>\
    <h1>Halaman ini hanya ada di kantor</h1><p>Perangkat ini tersambung ke hub di mobil layanan. Sambungkan ke internet, \
    lalu buka lagi alamat ini untuk mencapai kantor.</p><p><a href=\"/petugas/\">Buka halaman petugas</a></p></html>";

/// The files of the PWA on a hub: all but the office's door.
pub async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "kantor" || path.starts_with("kantor/") {
        let page = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        return (StatusCode::NOT_FOUND, page, NOT_HERE).into_response();
    }
    if path.starts_with("api/") || path.starts_with("sync/") {
        return not_here().await.into_response();
    }
    assets::serve(uri, headers).await
}

/// What the office has and a hub has not.
pub async fn not_here() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "NOT_ON_HUB",
        "Ini hanya dapat dilakukan di kantor. Sambungkan perangkat ke internet, lalu coba lagi.",
    )
}
