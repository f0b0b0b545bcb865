//! A bad link as a program: leads from a port to the office's, at a rate, with a delay and with cuts.
//!
//! Reads one JSON command a line and answers each with what has passed so far:
//! `{"cmd":"count"}`, `{"cmd":"unplug"}`, `{"cmd":"plug"}` and
//! `{"cmd":"shape","bits_per_second":N,"round_trip_ms":N,"cut_seed":N,"cut_from":N,"cut_to":N}`, where what
//! is left out is not limited. The first line it prints says its port.

use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use mpp_tests::link::{Link, Shape};
use serde::Deserialize;
use serde_json::{Value, json};

/// A bad link.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port of the office on this machine.
    #[arg(long)]
    to: u16,
    /// Port to listen at; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    listen: u16,
}

#[derive(Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
enum Command {
    Count,
    Unplug,
    Plug,
    Shape {
        bits_per_second: Option<u64>,
        #[serde(default)]
        round_trip_ms: u64,
        #[serde(default)]
        cut_seed: u64,
        cut_from: Option<u64>,
        cut_to: Option<u64>,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shaped-link: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let link = Link::open_at(arguments.listen, arguments.to, Shape::default())?;
    say(&json!({"port": link.port()}))?;
    for line in io::stdin().lock().lines() {
        match serde_json::from_str(&line?)? {
            Command::Count => {}
            Command::Unplug => link.unplug(true),
            Command::Plug => link.unplug(false),
            Command::Shape { bits_per_second, round_trip_ms, cut_seed, cut_from, cut_to } => {
                let round_trip = Duration::from_millis(round_trip_ms);
                let shape = Shape { bits_per_second, round_trip, cuts: None };
                link.reshape(match cut_from.zip(cut_to) {
                    Some((from, to)) if from < to => shape.with_cuts(cut_seed, from..to),
                    _ => shape,
                });
            }
        }
        say(&serde_json::to_value(link.passed())?)?;
    }
    Ok(())
}

fn say(value: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}
