//! The program at the terminal and by itself at night.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mpp_server::backup::nightly::nightly;
use mpp_store::BackupRow;
use mpp_tests::office::{Office as Process, program};
use serde_json::Value;

use super::office::{Office, PLACE};
use super::store::{KEY, SECRET, Store};
use crate::erased::ids_of;
use crate::support::{PATIENCE, World, operations_of};

/// Runs `mpp` with this key in its environment.
fn mpp(endpoint: &str, secret: &str, words: &[&str], input: &str) -> Output {
    let mut child = Command::new(program("mpp", "MPP_BINARY").unwrap())
        .args(words)
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", secret)
        .env("MPP_S3_ENDPOINT", endpoint)
        .env("RUST_LOG", "debug")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that does not read what it is given has ended.
    std::io::Write::write_all(&mut stdin, input.as_bytes()).ok();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = said(&output);
    assert!(!said.contains(secret), "{said}");
    output
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_lost_office_comes_back_from_a_bucket_and_no_secret_is_ever_printed() {
    let store = Store::open();
    let mut process = Process::open().unwrap();
    let envelope = process.task(&["backup", "init"], "").unwrap();
    let data = process.data();
    let data = data.to_str().unwrap();
    let wrong = mpp(&store.url(), "bukan-rahasianya", &["backup", "--to", PLACE, "--data", data], "");
    assert!(!wrong.status.success() && said(&wrong).contains("S3_WRONG_SECRET"), "{}", said(&wrong));
    let done = mpp(&store.url(), SECRET, &["backup", "--to", PLACE, "--data", data], "");
    assert!(done.status.success() && said(&done).contains("sudah dibaca kembali: s3://"), "{}", said(&done));

    process.kill();
    let held = process.digest().unwrap();
    let fresh = tempfile::tempdir().unwrap();
    let fresh = fresh.path().join("baru");
    let restored = mpp(
        &store.url(),
        SECRET,
        &["restore", "--from", PLACE, "--data", fresh.to_str().unwrap()],
        &envelope,
    );
    assert!(restored.status.success(), "{}", said(&restored));
    let line = String::from_utf8_lossy(&restored.stdout).lines().last().map(str::to_owned).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["sha256"], serde_json::to_value(&held).unwrap()["sha256"]);
    assert_eq!(line["count"], serde_json::to_value(&held).unwrap()["count"]);
}

#[test]
fn an_erasure_that_could_not_be_noted_in_the_bucket_says_so_and_is_noted_by_the_same_command() {
    let store = Store::open();
    let world = World::open();
    let mut tablet = world.tablet("tablet-1");
    tablet.apply(&world.file("a", &operations_of("tablet-1", 5))).unwrap();
    tablet.sync(PATIENCE).unwrap();
    let id = ids_of(&mut tablet).remove(0);
    let data = world.office().data();
    let by = world.account("supervisor").username;
    let erase = |endpoint: &str| {
        let words =
            ["erase", "--data", data.to_str().unwrap(), "--by", &by, "--reason", "Permintaan 12/PDP/2026"];
        let words = [&words[..], &["--backup-to", PLACE, "--yes", &id]].concat();
        mpp(endpoint, SECRET, &words, "")
    };
    // Nothing listens there.
    let failed = erase("http://127.0.0.1:1");
    assert!(
        !failed.status.success() && said(&failed).contains("belum tercatat di samping cadangan"),
        "{}",
        said(&failed)
    );
    assert!(store.objects().is_empty());
    let noted = erase(&store.url());
    assert!(noted.status.success(), "{}", said(&noted));
    let objects = store.objects();
    assert!(objects.len() == 1 && objects[0].starts_with("lahat/mpp-tombstones-"), "{objects:?}");
}

/// What the office noted about the first try of a night.
async fn first_night(office: &Office) -> BackupRow {
    let night = tokio::spawn(nightly(office.app.clone()));
    let noted = loop {
        match office.app.store().backups(1).await.unwrap().pop() {
            Some(row) if row.finished_at.is_some() => break row,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    night.abort();
    noted
}

#[tokio::test]
async fn every_night_the_office_backs_up_to_its_bucket() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let noted = first_night(&office).await;
    assert!(noted.is_good() && noted.file.unwrap().starts_with(PLACE));
    assert_eq!(store.objects().len(), 1);
}

#[tokio::test]
async fn a_night_without_a_key_is_noted_for_the_offices_page() {
    let store = Store::open();
    let office = Office::at(&store).await;
    std::fs::remove_file(office.settings.credentials.as_ref().unwrap()).unwrap();
    let noted = first_night(&office).await.error.unwrap();
    assert!(noted.ends_with("(S3_KEY_FILE)"), "{noted}");
}
