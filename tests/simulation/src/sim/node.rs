//! An office or a hub: the server itself, from the body of a request to the body of its answer, over the modelled store.
//!
//! Left out are HTTP, cookies and views: who calls is said by the schedule.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use futures_util::stream;
use mpp_server::app::{App, Node as Opened, StartError};
use mpp_server::clock::{Env, NoRandomness};
use mpp_server::config::Config;
use mpp_server::http::auth::Caller;
use mpp_server::http::device::admitted;
use mpp_server::http::sync::{CONTENT_TYPE, exchange};
use mpp_server::ingest::{Outcome, Submission};
use mpp_server::lineage::LINEAGE;
use mpp_server::regions::{Named, Regions};
use mpp_server::trust::{Trust, keep_certificate, pin_root};
use mpp_store::{BackupRow, Backups as _, Devices as _, Hubs as _, Id, Node as _};
use mpp_store::{DeviceRow, HubRow, RevocationRow, StoreError, Trust as _};
use mpp_sync::ids::LogId;
use mpp_sync::trust::Grant;
use tokio::runtime::Runtime;

use super::Planted;
use super::identity::Identity;
use super::store::MemoryStore;
use crate::rng::Rng;

/// What came of a request.
#[derive(Debug)]
pub enum Answered {
    /// An answer.
    Body(Vec<u8>),
    /// An error that HTTP would carry: its stable code.
    Error(String),
    /// The power was cut, or it was off.
    Dead,
}

/// The clock and the dice of all nodes of a schedule.
#[derive(Debug)]
pub struct Surroundings {
    now: AtomicI64,
    rng: Mutex<Rng>,
}

impl Surroundings {
    /// Dice of their own.
    pub fn new(rng: Rng) -> Self {
        Self { now: AtomicI64::new(0), rng: Mutex::new(rng) }
    }

    /// Unix seconds from now on.
    pub fn set(&self, now: i64) {
        self.now.store(now, Ordering::Relaxed);
    }
}

impl Env for Surroundings {
    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.fill_with(|| rng.byte());
        Ok(())
    }
}

/// An office or a hub.
pub struct Node {
    /// What it keeps.
    pub store: Arc<MemoryStore>,
    /// Names its storage; new after a restore.
    pub log: LogId,
    /// Its key and certificates.
    pub identity: &'static Identity,
    /// The backup that a restore would put back, and the log that it was made of.
    pub backup: (usize, LogId),
    env: Arc<Surroundings>,
    app: Option<Arc<App>>,
}

impl Node {
    /// A node whose storage is new.
    ///
    /// # Errors
    /// As the server's start.
    pub async fn first_start(
        identity: &'static Identity,
        log: LogId,
        env: Arc<Surroundings>,
    ) -> Result<Self, StartError> {
        let store = Arc::new(MemoryStore::default());
        pin_root(store.as_ref(), &identity.root).await?;
        for certificate in &identity.certificates {
            keep_certificate(store.as_ref(), certificate).await?;
        }
        for (number, hub) in identity.hubs.iter().enumerate() {
            let row = HubRow {
                device: hub.0,
                name: format!("hub {number}"),
                enrolled_by: "sari".to_owned(),
                enrolled_at: 0,
                last_at: None,
                state: String::new(),
            };
            store.put_hub(&row).await?;
        }
        store
            .put_device(&DeviceRow {
                id: identity.key.device().0,
                public_key: identity.key.public(),
                name: identity.name.to_owned(),
                created_at: 0,
                revoked_at: None,
            })
            .await?;
        let backup = (store.durable_rows(), log);
        let mut node = Self { store, log, identity, backup, env, app: None };
        node.start().await?;
        Ok(node)
    }

    /// Starts the server's process.
    ///
    /// # Errors
    /// As the server's start.
    pub async fn start(&mut self) -> Result<(), StartError> {
        let mut config = Config::new(PathBuf::from("no-such-folder"));
        config.upstream = self.identity.is_hub().then(|| "http://kantor".to_owned());
        let env: Arc<dyn Env> = self.env.clone();
        let trust = Trust::open(&config, self.store.as_ref(), &self.identity.key, env.as_ref()).await?;
        let node = Opened {
            store: self.store.clone(),
            key: self.identity.key.clone(),
            env,
            log: self.log,
            trust: Arc::new(trust),
        };
        let regency = Named { code: "16.04".to_owned(), name: "Lahat".to_owned() };
        let regions = Regions { regency, local_word: "desa".to_owned(), districts: Vec::new() };
        self.app = Some(Arc::new(App::on(node, config, regions).await?));
        Ok(())
    }

    /// Takes a request as far as it came and answers it if it came whole. It arrives in pieces of `piece` bytes.
    pub fn exchange(
        &self,
        runtime: &Runtime,
        caller: Caller,
        body: &[u8],
        whole: bool,
        piece: usize,
    ) -> Answered {
        let Some(app) = self.app.clone() else { return Answered::Dead };
        let arrived = body.chunks(piece.max(1)).map(|piece| Ok(piece.to_vec()));
        let broken = (!whole).then(|| Err(std::io::Error::other("the link broke")));
        let pieces: Vec<Result<Vec<u8>, std::io::Error>> = arrived.chain(broken).collect();
        let mut request = Request::new(Body::from_stream(stream::iter(pieces)));
        request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(CONTENT_TYPE));
        let answered = runtime.block_on(async {
            match exchange(State(app), caller, request).await {
                Ok(response) => read(response).await,
                Err(error) => Answered::Error(error.code().to_owned()),
            }
        });
        if self.store.is_dead() { Answered::Dead } else { answered }
    }

    /// A device shows its grant, as it does when it enters.
    pub fn admit(&self, runtime: &Runtime, grant: &Grant) {
        if let Some(app) = &self.app {
            // A grant that is not taken is shown again the next time.
            let _ = runtime.block_on(admitted(app, grant));
        }
    }

    /// Hands a frame of the office's own in.
    pub fn submit(&self, runtime: &Runtime, bytes: Vec<u8>) -> Option<Outcome> {
        let app = self.app.as_ref()?;
        let submission = Submission { bytes, officer: "sari".to_owned() };
        runtime.block_on(async { app.ingest.submit(submission).await.ok()?.outcome().await.ok() })
    }

    /// Tries everything again that is kept aside, as a newer program does at its first start.
    pub fn upgrade(&self, runtime: &Runtime) {
        if let Some(app) = &self.app {
            // A failure leaves everything as it was; the next start tries again.
            let _ = runtime.block_on(app.ingest.retry_everything());
        }
    }

    /// Stops believing a device.
    pub fn revoke(&self, runtime: &Runtime, revocation: RevocationRow) {
        // A power cut leaves it to the next contact.
        let _ = runtime.block_on(self.store.revoke(revocation));
    }

    /// Makes a backup: the rows as they are, and the note that they are covered.
    pub fn back_up(&mut self, runtime: &Runtime) {
        let rows = self.store.durable_rows();
        let (head, covered) = self.store.read(|tables| {
            let covered: Vec<(Id, i64)> =
                tables.chains.values().map(|row| (row.session, row.frames)).collect();
            (tables.head, covered)
        });
        let now = self.env.now();
        let done: Result<(), StoreError> = runtime.block_on(async {
            let number = self.store.begin_backup(now, 0).await?.unwrap_or(1);
            let row = BackupRow {
                number,
                started_at: now,
                finished_at: Some(now),
                position: Some(head.position),
                ..BackupRow::default()
            };
            self.store.finish_backup(&row, &covered).await
        });
        if done.is_ok() {
            self.backup = (rows, self.log);
        }
    }

    /// As `mpp restore` does: older rows, a new log that says which one it goes on from.
    ///
    /// # Errors
    /// As the server's start.
    pub fn restore(&mut self, runtime: &Runtime, log: LogId) -> Result<(), StartError> {
        let (rows, before) = self.backup;
        self.store.restore(rows);
        let head = self.store.read(|tables| tables.head);
        runtime.block_on(async {
            let kept = self.store.value(LINEAGE).await?;
            let mut lineage: Vec<serde_json::Value> =
                kept.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            lineage.push(serde_json::json!({
                "log": before, "position": head.position, "rolling": hex::encode(head.rolling),
            }));
            self.store.set_value(LINEAGE, &serde_json::Value::from(lineage).to_string()).await?;
            self.log = log;
            self.start().await
        })?;
        self.backup = (self.store.durable_rows(), log);
        Ok(())
    }

    /// Power comes back and the server starts again.
    ///
    /// # Errors
    /// As the server's start.
    pub fn power_on(&mut self, runtime: &Runtime, rng: &mut Rng) -> Result<(), StartError> {
        self.app = None;
        self.store.power_on(rng);
        runtime.block_on(self.start())
    }

    /// Plants a fault.
    pub fn plant(&self, planted: Planted) {
        self.store.plant(planted);
    }
}

async fn read(response: Response) -> Answered {
    match to_bytes(response.into_body(), usize::MAX).await {
        Ok(body) => Answered::Body(body.to_vec()),
        Err(_) => Answered::Error("UNREADABLE".to_owned()),
    }
}
