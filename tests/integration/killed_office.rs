//! The office ends in the middle of a push, as in a power cut.

use std::sync::PoisonError;

use mpp_tests::cable::{Cable, Direction};
use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;
use serde_json::json;

use crate::support::{Dice, PATIENCE, World, operations_of};

/// How often it is killed.
const KILLS: u64 = 6;

#[test]
fn an_office_killed_in_the_middle_of_a_push_keeps_what_it_confirmed_and_gets_the_rest() {
    let world = World::open();
    let mut dice = Dice::new();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut tablet = Headless::start(world.start_at("tablet-1", &cable.url())).unwrap();
    let mut other = world.tablet("tablet-2");
    let lines = operations_of("tablet-1", 180);
    for (round, part) in lines.chunks(lines.len().div_ceil(6)).enumerate() {
        tablet.apply(&world.file(&format!("part-{round}"), part)).unwrap();
        // Anywhere from the login to the answer of the last body: up is where the frames go.
        let direction = if dice.between(0, 4) == 0 { Direction::Down } else { Direction::Up };
        let at = dice.between(1, if direction == Direction::Up { 9_000 } else { 600 });
        println!("round {round}: killed after {at} bytes {direction:?}");
        let office = world.office.clone();
        cable.cut_after(direction, at, move || office.lock().unwrap_or_else(PoisonError::into_inner).kill());
        tablet.say(&json!({"cmd": "sync", "timeout_ms": PATIENCE})).unwrap();
        // The tablet goes on trying; the office comes back on the same folder once it was killed.
        while cable.is_armed() {
            std::thread::yield_now();
        }
        world.office().start().unwrap();
        let synced = tablet.hear().unwrap();
        assert_eq!((&synced["ok"], &synced["forgotten"]), (&json!(true), &json!(0)), "{synced}");
        assert!(round < usize::try_from(KILLS).unwrap());
    }
    other.sync(PATIENCE).unwrap();
    assert_eq!(other.digest().unwrap(), tablet.digest().unwrap());
    assert_eq!(differences(&lines.join("\n"), &other.records().unwrap()), Vec::<String>::new());
    assert_eq!(world.office_digest(), tablet.digest().unwrap());
}
