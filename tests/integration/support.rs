//! What the tests share: an office, tablets in folders, and parts of the service day.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

pub use mpp_tests::dice::Dice;
use mpp_tests::headless::{Headless, Start};
use mpp_tests::office::{Account, Office};
use mpp_tests::tablet::{Settings, Tablet};
use tempfile::TempDir;

/// The whole service day.
pub const SERVICE_DAY: &str = include_str!("../data/service-day.jsonl");
/// Milliseconds after which a sync that hangs is given up; says nothing about speed.
pub const PATIENCE: u64 = 240_000;

/// An office and a place for tablets.
pub struct World {
    pub office: Arc<Mutex<Office>>,
    pub folder: TempDir,
}

impl World {
    pub fn open() -> Self {
        Self::around(Office::open().unwrap())
    }

    pub fn around(office: Office) -> Self {
        Self { office: Arc::new(Mutex::new(office)), folder: tempfile::tempdir().unwrap() }
    }

    /// The office, for as long as nobody else wants it.
    pub fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap()
    }

    /// The office's address.
    pub fn url(&self) -> String {
        self.office().url()
    }

    /// The first account with this role.
    pub fn account(&self, role: &str) -> Account {
        self.office().account(role).unwrap()
    }

    /// How to start a tablet of this name that reaches the office at this address.
    pub fn start_at(&self, name: &str, url: &str) -> Start {
        Start {
            binary: PathBuf::from(env!("CARGO_BIN_EXE_headless-tablet")),
            folder: self.folder.path().join(name),
            url: url.to_owned(),
            name: name.to_owned(),
            login: self.account("officer").login(),
        }
    }

    /// Starts a tablet of this name.
    pub fn tablet(&self, name: &str) -> Headless {
        Headless::start(self.start_at(name, &self.url())).unwrap()
    }

    /// A tablet inside of the test, to look into.
    pub fn open_tablet(&self, name: &str, url: &str) -> Tablet {
        Tablet::open(Settings {
            folder: self.folder.path().join(name),
            url: url.to_owned(),
            name: name.to_owned(),
            login: self.account("officer").login(),
            day: None,
        })
        .unwrap()
    }

    /// Writes operations to a file for a tablet to apply.
    pub fn file(&self, name: &str, lines: &[&str]) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.jsonl"));
        std::fs::write(&path, lines.join("\n")).unwrap();
        path
    }

    /// The office's own count and hash, read after the server has ended.
    pub fn office_digest(&self) -> mpp_tests::tablet::digest::Digest {
        let mut office = self.office();
        office.kill();
        office.digest().unwrap()
    }
}

/// The first operations of a device that need no other device's.
pub fn operations_of(device: &str, count: usize) -> Vec<&'static str> {
    let marker = format!("\"by\":\"{device}\"");
    let own_reference = format!("\"ref\":\"{device}-");
    let own = SERVICE_DAY.lines().filter(|line| line.contains(&marker) && line.contains(&own_reference));
    own.take(count).collect()
}
