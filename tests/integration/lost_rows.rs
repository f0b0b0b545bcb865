//! Storage that lost something, went back in time, or was copied: what is missing is noticed and fetched.

use std::path::Path;

use mpp_sync::ids::Kind;
use mpp_tests::headless::{Headless, Start};
use mpp_tests::office::copy_folder;
use mpp_tests::tablet::client::Client;
use mpp_tests::tablet::journal::{Journal, records_from};
use mpp_tests::tablet::record::Record;
use serde_json::Value;

use crate::support::{PATIENCE, World, operations_of};

/// Takes one received application out of the journal, as a table does that lost a row.
fn lose_a_received_change(journal: &Path) {
    let mut records = records_from(journal, 0).unwrap();
    let lost = records.iter_mut().rev().find_map(|record| {
        let Record::Received { entries, .. } = record else { return None };
        let at = entries.iter().position(|entry| entry.kind == Kind::Application)?;
        Some(entries.remove(at))
    });
    assert!(lost.is_some());
    let beside = journal.with_extension("new");
    Journal::open(&beside).unwrap().journal.append(&records).unwrap();
    std::fs::rename(&beside, journal).unwrap();
}

/// The folder as it is now, in another place.
pub fn copied(from: &Start, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    copy_folder(&from.folder, to).unwrap();
}

#[test]
fn a_received_change_that_a_tablet_lost_is_noticed_at_its_start_and_fetched_again() {
    let world = World::open();
    let (mut one, mut two) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    one.apply(&world.file("one", &operations_of("tablet-1", 60))).unwrap();
    one.sync(PATIENCE).unwrap();
    let synced = two.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.repairs == 0, "{synced:?}");
    let whole = two.digest().unwrap();
    let start = two.quit().unwrap();
    lose_a_received_change(&start.folder.join("journal"));
    let mut two = Headless::start(start).unwrap();
    assert_eq!(two.status().unwrap()["lost"], 1);
    assert_ne!(two.digest().unwrap(), whole);
    let synced = two.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.repairs == 1, "{synced:?}");
    assert_eq!(two.digest().unwrap(), whole);
    let mut two = Headless::start(two.kill()).unwrap();
    assert_eq!(two.status().unwrap()["lost"], 0, "it is there for good");
    assert_eq!(two.sync(PATIENCE).unwrap().repairs, 0);
}

#[test]
fn a_tablet_whose_storage_went_back_in_time_ends_with_everything() {
    let world = World::open();
    let (mut one, mut two) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    let lines = operations_of("tablet-1", 60);
    one.apply(&world.file("one", &lines[..20])).unwrap();
    one.sync(PATIENCE).unwrap();
    let start = one.quit().unwrap();
    let before = world.folder.path().join("before");
    copied(&start, &before);
    let mut one = Headless::start(start).unwrap();
    one.apply(&world.file("more", &lines[20..])).unwrap();
    one.sync(PATIENCE).unwrap();
    two.apply(&world.file("two", &operations_of("tablet-2", 20))).unwrap();
    two.sync(PATIENCE).unwrap();
    one.sync(PATIENCE).unwrap();
    let whole = one.digest().unwrap();
    let start = one.kill();
    std::fs::remove_dir_all(&start.folder).unwrap();
    copied(&Start { folder: before, ..start.clone() }, &start.folder);
    let mut one = Headless::start(start).unwrap();
    assert_ne!(one.digest().unwrap(), whole);
    assert!(one.sync(PATIENCE).unwrap().agreed);
    assert_eq!(one.digest().unwrap(), whole);
    assert_eq!(world.office_digest(), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_tablet_whose_session_went_on_in_two_ways_passes_no_change_that_it_does_not_hold() {
    let world = World::open();
    let mut one = world.tablet("tablet-1");
    let lines = operations_of("tablet-1", 60);
    one.apply(&world.file("both", &lines[..20])).unwrap();
    // Saved, and in no frame yet: the copy packs into its first frame what the other one packs with what follows.
    let start = world.start_at("tablet-1", &world.url());
    let copy = Start { folder: world.folder.path().join("copy"), ..start.clone() };
    copied(&start, &copy.folder);
    one.apply(&world.file("one", &lines[20..40])).unwrap();
    one.sync(PATIENCE).unwrap();
    // And one that is a copy of the same session's beginning only.
    let earlier = Start { folder: world.folder.path().join("earlier"), ..start };
    copied(&world.start_at("tablet-1", &world.url()), &earlier.folder);
    one.apply(&world.file("on", &lines[40..])).unwrap();
    one.sync(PATIENCE).unwrap();
    let whole = one.digest().unwrap();
    let mut copy = Headless::start(copy).unwrap();
    assert_ne!(copy.digest().unwrap(), whole);
    let synced = copy.sync(PATIENCE).unwrap();
    assert!(synced.agreed, "{synced:?}");
    assert_eq!(copy.digest().unwrap(), whole, "what the other one wrote under the same numbers came");
    let mut earlier = Headless::start(earlier).unwrap();
    for tablet in [&mut earlier, &mut one, &mut copy] {
        let synced = tablet.sync(PATIENCE).unwrap();
        assert!(synced.agreed && synced.frames_waiting == 0, "{synced:?}");
        assert_eq!(tablet.digest().unwrap(), whole);
    }
    let mut supervisor = Client::new(&world.url()).unwrap();
    supervisor.sign_in(&world.account("supervisor").login()).await.unwrap();
    let tablets: Value = supervisor.get("/api/office/tablets").await.unwrap();
    assert_eq!(tablets["tablets"][0]["events"][0]["kind"], "forked", "{tablets}");
    assert_eq!(world.office_digest(), whole);
}
