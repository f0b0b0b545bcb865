//! The office signs with a new key: tablets that know the old one follow by themselves, in the van too.

use mpp_tests::headless::Headless;
use mpp_tests::hub::Hub;
use serde_json::Value;

use crate::hub::{moved, tiers};
use crate::support::{PATIENCE, World, operations_of};

/// Gives the office a new node key, as a person does.
fn rotate(world: &World) {
    let mut office = world.office();
    office.kill();
    office.task(&["keys", "rotate-node"], "").unwrap();
    office.start().unwrap();
}

/// Erases the first resident that the tablet has, at the office.
fn erase_somebody(world: &World, tablet: &mut Headless) {
    let records = tablet.records().unwrap();
    let read = records.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let resident = read.into_iter().find(|record| record["kind"] == "resident").unwrap();
    let id = resident["id"].as_str().unwrap();
    let said = world.office().task(&["erase", "--by", "sari", "--reason", "Uji", "--yes", id], "").unwrap();
    assert!(said.contains("dihapus"), "{said}");
}

/// One sync is enough to believe what the new key signed.
fn believes(tablet: &mut Headless, erased: u64) {
    let synced = tablet.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.failures == 0, "{synced:?}");
    let [_, at_the_office, _, frames] = tiers(tablet);
    assert_eq!(at_the_office, frames, "receipts of the new key");
    assert_eq!(tablet.status().unwrap()["erased"], erased, "tombstones of the new key");
}

#[test]
fn a_tablet_that_knows_the_old_key_of_the_office_believes_the_new_one_within_one_sync() {
    let world = World::open();
    let (mut a, mut b) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    let lines = operations_of("tablet-1", 12);
    a.apply(&world.file("before", &lines[..6])).unwrap();
    believes(&mut a, 0);
    believes(&mut b, 0);
    rotate(&world);
    erase_somebody(&world, &mut a);
    // Both go on with the session that they entered before.
    a.apply(&world.file("after", &lines[6..])).unwrap();
    for tablet in [&mut a, &mut b] {
        believes(tablet, 1);
    }
    believes(&mut a, 1);
    believes(&mut b, 1);
    let held = a.digest().unwrap();
    assert_eq!(b.digest().unwrap(), held);
    assert_eq!(world.office_digest(), held);
}

#[test]
fn in_the_van_the_new_key_of_the_office_is_believed_when_the_hub_has_heard_of_it() {
    let world = World::open();
    let data = world.office().data();
    let mut hub = Hub::join(&world.url(), &data, &world.url(), "Mobil 1").unwrap();
    let (a, b) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    hub.wait_for_office().unwrap();
    let (mut a, mut b) = (moved(a, &hub.url()), moved(b, &hub.url()));
    let lines = operations_of("tablet-1", 12);
    a.apply(&world.file("before", &lines[..6])).unwrap();
    a.sync(PATIENCE).unwrap();
    b.sync(PATIENCE).unwrap();
    hub.wait_for_office().unwrap();
    believes(&mut a, 0);
    rotate(&world);
    a.apply(&world.file("after", &lines[6..])).unwrap();
    a.sync(PATIENCE).unwrap();
    erase_somebody(&world, &mut a);
    hub.wait_for_office().unwrap();
    for tablet in [&mut a, &mut b] {
        believes(tablet, 1);
    }
    let held = a.digest().unwrap();
    assert_eq!(b.digest().unwrap(), held);
    hub.kill();
    assert_eq!(world.office_digest(), held);
    assert_eq!(hub.digest().unwrap(), held);
}
