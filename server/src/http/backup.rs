//! The office's page about backups, and releasing a tablet that none covers.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use mpp_store::ReleaseRow;
use mpp_sync::ids::DeviceId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::auth::AuthSupervisor;
use super::error::ApiError;
use super::guard::{InPath, json_body};
use crate::backup::{place, standing};

/// Bytes of a reason at most: what a text of the protocol may have.
const REASON_MAX: usize = mpp_sync::limits::SHORT_TEXT_BYTES_MAX;

/// `GET /api/office/backup`: whether there is a good backup, and how the last tries went.
///
/// # Errors
/// When the store fails.
pub async fn report(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
) -> Result<Json<Value>, ApiError> {
    let place = app.config.backup_to.as_deref().and_then(place::shown);
    let folder = app.config.key_folder();
    let report = standing::report(app.store(), folder, place.as_deref(), app.env().now()).await?;
    Ok(Json(report))
}

#[derive(Deserialize)]
struct Release {
    reason: String,
}

/// `POST /api/office/tablets/{device}/release`: the tablet may be wiped without a backup that covers it. Who said so and
/// why stays in the office, and the tablet is told.
///
/// # Errors
/// `REASON_MISSING`, `NOT_FOUND` for a device that the office does not know.
pub async fn release(
    State(app): State<Shared>,
    AuthSupervisor(account): AuthSupervisor,
    InPath(device): InPath<DeviceId>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let asked: Release = json_body(request).await?;
    let reason = asked.reason.trim();
    if reason.is_empty() || reason.len() > REASON_MAX {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "REASON_MISSING",
            "Tulis alasannya dengan singkat: mengapa tablet ini boleh dikosongkan sebelum ada cadangan.",
        ));
    }
    if app.store().device(device.0).await?.is_none() || device == app.node.key.device() {
        return Err(ApiError::not_found());
    }
    let row = ReleaseRow {
        device: device.0,
        at: app.env().now(),
        username: account.username,
        reason: reason.to_owned(),
    };
    app.store().release(&row).await?;
    tracing::warn!(code = "TABLET_RELEASED", device = %device, by = %row.username, "a tablet was released");
    Ok(Json(json!({ "released": { "at": row.at, "by": row.username, "reason": row.reason } })))
}
