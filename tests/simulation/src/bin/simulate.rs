//! `simulate SEED` tells one schedule step by step; `simulate --soak SECONDS [FIRST]` plays one after the other;
//! `simulate --count SCHEDULES [FIRST]` so many. `scripts/simulate` calls it.

use std::process::ExitCode;
use std::time::Duration;

use mpp_simulation::clock::Start;
use mpp_simulation::sim::Planted;
use mpp_simulation::sim::world::{Tally, World};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    match (arguments.first().map(String::as_str), number(1)) {
        (Some("--soak"), Some(seconds)) => {
            many(number(2).unwrap_or(1), u64::MAX, Duration::from_secs(seconds))
        }
        (Some("--count"), Some(count)) => many(number(2).unwrap_or(1), count, Duration::MAX),
        _ => {
            if let Some(seed) = number(0) {
                return one(seed);
            }
            eprintln!("Say a seed, or --soak SECONDS [FIRST SEED], or --count SCHEDULES [FIRST SEED].");
            ExitCode::FAILURE
        }
    }
}

fn one(seed: u64) -> ExitCode {
    match World::play_seed(seed, Planted::Nothing, true) {
        Ok((tally, story)) => {
            println!("{}", story.join("\n"));
            print(&tally);
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("{broken}");
            ExitCode::FAILURE
        }
    }
}

fn many(first: u64, count: u64, time: Duration) -> ExitCode {
    let start = Start::now();
    let mut tally = Tally::new();
    let mut played = 0;
    while played < count && start.elapsed() < time {
        match World::play_seed(first + played, Planted::Nothing, false) {
            Ok((one, _)) => {
                for (what, times) in one {
                    *tally.entry(what).or_default() += times;
                }
            }
            Err(broken) => {
                println!("{broken}\nscripts/simulate {} tells how it came to that.", broken.seed);
                return ExitCode::FAILURE;
            }
        }
        played += 1;
    }
    print(&tally);
    println!("{played} schedules from seed {first} in {} s, all well", start.elapsed().as_secs());
    ExitCode::SUCCESS
}

fn print(tally: &Tally) {
    for (what, times) in tally {
        println!("{times:>9} {what}");
    }
}
