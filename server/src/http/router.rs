//! The whole API as one table, grouped by who calls it.

use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::error::ApiError;
use super::guard::{REQUEST_ID, same_site, secure_headers};
use super::{
    Shared, assets, backup, bundle, device, field, health, hubs, login, office, public, residents, roster,
    sync,
};
use crate::clock::{Env, random};

/// For one request; the slowest is a full sync body on a village link.
const TIMEOUT: Duration = Duration::from_mins(5);

/// The whole server.
pub fn router(app: Shared) -> Router {
    let env = app.node.env.clone();
    let routes = if app.node.trust.is_hub() { hub() } else { office() };
    around(routes.with_state(app), env)
}

/// A hub: what the office has published, devices that enter by their grant, and nothing of the office.
fn hub() -> Router<Shared> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(public_pages())
        .merge(devices())
        .fallback(get(hubs::serve).post(hubs::not_here))
}

/// Devices, at the office and at a hub.
fn devices() -> Router<Shared> {
    Router::new()
        .route("/api/field/challenge", get(device::challenge))
        .route("/api/field/enter", post(device::enter))
        .route("/api/field/revocations", get(device::revocations))
        .route("/sync/v1", post(sync::exchange))
}

fn office() -> Router<Shared> {
    Router::new()
        // Whoever watches the server.
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(public_pages())
        .route("/api/login", post(login::login))
        .route("/api/logout", post(login::logout))
        .route("/api/me", get(login::me))
        // Field officers and their tablets.
        .route("/api/field/days", get(field::field_days))
        .route("/api/field/prepare", post(field::prepare))
        .merge(devices())
        // Hubs.
        .route("/api/hub/enroll", post(hubs::enroll))
        .route("/api/hub/contact", post(hubs::contact))
        .route("/api/office/hubs", get(hubs::list))
        .route("/api/office/hubs/code", post(hubs::code))
        .route("/api/office/hubs/{id}/days", post(hubs::add_day))
        .route("/api/office/hubs/{id}/revoke", post(hubs::revoke))
        .route("/api/office/devices/{id}/revoke", post(hubs::revoke))
        // Supervisors.
        .route("/api/office/days", get(office::office_days))
        .route("/api/office/officers", get(roster::officers))
        .route("/api/office/days/{day}/officers", post(roster::add))
        .route("/api/office/applications", get(office::list))
        .route("/api/office/applications/search", post(office::search))
        .route("/api/office/applications/{id}", get(office::get))
        .route("/api/office/applications/{id}/status", post(office::set_status))
        .route("/api/office/applications/{id}/choose", post(office::choose))
        .route("/api/office/residents/{key}/spelling", post(residents::spelling))
        .route("/api/office/residents/{key}/join", post(residents::join))
        .route("/api/office/residents/{key}/split", post(residents::split))
        .route("/api/office/decisions/{resident}/{decision}/undo", post(residents::undo))
        .route("/api/office/tablets", get(office::list_tablets))
        .route("/api/office/tablets/{device}/release", post(backup::release))
        .route("/api/office/backup", get(backup::report))
        .route("/api/office/quarantine", get(office::list_quarantine))
        .route("/api/office/quarantine/retry", post(office::retry_quarantine))
        .route("/api/office/bundles", bundle::route())
        // The PWA.
        .fallback(get(assets::serve))
}

/// What every request passes.
fn around(routes: Router, env: std::sync::Arc<dyn Env>) -> Router {
    routes.layer(
        ServiceBuilder::new()
            .layer(SetRequestIdLayer::new(REQUEST_ID, RandomId(env)))
            .layer(TraceLayer::new_for_http().make_span_with(span).on_response(log_response))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(from_fn(secure_headers))
            .layer(from_fn(same_site))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT)),
    )
}

/// Everybody. Compressed, since nothing here is secret; nothing else is compressed by this layer.
fn public_pages() -> Router<Shared> {
    Router::new()
        .route("/api/public/site", get(public::site))
        .route("/api/public/services", get(public::services))
        .route("/api/public/days", get(public::public_days))
        .route("/api/public/track/{code}", get(public::track))
        .route("/api/public/regions", get(public::regions))
        .layer(CompressionLayer::new())
}

/// The route, never the address: tracking codes and ids stay out of the log.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("files", MatchedPath::as_str);
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), route, request = id)
}

fn log_response(response: &Response, latency: Duration, _: &Span) {
    let status = response.status().as_u16();
    let milliseconds = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    if status >= 400 {
        tracing::warn!(status, milliseconds, "answered");
    } else {
        tracing::debug!(status, milliseconds, "answered");
    }
}

/// Whatever a handler did not foresee is an answer, not a broken connection. What it panicked with stays out of both.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!(code = "HANDLER_PANICKED", "a request was answered with 500");
    ApiError::internal().into_response()
}

#[derive(Clone)]
struct RandomId(std::sync::Arc<dyn Env>);

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let bytes: [u8; 8] = random(self.0.as_ref()).ok()?;
        hex::encode(bytes).parse().ok().map(RequestId::new)
    }
}
