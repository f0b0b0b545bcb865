//! For whoever watches the server.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Shared;
use super::error::ApiError;

/// Days before its end from which the certificate of HTTPS is worth a word.
pub const TLS_DAYS: i64 = 14;

/// `GET /healthz`: the process answers. A hub says how far upstream is, a node with HTTPS how long its certificate
/// holds.
pub async fn healthz(State(app): State<Shared>) -> Json<Value> {
    let known = app.node.trust.known();
    let mut answer = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "role": known.own.subject.role.word(),
    });
    if app.node.trust.is_hub() {
        answer["name"] = json!(known.own.subject.name);
        answer["upstream"] = json!(app.upstream.state());
    }
    if let Some(days) = app.tls_days_left() {
        answer["tls"] = json!({ "days_left": days, "renew": days < TLS_DAYS });
    }
    Json(answer)
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
