//! The officer's door: which days, and preparing a tablet for one.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use mpp_store::{DeviceRow, GrantRow, SignedGrantRow, StoreError};
use mpp_sync::action::{ActionError, register_device};
use mpp_sync::check::{EVERYONE, day_scope, village_scope};
use mpp_sync::ids::{DeviceId, DocumentId};
use mpp_sync::rules::ticket;
use mpp_sync::trust::PUBLIC_KEY_BYTES;
use p256::ecdsa::VerifyingKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::auth::AuthOfficer;
use super::device::text_of;
use super::error::ApiError;
use super::guard::json_body;
use crate::authoring::AuthoringError;
use crate::review::published::{days, json_of, text};
use crate::trust::{TabletGrant, grant_for_tablet};

/// Tablets on one day at most: beyond that somebody prepares in a loop.
const TABLETS_MAX: u32 = 200;
/// Characters of a tablet's name.
const NAME_MAX: usize = 60;

/// `GET /api/field/days`: the days the officer is on the roster of, yesterday's included.
///
/// # Errors
/// When the store fails.
pub async fn field_days(
    State(app): State<Shared>,
    AuthOfficer(account): AuthOfficer,
) -> Result<Json<Value>, ApiError> {
    let mut days = days(app.store(), Some(&app.date(-7))).await?;
    days.retain(|day| on_roster(day, &account.username));
    Ok(Json(json!({ "days": days })))
}

/// Whether the account is an officer of that day.
#[must_use]
pub fn on_roster(day: &Value, username: &str) -> bool {
    day.get("officers").is_some_and(|officers| officers.get(username).is_some())
}

#[derive(Deserialize)]
struct Prepare {
    day: DocumentId,
    device_public_key: String,
    device_name: String,
}

/// `POST /api/field/prepare`: registers the tablet's key, puts it on the day, gives it its letter.
///
/// # Errors
/// `NOT_ON_ROSTER`, `DEVICE_REVOKED`, `DEVICE_KEY_INVALID`.
pub async fn prepare(
    State(app): State<Shared>,
    AuthOfficer(account): AuthOfficer,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: Prepare = json_body(request).await?;
    let view = app.store().view(asked.day.0).await?.ok_or_else(ApiError::not_found)?;
    let day = json_of(&view)?;
    if text(&day, "kind") != "service_day" {
        return Err(ApiError::not_found());
    }
    if !on_roster(&day, &account.username) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "NOT_ON_ROSTER",
            "Anda tidak terdaftar sebagai petugas hari layanan ini. Hubungi supervisor.",
        ));
    }
    let (device, public_key, name) = register(&app, &asked).await?;
    let label = grant(&app, device, asked.day, &account.username).await?;
    let days = [asked.day];
    let written = app.office.write(&account.username, &days, |context, documents| {
        let [day] = documents else { return Err(ActionError::Nothing) };
        register_device(context, day, &device, &label)
    });
    match written.await {
        Ok(_) | Err(AuthoringError::Action(ActionError::Nothing)) => {}
        Err(error) => return Err(error.into()),
    }
    app.ingest.granted(device).await?;
    let view = app.store().view(asked.day.0).await?.ok_or_else(ApiError::not_found)?;
    let day = json_of(&view)?;
    tracing::info!(code = "DEVICE_PREPARED", device = %device, "a tablet was put on a day");
    let scopes = scopes_of_day(&day, &asked.day);
    let given = TabletGrant {
        public_key,
        device_name: &name,
        day: asked.day,
        date: text(&day, "date"),
        label: &label,
        officer: &account.username,
        scopes: scopes.clone(),
    };
    let known = app.node.trust.known();
    let now = app.env().now();
    let grant = grant_for_tablet(&app.node.key, given, now).encode();
    let row = SignedGrantRow { device: device.0, day: asked.day.0, bytes: grant.clone(), issued_at: now };
    app.store().put_signed_grant(&row).await?;
    Ok(Json(json!({
        "device": device,
        "label": label,
        "scopes": scopes,
        "day": day,
        "log": app.node.log,
        "bundle_key": URL_SAFE_NO_PAD.encode(app.node.key.bundle_public()),
        "grant": text_of(&grant),
        "certificate": text_of(&known.own.encode()),
        "root": text_of(&known.root),
    })))
}

/// What a tablet on that day may pull.
#[must_use]
pub fn scopes_of_day(day: &Value, id: &DocumentId) -> Vec<String> {
    let villages = day.get("villages").and_then(Value::as_array).into_iter().flatten();
    let villages = villages.filter_map(Value::as_str).map(village_scope);
    [EVERYONE.to_owned(), day_scope(id)].into_iter().chain(villages).collect()
}

/// Keeps the tablet's key; its id follows from it.
async fn register(
    app: &Shared,
    asked: &Prepare,
) -> Result<(DeviceId, [u8; PUBLIC_KEY_BYTES], String), ApiError> {
    let invalid = || {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "DEVICE_KEY_INVALID",
            "Kunci tablet tidak terbaca. Muat ulang aplikasi di tablet ini, lalu siapkan lagi.",
        )
    };
    let typed = asked.device_public_key.as_str();
    let key = URL_SAFE_NO_PAD.decode(typed).or_else(|_| URL_SAFE.decode(typed)).map_err(|_| invalid())?;
    let key: [u8; PUBLIC_KEY_BYTES] = key.try_into().map_err(|_| invalid())?;
    if VerifyingKey::from_sec1_bytes(&key).is_err() {
        return Err(invalid());
    }
    let device = DeviceId::of_key(&key);
    if let Some(known) = app.store().device(device.0).await?
        && known.revoked_at.is_some()
    {
        return Err(revoked());
    }
    let name: String = asked.device_name.trim().chars().take(NAME_MAX).collect();
    let name = if name.is_empty() { "Tablet".to_owned() } else { name };
    let row = DeviceRow {
        id: device.0,
        public_key: key.to_vec(),
        name: name.clone(),
        created_at: app.env().now(),
        revoked_at: None,
    };
    app.store().put_device(&row).await?;
    Ok((device, key, name))
}

/// A device that was taken out of service.
#[must_use]
pub fn revoked() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "DEVICE_REVOKED",
        "Tablet ini sudah dicabut. Serahkan ke kantor; data di dalamnya tetap tersimpan.",
    )
}

/// The tablet's letter on the day: the one it has, or the first that is free.
async fn grant(app: &Shared, device: DeviceId, day: DocumentId, username: &str) -> Result<String, ApiError> {
    for index in 0..TABLETS_MAX {
        let grant = GrantRow {
            device: device.0,
            day: day.0,
            label: ticket::letter(index),
            username: username.to_owned(),
            granted_at: app.env().now(),
        };
        match app.store().grant(&grant).await {
            Ok(granted) => return Ok(granted.label),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::new(
        StatusCode::CONFLICT,
        "TOO_MANY_TABLETS",
        "Terlalu banyak tablet pada hari layanan ini. Hubungi supervisor.",
    ))
}
