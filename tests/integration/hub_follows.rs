//! What the hub does beside carrying: it finds out what the office lacks, and follows it in erasing.

use mpp_store::{ChangeLog as _, Hubs as _, Node as _, RelayedRow};
use mpp_store_sqlite::{Options, SqliteStore};
use mpp_sync::ids::LogId;
use mpp_tests::cable::Cable;
use mpp_tests::hub::Hub;
use serde_json::Value;

use crate::hub::{moved, tiers};
use crate::support::{PATIENCE, World, operations_of};

/// Notes in the hub's folder that the office holds everything: so it looks when an office has lost frames unnoticed.
async fn believe_the_office_holds_everything(hub: &Hub) -> Result<(), Box<dyn std::error::Error>> {
    let store = SqliteStore::open(&hub.data().join("mpp.sqlite"), Options::default()).await?;
    let pulled = store.value("upstream_pulled").await?.unwrap_or_default();
    let pulled: Value = serde_json::from_str(&pulled)?;
    let log: LogId = pulled["log"].as_str().unwrap_or_default().parse()?;
    let chains = store.all_chains().await?;
    let rows = chains.iter().map(|row| RelayedRow {
        session: row.session,
        log: log.0,
        frames: row.frames,
        branches: Vec::new(),
    });
    store.set_relayed(&rows.collect::<Vec<_>>()).await?;
    store.close().await;
    Ok(())
}

#[test]
fn a_hub_finds_out_what_the_office_lacks_though_it_was_noted_as_held_and_sends_it() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut hub = Hub::join(&world.url(), &world.office().data(), &cable.url(), "Mobil 1").unwrap();
    let a = world.tablet("tablet-1");
    hub.wait_for_office().unwrap();
    let mut a = moved(a, &hub.url());
    cable.unplug(true);
    a.apply(&world.file("a", &operations_of("tablet-1", 20))).unwrap();
    a.sync(PATIENCE).unwrap();
    hub.kill();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(believe_the_office_holds_everything(&hub)).unwrap();
    cable.unplug(false);
    hub.start().unwrap();
    hub.wait_for_office().unwrap();
    hub.kill();
    assert_eq!(world.office_digest(), a.digest().unwrap());
}

#[test]
fn what_the_office_erases_leaves_the_hub_too() {
    let world = World::open();
    let data = world.office().data();
    let mut hub = Hub::join(&world.url(), &data, &world.url(), "Mobil 1").unwrap();
    let a = world.tablet("tablet-1");
    hub.wait_for_office().unwrap();
    let mut a = moved(a, &hub.url());
    a.apply(&world.file("a", &operations_of("tablet-1", 3))).unwrap();
    a.sync(PATIENCE).unwrap();
    hub.wait_for_office().unwrap();
    let before = a.digest().unwrap().count;
    let records: Vec<Value> =
        a.records().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let resident = records.iter().find(|record| record["kind"] == "resident").unwrap();
    let id = resident["id"].as_str().unwrap();
    let said = hub.erase(id, &data).unwrap();
    assert!(said.contains("penduduk, 1 perubahan: dihapus"), "{said}");
    hub.wait_for_office().unwrap();
    hub.kill();
    let office = world.office_digest();
    assert_eq!(office.count + 1, before);
    assert_eq!(hub.digest().unwrap(), office);
}

#[test]
fn the_word_on_every_chain_comes_however_few_are_asked_about_at_once() {
    let world = World::open();
    let data = world.office().data();
    let mut hub = Hub::join(&world.url(), &data, &world.url(), "Mobil 1").unwrap();
    let mut tablet = world.tablet("tablet-1");
    hub.wait_for_office().unwrap();
    hub.start_with(&["--upstream-page", "2"]).unwrap();
    // Each start of the app is a chain.
    for (number, part) in operations_of("tablet-1", 9).chunks(1).enumerate() {
        tablet = moved(tablet, &hub.url());
        tablet.apply(&world.file(&format!("part-{number}"), part)).unwrap();
        tablet.sync(PATIENCE).unwrap();
    }
    hub.wait_for_office().unwrap();
    tablet.sync(PATIENCE).unwrap();
    assert_eq!(tiers(&mut tablet), [9, 9, 0, 9]);
    // Nothing new is written: the office's better word on all of them is heard by asking.
    let to = world.folder.path().join("disk2");
    world.office().task(&["backup", "init"], "").unwrap();
    world.office().task(&["backup", "--to", to.to_str().unwrap()], "").unwrap();
    hub.wait_for_office().unwrap();
    tablet.sync(PATIENCE).unwrap();
    assert_eq!(tiers(&mut tablet), [9, 9, 9, 9]);
}
