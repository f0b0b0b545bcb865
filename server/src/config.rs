//! Every setting, its default and its meaning.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mpp_sync::limits::CHAINS_MAX;

use crate::backup::s3::settings::S3Settings;
use crate::trusted_proxy::TrustedProxy;

/// Seconds between two contacts of a hub with its office.
pub const UPSTREAM_EVERY: u64 = 15;
/// Chains that a hub asks its office about in one exchange.
pub const UPSTREAM_PAGE: usize = CHAINS_MAX / 4;

/// How the server runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder with the database and the keys: what a backup has to hold.
    pub data: PathBuf,
    /// `postgres://…` instead of the database in the folder. Several processes may serve one such database.
    pub database: Option<String>,
    /// Where the keys lie, when not in the data folder. Processes of one database have the same keys.
    pub keys: Option<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address people type, when it is not `http://<listen>`. With `https://` cookies are marked `Secure`.
    pub public_url: Option<String>,
    /// Code of the regency, `16.04`.
    pub regency: String,
    /// Folder with `villages.csv` and `districts.csv`, instead of the five regencies that come along.
    pub regions: Option<PathBuf>,
    /// Catalogue file to publish at start. The demo has its own.
    pub catalogue: Option<PathBuf>,
    /// Number of the office for people to call, E.164.
    pub phone: Option<String>,
    /// Fill an office with accounts, a catalogue and service days to try it out.
    pub demo: bool,
    /// The office's address, when this node is a hub.
    pub upstream: Option<String>,
    /// Where the backup of every night goes: a folder, best on another disk, or `s3://bucket/prefix`.
    pub backup_to: Option<String>,
    /// How to reach the S3 store of the backups.
    pub s3: S3Settings,
    /// How many good backups are kept; none = as many as [`crate::backup::run::KEEP`].
    pub backup_keep: Option<usize>,
    /// A file of certificates (PEM) to believe beside the system's when speaking to the office.
    pub upstream_ca: Option<PathBuf>,
    /// Seconds between two contacts with the office when nothing new is there to pass on.
    pub upstream_every: u64,
    /// Chains that the office is asked about in one exchange, at most [`UPSTREAM_PAGE`].
    pub upstream_page: usize,
    /// The certificates of HTTPS (PEM), this node's first; with `tls_key`.
    pub tls_cert: Option<PathBuf>,
    /// The key of HTTPS (PEM).
    pub tls_key: Option<PathBuf>,
    /// The proxies in front of this server whose `X-Forwarded-For` is believed.
    pub trusted_proxy: Option<TrustedProxy>,
    /// Largest size of the database in pages of 4096 bytes; for tests that fill the disk.
    pub max_pages: Option<u32>,
}

impl Config {
    /// The defaults, on a data folder.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            database: None,
            keys: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            regency: "16.04".to_owned(),
            regions: None,
            catalogue: None,
            phone: None,
            demo: false,
            upstream: None,
            backup_to: None,
            s3: S3Settings::default(),
            backup_keep: None,
            upstream_ca: None,
            upstream_every: UPSTREAM_EVERY,
            upstream_page: UPSTREAM_PAGE,
            tls_cert: None,
            tls_key: None,
            trusted_proxy: None,
            max_pages: None,
        }
    }

    /// The folder of the keys.
    #[must_use]
    pub fn key_folder(&self) -> &Path {
        self.keys.as_deref().unwrap_or(&self.data)
    }

    /// The address people type, without a slash at its end.
    #[must_use]
    pub fn address(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.listen).replace("127.0.0.1", "localhost")
    }
}
