//! The office ends in the middle of a push, as in a power cut.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use mpp_tests::cable::{Cable, Direction};
use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;
use serde_json::json;

use crate::support::{Dice, PATIENCE, World, operations_of};

/// How often the office may be killed.
const ROUNDS: usize = 6;

/// Kills the office at that byte and starts it again on its folder; what comes back hands out the
/// thread that does so, if it came to it.
fn kill_at(world: &World, cable: &Cable, direction: Direction, bytes: u64) -> mpsc::Receiver<JoinHandle<()>> {
    let (killed, kills) = mpsc::channel();
    let office = world.office.clone();
    cable.cut_after(direction, bytes, move || {
        office.lock().unwrap().kill();
        killed.send(thread::spawn(move || office.lock().unwrap().start().unwrap())).unwrap();
    });
    kills
}

#[test]
fn an_office_killed_in_the_middle_of_a_push_keeps_what_it_confirmed_and_gets_the_rest() {
    let world = World::open();
    let mut dice = Dice::new();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut tablet = Headless::start(world.start_at("tablet-1", &cable.url())).unwrap();
    let mut other = world.tablet("tablet-2");
    let lines = operations_of("tablet-1", 180);
    let mut killed = 0;
    for (round, part) in lines.chunks(lines.len().div_ceil(ROUNDS)).enumerate() {
        // Several frames for one push, so that it can end between two of them.
        for (frame, operations) in part.chunks(4).enumerate() {
            tablet.apply(&world.file(&format!("part-{round}-{frame}"), operations)).unwrap();
            tablet.ask(&json!({"cmd": "cut"})).unwrap();
        }
        // Mostly while frames go up, which are about 7,000 bytes; sometimes while the answer comes.
        let direction = if dice.between(0, 4) == 0 { Direction::Down } else { Direction::Up };
        let at = dice.between(1, if direction == Direction::Up { 8_000 } else { 600 });
        println!("round {round}: killed after {at} bytes {direction:?}");
        let kills = kill_at(&world, &cable, direction, at);
        // The tablet goes on trying until the office is back.
        let synced = tablet.ask(&json!({"cmd": "sync", "timeout_ms": PATIENCE})).unwrap();
        cable.disarm();
        for starting in kills {
            starting.join().unwrap();
            killed += 1;
        }
        assert_eq!((&synced["ok"], &synced["forgotten"]), (&json!(true), &json!(0)), "{synced}");
    }
    assert!(killed > 0, "the office was never killed");
    other.sync(PATIENCE).unwrap();
    assert_eq!(other.digest().unwrap(), tablet.digest().unwrap());
    assert_eq!(differences(&lines.join("\n"), &other.records().unwrap()), Vec::<String>::new());
    assert_eq!(world.office_digest(), tablet.digest().unwrap());
}
