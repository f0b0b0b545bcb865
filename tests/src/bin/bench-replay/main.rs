//! Replays a whole service day through the real programs, measures it, and compares every record
//! everywhere with the operations it came from. Ends with 1 if one is missing or different.

mod phase;
mod table;

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mpp_tests::expected::differences;
use mpp_tests::headless::{Headless, Start};
use mpp_tests::office::{Office, program};
use phase::Measured;
use serde_json::json;
use tempfile::TempDir;

/// In this order they are prepared, so that the tablets get the letters of their tickets.
const DEVICES: [&str; 6] = ["tablet-1", "tablet-2", "tablet-3", "tablet-4", "tablet-5", "kantor"];
/// The tablet that packs its saves all day, as one in touch with the office or a hub does.
const LIVE: usize = 3;
/// Registrations in one of its frames: 16 changes.
const LIVE_REGISTRATIONS: usize = 4;
/// The tablet whose app is started anew again and again over the day.
const RESTLESS: usize = 4;
/// How often.
const STARTS: usize = 10;

/// Replays a whole service day through the real programs.
#[derive(Parser)]
struct Arguments {
    /// Operations, one JSON object a line.
    #[arg(long, default_value = "tests/data/service-day.jsonl")]
    operations: PathBuf,
}

/// How a tablet spends its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// One app start, no network.
    Whole,
    /// One app start, packing frames all day.
    Live,
    /// Ten app starts, no network.
    InStarts,
}

/// Everything that runs.
struct Replay {
    office: Office,
    folder: TempDir,
    tablets: Vec<Headless>,
    operations: String,
    /// How long each journal was after its last sync.
    marks: Vec<u64>,
    /// Milliseconds and operations of each apply.
    saving: Vec<(u64, usize)>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(problems) if problems.is_empty() => {
            println!("\nEvery record is equal on all tablets, at the office and in the operations.");
            ExitCode::SUCCESS
        }
        Ok(problems) => {
            println!("\n{} differences, the first of them:", problems.len());
            problems.iter().take(20).for_each(|problem| println!("  {problem}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<Vec<String>> {
    let mut replay = Replay::start(std::fs::read_to_string(&arguments.operations)?)?;
    let measured = replay.phases()?;
    let quiet = measured.iter().filter(|row| row.quiet_over_goal()).map(Measured::complaint).collect();
    table::print(&measured);
    let facts = table::Facts { log: replay.office.log(), saving: std::mem::take(&mut replay.saving) };
    table::print_facts(&measured, &facts);
    replay.compare(quiet)
}

impl Replay {
    fn start(operations: String) -> io::Result<Self> {
        let (office, folder) = (Office::open()?, tempfile::tempdir()?);
        let officers = office.accounts("officer")?;
        let binary = program("headless-tablet", "MPP_HEADLESS")?;
        let mut tablets = Vec::new();
        for (index, name) in DEVICES.iter().enumerate() {
            let officer = officers.get(index % officers.len().max(1));
            let officer = officer.ok_or_else(|| io::Error::other("the demo has no officer"))?;
            tablets.push(Headless::start(Start {
                binary: binary.clone(),
                folder: folder.path().join(name),
                url: office.url(),
                name: (*name).to_owned(),
                login: officer.login(),
            })?);
        }
        Ok(Self { office, folder, tablets, operations, marks: vec![0; DEVICES.len()], saving: Vec::new() })
    }

    fn phases(&mut self) -> io::Result<Vec<Measured>> {
        let mut measured = Vec::new();
        self.apply(5, Day::Whole)?;
        measured.push(self.sync("a  the office's base, pushed", 5..6, Some(1.10))?);
        measured.push(self.sync("b  first download", 0..5, Some(1.10))?);
        for index in 0..5 {
            let day = match index {
                LIVE => Day::Live,
                RESTLESS => Day::InStarts,
                _ => Day::Whole,
            };
            self.apply(index, day)?;
        }
        // First the one whose push is to be timed: it has nothing to download.
        measured.push(self.sync("c1 a day live, 16 changes a frame", LIVE..LIVE + 1, None)?);
        measured.push(self.sync("c2 a day, one app start", 0..LIVE, Some(1.10))?);
        measured.push(self.sync("c3 a day, ten app starts", RESTLESS..RESTLESS + 1, Some(1.15))?);
        measured.push(self.sync("d  catching up with the others", 0..6, Some(1.10))?);
        measured.push(self.sync("e  nothing changed", 0..6, None)?);
        Ok(measured)
    }

    fn sync(&mut self, name: &'static str, who: Range<usize>, goal: Option<f64>) -> io::Result<Measured> {
        let mut measured = Measured::new(name, goal);
        for index in who {
            measured.sync(&mut self.tablets[index], &mut self.marks[index])?;
        }
        measured.server_memory = self.office.peak_memory();
        Ok(measured)
    }

    /// Applies a device's operations.
    fn apply(&mut self, index: usize, day: Day) -> io::Result<()> {
        let by = format!("\"by\":\"{}\"", DEVICES[index]);
        let lines: Vec<&str> = self.operations.lines().filter(|line| line.contains(&by)).collect();
        let size = match day {
            Day::Whole => lines.len(),
            Day::Live => LIVE_REGISTRATIONS,
            Day::InStarts => lines.len().div_ceil(STARTS),
        };
        for (number, part) in lines.chunks(size.max(1)).enumerate() {
            if number > 0 && day == Day::InStarts {
                let tablet = self.tablets.remove(index);
                self.tablets.insert(index, Headless::start(tablet.quit()?)?);
            }
            let file = self.folder.path().join(format!("{index}-{number}.jsonl"));
            std::fs::write(&file, part.join("\n"))?;
            let answer = self.tablets[index].apply(&file)?;
            self.saving.push((answer["wall_ms"].as_u64().unwrap_or(0), part.len()));
            if day == Day::Live {
                self.tablets[index].ask(&json!({"cmd": "cut"}))?;
            }
        }
        Ok(())
    }

    /// Compares what everybody holds; the office by its own digest, after it has ended.
    fn compare(mut self, mut problems: Vec<String>) -> io::Result<Vec<String>> {
        let mut digests = Vec::new();
        for (name, tablet) in DEVICES.iter().zip(&mut self.tablets) {
            digests.push(((*name).to_owned(), tablet.digest()?));
            let found = differences(&self.operations, &tablet.records()?);
            problems.extend(found.into_iter().map(|difference| format!("{name}: {difference}")));
        }
        self.office.stop()?;
        digests.push(("the office".to_owned(), self.office.digest()?));
        println!("\nrecords and their hash");
        for (name, digest) in &digests {
            println!("  {name:<12} {:>6}  {}", digest.count, digest.sha256);
            if *digest != digests[0].1 {
                problems.push(format!("{name} holds something else than {}", digests[0].0));
            }
        }
        Ok(problems)
    }
}
