//! Who is asking: proof of authorisation as a type. A handler that takes [`AuthSupervisor`] cannot be reached by
//! anybody else.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use mpp_store::{AccountRow, DeviceSessionRow};
use mpp_sync::ids::DeviceId;
use sha2::{Digest as _, Sha256};

use super::Shared;
use super::error::ApiError;

/// The cookie's name.
pub const COOKIE: &str = "mpp_session";

/// The name of the cookie of a device that entered by its key.
pub const DEVICE_COOKIE: &str = "mpp_device";

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
    cookie(headers, COOKIE)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
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

/// Who exchanges: an officer signed in with a password, a device that entered with its grant, or a hub.
#[derive(Debug, Clone)]
pub enum Caller {
    /// An officer, with whatever device the officer's tablet names.
    Officer(AccountRow),
    /// This device and no other.
    Device(DeviceId),
    /// A hub, which brings the frames of others.
    Hub(DeviceId),
}

async fn device_session(parts: &Parts, app: &Shared) -> Result<Option<DeviceSessionRow>, ApiError> {
    let Some(token) = cookie(&parts.headers, DEVICE_COOKIE) else { return Ok(None) };
    Ok(app.store().device_session(token_hash(token), app.env().now()).await?)
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        // No password is good on a hub, so nobody is an officer there.
        let officer =
            if app.node.trust.is_hub() { None } else { Some(with_role(parts, app, "officer").await) };
        if let Some(Ok(account)) = officer {
            return Ok(Self::Officer(account));
        }
        match device_session(parts, app).await? {
            Some(row) if row.hub => Ok(Self::Hub(DeviceId(row.device))),
            Some(row) => Ok(Self::Device(DeviceId(row.device))),
            None => Err(officer.and_then(Result::err).unwrap_or_else(not_entered)),
        }
    }
}

/// Who keeps devices and hubs: a supervisor or an administrator.
#[derive(Debug)]
pub struct AuthKeeper(pub AccountRow);

impl FromRequestParts<Shared> for AuthKeeper {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        match with_role(parts, app, "supervisor").await {
            Ok(account) => Ok(Self(account)),
            Err(_) => with_role(parts, app, "admin").await.map(Self),
        }
    }
}

/// A hub, at the office.
#[derive(Debug)]
pub struct AuthHub(pub DeviceId);

impl FromRequestParts<Shared> for AuthHub {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let session = device_session(parts, app).await?.filter(|row| row.hub);
        session.map(|row| Self(DeviceId(row.device))).ok_or_else(not_entered)
    }
}

fn not_entered() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "NOT_ENTERED",
        "Tablet ini belum masuk. Tablet akan masuk sendiri dengan izinnya.",
    )
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
