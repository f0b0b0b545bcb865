//! `fuzz [TARGET|all] [SECONDS] [SEED]`: throws altered bytes at the core for some time; `fuzz TARGET FILE`: runs one
//! input, and panics where it breaks something. `scripts/fuzz` calls it.

use std::process::ExitCode;
use std::time::Duration;

use mpp_simulation::fuzz::TARGETS;
use mpp_simulation::fuzz::driver::{Memory, Until, run};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MEMORY: Memory = Memory {
    reset: || ALLOCATOR.reset_peak_usage(),
    peak: || ALLOCATOR.peak_usage(),
    now: || ALLOCATOR.current_usage(),
};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "all".to_owned());
    let amount = arguments.next().unwrap_or_else(|| "60".to_owned());
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let chosen: Vec<_> = TARGETS.iter().filter(|target| name == "all" || target.name == name).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("No target {name}: say all, or one of {}.", names.join(", "));
        return ExitCode::FAILURE;
    }
    let Ok(seconds) = amount.parse() else {
        return match std::fs::read(&amount) {
            Ok(input) => {
                for target in chosen {
                    (target.run)(&input);
                }
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{amount} is neither a number of seconds nor a file that can be read: {error}");
                ExitCode::FAILURE
            }
        };
    };
    // What a target says when it breaks is said once, at the end, with the input.
    std::panic::set_hook(Box::new(|_| {}));
    let each = Duration::from_secs(seconds) / u32::try_from(chosen.len()).unwrap_or(1);
    for target in chosen {
        match run(target, seed, Until::Time(each), MEMORY) {
            Ok(report) => println!(
                "{}: seed {seed}, {} inputs, none broke anything, at most {} kB of memory",
                target.name,
                report.inputs,
                report.memory / 1024
            ),
            Err(broken) => {
                eprintln!("{broken}");
                // A file of bytes, to be put into `fuzz/found/TARGET/` when the bug is understood.
                let file = format!("target/fuzz-{}-{seed}.bin", broken.target);
                match std::fs::write(&file, &broken.input) {
                    Ok(()) => eprintln!("the input is in {file}"),
                    Err(error) => eprintln!("the input could not be written to {file}: {error}"),
                }
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
