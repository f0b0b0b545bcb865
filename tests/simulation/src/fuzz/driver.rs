//! A driver without coverage: it alters seeds, mostly in ways that keep their structure, and runs them.
//! The same seed makes the same inputs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::Target;
use crate::clock::Start;
use crate::rng::Rng;

/// How to measure memory, given by the program, which owns the allocator.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Forgets the peak.
    pub reset: fn(),
    /// The peak since, in bytes.
    pub peak: fn() -> usize,
    /// What is taken now.
    pub now: fn() -> usize,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Inputs that were run.
    pub inputs: u64,
    /// Most bytes of memory that one of them took.
    pub memory: usize,
}

/// An input that broke an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Of which target.
    pub target: &'static str,
    /// The seed of the run.
    pub seed: u64,
    /// The input, as short as it could be made.
    pub input: Vec<u8>,
    /// What was said.
    pub why: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} seed {}: {} (input of {} bytes)", self.target, self.seed, self.why, self.input.len())
    }
}

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// So many inputs.
    Inputs(u64),
    /// So much time.
    Time(Duration),
}

/// Runs the seeds as they are, then altered ones.
///
/// # Errors
/// The first input that breaks an invariant, made shorter.
pub fn run(target: &Target, seed: u64, until: Until, memory: Memory) -> Result<Report, Broken> {
    let mut report = Report::default();
    let mut seeds = (target.seeds)();
    seeds.extend(found(target.name));
    for input in &seeds {
        one(target, input, memory, &mut report).map_err(|why| shorter(target, seed, input, why, memory))?;
    }
    let mut rng = Rng::new(seed);
    let start = Start::now();
    let goes_on = |done: u64| match until {
        Until::Inputs(count) => done < count,
        Until::Time(time) => !done.is_multiple_of(16) || start.elapsed() < time,
    };
    while goes_on(report.inputs) {
        let mut input = rng.pick(&seeds).cloned().unwrap_or_default();
        for _ in 0..=rng.below(4) {
            input = (target.mutate)(&mut rng, &input);
        }
        one(target, &input, memory, &mut report).map_err(|why| shorter(target, seed, &input, why, memory))?;
    }
    Ok(report)
}

/// The inputs that once broke something: files in `found/TARGET`, by name.
#[must_use]
pub fn found(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/found/{target}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Runs one input; what was said when it broke something.
///
/// # Errors
/// What the target said.
pub fn one(target: &Target, input: &[u8], memory: Memory, report: &mut Report) -> Result<(), String> {
    (memory.reset)();
    let before = (memory.now)();
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let taken = (memory.peak)().saturating_sub(before);
    report.inputs += 1;
    report.memory = report.memory.max(taken);
    match ran {
        Err(panic) => Err(said(panic.as_ref())),
        Ok(()) if taken > target.memory => Err(format!("it took {taken} bytes of memory")),
        Ok(()) => Ok(()),
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

/// Leaves out what is not needed to break it.
fn shorter(target: &Target, seed: u64, input: &[u8], why: String, memory: Memory) -> Broken {
    let mut input = input.to_vec();
    let mut report = Report::default();
    let mut size = input.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at + size <= input.len() {
            let mut without = input.clone();
            drop(without.drain(at..at + size));
            if one(target, &without, memory, &mut report).is_err() {
                input = without;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    Broken { target: target.name, seed, input, why }
}
