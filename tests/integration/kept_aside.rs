//! Changes that the office may not accept: kept there, told here, lost nowhere.

use std::time::Duration;

use mpp_tests::cable::Cable;
use mpp_tests::hub::Hub;
use mpp_tests::office::copy_folder;
use mpp_tests::operations::{Operation, parse};
use mpp_tests::tablet::client::Client;
use mpp_tests::tablet::digest::{digest, records};
use serde_json::{Value, json};

use crate::support::{PATIENCE, World, operations_of};

async fn quarantine(world: &World) -> Vec<Value> {
    let (url, account) = (world.url(), world.account("supervisor"));
    let mut supervisor = Client::new(&url).unwrap();
    supervisor.sign_in(&account.login()).await.unwrap();
    let answer: Value = supervisor.get("/api/office/quarantine").await.unwrap();
    answer["rows"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_for_a_day_the_tablet_is_not_on_comes_back_as_a_notice_and_is_kept_on_both_sides() {
    let world = World::open();
    let url = world.url();
    let mut tablet = world.open_tablet("tablet-1", &url);
    tablet.prepare().await.unwrap();
    let today = tablet.prepared().unwrap().clone();
    let days: Value = tablet.client().get("/api/field/days").await.unwrap();
    let days = days["days"].as_array().unwrap();
    let other = days.iter().find(|day| day["id"] != today.day.to_string()).unwrap();
    let mut pretended = today.clone();
    pretended.day = other["id"].as_str().unwrap().parse().unwrap();
    tablet.pretend_prepared(pretended);
    let operations = parse(&operations_of("tablet-1", 3).join("\n")).unwrap();
    tablet.apply(&operations).unwrap();
    let before = records(tablet.state());
    let synced = tablet.sync(Duration::from_millis(PATIENCE)).await;
    assert!(synced.ok && synced.frames_waiting == 0, "stored, and said so: {synced:?}");
    let codes: Vec<&String> = tablet.state().notices().values().collect();
    assert_eq!(codes.len(), 12, "a ticket, a resident, an application and the visit's second change, thrice");
    assert!(codes.iter().all(|code| *code == "day_not_granted"), "{codes:?}");
    assert_eq!(records(tablet.state()), before, "nothing was lost on the tablet");
    let kept = quarantine(&world).await;
    assert_eq!(kept.len(), codes.len());
    assert!(kept.iter().all(|row| row["code"] == "day_not_granted"), "{kept:?}");

    // Once somebody puts the tablet on that day, everything is accepted after all.
    let day = other["id"].as_str().unwrap().to_owned();
    let key = mpp_tests::tablet::device::key(tablet.folder()).unwrap();
    let public_key = mpp_tests::tablet::device::public_key(&key);
    let prepared = tablet.client().prepare(Some(&day), &public_key, "tablet-1").await.unwrap();
    tablet.pretend_prepared(prepared);
    assert!(tablet.sync(Duration::from_millis(PATIENCE)).await.ok);
    assert_eq!(quarantine(&world).await, Vec::<Value>::new());
    assert_eq!(world.office_digest(), digest(&records(tablet.state())));
}

/// Puts the supervisor on the day's roster.
async fn put_on_the_roster(world: &World, day: &str, username: &str) {
    let (url, account) = (world.url(), world.account("supervisor"));
    let mut supervisor = Client::new(&url).unwrap();
    supervisor.sign_in(&account.login()).await.unwrap();
    let path = format!("/api/office/days/{day}/officers");
    supervisor.post::<Value>(&path, &json!({ "username": username })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_office_keeps_aside_of_what_the_hub_took_is_told_in_the_van_and_taken_back() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let (data, saved) = (world.office().data(), world.folder.path().join("saved"));
    let hub = Hub::join(&world.url(), &data, &cable.url(), "Mobil 1").unwrap();
    let mut tablet = world.open_tablet("tablet-1", &world.url());
    tablet.prepare().await.unwrap();
    let day = tablet.prepared().unwrap().day.to_string();
    drop(tablet);
    hub.wait_for_office().unwrap();
    // The office is put back to a time when somebody was not on the roster yet whom the hub knows to be on it.
    world.office().kill();
    std::fs::create_dir_all(&saved).unwrap();
    copy_folder(&data, &saved).unwrap();
    world.office().start().unwrap();
    let helper = world.account("supervisor").username;
    put_on_the_roster(&world, &day, &helper).await;
    hub.wait_for_office().unwrap();
    cable.unplug(true);
    world.office().kill();
    std::fs::remove_dir_all(&data).unwrap();
    copy_folder(&saved, &data).unwrap();
    world.office().start().unwrap();

    let mut tablet = world.open_tablet("tablet-1", &hub.url());
    let mut operations = parse(&operations_of("tablet-1", 3).join("\n")).unwrap();
    for operation in &mut operations {
        match operation {
            Operation::Register(registration) => registration.officer.clone_from(&helper),
            Operation::Event(event) => event.officer.clone_from(&helper),
        }
    }
    tablet.apply(&operations).unwrap();
    let patience = Duration::from_millis(PATIENCE);
    let synced = tablet.sync(patience).await;
    assert!(synced.ok && synced.notices == 0, "the hub accepts them: {synced:?}");
    cable.unplug(false);
    hub.wait_for_office().unwrap();
    let kept = quarantine(&world).await;
    assert!(!kept.is_empty() && kept.iter().all(|row| row["code"] == "author_not_on_roster"), "{kept:?}");
    let synced = tablet.sync(patience).await;
    assert!(synced.ok, "{synced:?}");
    let told: Vec<&String> = tablet.state().notices().values().collect();
    assert_eq!(told.len(), kept.len());
    assert!(told.iter().all(|code| *code == "author_not_on_roster"), "{told:?}");
    let before = tablet.state().notices().clone();
    assert!(tablet.sync(patience).await.ok);
    assert_eq!(*tablet.state().notices(), before, "the same is told again, and no more");

    put_on_the_roster(&world, &day, &helper).await;
    assert_eq!(quarantine(&world).await, Vec::<Value>::new());
    hub.wait_for_office().unwrap();
    let synced = tablet.sync(patience).await;
    assert!(synced.ok && synced.notices == 0, "accepted after all: {synced:?}");
    assert_eq!(world.office_digest(), digest(&records(tablet.state())));
}
