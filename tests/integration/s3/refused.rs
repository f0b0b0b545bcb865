//! What a store refuses, in words that say what to do, and what waits for a better moment.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use mpp_server::backup::place::Place;
use mpp_server::clock::{Env, NoRandomness, SystemEnv};

use super::office::{Office, PLACE, write_key};
use super::store::{KEY, SECRET, Store};

#[tokio::test]
async fn a_wrong_key_or_secret_is_said_and_noted_and_nothing_is_written() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let key = office.settings.credentials.clone().unwrap();
    write_key(&key, KEY, "salah");
    assert!(office.refused().await.ends_with("periksa AWS_SECRET_ACCESS_KEY (S3_WRONG_SECRET)"));
    write_key(&key, "KUNCI-LAIN", SECRET);
    assert!(office.refused().await.ends_with("periksa AWS_ACCESS_KEY_ID (S3_WRONG_KEY)"));
    assert_eq!(store.requests(), 2, "what will be refused again is not asked again");
    assert!(store.objects().is_empty());
    write_key(&key, KEY, SECRET);
    office.back_up(2).await.unwrap();
}

#[tokio::test]
async fn a_missing_bucket_is_said_and_noted() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let place = Place::read("s3://tidak-ada/lahat", &office.settings, &office.app.config.data).unwrap();
    let backed_up = mpp_server::backup::run::back_up(&office.app.node, &office.app.config, &place, 2).await;
    let error = backed_up.unwrap_err().to_string();
    assert_eq!(
        error,
        "bucket tidak-ada tidak ada di layanan S3 itu: buat dahulu, atau periksa namanya (S3_NO_BUCKET)"
    );
    assert_eq!(office.last_try().await.error, Some(error));
}

/// A machine whose clock is three hours behind.
struct Behind;

impl Env for Behind {
    fn now(&self) -> i64 {
        SystemEnv.now() - 3 * 3600
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        SystemEnv.fill(bytes)
    }
}

#[tokio::test]
async fn a_wrong_clock_is_told_from_a_wrong_key() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let data = &office.app.config.data;
    let place = Place::at(PLACE, &office.settings, data, Arc::new(Behind)).unwrap();
    let error = place.prepare().await.unwrap_err().to_string();
    assert!(error.starts_with("jam komputer ini berbeda 1") && error.ends_with("(S3_CLOCK)"), "{error}");
}

#[tokio::test]
async fn without_a_network_the_backup_is_given_up_after_some_tries() {
    // A port where nobody listens.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let office = Office::open(&format!("http://127.0.0.1:{closed}")).await;
    let error = office.refused().await;
    assert!(
        error.starts_with("layanan S3 tidak terhubung") && error.ends_with("(S3_UNREACHABLE)"),
        "{error}"
    );
    assert!(!error.contains("X-Amz"), "{error}");
}

#[tokio::test]
async fn a_busy_store_is_asked_again_but_not_for_ever() {
    let store = Store::open();
    let office = Office::at(&store).await;
    store.be_busy(3);
    office.back_up(2).await.unwrap();
    let before = store.requests();
    store.be_busy(u64::MAX);
    assert!(office.refused().await.ends_with("(S3_BUSY)"));
    assert_eq!(store.requests() - before, 5);
}

#[tokio::test]
async fn a_key_that_others_can_read_is_not_used() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let key = office.settings.credentials.clone().unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let error = Place::read(PLACE, &office.settings, &office.app.config.data).unwrap_err().to_string();
    assert!(error.contains("chmod 600") && error.ends_with("(S3_KEY_OPEN)"), "{error}");
    assert_eq!(store.requests(), 0);
}

#[tokio::test]
async fn a_full_disk_is_said_before_anything_is_uploaded() {
    let store = Store::open();
    let office = Office::at(&store).await;
    // Takes nothing, as a full disk.
    std::os::unix::fs::symlink("/dev/full", office.app.config.data.join("backup.draft")).unwrap();
    let error = office.refused().await;
    assert!(error.starts_with("disk tempat") && error.contains("penuh"), "{error}");
    assert!(store.objects().is_empty() && store.dangling().is_empty());
}
