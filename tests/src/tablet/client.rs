//! The only place of the tablet that talks to the network.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_sync::ids::{DeviceId, DocumentId};
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::TabletError;
use super::device::Prepared;

const SYNC_TYPE: &str = "application/vnd.mpp.sync";

/// Who signs in.
#[derive(Clone)]
pub struct Login {
    /// Username.
    pub username: String,
    /// Password; never printed.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What went over the wire, in bytes of HTTP bodies of the exchange alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent.
    pub up: u64,
    /// Bytes received.
    pub down: u64,
    /// Requests.
    pub round_trips: u64,
}

/// The connection to the office: cookies, and what went over it.
pub struct Client {
    http: reqwest::Client,
    url: String,
    /// Counted since the last [`Client::take_traffic`].
    traffic: Traffic,
    signed_in: bool,
}

#[derive(Deserialize)]
struct Days {
    days: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    id: String,
    #[serde(default)]
    date: String,
}

#[derive(Deserialize)]
struct PrepareAnswer {
    device: DeviceId,
    label: String,
    day: PreparedDay,
    scopes: Vec<String>,
    grant: String,
    certificate: String,
    root: String,
}

#[derive(Deserialize)]
struct PreparedDay {
    id: DocumentId,
}

/// An HTTP client that keeps cookies, as a browser does.
///
/// # Errors
/// Those of reqwest when the machine has no network stack to offer.
pub fn browser() -> Result<reqwest::Client, reqwest::Error> {
    // Fails only when it was chosen before, which is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().cookie_store(true).no_proxy().build()
}

impl Client {
    /// A client without a session.
    ///
    /// # Errors
    /// [`TabletError::Unreachable`] when the machine has no network stack to offer.
    pub fn new(url: &str) -> Result<Self, TabletError> {
        let http = browser().map_err(unreachable)?;
        Ok(Self {
            http,
            url: url.trim_end_matches('/').to_owned(),
            traffic: Traffic::default(),
            signed_in: false,
        })
    }

    /// Signs in; the cookie stays in the client.
    ///
    /// # Errors
    /// [`TabletError::Answer`] with `LOGIN_WRONG` or `LOGIN_LOCKED`.
    pub async fn sign_in(&mut self, login: &Login) -> Result<Value, TabletError> {
        let body = json!({"username": login.username, "password": login.password});
        let account = self.post("/api/login", &body).await?;
        self.signed_in = true;
        Ok(account)
    }

    /// Notes that the device entered with its grant.
    pub(super) fn has_entered(&mut self) {
        self.signed_in = true;
    }

    /// Whether somebody signed in since the start; the office may have ended that since.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.signed_in
    }

    /// Has this device prepared for a day: the one wanted, else the one of today, else the first.
    ///
    /// # Errors
    /// [`TabletError`].
    pub async fn prepare(
        &mut self,
        wanted: Option<&str>,
        public_key: &[u8],
        name: &str,
    ) -> Result<Prepared, TabletError> {
        let day = match wanted {
            Some(day) => day.to_owned(),
            None => fitting(self.get::<Days>("/api/field/days").await?.days)?,
        };
        let body = json!({
            "day": day,
            "device_public_key": URL_SAFE_NO_PAD.encode(public_key),
            "device_name": name,
        });
        let answer: PrepareAnswer = self.post("/api/field/prepare", &body).await?;
        let PrepareAnswer { device, label, day, scopes, grant, certificate, root } = answer;
        Ok(Prepared { device, letter: label, day: day.id, scopes, grant, certificate, root })
    }

    /// Sends one body of the exchange; the answer is read by the caller as it arrives.
    ///
    /// # Errors
    /// [`TabletError::Unreachable`] or [`TabletError::Answer`].
    pub async fn exchange(&mut self, body: Vec<u8>) -> Result<Response, TabletError> {
        self.traffic.up += body.len() as u64;
        self.traffic.round_trips += 1;
        let request = self.http.post(self.address("/sync/v1")).header(CONTENT_TYPE, SYNC_TYPE).body(body);
        sent(request).await
    }

    /// The next piece of an answer.
    ///
    /// # Errors
    /// [`TabletError::Unreachable`] when the connection broke.
    pub async fn next_piece(&mut self, answer: &mut Response) -> Result<Option<Vec<u8>>, TabletError> {
        let piece = answer.chunk().await.map_err(unreachable)?;
        let piece = piece.map(|bytes| bytes.to_vec());
        self.traffic.down += piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
        Ok(piece)
    }

    /// What went over the wire since the last call.
    pub fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.traffic)
    }

    /// Reads JSON from the office.
    ///
    /// # Errors
    /// [`TabletError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, TabletError> {
        let answer = sent(self.http.get(self.address(path))).await?;
        answer.json().await.map_err(unreachable)
    }

    /// Posts JSON to the office.
    ///
    /// # Errors
    /// [`TabletError`].
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, TabletError> {
        let answer = sent(self.http.post(self.address(path)).json(body)).await?;
        answer.json().await.map_err(unreachable)
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

async fn sent(request: RequestBuilder) -> Result<Response, TabletError> {
    let answer = request.send().await.map_err(unreachable)?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or(Value::Null);
    let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    Err(TabletError::Answer { status, code: text("code"), message: text("message") })
}

/// The day of today by the clock of western Indonesia, else the first.
fn fitting(days: Vec<Day>) -> Result<String, TabletError> {
    let today = date_of(crate::clock::unix_now() + 7 * 3600);
    let first = days.first().map(|day| day.id.clone());
    let fits = days.into_iter().find(|day| day.date == today).map(|day| day.id);
    fits.or(first).ok_or_else(|| TabletError::NotPrepared("no service day for this officer".to_owned()))
}

/// `YYYY-MM-DD` of Unix seconds.
fn date_of(unix: i64) -> String {
    let days = unix.div_euclid(86_400) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn unreachable(error: reqwest::Error) -> TabletError {
    TabletError::Unreachable(error.without_url().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::unix_of;

    #[test]
    fn a_date_is_the_one_of_the_calendar() {
        for day in ["1970-01-01", "2000-02-29", "2026-11-03", "2026-12-31"] {
            assert_eq!(date_of(unix_of(&format!("{day}T12:00:00Z")).unwrap()), day);
        }
    }

    #[test]
    fn the_day_of_today_is_chosen_before_the_first() {
        let day = |id: &str, date: &str| Day { id: id.to_owned(), date: date.to_owned() };
        let today = date_of(crate::clock::unix_now() + 7 * 3600);
        assert_eq!(fitting(vec![day("a", "2020-01-01"), day("b", &today)]).unwrap(), "b");
        assert_eq!(fitting(vec![day("a", "2020-01-01"), day("b", "2020-01-02")]).unwrap(), "a");
        assert!(fitting(Vec::new()).is_err());
    }
}
