//! Fills a folder with the years of an office; see `mpp_tests::history`. Prints what it made as JSON.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mpp_tests::clock::{millis_since, moment};
use mpp_tests::history::{GenerateError, Scale, generate};

/// Fills a folder with the years of an office.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The folder; made when it is missing.
    #[arg(long)]
    data: PathBuf,
    /// Equal seeds make equal folders.
    #[arg(long, default_value_t = Scale::FULL.seed)]
    seed: u64,
    /// Service days, spread over five years.
    #[arg(long, default_value_t = Scale::FULL.days)]
    days: u32,
    /// Tablets on each day.
    #[arg(long, default_value_t = Scale::FULL.tablets)]
    tablets: u32,
    /// Starts of each tablet on each day.
    #[arg(long, default_value_t = Scale::FULL.starts)]
    starts: u32,
    /// Residents served in each start.
    #[arg(long, default_value_t = Scale::FULL.visitors)]
    visitors: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("history-office: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), GenerateError> {
    let Arguments { data, seed, days, tablets, starts, visitors } = arguments;
    let scale = Scale { seed, days, tablets, starts, visitors };
    let start = moment();
    let made = generate(&data, scale, |day, made| {
        if day.is_multiple_of(50) {
            eprintln!("{day} days, {} sessions, {} s", made.sessions, millis_since(start) / 1000);
        }
    })
    .await?;
    println!("{}", serde_json::json!({ "scale": scale, "made": made, "wall_ms": millis_since(start) }));
    Ok(())
}
