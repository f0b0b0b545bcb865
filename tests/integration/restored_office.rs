//! The drill of `docs/backup.md`: the machine is lost, and everything comes back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;
use mpp_tests::office::copy_folder;
use mpp_tests::tablet::client::Client;
use serde_json::{Value, json};

use crate::support::{PATIENCE, World, operations_of};

/// Once: the envelope.
fn envelope(world: &World) -> String {
    world.office().task(&["backup", "init"], "").unwrap()
}

/// Every night, while the office works: a backup. Where it lies.
fn backup(world: &World, place: &Path) -> PathBuf {
    let to = place.to_str().unwrap().to_owned();
    let said = world.office().task(&["backup", "--to", &to], "").unwrap();
    assert!(said.contains("sudah dibaca kembali"), "{said}");
    std::fs::read_dir(place).unwrap().next().unwrap().unwrap().path()
}

/// The machine is lost, and another one is filled from the backup.
fn lose_and_restore(world: &World, backup: &Path, envelope: &str) {
    // The demo writes its passwords to a file, which is no part of what an office holds.
    let accounts = world.office().data().join("demo-accounts.json");
    let passwords = std::fs::read(&accounts).unwrap();
    world.office().kill();
    std::fs::remove_dir_all(world.office().data()).unwrap();
    let from = backup.to_str().unwrap().to_owned();
    assert!(world.office().task(&["restore", "--from", &from], "salah").is_err(), "no envelope, no restore");
    let said = world.office().task(&["restore", "--from", &from], envelope).unwrap();
    assert!(said.contains("Dipulihkan"), "{said}");
    std::fs::write(&accounts, passwords).unwrap();
    world.office().start().unwrap();
}

#[test]
fn a_lost_office_is_restored_and_the_tablets_bring_back_the_rest_by_themselves() {
    let world = World::open();
    let (mut one, mut two) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    let (lines, others) = (operations_of("tablet-1", 60), operations_of("tablet-2", 30));
    one.apply(&world.file("before", &lines[..30])).unwrap();
    one.sync(PATIENCE).unwrap();

    let envelope = envelope(&world);
    let backup = backup(&world, &world.folder.path().join("disk2"));

    // The day goes on: what comes now is in no backup, and one tablet is switched off meanwhile.
    one.apply(&world.file("after", &lines[30..])).unwrap();
    one.sync(PATIENCE).unwrap();
    two.apply(&world.file("other", &others)).unwrap();
    two.sync(PATIENCE).unwrap();
    one.sync(PATIENCE).unwrap();
    let whole = one.digest().unwrap();
    let two = two.kill();
    lose_and_restore(&world, &backup, &envelope);

    // Nobody does anything by hand: the tablets exchange as they always do.
    let mut two = Headless::start(two).unwrap();
    two.sync(PATIENCE).unwrap();
    one.sync(PATIENCE).unwrap();
    two.sync(PATIENCE).unwrap();
    let mut fresh = world.tablet("tablet-3");
    fresh.sync(PATIENCE).unwrap();
    for tablet in [&mut one, &mut two, &mut fresh] {
        assert_eq!(tablet.digest().unwrap(), whole);
    }
    let operations: Vec<&str> = lines.iter().chain(&others).copied().collect();
    assert_eq!(differences(&operations.join("\n"), &fresh.records().unwrap()), Vec::<String>::new());
    assert_eq!(world.office_digest(), whole);
}

/// A supervisor at the office's door.
struct Supervisor(Client);

impl Supervisor {
    async fn at(world: &World) -> Self {
        let (url, account) = (world.url(), world.account("supervisor"));
        let mut client = Client::new(&url).unwrap();
        client.sign_in(&account.login()).await.unwrap();
        Self(client)
    }

    /// The applications, once the list has this many.
    async fn applications(&self, count: usize) -> Vec<Value> {
        loop {
            let list: Value = self.0.get("/api/office/applications").await.unwrap();
            if list["total"] == count {
                return list["rows"].as_array().unwrap().clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn decide(&self, application: &Value, status: &str) {
        let path = format!("/api/office/applications/{}/status", application["id"].as_str().unwrap());
        let decision = json!({"status": status, "reason": "Berkas diperiksa di kantor."});
        let answer: Value = self.0.post(&path, &decision).await.unwrap();
        assert_eq!(answer["application"]["status"]["current"], status);
    }

    async fn release(&self, device: &Value) {
        let path = format!("/api/office/tablets/{}/release", device.as_str().unwrap());
        self.0.post::<Value>(&path, &json!({"reason": "Tablet diganti."})).await.unwrap();
    }

    async fn status(&self, application: &Value) -> Value {
        let path = format!("/api/office/applications/{}", application["id"].as_str().unwrap());
        let answer: Value = self.0.get(&path).await.unwrap();
        answer["application"]["status"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_made_after_the_backup_and_the_work_of_a_tablet_that_is_gone_come_back_with_who_received_them()
 {
    let world = World::open();
    let (mut one, mut two) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    let registrations = |device: &str, count: usize| -> Vec<&'static str> {
        let mut lines = operations_of(device, 200);
        lines.retain(|line| line.contains("\"applicant\""));
        lines.truncate(count);
        lines
    };
    let (lines, others) = (registrations("tablet-1", 20), registrations("tablet-2", 10));
    one.apply(&world.file("before", &lines[..10])).unwrap();
    one.sync(PATIENCE).unwrap();
    let envelope = envelope(&world);
    let kept = backup(&world, &world.folder.path().join("disk2"));

    // In no backup: more work, that of a tablet which will never come back, and decisions on all of it.
    one.apply(&world.file("after", &lines[10..])).unwrap();
    one.sync(PATIENCE).unwrap();
    let mut gone = world.tablet("tablet-3");
    gone.apply(&world.file("gone", &others)).unwrap();
    gone.sync(PATIENCE).unwrap();
    drop(gone);
    let supervisor = Supervisor::at(&world).await;
    let applications = supervisor.applications(30).await;
    let decided = [&applications[0], &applications[12], &applications[29]];
    for (application, status) in decided.iter().zip(["verified", "rejected", "returned"]) {
        supervisor.decide(application, status).await;
    }
    two.sync(PATIENCE).unwrap();
    let synced = one.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.repairs == 0, "{synced:?}");
    let whole = one.digest().unwrap();
    assert_eq!(two.digest().unwrap(), whole);
    lose_and_restore(&world, &kept, &envelope);

    // One tablet comes back, switched off and on: it has what the office forgot, and gives it back by itself.
    let mut two = Headless::start(two.quit().unwrap()).unwrap();
    let synced = two.sync(PATIENCE).unwrap();
    assert!(synced.offered > 0 && synced.agreed, "{synced:?}");
    assert_eq!(two.digest().unwrap(), whole);
    // The other one finds nothing missing but what only its own frames prove.
    let synced = one.sync(PATIENCE).unwrap();
    assert!(synced.offered == 0 && synced.agreed, "{synced:?}");
    let mut fresh = world.tablet("tablet-4");
    assert!(fresh.sync(PATIENCE).unwrap().agreed);
    for tablet in [&mut one, &mut two, &mut fresh] {
        assert_eq!(tablet.digest().unwrap(), whole);
    }
    let supervisor = Supervisor::at(&world).await;
    supervisor.applications(30).await;
    for (application, status) in decided.iter().zip(["verified", "rejected", "returned"]) {
        assert_eq!(supervisor.status(application).await["current"], status);
    }

    // The next night's backup covers all of it: receipts say so, and nothing has to be kept any longer.
    let status = one.status().unwrap();
    assert!(status["batches"].as_u64().unwrap() > 0, "{status}");
    assert!(status["tiers"]["backed_up"].as_u64() < status["frames"].as_u64(), "{status}");
    backup(&world, &world.folder.path().join("disk3"));
    for tablet in [&mut one, &mut two] {
        tablet.sync(PATIENCE).unwrap();
        let status = tablet.status().unwrap();
        assert_eq!(status["tiers"]["backed_up"], status["frames"], "{status}");
        assert_eq!(status["batches"], 0, "{status}");
    }
    // Somebody lets a tablet be wiped; it hears of it and who it was, and keeps that.
    supervisor.release(&one.status().unwrap()["device"]).await;
    let mut one = Headless::start(one.quit().unwrap()).unwrap();
    one.sync(PATIENCE).unwrap();
    let mut one = Headless::start(one.kill()).unwrap();
    assert_eq!(one.status().unwrap()["released"]["reason"], "Tablet diganti.");
    assert_eq!(world.office_digest(), whole);
}

#[test]
fn an_office_whose_disk_went_back_to_yesterday_under_the_same_name_is_noticed_and_made_whole() {
    let world = World::open();
    let (mut one, mut two) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    let lines = operations_of("tablet-1", 40);
    one.apply(&world.file("before", &lines[..20])).unwrap();
    one.sync(PATIENCE).unwrap();
    two.sync(PATIENCE).unwrap();
    let yesterday = world.folder.path().join("yesterday");
    world.office().stop().unwrap();
    copy_folder(&world.office().data(), &yesterday).unwrap();
    world.office().start().unwrap();
    let mut gone = world.tablet("tablet-3");
    gone.apply(&world.file("gone", &operations_of("tablet-3", 20))).unwrap();
    gone.sync(PATIENCE).unwrap();
    drop(gone);
    one.apply(&world.file("after", &lines[20..])).unwrap();
    one.sync(PATIENCE).unwrap();
    two.sync(PATIENCE).unwrap();
    let whole = two.digest().unwrap();
    world.office().kill();
    std::fs::remove_dir_all(world.office().data()).unwrap();
    copy_folder(&yesterday, &world.office().data()).unwrap();
    world.office().start().unwrap();
    // The same log says less than it did. No tablet was switched off meanwhile, and none waits with anything.
    let synced = one.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.forgotten > 0, "it notices: {synced:?}");
    assert!(synced.frames_sent > 0 && synced.offered > 0, "its own work, and what it received: {synced:?}");
    let synced = two.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.offered == 0, "{synced:?}");
    let mut fresh = world.tablet("tablet-4");
    assert!(fresh.sync(PATIENCE).unwrap().agreed);
    for tablet in [&mut one, &mut two, &mut fresh] {
        assert_eq!(tablet.digest().unwrap(), whole);
    }
    assert_eq!(world.office_digest(), whole);
}
