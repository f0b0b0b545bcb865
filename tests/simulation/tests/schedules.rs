//! Ten thousand schedules, the seeds that once found something, and planted faults that must be found.
//! `scripts/simulate` plays one seed and tells it, or goes on for longer.

use std::sync::atomic::{AtomicU64, Ordering};

use mpp_simulation::sim::Planted;
use mpp_simulation::sim::world::{Tally, World};

/// Schedules of one run of the tests.
const SCHEDULES: u64 = 10_000;
/// Seeds that found a bug of the product or of the simulator; they are played in every run.
///
/// 42: what was accepted once and is kept aside since a restore differs for good. 1022, 2023: a resident was not listed in a
/// day that only the second of two batches given back named. 885: a refused second way was never sent again (model).
/// 1181: nothing was compared with a log that lists nothing (model). 63, 1000033: what rotted before it was listed is missed
/// at the next start. 7087: a session both forked and rotten; a frame that came again could not be told from a second way.
const FOUND: [u64; 24] = [
    11, 22, 24, 42, 63, 106, 827, 885, 1_013, 1_022, 1_181, 2_001, 2_023, 2_031, 3_007, 3_039, 6_132, 7_087,
    1_000_033, 1_000_569, 1_001_963, 1_005_335, 1_006_625, 1_500_096,
];
/// A planted fault must show within so many schedules.
const PLANTED_WITHIN: u64 = 400;

fn play(seed: u64) -> Result<Tally, String> {
    World::play_seed(seed, Planted::Nothing, false)
        .map(|(tally, _)| tally)
        .map_err(|broken| broken.to_string())
}

fn add(to: &mut Tally, part: Tally) {
    for (what, times) in part {
        *to.entry(what).or_default() += times;
    }
}

#[test]
fn seeds_that_found_something_are_well() -> Result<(), String> {
    FOUND.into_iter().try_for_each(|seed| play(seed).map(drop))
}

#[test]
fn ten_thousand_schedules_lose_nothing_and_come_to_rest_equal() -> Result<(), String> {
    let first = std::env::var("MPP_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let next = AtomicU64::new(first);
    let mut tally = Tally::new();
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 4);
    std::thread::scope(|scope| -> Result<(), String> {
        let work = || -> Result<Tally, String> {
            let mut tally = Tally::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + SCHEDULES {
                    return Ok(tally);
                }
                add(&mut tally, play(seed)?);
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let part = worker.join().map_err(|_| "a schedule panicked: see above".to_owned())?;
            add(&mut tally, part?);
        }
        Ok(())
    })?;
    println!("{SCHEDULES} schedules from seed {first}");
    for (what, times) in &tally {
        println!("{times:>9} {what}");
    }
    // A schedule in which nothing goes wrong proves nothing: every fault happened many times.
    for fault in [
        "cut on the way up",
        "cut on the way down",
        "half-open",
        "delivered twice",
        "late arrivals",
        "crashes of a node between two writes",
        "crashes of a tablet between two writes",
        "restores of the office",
        "restores of a hub",
        "tablets rolled back",
        "tablets cloned",
        "storages evicted",
        "clock jumps",
        "late grants",
        "app upgrades",
        "devices revoked",
        "upgrades of a node",
        "scopes taken",
        "leases that end",
        "rows of a tablet that rotted",
        "changes of a node that rotted",
        "frames of a node that rotted",
        "scopes repaired",
        "batches given back",
    ] {
        assert!(
            tally.get(fault).is_some_and(|times| *times >= 500),
            "too few: {fault} {:?}",
            tally.get(fault)
        );
    }
    Ok(())
}

/// The first planted schedule that an invariant stops, and what it said.
fn caught(planted: Planted) -> Option<(u64, String)> {
    (1..=PLANTED_WITHIN).find_map(|seed| {
        let broken = World::play_seed(seed, planted, false).err()?;
        Some((seed, broken.why))
    })
}

#[test]
fn every_planted_fault_is_caught() {
    for planted in Planted::ALL {
        let (seed, why) = caught(planted).unwrap_or_else(|| panic!("{planted:?} went unnoticed"));
        println!("{planted:?}: seed {seed}: {why}");
    }
}
