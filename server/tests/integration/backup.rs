//! Backups of an office that works, and what becomes of them when the machine is gone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::x25519::Identity;
use mpp_server::app::App;
use mpp_server::backup::archive::digest_json;
use mpp_server::backup::envelope::Envelope;
use mpp_server::backup::place::Place;
use mpp_server::backup::restore::{LINEAGE, restore};
use mpp_server::backup::run::{Made, back_up};
use mpp_server::backup::s3::settings::S3Settings;
use mpp_server::backup::source::Found;
use mpp_server::backup::{BackupError, seal};
use mpp_server::clock::SystemEnv;
use mpp_server::config::Config;
use mpp_server::digest::digest;
use mpp_server::erasure::{self, Order};
use mpp_sync::exchange::{ChainFrames, Receipt, ResponseRecord};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{NOW, Server};
use super::tablet::Tablet;

/// An office with a tablet's work, a recovery key and a place for backups.
struct Office {
    server: Server,
    cookie: String,
    tablet: Tablet,
    backups: TempDir,
    envelope: Envelope,
}

fn key_of(folder: &Path, name: &str) -> [u8; 32] {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    hex::decode(text.trim()).unwrap().try_into().unwrap()
}

impl Office {
    async fn open() -> Self {
        let server = Server::new().await;
        let cookie = server.sign_in("rina").await;
        let day = server.day().await;
        let tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
        let folder = server.folder();
        let recovery = Identity::generate();
        seal::keep_recipient(&folder, &recovery.to_public()).unwrap();
        let envelope = Envelope {
            recovery,
            node: key_of(&folder, "node.key"),
            nik: key_of(&folder, "nik.key"),
            root: None,
        };
        let mut office = Self { server, cookie, tablet, backups: tempfile::tempdir().unwrap(), envelope };
        office.work(3).await;
        office
    }

    /// Some tickets, each in a frame, sent. What the office answered.
    async fn work(&mut self, tickets: usize) -> Vec<ResponseRecord> {
        for _ in 0..tickets {
            self.tablet.ticket();
            self.tablet.cut();
        }
        let frames = self.tablet.frames.clone();
        self.tablet.push(&self.server, &self.cookie, &frames).await
    }

    fn place(&self) -> Place {
        Place::Folder(self.backups.path().to_owned())
    }

    async fn back_up(&self) -> Result<Made, BackupError> {
        back_up(&self.server.app.node, &self.server.app.config, &self.place(), 2).await
    }

    async fn restore(&self, from: &Path, data: &Path) -> Result<(), BackupError> {
        restore(&Found::file(from), data, &self.envelope, Arc::new(SystemEnv)).await.map(drop)
    }

    async fn report(&self) -> Value {
        let cookie = self.server.sign_in("sari").await;
        self.server.read("/api/office/backup", &cookie).await
    }

    /// The tablet's frames by hash, as it knows them.
    fn own(&self) -> Vec<ChainFrames> {
        vec![ChainFrames { session: self.tablet.session, frames: self.tablet.hashes.clone() }]
    }
}

fn receipt(records: &[ResponseRecord]) -> &Receipt {
    let found = records.iter().find_map(|record| match record {
        ResponseRecord::Receipt(receipt) => Some(receipt),
        _ => None,
    });
    found.unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_restored_office_holds_the_same_records_under_a_new_log() {
    let mut office = Office::open().await;
    let made = office.back_up().await.unwrap();
    let store = office.server.app.store();
    assert_eq!(made.digest.head, store.head().await.unwrap());
    let before = digest(store).await.unwrap();
    office.work(2).await;

    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("baru");
    office.restore(Path::new(&made.file), &data).await.unwrap();
    let restored = App::start(Config::new(data.clone()), Arc::new(SystemEnv)).await.unwrap();
    assert_eq!(digest(restored.store()).await.unwrap(), before);
    assert_eq!(restored.store().head().await.unwrap(), made.digest.head);
    assert_ne!(restored.node.log, office.server.app.node.log);
    assert_eq!(restored.node.key.device(), office.server.app.node.key.device());
    let lineage: Value =
        serde_json::from_str(&restored.store().value(LINEAGE).await.unwrap().unwrap()).unwrap();
    let end = digest_json(&made.digest);
    let log = office.server.app.node.log.to_string();
    assert_eq!(lineage, json!([{"log": log, "position": end["position"], "rolling": end["rolling"]}]));
    let covered = restored.store().covered_chains(&[office.tablet.session.0]).await.unwrap();
    assert_eq!((covered[0].frames, covered[0].backed_up), (3, 3));
    assert!(restored.store().web_session([0; 32], 0).await.unwrap().is_none());
    assert!(restored.store().account("sari").await.unwrap().is_some());

    // And it can be backed up again, with the same envelope.
    let again = back_up(&restored.node, &restored.config, &office.place(), 9).await.unwrap();
    assert_eq!(again.digest.head, made.digest.head);
}

#[tokio::test]
async fn a_receipt_says_backed_up_only_after_the_backup_was_read_back() {
    let mut office = Office::open().await;
    let public = office.server.app.node.key.public();
    let records = office.work(1).await;
    assert_eq!(receipt(&records).verify(&public, &office.own()), Ok(()));
    assert_eq!((receipt(&records).chains[0].frames, receipt(&records).chains[0].backed_up), (4, 0));
    let marks = office.server.app.store().marks().await.unwrap();
    office.back_up().await.unwrap();
    assert!(office.server.app.store().marks().await.unwrap() > marks, "tablets ask again");
    let records = office.work(1).await;
    assert_eq!(receipt(&records).verify(&public, &office.own()), Ok(()));
    assert_eq!((receipt(&records).chains[0].frames, receipt(&records).chains[0].backed_up), (5, 4));
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_is_noted_and_covers_nothing() {
    let office = Office::open().await;
    let report = office.report().await;
    assert_eq!((&report["state"], &report["last_good_at"]), (&json!("old"), &Value::Null));
    // A file where the folder should be.
    let taken = office.backups.path().join("penuh");
    std::fs::write(&taken, "x").unwrap();
    let place = Place::Folder(taken);
    let result = back_up(&office.server.app.node, &office.server.app.config, &place, 2).await;
    assert!(matches!(result, Err(BackupError::Io(_))));
    let report = office.report().await;
    assert_eq!(report["state"], "old");
    assert!(report["last_error"].as_str().unwrap().starts_with("berkas:"), "{report}");
    assert_eq!(report["tries"][0]["verified"], false);

    office.back_up().await.unwrap();
    let report = office.report().await;
    assert_eq!((&report["state"], &report["last_good_at"]), (&json!("good"), &json!(NOW)));
    assert_eq!((&report["last_error"], &report["changes_since"]), (&Value::Null, &json!(0)));
    office.server.env.pass(49 * 3600);
    assert_eq!(office.report().await["state"], "old", "48 hours without a good one");
}

#[tokio::test]
async fn without_a_recovery_key_there_is_no_backup() {
    let office = Office::open().await;
    std::fs::remove_file(office.server.folder().join("backup.recipient")).unwrap();
    assert!(matches!(office.back_up().await, Err(BackupError::NotSetUp)));
    assert_eq!(office.report().await["state"], "none");
    assert!(files(office.backups.path()).is_empty());
}

#[tokio::test]
async fn old_generations_go_and_the_newest_stay() {
    let mut office = Office::open().await;
    let mut made = Vec::new();
    for _ in 0..4 {
        office.server.env.pass(3600);
        office.work(1).await;
        made.push(PathBuf::from(office.back_up().await.unwrap().file));
    }
    assert_eq!(files(office.backups.path()), made[2..]);
    let (folder, data) = (office.backups.path().to_str().unwrap(), office.server.folder().join("baru"));
    let found = Found::find(folder, &S3Settings::default(), &data).await.unwrap();
    assert_eq!(found.file, made[3], "of a folder, the newest");
}

#[tokio::test]
async fn a_cut_off_or_altered_file_is_refused_whole() {
    let office = Office::open().await;
    let made = office.back_up().await.unwrap();
    let whole = std::fs::read(&made.file).unwrap();
    let place = tempfile::tempdir().unwrap();
    let (file, data) = (place.path().join("cadangan"), place.path().join("baru"));
    let mut wrong: Vec<Vec<u8>> = (0..20).map(|part| whole[..whole.len() * part / 20].to_vec()).collect();
    wrong.push(whole[..whole.len() - 1].to_vec());
    wrong.push([&whole[..], b"x"].concat());
    for part in 0..40 {
        let mut altered = whole.clone();
        altered[whole.len() * part / 40] ^= 1;
        wrong.push(altered);
    }
    for bytes in wrong {
        std::fs::write(&file, &bytes).unwrap();
        let refused = office.restore(&file, &data).await.unwrap_err();
        assert!(
            matches!(refused, BackupError::Damaged(_) | BackupError::WrongEnvelope(_)),
            "{} bytes: {refused}",
            bytes.len()
        );
        assert_eq!(files(place.path()), std::slice::from_ref(&file), "nothing is left behind");
    }
    std::fs::write(&file, &whole).unwrap();
    office.restore(&file, &data).await.unwrap();
}

#[tokio::test]
async fn only_the_right_envelope_opens_a_backup_and_only_an_empty_folder_takes_it() {
    let mut office = Office::open().await;
    let file = PathBuf::from(office.back_up().await.unwrap().file);
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("baru");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("foto.jpg"), "x").unwrap();
    assert!(matches!(office.restore(&file, &data).await, Err(BackupError::NotEmpty(_))));
    std::fs::remove_file(data.join("foto.jpg")).unwrap();

    let right = office.envelope.node;
    office.envelope.node = [9; 32];
    assert!(matches!(office.restore(&file, &data).await, Err(BackupError::WrongEnvelope(_))));
    office.envelope.node = right;
    office.envelope.nik[0] ^= 1;
    assert!(matches!(office.restore(&file, &data).await, Err(BackupError::WrongEnvelope(_))));
    office.envelope.nik[0] ^= 1;
    let recovery = std::mem::replace(&mut office.envelope.recovery, Identity::generate());
    assert!(matches!(office.restore(&file, &data).await, Err(BackupError::WrongEnvelope(_))));
    assert!(files(&data).is_empty() && files(place.path()) == [data.clone()]);
    office.envelope.recovery = recovery;
    office.restore(&file, &data).await.unwrap();
    for secret in ["node.key", "nik.key", "root.key", "backup.recipient"] {
        assert_eq!(data.join(secret).exists(), secret != "root.key", "{secret}");
    }
}

#[tokio::test]
async fn a_backup_holds_no_key_and_no_log_id() {
    let office = Office::open().await;
    let made = office.back_up().await.unwrap();
    let file = std::fs::File::open(&made.file).unwrap();
    let mut plain = Vec::new();
    let mut opened = seal::open(file, &office.envelope.recovery).unwrap();
    std::io::Read::read_to_end(&mut opened, &mut plain).unwrap();
    let holds = |bytes: &[u8]| plain.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(b"\x04rina"), "the search finds what is there");
    for secret in [&office.envelope.node, &office.envelope.nik] {
        assert!(!holds(secret) && !holds(hex::encode(secret).as_bytes()));
    }
    assert!(!holds(b"\x06log_id"));
    assert!(!std::fs::read(&made.file).unwrap().windows(4).any(|window| window == b"rina"), "encrypted");
}

#[tokio::test]
async fn a_released_tablet_is_told_and_the_reason_stays() {
    let mut office = Office::open().await;
    let sari = office.server.sign_in("sari").await;
    let path = format!("/api/office/tablets/{}/release", office.tablet.device);
    let (status, _) = office.server.post(&path, &sari, json!({"reason": "  "})).await;
    assert_eq!(status, 422);
    let (status, _) = office.server.post(&path, &office.cookie, json!({"reason": "pecah"})).await;
    assert_eq!(status, 403, "only a supervisor");
    let unknown = format!("/api/office/tablets/{}/release", "ab".repeat(16));
    assert_eq!(office.server.post(&unknown, &sari, json!({"reason": "pecah"})).await.0, 404);
    let (status, body) = office.server.post(&path, &sari, json!({"reason": "Layar pecah"})).await;
    assert_eq!((status, &body["released"]["by"]), (200, &json!("sari")));
    let records = office.work(1).await;
    let told = ResponseRecord::Released {
        at: u64::try_from(NOW).unwrap(),
        by: "sari".to_owned(),
        reason: "Layar pecah".to_owned(),
    };
    assert!(records.contains(&told));
    let tablets = office.server.read("/api/office/tablets", &sari).await;
    assert_eq!(tablets["tablets"][0]["released"]["reason"], "Layar pecah");
    assert_eq!(tablets["tablets"][0]["frames_backed_up"], 0);
}

#[tokio::test]
async fn what_was_erased_after_a_backup_is_not_raised_by_restoring_it() {
    let mut office = Office::open().await;
    let (visit, _) = office.tablet.ticket();
    office.tablet.sync(&office.server, &office.cookie).await;
    let made = office.back_up().await.unwrap();
    let node = &office.server.app.node;
    let order = Order { by: "sari".into(), reason: "Permintaan 12/PDP/2026".into(), at: NOW };
    let tombstone = erasure::erase(office.server.app.store(), node.key.signing(), visit, &order).await;
    let tombstone = tombstone.unwrap().unwrap();
    for _ in 0..2 {
        erasure::note(office.backups.path(), &tombstone).unwrap();
        assert_eq!(erasure::noted(office.backups.path()).unwrap(), std::slice::from_ref(&tombstone));
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let restored = restore(&Found::file(Path::new(&made.file)), &data, &office.envelope, Arc::new(SystemEnv))
        .await
        .unwrap();
    assert_eq!(restored.erased, 1);
    let app = App::start(Config::new(data), Arc::new(SystemEnv)).await.unwrap();
    assert!(app.store().changes_of(&[visit.0]).await.unwrap().is_empty());
    assert!(app.store().view(visit.0).await.unwrap().is_none());
    assert_eq!(app.store().all_tombstones().await.unwrap().len(), 1);
    app.store().close().await;
}
