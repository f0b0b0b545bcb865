//! Everything a request needs, put together once. The only file that names a storage backend.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mpp_store::{DeviceRow, Store, StoreError, Turn, Work};
use mpp_store_postgres::PostgresStore;
use mpp_store_sqlite::{Options, SqliteStore};
use mpp_sync::ids::{BadId, LogId};
use tokio::sync::watch;

use crate::authoring::{AuthoringError, Office};
use crate::calendar;
use crate::clock::{Env, NoRandomness, random};
use crate::config::Config;
use crate::http::sync::Bodies;
use crate::hub::Upstream;
use crate::ingest::Ingest;
use crate::node_key::NodeKey;
use crate::projection::{Projection, Projector, turn};
use crate::regions::{DISTRICTS, RegionError, Regions, VILLAGES};
use crate::tls::{Tls, TlsError};
use crate::trust::Trust;

/// The database inside the data folder.
const DATABASE: &str = "mpp.sqlite";
/// Where the log's id is kept.
pub(crate) const LOG_ID: &str = "log_id";
/// Where it is kept which keys the processes of a database have.
pub(crate) const KEYS: &str = "keys";
/// The version that last tried everything kept aside again.
const TRIED_BY: &str = "quarantine_tried_by";

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder, a key or a file given on the command line cannot be used.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// The database cannot be used.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The region files cannot be used.
    #[error(transparent)]
    Regions(#[from] RegionError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The folder's log id is damaged.
    #[error("the log id in the database is damaged: {0}")]
    LogId(#[from] BadId),
    /// The catalogue file is no catalogue.
    #[error("the catalogue file cannot be read: {0}")]
    Catalogue(#[from] serde_json::Error),
    /// What is written at start was not accepted.
    #[error("could not write at start: {0}")]
    Authoring(#[from] AuthoringError),
    /// Another process on the same database has other keys.
    #[error(
        "the keys in {0} are not those that this database is served with: copy them from the first machine"
    )]
    OtherKeys(PathBuf),
    /// A hub that has not joined an office.
    #[error("this hub has not joined an office yet: mpp hub enroll --upstream URL --code CODE")]
    NotEnrolled,
    /// The root key is kept elsewhere or lost.
    #[error("root.key is not in the data folder: put it back, or see docs/keys.md if it is lost")]
    NoRootKey,
    /// The certificate or key of HTTPS cannot be used.
    #[error(transparent)]
    Tls(TlsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, #[source] io::Error),
}

/// A data folder that is open: its store and its keys.
pub struct Node {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The keys.
    pub key: NodeKey,
    /// The clock and randomness.
    pub env: Arc<dyn Env>,
    /// Names the log.
    pub log: LogId,
    /// Whom this node believes.
    pub trust: Arc<Trust>,
}

/// A data folder with its store and its keys, before anybody knows whether it is an office or a hub.
pub struct Folder {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The keys.
    pub key: NodeKey,
    /// Names the log.
    pub log: LogId,
    /// Of several processes that begin together, this one's turn; ends when everything is made.
    pub turn: Box<dyn Turn>,
}

impl Folder {
    /// Opens (or makes) the folder, its keys and its database, and runs the migrations.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(config: &Config, env: Arc<dyn Env>) -> Result<Self, StartError> {
        let folder = &config.data;
        let file = |error| StartError::File(folder.clone(), error);
        // Personal data lies here: nobody but the server's own user has to look inside.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(file)?;
        let store = open_store(config).await?;
        // Of several processes that begin together on nothing, one makes the keys and the names.
        let turn = turn(store.as_ref(), Work::Start).await?;
        let keys = config.key_folder();
        let key =
            NodeKey::open(keys, env.as_ref()).map_err(|error| StartError::File(keys.to_path_buf(), error))?;
        if config.database.is_some() && store.value_or(KEYS, &key.fingerprint()).await? != key.fingerprint() {
            return Err(StartError::OtherKeys(keys.to_path_buf()));
        }
        let log = log_id(store.as_ref(), env.as_ref()).await?;
        Ok(Self { store, key, log, turn })
    }
}

impl Node {
    /// Opens (or makes) the folder, and with it whom this node believes.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn open(config: &Config, env: Arc<dyn Env>) -> Result<Self, StartError> {
        let Folder { store, key, log, turn } = Folder::open(config, env.clone()).await?;
        let trust = Trust::open(config, store.as_ref(), &key, env.as_ref()).await?;
        let itself = DeviceRow {
            id: key.device().0,
            public_key: key.public(),
            name: trust.known().own.subject.name,
            created_at: env.now(),
            revoked_at: None,
        };
        store.put_device(&itself).await?;
        turn.end().await;
        Ok(Self { store, key, env, log, trust: Arc::new(trust) })
    }

    /// Folds this folder's log.
    #[must_use]
    pub fn projector(&self) -> Projector {
        Projector::new(self.store.clone(), self.key.clone())
    }
}

/// Opens (or makes) the store of a folder that exists, or the database that is named, and runs the migrations.
///
/// # Errors
/// [`StoreError`].
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    let store: Arc<dyn Store> = if let Some(url) = &config.database {
        Arc::new(PostgresStore::open(url).await?)
    } else {
        let options = Options { max_pages: config.max_pages };
        Arc::new(SqliteStore::open(&config.data.join(DATABASE), options).await?)
    };
    store.migrate().await?;
    Ok(store)
}

async fn log_id(store: &dyn Store, env: &dyn Env) -> Result<LogId, StartError> {
    store.value_or("created_at", &env.now().to_string()).await?;
    Ok(store.value_or(LOG_ID, &LogId(random(env)?).to_string()).await?.parse()?)
}

/// What handlers share.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The data folder.
    pub node: Node,
    /// The way into the log.
    pub ingest: Ingest,
    /// How far the views are.
    pub projection: Projection,
    /// The office as a writer.
    pub office: Office,
    /// Villages and districts.
    pub regions: Regions,
    /// The bodies of exchanges that are being read.
    pub bodies: Bodies,
    /// How far upstream is; says something on a hub only.
    pub upstream: Upstream,
    /// The certificate of HTTPS, when this process speaks it itself.
    pub tls: Option<Arc<Tls>>,
    /// The log's end, whenever it moves.
    appended: watch::Receiver<i64>,
}

impl App {
    /// Opens the folder and starts the tasks behind it.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(config: Config, env: Arc<dyn Env>) -> Result<Self, StartError> {
        let regions = read_regions(&config)?;
        let node = Node::open(&config, env).await?;
        watch_digests(node.store.clone());
        let app = Self::on(node, config, regions).await?;
        app.retry_after_upgrade().await?;
        let head = app.store().head().await?;
        app.projection.reach(head.position).await;
        Ok(app)
    }

    /// What handlers share, on a node that is open.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn on(node: Node, config: Config, regions: Regions) -> Result<Self, StartError> {
        let (tell, appended) = watch::channel(0);
        let projection = Projection::start(node.projector(), appended.clone());
        let env = node.env.clone();
        let ingest = Ingest::start(node.store.clone(), env.clone(), node.key.device(), tell);
        let (store, key) = (node.store.clone(), node.key.clone());
        let office = Office::new(store, env, key, ingest.clone(), projection.clone());
        let tls = match (&config.tls_cert, &config.tls_key) {
            (Some(cert), Some(key)) => Some(Tls::open(cert, key).map_err(StartError::Tls)?),
            (None, None) => None,
            _ => return Err(StartError::Tls(TlsError::Half)),
        };
        let upstream = Upstream::default();
        let itself = node.key.device().0;
        let revoked = node.store.revocations().await?.iter().any(|row| row.device == itself);
        upstream.set(|state| state.revoked = revoked);
        let bodies = Bodies::default();
        Ok(Self { config, node, ingest, projection, office, regions, bodies, upstream, tls, appended })
    }

    /// What an earlier program kept aside may be understood by this one.
    async fn retry_after_upgrade(&self) -> Result<(), StoreError> {
        let version = env!("CARGO_PKG_VERSION");
        if self.store().value(TRIED_BY).await?.as_deref() == Some(version) {
            return Ok(());
        }
        // A failure is in the log; the next start tries again.
        if self.ingest.retry_everything().await.is_ok() {
            self.store().set_value(TRIED_BY, version).await?;
        }
        Ok(())
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.node.store.as_ref()
    }

    /// The log's end, whenever it moves.
    #[must_use]
    pub fn appended(&self) -> watch::Receiver<i64> {
        self.appended.clone()
    }

    /// Days that the certificate of HTTPS still holds, when this process has one.
    #[must_use]
    pub fn tls_days_left(&self) -> Option<i64> {
        self.tls.as_ref().map(|tls| tls.days_left(self.env().now()))
    }

    /// The clock and randomness.
    #[must_use]
    pub fn env(&self) -> &dyn Env {
        self.node.env.as_ref()
    }

    /// Today's date in the regency, moved on by `days`.
    #[must_use]
    pub fn date(&self, days: i64) -> String {
        calendar::date(self.env().now(), calendar::zone_hours(&self.config.regency), days)
    }
}

/// How often the sums of scopes are made again from what the scopes list.
const DIGEST_CHECK: Duration = Duration::from_hours(24);

/// Makes the sums again now and then: a wrong sum is consistent with itself, so nothing else would show it.
fn watch_digests(store: Arc<dyn Store>) {
    tokio::spawn(async move {
        loop {
            match store.sum_again().await {
                Ok(differing) if differing.is_empty() => {}
                Ok(differing) => tracing::error!(
                    code = "DIGEST_MISMATCH",
                    scopes = differing.len(),
                    first = differing.first().map_or("", String::as_str),
                    "sums of scopes were wrong and have been made again"
                ),
                Err(error) => tracing::error!(code = "DIGEST_CHECK_FAILED", error = %error),
            }
            tokio::time::sleep(DIGEST_CHECK).await;
        }
    });
}

fn read_regions(config: &Config) -> Result<Regions, StartError> {
    let read = |name: &str| {
        let Some(folder) = &config.regions else { return Ok(None) };
        let file = folder.join(name);
        std::fs::read_to_string(&file).map(Some).map_err(|error| StartError::File(file, error))
    };
    let (villages, districts) = (read("villages.csv")?, read("districts.csv")?);
    let villages = villages.as_deref().unwrap_or(VILLAGES);
    Ok(Regions::read(villages, districts.as_deref().unwrap_or(DISTRICTS), &config.regency)?)
}
