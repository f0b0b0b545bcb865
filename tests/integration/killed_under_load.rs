//! The office ends again and again while several tablets send and fetch at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;

use crate::support::{Dice, PATIENCE, World, operations_of};

/// Who works.
const TABLETS: [&str; 4] = ["tablet-1", "tablet-2", "tablet-3", "tablet-4"];
/// Operations of each, and how many it saves between two exchanges.
const OPERATIONS: usize = 96;
const EACH: usize = 6;

/// Saves and sends, again and again, whatever becomes of the office.
fn work(world: &World, name: &str, mut tablet: Headless) -> Headless {
    for (part, operations) in operations_of(name, OPERATIONS).chunks(EACH).enumerate() {
        tablet.apply(&world.file(&format!("{name}-{part}"), operations)).unwrap();
        let synced = tablet.sync(PATIENCE).unwrap();
        assert_eq!((synced.forgotten, synced.frames_waiting), (0, 0), "{synced:?}");
    }
    tablet
}

#[test]
fn an_office_killed_at_random_moments_under_load_keeps_everything_that_it_acknowledged() {
    let world = World::open();
    let mut dice = Dice::new();
    let (working, kills) = (AtomicUsize::new(TABLETS.len()), AtomicUsize::new(0));
    let failed = AtomicBool::new(false);
    // Prepared while the office is there.
    let prepared: Vec<Headless> = TABLETS.iter().map(|name| world.tablet(name)).collect();
    let mut tablets: Vec<Headless> = std::thread::scope(|scope| {
        let at_work: Vec<_> = TABLETS
            .iter()
            .zip(prepared)
            .map(|(name, tablet)| {
                let (world, working) = (&world, &working);
                scope.spawn(move || {
                    // Counted down however it ends, or the killing would never do so.
                    let done =
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(world, name, tablet)));
                    working.fetch_sub(1, Ordering::SeqCst);
                    done
                })
            })
            .collect();
        while working.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(dice.between(100, 1_500)));
            let mut office = world.office();
            office.kill();
            kills.fetch_add(1, Ordering::SeqCst);
            failed.store(office.start().is_err(), Ordering::SeqCst);
        }
        at_work.into_iter().map(|tablet| tablet.join().unwrap().unwrap()).collect()
    });
    println!("the office was killed {} times", kills.load(Ordering::SeqCst));
    assert!(kills.load(Ordering::SeqCst) > 1 && !failed.load(Ordering::SeqCst));
    let all: Vec<&str> = TABLETS.iter().flat_map(|name| operations_of(name, OPERATIONS)).collect();
    for tablet in &mut tablets {
        tablet.sync(PATIENCE).unwrap();
        assert_eq!(differences(&all.join("\n"), &tablet.records().unwrap()), Vec::<String>::new());
    }
    assert_eq!(world.office_digest(), tablets[0].digest().unwrap());
}
