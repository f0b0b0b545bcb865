//! A server in this process, without a socket.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use mpp_server::app::App;
use mpp_server::clock::{Env, NoRandomness};
use mpp_server::config::Config;
use mpp_server::http::router::router;
use mpp_server::password;
use mpp_store::AccountRow;
use mpp_sync::action::publish_day;
use mpp_sync::ids::DocumentId;
use mpp_sync::view::DayPlan;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// 2026-11-02 09:00 in Lahat.
pub const NOW: i64 = 1_793_584_800;
pub const PASSWORD: &str = "kata-sandi-uji";

/// A clock that moves when it is told to, and bytes that never repeat.
pub struct TestEnv {
    now: AtomicI64,
    next: AtomicU64,
}

impl TestEnv {
    pub fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Env for TestEnv {
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let seed = self.next.fetch_add(1, Ordering::Relaxed);
        let stream = mpp_sync::ids::sha256(&[b"test", &seed.to_be_bytes()]);
        for (to, from) in bytes.iter_mut().zip(stream.iter().cycle()) {
            *to = *from;
        }
        Ok(())
    }
}

pub struct Server {
    pub app: Arc<App>,
    pub env: Arc<TestEnv>,
    folder: TempDir,
}

impl Server {
    /// Officers rina and budi, supervisor sari.
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().to_path_buf());
        config.phone = Some("+62731321001".to_owned());
        configure(&mut config);
        let env = Arc::new(TestEnv { now: AtomicI64::new(NOW), next: AtomicU64::new(1) });
        let app = Arc::new(App::start(config, env.clone()).await.unwrap());
        let server = Self { app, env, folder };
        let hash = password::hash(PASSWORD, server.env.as_ref()).unwrap();
        for (username, role) in [("rina", "officer"), ("budi", "officer"), ("sari", "supervisor")] {
            let account = AccountRow {
                username: username.into(),
                display_name: username.to_uppercase(),
                password_hash: hash.clone(),
                roles: vec![role.into()],
                agency: None,
                created_at: NOW,
                disabled_at: None,
            };
            server.app.store().add_account(&account).await.unwrap();
        }
        server
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_path_buf()
    }

    /// A day today, in two villages, with rina and budi.
    pub async fn day(&self) -> DocumentId {
        self.day_with(&["rina", "budi"], "Balai Desa Uji").await
    }

    pub async fn day_with(&self, officers: &[&str], place: &str) -> DocumentId {
        let plan = DayPlan {
            date: self.app.date(0),
            place: place.into(),
            regency: "16.04".into(),
            phone: None,
            villages: vec!["16.04.12.2025".into(), "16.04.12.2026".into()],
            agencies: vec!["DUKCAPIL".into()],
            services: std::collections::BTreeMap::new(),
            officers: officers.iter().map(|name| ((*name).into(), name.to_uppercase())).collect(),
        };
        let made =
            self.app.office.write("sari", &[], |context, _| publish_day(context, &plan)).await.unwrap();
        made.views[0].id()
    }

    pub async fn send(&self, request: Request<Body>) -> Response {
        router(self.app.clone()).oneshot(request).await.unwrap()
    }

    pub async fn sign_in(&self, username: &str) -> String {
        let (response, _) = self
            .call_raw("POST", "/api/login", "", Some(json!({"username": username, "password": PASSWORD})))
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    pub async fn call_raw(
        &self,
        method: &str,
        path: &str,
        cookie: &str,
        body: Option<Value>,
    ) -> (Response, Value) {
        let mut request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
        if method != "GET" {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.send(request.body(body).unwrap()).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (Response::from_parts(parts, Body::empty()), value)
    }

    pub async fn get(&self, path: &str, cookie: &str) -> (u16, Value) {
        let (response, body) = self.call_raw("GET", path, cookie, None).await;
        (response.status().as_u16(), body)
    }

    pub async fn post(&self, path: &str, cookie: &str, body: Value) -> (u16, Value) {
        let (response, body) = self.call_raw("POST", path, cookie, Some(body)).await;
        (response.status().as_u16(), body)
    }

    /// A GET that must succeed.
    pub async fn read(&self, path: &str, cookie: &str) -> Value {
        let (status, body) = self.get(path, cookie).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Waits until the views include everything that was acknowledged.
    pub async fn folded(&self) {
        let head = self.app.store().head().await.unwrap();
        while !self.app.projection.reach(head.position).await {}
    }
}

/// The code of an error answer.
pub fn code(body: &Value) -> &str {
    body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default()
}

impl Server {
    /// The same folder in a new process, as it were.
    pub async fn reopened(self, configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.app.config.clone();
        configure(&mut config);
        self.app.store().close().await;
        let app = Arc::new(App::start(config, self.env.clone()).await.unwrap());
        Self { app, env: self.env, folder: self.folder }
    }
}
