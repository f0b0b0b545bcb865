//! How a device enters by its key and its grant, without a password: at the office and at a hub.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_store::{DeviceSessionRow, StoreError};
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::{Certificate, CertificateRole, Grant, enter_bytes, hash_is_signed};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::auth::{DEVICE_COOKIE, token_hash};
use super::error::ApiError;
use super::field::revoked;
use super::guard::json_body;
use crate::clock::random;
use crate::trust::{self, AdmitError, admit};

/// Seconds in which a challenge has to be answered: a village link is slow, not dead.
const CHALLENGE_SECONDS: i64 = 120;
/// Seconds that a session lasts at most.
const SESSION_SECONDS: i64 = 14 * 86_400;
/// Seconds that a session lasts whose lease is over: it reads nothing and still sends what was written.
const SENDING_SECONDS: i64 = 3_600;
/// Seconds that a hub's session lasts.
const HUB_SECONDS: i64 = 12 * 3_600;
/// Bytes of a challenge: its end (8), chance (16), the keyed hash of both (16).
const CHALLENGE_BYTES: usize = 40;

/// Bytes as they stand in JSON.
#[must_use]
pub fn text_of(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes from JSON.
///
/// # Errors
/// `REQUEST_MALFORMED` with the field's name.
pub fn bytes_of(text: &str, field: &str) -> Result<Vec<u8>, ApiError> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| ApiError::malformed(field))
}

/// `GET /api/field/challenge`: what to sign to enter, and who this node is.
///
/// # Errors
/// When there is no randomness.
pub async fn challenge(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let mut nonce = (app.env().now() + CHALLENGE_SECONDS).to_be_bytes().to_vec();
    nonce.extend(random::<16>(app.env())?);
    let mac = app.node.key.challenge_mac(&nonce);
    nonce.extend_from_slice(&mac[..16]);
    let mut answer = identity(&app);
    answer["nonce"] = json!(text_of(&nonce));
    Ok(Json(answer))
}

/// Who this node is, with what proves it.
fn identity(app: &Shared) -> Value {
    let known = app.node.trust.known();
    let roots: Vec<String> = known.roots.iter().map(|root| text_of(&root.encode())).collect();
    json!({
        "log": app.node.log,
        "certificate": text_of(&known.own.encode()),
        "office": text_of(&known.office.encode()),
        "roots": roots,
    })
}

/// `GET /api/field/revocations`: who is no longer believed, signed by the office.
///
/// # Errors
/// When the store fails.
pub async fn revocations(State(app): State<Shared>) -> Result<Json<Value>, ApiError> {
    let node = &app.node;
    let list = trust::revocation_list(&node.trust, app.store(), &node.key).await?;
    let mut answer = identity(&app);
    answer["list"] = json!(list.map(|list| text_of(&list)));
    Ok(Json(answer))
}

#[derive(Deserialize)]
struct Enter {
    #[serde(default)]
    grant: Option<String>,
    #[serde(default)]
    certificate: Option<String>,
    nonce: String,
    signature: String,
}

/// `POST /api/field/enter`: a session for a device that has a grant, or for a hub that has a certificate.
///
/// # Errors
/// `CHALLENGE_OVER`, `GRANT_INVALID`, `CERTIFICATE_INVALID`, `DEVICE_REVOKED`.
pub async fn enter(State(app): State<Shared>, request: Request) -> Result<Response, ApiError> {
    let asked: Enter = json_body(request).await?;
    let nonce = bytes_of(&asked.nonce, "nonce")?;
    let signature = bytes_of(&asked.signature, "signature")?;
    let certificate = asked.certificate.as_deref().map(|text| bytes_of(text, "certificate")).transpose()?;
    if !is_ours(&app, &nonce) {
        return Err(challenge_over());
    }
    let signed = enter_bytes(&app.node.log, &nonce);
    let now = app.env().now();
    let (device, hub, expires_at, answer) = if let Some(grant) = &asked.grant {
        let grant = Grant::decode(&bytes_of(grant, "grant")?).map_err(|_| grant_invalid())?;
        if !hash_is_signed(&grant.granted.public_key, &signed, &signature) {
            return Err(grant_invalid());
        }
        if let Some(certificate) = &certificate {
            learn_signer(&app, certificate).await?;
        }
        admitted(&app, &grant).await?;
        let lease = i64::try_from(grant.granted.lease_until).unwrap_or(i64::MAX);
        let reads = lease > now;
        let end = if reads { lease.min(now + SESSION_SECONDS) } else { now + SENDING_SECONDS };
        let device = grant.granted.device();
        (device, false, end, json!({ "device": device, "reads": reads }))
    } else {
        let hub = entering_hub(&app, certificate.as_deref()).await?;
        if !hash_is_signed(&hub.subject.public_key, &signed, &signature) {
            return Err(certificate_invalid());
        }
        (hub.node(), true, now + HUB_SECONDS, json!({ "device": hub.node() }))
    };
    let token = hex::encode(random::<32>(app.env())?);
    let session = DeviceSessionRow {
        token_hash: token_hash(&token),
        device: device.0,
        hub,
        nonce,
        created_at: now,
        expires_at,
    };
    match app.store().add_device_session(&session).await {
        Err(StoreError::Conflict(_)) => return Err(challenge_over()),
        other => other?,
    }
    tracing::info!(code = "DEVICE_ENTERED", device = %device, hub);
    let secure = if app.config.address().starts_with("https://") { "; Secure" } else { "" };
    let seconds = expires_at - now;
    let cookie =
        format!("{DEVICE_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| ApiError::internal())?;
    Ok(([(header::SET_COOKIE, cookie)], Json(answer)).into_response())
}

/// Whether this node made the challenge, and not too long ago.
fn is_ours(app: &Shared, nonce: &[u8]) -> bool {
    if nonce.len() != CHALLENGE_BYTES {
        return false;
    }
    let (challenge, mac) = nonce.split_at(24);
    let end = challenge.first_chunk::<8>().map_or(0, |end| i64::from_be_bytes(*end));
    // Compared without stopping at the first difference.
    let wanted = app.node.key.challenge_mac(challenge);
    let differs = wanted.iter().zip(mac).fold(0, |differs, (one, two)| differs | (one ^ two));
    differs == 0 && end > app.env().now()
}

/// A tablet may bring the certificate of the office's node that signed its grant: this node's own key may be newer.
async fn learn_signer(app: &Shared, certificate: &[u8]) -> Result<(), ApiError> {
    let certificate = Certificate::decode(certificate).map_err(|_| certificate_invalid())?;
    let known = app.node.trust.known();
    let verified = trust::verify_certificate(&known, &known.root, &certificate);
    if certificate.subject.role == CertificateRole::Office && verified.is_ok() {
        trust::keep_certificate(app.store(), &certificate).await?;
    }
    Ok(())
}

/// Makes the device known, and tries again what it sent for a day it was not on.
///
/// # Errors
/// `GRANT_INVALID`, `DEVICE_REVOKED`.
pub async fn admitted(app: &Shared, grant: &Grant) -> Result<(), ApiError> {
    match admit(app.store(), grant).await {
        Ok(true) => Ok(app.ingest.granted(grant.granted.device()).await?),
        Ok(false) => Ok(()),
        Err(AdmitError::Revoked) => Err(revoked()),
        Err(AdmitError::Store(error)) => Err(error.into()),
        Err(AdmitError::Trust(error)) => {
            tracing::warn!(code = "GRANT_INVALID", reason = error.code());
            Err(grant_invalid())
        }
    }
}

/// The hub that enters: certified by the root, joined here, not revoked.
async fn entering_hub(app: &Shared, certificate: Option<&[u8]>) -> Result<Certificate, ApiError> {
    let certificate = certificate.ok_or_else(|| ApiError::malformed("grant"))?;
    let certificate = Certificate::decode(certificate).map_err(|_| certificate_invalid())?;
    let known = app.node.trust.known();
    let now = u64::try_from(app.env().now()).unwrap_or(0);
    let good = certificate.subject.role == CertificateRole::Hub
        && certificate.holds_at(now)
        && trust::verify_certificate(&known, &known.root, &certificate).is_ok();
    let node: DeviceId = certificate.node();
    if !good || app.store().hub(node.0).await?.is_none() {
        return Err(certificate_invalid());
    }
    if app.store().revocations().await?.iter().any(|row| row.device == node.0) {
        return Err(hub_revoked());
    }
    Ok(certificate)
}

fn challenge_over() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "CHALLENGE_OVER",
        "Waktu untuk masuk sudah habis. Tablet akan mencoba lagi sendiri.",
    )
}

fn grant_invalid() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "GRANT_INVALID",
        "Izin tablet ini tidak berlaku di sini. Masuk di kantor dan siapkan lagi tablet ini; data tetap tersimpan.",
    )
}

fn certificate_invalid() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "CERTIFICATE_INVALID",
        "Sertifikat hub ini tidak berlaku. Daftarkan lagi hub dengan kode baru dari kantor.",
    )
}

/// A hub that was taken out of service.
#[must_use]
pub fn hub_revoked() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "HUB_REVOKED",
        "Hub ini sudah dicabut oleh kantor. Serahkan ke kantor; tablet dapat mengirim langsung ke kantor.",
    )
}
