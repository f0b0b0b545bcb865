//! For whoever watches the server.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Shared;
use super::error::ApiError;

/// `GET /healthz`: the process answers.
pub async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /readyz`: the database answers; how far the views are behind the log.
///
/// # Errors
/// When the database does not answer.
pub async fn readyz(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let head = app.store().head().await?;
    let upto = app.store().projected_upto().await?;
    Ok(Json(json!({ "status": "ok", "position": head.position, "behind": head.position - upto })))
}
