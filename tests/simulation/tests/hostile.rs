//! A short run of every fuzz target, the same inputs each time. `scripts/fuzz` goes on for longer.
//!
//! One test, because the memory that an input takes is measured for the whole process.

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

#[test]
fn hostile_bytes_break_nothing_and_take_bounded_memory() {
    let seed = std::env::var("MPP_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_122);
    std::panic::set_hook(Box::new(|_| {}));
    let runs: Vec<_> =
        TARGETS.iter().map(|target| run(target, seed, Until::Inputs(target.short), MEMORY)).collect();
    drop(std::panic::take_hook());
    for (target, run) in TARGETS.iter().zip(runs) {
        let report = run.unwrap_or_else(|broken| panic!("{broken}"));
        println!(
            "{}: seed {seed}, {} inputs, at most {} kB",
            target.name,
            report.inputs,
            report.memory / 1024
        );
    }
}
