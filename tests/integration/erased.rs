//! What the office erases by law leaves hubs and tablets, their storage too, and stays away.

use std::path::Path;

use mpp_tests::headless::Headless;
use mpp_tests::hub::Hub;
use mpp_tests::tablet::digest::Digest;
use serde_json::Value;

use crate::hub::moved;
use crate::support::{PATIENCE, World, operations_of};

/// Only the first person of the file is called so.
const NAME: &str = "Drs Ketut Ghofur";
/// A later save on that person's application, by a tablet that does not know that it is erased.
const LATER: &str = r#"{"op":"event","ref":"tablet-1-2000","by":"tablet-1","officer":"tablet-1-petugas-2","at":"2026-11-03T09:00:00+07:00","status":"verified"}"#;

/// The resident of that name and the application, as they are named.
pub fn ids_of(tablet: &mut Headless) -> Vec<String> {
    let records = tablet.records().unwrap();
    let of_name = records.iter().filter(|record| record.contains(NAME));
    let ids = of_name.map(|record| serde_json::from_str::<Value>(record).unwrap()["id"].clone());
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn stores_the_name(tablet: &Headless) -> bool {
    let journal = std::fs::read(tablet.journal()).unwrap();
    journal.windows(NAME.len()).any(|bytes| bytes == NAME.as_bytes())
}

/// Syncs, both sides say that they hold the same, and nothing of the person is left.
fn is_rid_of_it(tablet: &mut Headless) -> Digest {
    let synced = tablet.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.repairs == 0, "{synced:?}");
    let status = tablet.status().unwrap();
    assert_eq!((&status["erased"], &status["lost"]), (&2.into(), &0.into()), "{status}");
    assert!(!stores_the_name(tablet));
    assert!(ids_of(tablet).is_empty());
    tablet.digest().unwrap()
}

fn erase(hub: &Hub, office: &Path, ids: &[String]) {
    for id in ids {
        let said = hub.erase(id, office).unwrap();
        assert!(said.contains("dihapus"), "{said}");
    }
}

#[test]
fn what_the_office_erases_leaves_every_tablet_and_one_that_was_away_does_not_bring_it_back() {
    let world = World::open();
    let data = world.office().data();
    let mut hub = Hub::join(&world.url(), &data, &world.url(), "Mobil 1").unwrap();
    let a = world.tablet("tablet-1");
    let (mut b, mut away) = (world.tablet("tablet-2"), world.tablet("tablet-3"));
    hub.wait_for_office().unwrap();
    let mut a = moved(a, &hub.url());
    a.apply(&world.file("a", &operations_of("tablet-1", 5))).unwrap();
    a.sync(PATIENCE).unwrap();
    hub.wait_for_office().unwrap();
    for tablet in [&mut b, &mut away] {
        tablet.sync(PATIENCE).unwrap();
        assert_eq!(tablet.digest().unwrap(), a.digest().unwrap());
    }
    let ids = ids_of(&mut a);
    assert_eq!(ids.len(), 2);
    assert!(stores_the_name(&a) && stores_the_name(&b) && stores_the_name(&away));
    away.apply(&world.file("away", &[LATER])).unwrap();
    erase(&hub, &data, &ids);
    hub.wait_for_office().unwrap();
    let left = is_rid_of_it(&mut b);
    assert_eq!(is_rid_of_it(&mut a), left);
    assert_eq!(is_rid_of_it(&mut away), left);
    assert_eq!(away.status().unwrap()["notices"], serde_json::json!([]));
    // After a power cut, and in the other node's log, it is the same.
    let mut b = Headless::start(b.kill()).unwrap();
    assert_eq!(is_rid_of_it(&mut b), left);
    assert_eq!(is_rid_of_it(&mut moved(a, &world.url())), left);
    hub.wait_for_office().unwrap();
    let mut away = moved(away, &hub.url());
    assert_eq!(is_rid_of_it(&mut away), left);
    hub.kill();
    assert_eq!(world.office_digest(), left);
    assert_eq!(hub.digest().unwrap(), left);
}

#[test]
fn a_tablet_that_heard_it_at_the_office_agrees_with_a_hub_that_did_not_and_brings_nothing_there() {
    let world = World::open();
    let data = world.office().data();
    let mut hub = Hub::join(&world.url(), &data, &world.url(), "Mobil 1").unwrap();
    let (a, mut b) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    hub.wait_for_office().unwrap();
    let mut a = moved(a, &hub.url());
    a.apply(&world.file("a", &operations_of("tablet-1", 5))).unwrap();
    a.sync(PATIENCE).unwrap();
    hub.wait_for_office().unwrap();
    b.sync(PATIENCE).unwrap();
    let ids = ids_of(&mut b);
    hub.kill();
    erase(&hub, &data, &ids);
    let mut a = moved(a, &world.url());
    let left = is_rid_of_it(&mut a);
    assert_eq!(is_rid_of_it(&mut b), left);
    // The hub comes up without the office, and still lists what both tablets dropped.
    world.office().kill();
    hub.start().unwrap();
    let (mut a, mut b) = (moved(a, &hub.url()), moved(b, &hub.url()));
    assert_eq!(is_rid_of_it(&mut a), left);
    assert_eq!(is_rid_of_it(&mut b), left);
    assert_ne!(hub_records(hub), left.count, "it has not heard");
}

fn hub_records(mut hub: Hub) -> usize {
    hub.kill();
    hub.digest().unwrap().count
}
