//! Signing in and out.

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mpp_store::{AccountRow, WebSessionRow};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::Shared;
use super::auth::{AuthAny, COOKIE, token, token_hash};
use super::error::ApiError;
use super::guard::json_body;
use crate::clock::random;
use crate::password;
use crate::tls::Peer;

/// Wrong passwords of one name from one address before the pair is locked.
const WRONG_MAX: usize = 10;
/// Seconds in which they count.
const WRONG_WINDOW: i64 = 15 * 60;
/// Seconds a field officer stays signed in: a tablet may come back to the network days later.
const OFFICER_SECONDS: i64 = 14 * 86_400;
/// Seconds everybody else stays signed in: a working day.
const OFFICE_SECONDS: i64 = 12 * 3_600;

/// Each check takes 19 MB and 20 ms: forty tablets that sign in at once wait for each other instead of for memory.
static PASSWORDS: Semaphore = Semaphore::const_new(1);

/// What was typed.
#[derive(Deserialize)]
struct Typed {
    username: String,
    password: String,
}

/// `POST /api/login`
///
/// # Errors
/// `LOGIN_WRONG`, `LOGIN_LOCKED`.
pub async fn login(State(app): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let address = address(&app, &request);
    let typed: Typed = json_body(request).await?;
    let username = typed.username.trim().to_lowercase();
    let now = app.env().now();
    refuse_locked(&app, &username, &address, now).await?;
    let account = app.store().account(&username).await?.filter(|account| account.disabled_at.is_none());
    let right = password_is_right(&app, account.as_ref(), typed.password).await?;
    let Some(account) = account.filter(|_| right) else {
        app.store().add_login_failure(&username, &address, now, now - WRONG_WINDOW).await?;
        tracing::warn!(code = "LOGIN_WRONG", "wrong user name or password");
        // The one that locks says so: nobody should type on against a closed door.
        refuse_locked(&app, &username, &address, now).await?;
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "LOGIN_WRONG",
            "Nama pengguna atau kata sandi salah. Periksa, lalu coba lagi.",
        ));
    };
    app.store().clear_login_failures(&username, &address).await?;
    let token = hex::encode(random::<32>(app.env())?);
    let seconds =
        if account.roles.iter().all(|role| role == "officer") { OFFICER_SECONDS } else { OFFICE_SECONDS };
    let session = WebSessionRow {
        token_hash: token_hash(&token),
        username: account.username.clone(),
        created_at: now,
        expires_at: now + seconds,
    };
    app.store().add_web_session(&session).await?;
    let body = Json(json!({ "account": account_json(&account) }));
    Ok(([(header::SET_COOKIE, cookie(&app, &token, seconds)?)], body).into_response())
}

/// `POST /api/logout`
///
/// # Errors
/// When the store fails.
pub async fn logout(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, ApiError> {
    if let Some(token) = token(&headers) {
        app.store().end_web_session(token_hash(token)).await?;
    }
    Ok(([(header::SET_COOKIE, cookie(&app, "", 0)?)], StatusCode::NO_CONTENT).into_response())
}

/// `GET /api/me`
pub async fn me(AuthAny(account): AuthAny) -> Json<Value> {
    Json(json!({ "account": account_json(&account) }))
}

fn account_json(account: &AccountRow) -> Value {
    let mut json = json!({
        "username": account.username,
        "display_name": account.display_name,
        "roles": account.roles,
    });
    if let Some(agency) = &account.agency {
        json["agency"] = json!(agency);
    }
    json
}

async fn refuse_locked(app: &Shared, username: &str, address: &str, now: i64) -> Result<(), ApiError> {
    let failures = app.store().login_failures(username, address, now - WRONG_WINDOW).await?;
    let Some(oldest) = failures.len().checked_sub(WRONG_MAX).and_then(|index| failures.get(index)) else {
        return Ok(());
    };
    tracing::warn!(code = "LOGIN_LOCKED", count = failures.len(), "too many wrong passwords");
    Err(ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "LOGIN_LOCKED",
        "Terlalu banyak percobaan yang salah. Tunggu 15 menit, lalu coba lagi, atau minta admin mengganti kata sandi.",
    )
    .after(oldest + WRONG_WINDOW - now))
}

/// The same work whether the name is known or not, off the threads that serve connections.
async fn password_is_right(
    app: &Shared,
    account: Option<&AccountRow>,
    typed: String,
) -> Result<bool, ApiError> {
    let hash = account.map(|account| account.password_hash.clone());
    let env = app.node.env.clone();
    let _turn = PASSWORDS.acquire().await.map_err(|_| ApiError::internal())?;
    let checked = tokio::task::spawn_blocking(move || match hash {
        Some(hash) => Ok(password::matches(&typed, &hash)),
        None => password::hash(&typed, env.as_ref()).map(|_| false),
    });
    Ok(checked.await.map_err(|_| ApiError::internal())??)
}

/// Whom the wrong passwords count for: the peer, or whoever a trusted proxy says it speaks for.
fn address(app: &Shared, request: &Request) -> String {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|peer| peer.0.0.ip());
    let Some(peer) = peer else { return "local".to_owned() };
    let proxies = app.config.trusted_proxy.as_ref();
    proxies.map_or(peer, |proxies| proxies.caller(peer, request.headers())).to_string()
}

fn cookie(app: &Shared, token: &str, seconds: i64) -> Result<HeaderValue, ApiError> {
    let secure = if app.config.address().starts_with("https://") { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).map_err(|_| ApiError::internal())
}
