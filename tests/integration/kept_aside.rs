//! Changes that the office may not accept: kept there, told here, lost nowhere.

use std::time::Duration;

use mpp_tests::operations::parse;
use mpp_tests::tablet::client::Client;
use mpp_tests::tablet::digest::{digest, records};
use serde_json::Value;

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
