//! Measures what the design promises in numbers and prints goal and result side by side.
//!
//! `bench run` measures what needs no browser, row by row into a file; `bench table` prints the file.
//! Nothing here fails for being slow: a missed goal is a line that says so.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use mpp_tests::tablet::client::Login;
use rows::Row;

mod couch;
mod cuts;
mod ingest;
mod pull;
mod push;
mod repair;
mod restore;
mod rows;
mod world;

/// Measures, and prints goal and result.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures what needs no browser.
    Run {
        /// Where the rows are appended.
        #[arg(long)]
        rows: PathBuf,
        /// Fewer documents and fewer seeds.
        #[arg(long)]
        quick: bool,
        /// Only the groups whose name holds this.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Fills an office that runs, for rows that need a browser.
    Fill {
        /// Its address.
        #[arg(long)]
        url: String,
        /// Username of an officer.
        #[arg(long)]
        username: String,
        /// Password of the officer.
        #[arg(long, env = "MPP_PASSWORD", hide_env_values = true)]
        password: String,
        /// Id of the day; the one of today, else the first, without it.
        #[arg(long)]
        day: Option<String>,
        /// How many; each has a visit, a resident and an application.
        #[arg(long)]
        registrations: usize,
    },
    /// Prints the rows as a table.
    Table {
        /// Where they are.
        #[arg(long)]
        rows: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run { rows, quick, only } => run(&rows, quick, &only).await,
        Command::Fill { url, username, password, day, registrations } => {
            ingest::fill(&url, Login { username, password }, day, registrations).await
        }
        Command::Table { rows } => rows::print(&rows),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(file: &Path, quick: bool, only: &str) -> io::Result<()> {
    let keep = |rows: io::Result<Vec<Row>>| rows?.iter().try_for_each(|row| rows::keep(file, row));
    let wanted = |name: &str| name.contains(only);
    if wanted("push") {
        keep(push::registrations().await)?;
    }
    let base = world::Base::make().await?;
    if wanted("day") {
        keep(push::day(&base).await)?;
    }
    if wanted("download") {
        keep(pull::download(&base).await)?;
    }
    if wanted("nothing") {
        keep(pull::nothing(&base).await)?;
    }
    if wanted("cuts") {
        keep(pull::cuts(&base, if quick { 8 } else { 60 }).await)?;
    }
    if wanted("restore") {
        rows::keep(file, &restore::restored(&base).await?)?;
    }
    if wanted("ingest") {
        let (rows, one) = ingest::rows(quick).await?;
        keep(Ok(rows))?;
        rows::keep(file, &couch::compare(one, quick))?;
    }
    if wanted("many") {
        keep(ingest::many(if quick { 10_000 } else { 100_000 }).await)?;
    }
    if wanted("services") {
        rows::keep(file, &pull::services(&base.office()?))?;
    }
    Ok(())
}
