//! Who is asking: proof of authorisation as a type. A handler that takes [`AuthSupervisor`] cannot be reached by
//! anybody else.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use mpp_store::AccountRow;
use sha2::{Digest as _, Sha256};

use super::Shared;
use super::error::ApiError;

/// The cookie's name.
pub const COOKIE: &str = "mpp_session";

/// Somebody signed in, whatever the role.
#[derive(Debug)]
pub struct AuthAny(pub AccountRow);
/// A field officer.
#[derive(Debug)]
pub struct AuthOfficer(pub AccountRow);
/// A supervisor.
#[derive(Debug)]
pub struct AuthSupervisor(pub AccountRow);

/// The hash under which a token is kept.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token in the cookie, if there is one.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

async fn signed_in(parts: &Parts, app: &Shared) -> Result<AccountRow, ApiError> {
    let none = || {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "NOT_SIGNED_IN",
            "Masuk dahulu dengan nama pengguna dan kata sandi.",
        )
    };
    let token = token(&parts.headers).ok_or_else(none)?;
    let found = app.store().web_session(token_hash(token), app.env().now()).await?;
    found.map(|(_, account)| account).ok_or_else(none)
}

async fn with_role(parts: &Parts, app: &Shared, role: &str) -> Result<AccountRow, ApiError> {
    let account = signed_in(parts, app).await?;
    if account.roles.iter().any(|has| has == role) {
        return Ok(account);
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "ROLE_MISSING",
        "Akun ini tidak berhak membuka bagian ini. Masuk dengan akun yang sesuai.",
    ))
}

impl FromRequestParts<Shared> for AuthAny {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        signed_in(parts, app).await.map(Self)
    }
}

impl FromRequestParts<Shared> for AuthOfficer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        with_role(parts, app, "officer").await.map(Self)
    }
}

impl FromRequestParts<Shared> for AuthSupervisor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        with_role(parts, app, "supervisor").await.map(Self)
    }
}
