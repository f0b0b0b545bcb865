//! A real S3 store on a port of this machine: it checks every signature and keeps objects in a folder. In front of it
//! stands what counts requests and, when told to, answers that the store is busy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode, header};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const BUCKET: &str = "cadangan";
pub const KEY: &str = "KUNCI-UJI";
pub const SECRET: &str = "rahasia-yang-tidak-boleh-tampak";

/// What was asked of the store.
#[derive(Default)]
pub struct Seen {
    requests: AtomicU64,
    /// Bytes of the largest body.
    largest: AtomicU64,
    /// So many requests from now on are answered with 503.
    busy: AtomicU64,
}

pub struct Store {
    folder: TempDir,
    port: u16,
    seen: Arc<Seen>,
}

impl Store {
    /// A store with one empty bucket. It ends with the test's process.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let seen = Arc::new(Seen::default());
        let router = front(builder.build(), seen.clone());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                axum::serve(TcpListener::from_std(listener).unwrap(), router).await.unwrap();
            });
        });
        Self { folder, port, seen }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn bucket(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }

    /// Puts an object there, as somebody else would.
    pub fn put(&self, object: &str, bytes: &[u8]) {
        let path = self.bucket().join(object);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The names of all objects, sorted.
    pub fn objects(&self) -> Vec<String> {
        let mut names = Vec::new();
        collect(&self.bucket(), &self.bucket(), &mut names);
        names.sort();
        names
    }

    /// Uploads that were begun and neither completed nor aborted, and their parts.
    pub fn dangling(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload")).collect()
    }

    pub fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// Bytes of the largest body that came.
    pub fn largest(&self) -> u64 {
        self.seen.largest.load(Ordering::SeqCst)
    }

    pub fn be_busy(&self, requests: u64) {
        self.seen.busy.store(requests, Ordering::SeqCst);
    }
}

fn collect(root: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, names);
        } else {
            names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

fn front(service: S3Service, seen: Arc<Seen>) -> Router {
    Router::new().fallback(move |request: Request| {
        let (service, seen) = (service.clone(), seen.clone());
        async move {
            seen.requests.fetch_add(1, Ordering::SeqCst);
            let length = request
                .headers()
                .get(header::CONTENT_LENGTH)
                .and_then(|text| text.to_str().ok()?.parse().ok());
            seen.largest.fetch_max(length.unwrap_or(0), Ordering::SeqCst);
            let less = |left: u64| left.checked_sub(1);
            if seen.busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
                return answer(StatusCode::SERVICE_UNAVAILABLE);
            }
            match service.call(request.map(s3s::Body::http_body_unsync)).await {
                Ok(response) => response.map(Body::new),
                Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR),
            }
        }
    })
}

fn answer(status: StatusCode) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap()
}
