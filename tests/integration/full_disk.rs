//! The office's disk is full while tablets send.

use mpp_tests::expected::differences;
use mpp_tests::office::Office;

use crate::support::{PATIENCE, World, operations_of};

#[test]
fn an_office_whose_disk_is_full_acknowledges_nothing_that_it_cannot_keep_and_goes_on_when_there_is_room() {
    let world = World::around(Office::open_on_small_disk(48).unwrap());
    let mut tablet = world.tablet("tablet-1");
    let lines = operations_of("tablet-1", 160);
    let (before, rest) = lines.split_at(40);
    tablet.apply(&world.file("before", before)).unwrap();
    let confirmed = tablet.sync(PATIENCE).unwrap().frames_confirmed;
    let process = world.office().process();

    world.office().fill_disk().unwrap();
    tablet.apply(&world.file("rest", rest)).unwrap();
    let office = world.office.clone();
    let waiting = std::thread::spawn(move || {
        // Until it has been asked to store and could not.
        while !office.lock().unwrap().log().contains("INGEST_FAILED") {
            std::thread::yield_now();
        }
        office.lock().unwrap().empty_disk().unwrap();
    });
    let synced = tablet.sync(PATIENCE).unwrap();
    waiting.join().unwrap();
    assert!(synced.failures > 0 && synced.frames_confirmed > confirmed, "{synced:?}");
    assert_eq!(synced.forgotten, 0);
    assert_eq!(world.office().process(), process, "the office went on without a restart");

    let mut other = world.tablet("tablet-2");
    other.sync(PATIENCE).unwrap();
    assert_eq!(differences(&lines.join("\n"), &other.records().unwrap()), Vec::<String>::new());
    assert_eq!(other.digest().unwrap(), tablet.digest().unwrap());
}
