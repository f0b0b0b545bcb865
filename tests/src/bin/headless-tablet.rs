//! A tablet without a screen: reads one JSON command a line on standard input and answers one line
//! each on standard output.
//!
//! `{"cmd":"apply","file":F}`, `{"cmd":"sync","timeout_ms":N}`, `{"cmd":"digest"}`, `{"cmd":"quit"}`, and
//! `{"cmd":"records","file":F}`, `{"cmd":"status"}`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mpp_tests::tablet::client::Login;
use mpp_tests::tablet::{Settings, Tablet, TabletError, commands};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// A tablet without a screen.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Folder for everything that must survive.
    #[arg(long)]
    dir: PathBuf,
    /// Address of the office.
    #[arg(long, default_value = "http://localhost:8080")]
    url: String,
    /// What people call the tablet.
    #[arg(long)]
    name: String,
    /// Username of the officer.
    #[arg(long)]
    username: String,
    /// Password of the officer.
    #[arg(long, env = "MPP_PASSWORD", hide_env_values = true)]
    password: String,
    /// Id of the service day; without it the one of today, else the first.
    #[arg(long)]
    day: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headless-tablet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), TabletError> {
    let Arguments { dir, url, name, username, password, day } = arguments;
    let login = Login { username, password };
    let mut tablet = Tablet::open(Settings { folder: dir, url, name, login, day })?;
    // Letters are given out in the order of preparation, so it is asked for at once; an office that
    // does not answer now is asked again when the first command needs it.
    if let Err(error) = tablet.prepare().await {
        eprintln!("headless-tablet: not prepared yet: {error}");
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if line.trim().is_empty() {
            continue;
        }
        let (answer, goes_on) = commands::answer(&mut tablet, &line).await;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
        if !goes_on {
            break;
        }
    }
    Ok(())
}
