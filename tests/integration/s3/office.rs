//! An office in this process that backs up to a store.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use age::x25519::Identity;
use mpp_server::app::App;
use mpp_server::backup::envelope::Envelope;
use mpp_server::backup::place::Place;
use mpp_server::backup::restore::{Restored, restore};
use mpp_server::backup::run::{Made, back_up};
use mpp_server::backup::s3::settings::S3Settings;
use mpp_server::backup::source::Found;
use mpp_server::backup::{BackupError, TOMBSTONES, seal};
use mpp_server::clock::SystemEnv;
use mpp_server::config::Config;
use mpp_server::demo;
use mpp_server::digest::{Digest, digest};
use mpp_server::node_key::write_secret;
use mpp_store::BackupRow;
use tempfile::TempDir;

use super::store::{KEY, SECRET, Store};

/// The smallest part that stores take.
pub const PART: u64 = 5 * 1024 * 1024;
/// Where the backups go.
pub const PLACE: &str = "s3://cadangan/lahat";

pub struct Office {
    pub app: Arc<App>,
    pub folder: TempDir,
    pub settings: S3Settings,
    envelope: Envelope,
}

impl Office {
    /// With the demo's data, at a store behind this address.
    pub async fn open(endpoint: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let key = folder.path().join("kunci");
        write_key(&key, KEY, SECRET);
        let settings = S3Settings {
            endpoint: Some(endpoint.to_owned()),
            credentials: Some(key),
            pause: Duration::from_millis(1),
            part: PART,
            ..S3Settings::default()
        };
        let config = Config {
            demo: true,
            backup_to: Some(PLACE.to_owned()),
            s3: settings.clone(),
            ..Config::new(data.clone())
        };
        let app = App::start(config, Arc::new(SystemEnv)).await.unwrap();
        demo::fill(&app).await.unwrap();
        let recovery = Identity::generate();
        seal::keep_recipient(&data, &recovery.to_public()).unwrap();
        let secret = |name: &str| {
            let text = fs::read_to_string(data.join(name)).unwrap();
            hex::decode(text.trim()).unwrap().try_into().unwrap()
        };
        let envelope = Envelope { recovery, node: secret("node.key"), nik: secret("nik.key"), root: None };
        Self { app: Arc::new(app), folder, settings, envelope }
    }

    pub async fn at(store: &Store) -> Self {
        Self::open(&store.url()).await
    }

    /// So many bytes more that do not compress, in the only file that a backup takes along.
    pub fn grow(&self, bytes: usize) -> Vec<u8> {
        let mut noise = vec![0; bytes];
        getrandom::fill(&mut noise).unwrap();
        fs::write(self.app.config.data.join(TOMBSTONES), &noise).unwrap();
        noise
    }

    pub fn place(&self) -> Place {
        Place::read(PLACE, &self.settings, &self.app.config.data).unwrap()
    }

    pub async fn back_up(&self, keep: usize) -> Result<Made, BackupError> {
        back_up(&self.app.node, &self.app.config, &self.place(), keep).await
    }

    /// What the office noted about its last try.
    pub async fn last_try(&self) -> BackupRow {
        self.app.store().backups(1).await.unwrap().remove(0)
    }

    /// What the last try was refused for, after it was noted; nothing else of it is left on this machine.
    pub async fn refused(&self) -> String {
        let error = self.back_up(2).await.unwrap_err().to_string();
        let noted = self.last_try().await;
        assert_eq!((noted.error.as_ref(), noted.is_good()), (Some(&error), false));
        assert!(!self.app.config.data.join("backup.draft").exists());
        error
    }

    /// Restores what `from` names into a new folder.
    pub async fn restore(&self, from: &str) -> Result<(PathBuf, Restored), BackupError> {
        let data = self.folder.path().join("baru");
        let found = Found::find(from, &self.settings, &data).await?;
        let restored = restore(&found, &data, &self.envelope, Arc::new(SystemEnv)).await;
        found.discard().unwrap();
        Ok((data, restored?))
    }

    pub async fn digest(&self) -> Digest {
        digest(self.app.store()).await.unwrap()
    }

    /// Whether something is noted that is in the store and not verified.
    pub fn has_unverified(&self) -> bool {
        self.app.config.data.join("unverified-backup").exists()
    }
}

pub fn write_key(path: &std::path::Path, key: &str, secret: &str) {
    write_secret(path, &format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"))
        .unwrap();
}
