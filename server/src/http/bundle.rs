//! Bundle files at the office's door.

use axum::Json;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};
use mpp_sync::limits::BUNDLE_CHARS_MAX;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::auth::AuthSupervisor;
use super::error::ApiError;
use super::guard::json_body;
use crate::bundle::{ImportError, import};

/// Bytes of the JSON around the text: line ends take two characters each.
const AROUND: usize = 1024 * 1024;

/// `POST /api/office/bundles`, with room for a large file.
pub fn route() -> MethodRouter<Shared> {
    post(import_bundle).layer(DefaultBodyLimit::max(BUNDLE_CHARS_MAX + AROUND))
}

#[derive(Deserialize)]
struct File {
    text: String,
}

/// `POST /api/office/bundles {text}`: takes what a tablet wrote into a file.
async fn import_bundle(
    State(app): State<Shared>,
    AuthSupervisor(_): AuthSupervisor,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let file: File = json_body(request).await?;
    let imported = import(&app, &file.text).await?;
    let reached = app.store().head().await?;
    app.projection.reach(reached.position).await;
    Ok(Json(json!({
        "device": hex::encode(imported.device.id),
        "name": imported.device.name,
        "label": imported.label,
        "changes": imported.changes,
        "new": imported.new,
        "held": imported.held,
        "refused": imported.refused,
    })))
}

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        let (status, code) = match &error {
            ImportError::Bundle(bundle) => (StatusCode::UNPROCESSABLE_ENTITY, bundle.code()),
            ImportError::DeviceUnknown => (StatusCode::UNPROCESSABLE_ENTITY, "DEVICE_UNKNOWN"),
            ImportError::DeviceRevoked => (StatusCode::FORBIDDEN, "DEVICE_REVOKED"),
            ImportError::Ingest(ingest) => return (*ingest).into(),
            ImportError::Store(_) => {
                tracing::error!(code = "STORE_FAILED", error = %error);
                return Self::internal();
            }
        };
        tracing::warn!(code, "a bundle file was refused");
        Self::new(status, code, error.sentence())
    }
}
