//! The hub's connection to its office.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_sync::ids::LogId;
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::HubError;
use crate::http::sync::CONTENT_TYPE as SYNC_TYPE;
use crate::outbound::{self, OutboundError};

/// How long nothing may arrive in the middle of an answer.
const SILENCE: Duration = Duration::from_mins(2);

/// The office as an address.
pub struct OfficeClient {
    http: reqwest::Client,
    url: String,
}

/// What the office says of itself, and what to sign.
#[derive(Debug, Deserialize)]
pub struct Challenge {
    /// The office's log.
    pub log: LogId,
    /// Its certificate, base64url.
    pub office: String,
    /// Certificates of later root keys, base64url.
    pub roots: Vec<String>,
    /// What to sign, base64url.
    pub nonce: String,
}

/// What the office has for this hub at each contact. All base64url.
#[derive(Debug, Deserialize)]
pub struct Contact {
    /// This hub's certificate, maybe a newer one.
    pub certificate: String,
    /// The office's.
    pub office: String,
    /// Certificates of later root keys.
    pub roots: Vec<String>,
    /// What this hub may hold: one grant for each day.
    pub grants: Vec<String>,
    /// The signed list of revocations.
    pub revocations: String,
}

/// What the office answers to a hub that joins. All but the name base64url.
#[derive(Debug, Deserialize)]
pub struct Joined {
    /// What the hub is called.
    pub name: String,
    /// Its certificate.
    pub certificate: String,
    /// The office's.
    pub office: String,
    /// The root key.
    pub root: String,
}

/// Bytes from JSON.
pub fn bytes(text: &str) -> Result<Vec<u8>, HubError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| HubError::Wire(mpp_sync::wire::WireError::Malformed("base64url")))
}

/// Bytes for JSON.
pub fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl OfficeClient {
    /// A client for the office at this address; `ca` is a file of certificates (PEM) to believe beside the system's.
    ///
    /// # Errors
    /// [`HubError::File`] or [`HubError::Unreachable`].
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, HubError> {
        let builder = outbound::client(ca)?
            .cookie_store(true)
            .read_timeout(SILENCE)
            .user_agent(concat!("mpp-hub/", env!("CARGO_PKG_VERSION")));
        let http = builder.build().map_err(unreachable)?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// What to sign.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn challenge(&self) -> Result<Challenge, HubError> {
        read(self.http.get(self.address("/api/field/challenge"))).await
    }

    /// Enters with this hub's certificate; the cookie stays in the client.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn enter(&self, certificate: &[u8], nonce: &str, signature: &[u8]) -> Result<(), HubError> {
        let body = json!({
            "certificate": text(certificate),
            "nonce": nonce,
            "signature": text(signature),
        });
        read::<Value>(self.http.post(self.address("/api/field/enter")).json(&body)).await.map(drop)
    }

    /// Says how this hub is, and hears what is new.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn contact(&self, state: &Value) -> Result<Contact, HubError> {
        read(self.http.post(self.address("/api/hub/contact")).json(state)).await
    }

    /// Joins with a code.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn join(&self, code: &str, public_key: &[u8]) -> Result<Joined, HubError> {
        let body = json!({ "code": code, "public_key": text(public_key) });
        read(self.http.post(self.address("/api/hub/enroll")).json(&body)).await
    }

    /// One exchange; the answer is read by the caller as it arrives.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn exchange(&self, body: Vec<u8>) -> Result<Response, HubError> {
        sent(self.http.post(self.address("/sync/v1")).header(CONTENT_TYPE, SYNC_TYPE).body(body)).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, HubError> {
    sent(request).await?.json().await.map_err(unreachable)
}

async fn sent(request: RequestBuilder) -> Result<Response, HubError> {
    let answer = request.send().await.map_err(unreachable)?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or(Value::Null);
    let code = body.pointer("/error/code").and_then(Value::as_str).unwrap_or("UNREADABLE");
    Err(HubError::Answer { status, code: code.to_owned() })
}

impl From<OutboundError> for HubError {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::File(path, error) => Self::File(path, error),
            OutboundError::Client(error) => unreachable(error),
        }
    }
}

/// The office does not answer.
pub fn unreachable(error: reqwest::Error) -> HubError {
    HubError::Unreachable(outbound::cause(error))
}
