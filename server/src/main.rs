//! The binary `mpp`.

use std::process::ExitCode;

use clap::Parser as _;
use mpp_server::cli::Cli;
use mpp_server::telemetry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::start();
    match cli.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(code = "STOPPED", error = %error);
            ExitCode::FAILURE
        }
    }
}
