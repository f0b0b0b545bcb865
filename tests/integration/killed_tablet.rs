//! The tablet ends at any moment, as when its battery is empty.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use mpp_tests::cable::{Cable, Direction};
use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;
use serde_json::json;

use crate::support::{Dice, PATIENCE, World, operations_of};

/// Waits until the file has grown to this size: the tablet is then in the middle of its work.
fn wait_for_size(file: &Path, bytes: u64) {
    while std::fs::metadata(file).map_or(0, |metadata| metadata.len()) < bytes {
        std::thread::yield_now();
    }
}

#[test]
fn a_tablet_killed_while_it_saves_has_every_save_that_it_answered_and_no_half_one() {
    let world = World::open();
    let mut dice = Dice::new();
    let lines = operations_of("tablet-1", 200);
    let (answered, rest) = lines.split_at(40);
    let mut tablet = world.tablet("tablet-1");
    tablet.apply(&world.file("answered", answered)).unwrap();
    let file = world.file("rest", rest);
    for round in 0..4 {
        let size = std::fs::metadata(tablet.journal()).unwrap().len();
        let more = dice.between(1, 12_000);
        println!("round {round}: killed after {more} more bytes");
        tablet.say(&json!({"cmd": "apply", "file": file})).unwrap();
        wait_for_size(&tablet.journal(), size + more);
        let start = tablet.kill();
        tablet = Headless::start(start).unwrap();
        let records = tablet.records().unwrap();
        // Whole operations only: whatever is there is exactly a beginning of the file.
        let count = records.iter().filter(|record| record.contains("\"kind\":\"application\"")).count();
        let registrations: Vec<&str> =
            lines.iter().filter(|line| line.contains("\"op\":\"register\"")).copied().collect();
        let missing: Vec<String> = differences(&registrations[..count].join("\n"), &records)
            .into_iter()
            .filter(|difference| !difference.contains("events should be"))
            .collect();
        assert_eq!(missing, Vec::<String>::new());
        assert!(count >= answered.iter().filter(|line| line.contains("\"op\":\"register\"")).count());
    }
    // The same file once more: what is there is passed over, the rest is saved.
    let applied = tablet.apply(&file).unwrap();
    assert_eq!(
        applied["applied"].as_u64().unwrap() + applied["already"].as_u64().unwrap(),
        rest.len() as u64
    );
    tablet.sync(PATIENCE).unwrap();
    assert_eq!(differences(&lines.join("\n"), &tablet.records().unwrap()), Vec::<String>::new());
    assert_eq!(world.office_digest(), tablet.digest().unwrap());
}

#[test]
fn a_tablet_killed_while_it_syncs_sends_and_receives_the_rest_after_its_restart() {
    let world = World::open();
    let mut dice = Dice::new();
    let mut other = world.tablet("tablet-2");
    let theirs = operations_of("tablet-2", 120);
    other.apply(&world.file("tablet-2", &theirs)).unwrap();
    other.sync(PATIENCE).unwrap();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut tablet = Headless::start(world.start_at("tablet-1", &cable.url())).unwrap();
    let lines = operations_of("tablet-1", 150);
    for (round, part) in lines.chunks(50).enumerate() {
        tablet.apply(&world.file(&format!("part-{round}"), part)).unwrap();
        let saved = tablet.digest().unwrap();
        let direction = if round == 0 { Direction::Down } else { Direction::Up };
        let at = dice.between(300, 6_000);
        println!("round {round}: killed after {at} bytes {direction:?}");
        // What is on its way is lost, and the tablet is killed while it waits to try again.
        let (cut, was_cut) = mpsc::channel();
        cable.cut_after(direction, at, move || cut.send(()).unwrap());
        tablet.say(&json!({"cmd": "sync", "timeout_ms": PATIENCE})).unwrap();
        was_cut.recv_timeout(Duration::from_millis(PATIENCE)).unwrap();
        tablet = Headless::start(tablet.kill()).unwrap();
        let after = tablet.digest().unwrap();
        assert!(after.count >= saved.count, "a save was lost: {after:?} after {saved:?}");
    }
    tablet.sync(PATIENCE).unwrap();
    other.sync(PATIENCE).unwrap();
    let all: Vec<&str> = theirs.iter().chain(&lines).copied().collect();
    for tablet in [&mut tablet, &mut other] {
        assert_eq!(differences(&all.join("\n"), &tablet.records().unwrap()), Vec::<String>::new());
    }
    assert_eq!(world.office_digest(), tablet.digest().unwrap());
}

#[test]
fn each_start_is_a_session_of_its_own_that_never_goes_on() {
    let world = World::open();
    let lines = operations_of("tablet-1", 9);
    let mut tablet = world.tablet("tablet-1");
    for (start, part) in lines.chunks(3).enumerate() {
        tablet.apply(&world.file(&format!("part-{start}"), part)).unwrap();
        assert_eq!(tablet.status().unwrap()["sessions"], json!(start + 1));
        tablet = Headless::start(tablet.kill()).unwrap();
    }
    // What the killed starts had saved and not sent goes up as frames of their own sessions.
    assert_eq!(tablet.status().unwrap()["saves_waiting"], json!(0));
    let synced = tablet.sync(PATIENCE).unwrap();
    assert_eq!((synced.frames_sent, synced.frames_confirmed), (3, 3));
    assert_eq!(world.office_digest(), tablet.digest().unwrap());
}
