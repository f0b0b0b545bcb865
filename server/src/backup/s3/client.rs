//! One request to a store: signed, sent, its answer read, and asked again while that may help.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, ETAG, HeaderMap, HeaderName};
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use super::S3Error;
use super::error::code_in;
use super::settings::{S3Settings, Style};
use crate::clock::Env;
use crate::outbound::{self, OutboundError};

/// How long a signature holds.
const SIGNED: Duration = Duration::from_hours(1);
/// How long nothing may arrive of an answer.
pub const SILENCE: Duration = Duration::from_mins(2);
/// How long a part may take: 8 MiB at 75 kbit/s. Also how long a store may put parts together.
pub const UPLOAD: Duration = Duration::from_mins(15);
/// How often something is asked at most.
const TRIES: u32 = 5;
/// Bytes of an answer that is no file.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// A bucket of a store.
pub struct Client {
    http: reqwest::Client,
    pub(super) bucket: Bucket,
    pub(super) key: Credentials,
    clock: Arc<dyn Env>,
    pause: Duration,
}

/// What goes with a request.
pub struct Ask {
    /// The body.
    pub body: Bytes,
    /// Headers that are not signed.
    pub headers: Vec<(HeaderName, String)>,
    /// How long until its answer begins.
    pub limit: Duration,
}

impl Ask {
    /// Nothing but the address.
    pub fn plain() -> Self {
        Self { body: Bytes::new(), headers: Vec::new(), limit: SILENCE }
    }

    /// Something to keep.
    pub fn with(body: Bytes) -> Self {
        Self { body, headers: Vec::new(), limit: UPLOAD }
    }
}

/// A short answer.
pub struct Answer {
    /// Its body.
    pub text: String,
    /// The mark of what was stored.
    pub etag: Option<String>,
}

/// How often something was asked.
pub struct Tries {
    made: u32,
    pause: Duration,
}

impl Tries {
    /// Waits before the next try, or says that there is none.
    pub async fn again(&mut self, error: S3Error) -> Result<(), S3Error> {
        self.made += 1;
        if !error.may_pass() || self.made >= TRIES {
            return Err(error);
        }
        tracing::warn!(code = error.code(), tries = self.made, "the store is asked again");
        tokio::time::sleep(self.pause).await;
        self.pause *= 2;
        Ok(())
    }
}

impl Client {
    pub fn new(settings: &S3Settings, bucket: String, clock: Arc<dyn Env>) -> Result<Self, S3Error> {
        let (endpoint, style) = settings.address(&bucket);
        let endpoint = endpoint.parse().map_err(|_| S3Error::Endpoint)?;
        let style = match style {
            Style::Path => UrlStyle::Path,
            Style::Host => UrlStyle::VirtualHost,
        };
        let bucket =
            Bucket::new(endpoint, style, bucket, settings.region.clone()).map_err(|_| S3Error::Endpoint)?;
        let key = settings.key()?;
        let builder = outbound::client(settings.ca.as_deref()).map_err(unusable)?;
        let builder = builder.user_agent(concat!("mpp/", env!("CARGO_PKG_VERSION")));
        // A signature is for one address only: where a store sends elsewhere, a setting is wrong.
        let http = builder.redirect(Policy::none()).build().map_err(unreachable)?;
        Ok(Self { http, bucket, key, clock, pause: settings.pause })
    }

    pub fn tries(&self) -> Tries {
        Tries { made: 0, pause: self.pause }
    }

    /// Asks until there is an answer, and reads it.
    pub async fn send<'a, A: S3Action<'a> + Sync>(&self, action: &A, ask: &Ask) -> Result<Answer, S3Error> {
        let mut tries = self.tries();
        loop {
            match self.answer(action, ask).await {
                Err(error) => tries.again(error).await?,
                answer => return answer,
            }
        }
    }

    async fn answer<'a, A: S3Action<'a> + Sync>(&self, action: &A, ask: &Ask) -> Result<Answer, S3Error> {
        let response = self.open(action, ask).await?;
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let text = text(response).await?;
        // Putting parts together begins with 200 and may end otherwise.
        if code_in(&text).is_some() {
            return Err(S3Error::of(500, &text, None, self.bucket.name()));
        }
        Ok(Answer { text, etag })
    }

    /// Asks once; the caller reads the answer as it arrives.
    pub async fn open<'a, A: S3Action<'a> + Sync>(&self, action: &A, ask: &Ask) -> Result<Response, S3Error> {
        let method = Method::from_bytes(A::METHOD.to_str().as_bytes()).map_err(|_| S3Error::Endpoint)?;
        let now = self.clock.now();
        let at = Timestamp::from_second(now).map_err(|_| S3Error::Clock(None))?;
        let mut request =
            self.http.request(method, action.sign_with_time(SIGNED, &at)).body(ask.body.clone());
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let response = in_time(ask.limit, request.send()).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let ahead = time_of(response.headers()).map(|theirs| theirs - now);
        let body = text(response).await.unwrap_or_default();
        Err(S3Error::of(status, &body, ahead, self.bucket.name()))
    }
}

/// The next bytes of an answer; none at its end.
pub async fn next(response: &mut Response) -> Result<Option<Bytes>, S3Error> {
    in_time(SILENCE, response.chunk()).await
}

async fn text(mut response: Response) -> Result<String, S3Error> {
    let mut all = Vec::new();
    while let Some(bytes) = next(&mut response).await? {
        all.extend_from_slice(&bytes);
        if all.len() > ANSWER_MAX {
            return Err(S3Error::Unreadable("size"));
        }
    }
    String::from_utf8(all).map_err(|_| S3Error::Unreadable("utf-8"))
}

async fn in_time<T>(limit: Duration, what: impl Future<Output = reqwest::Result<T>>) -> Result<T, S3Error> {
    match tokio::time::timeout(limit, what).await {
        Ok(done) => done.map_err(unreachable),
        Err(_) => Err(S3Error::Unreachable("timeout".to_owned())),
    }
}

fn time_of(headers: &HeaderMap) -> Option<i64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(rfc2822::parse(text).ok()?.timestamp().as_second())
}

fn unreachable(error: reqwest::Error) -> S3Error {
    S3Error::Unreachable(outbound::cause(error))
}

fn unusable(error: OutboundError) -> S3Error {
    match error {
        OutboundError::File(path, _) => S3Error::Certificates(path),
        OutboundError::Client(error) => unreachable(error),
    }
}
