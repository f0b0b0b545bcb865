//! The command line of `mpp`: one binary, several tasks.

mod admin;
mod backup;
mod bundle;
mod erase;
mod hub;
mod keys;
mod move_store;
mod place;
mod serve;
mod tasks;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use self::admin::AdminCommand;
use self::backup::{BackupArgs, RestoreArgs};
use self::bundle::BundleCommand;
use self::erase::EraseArgs;
use self::hub::{HubCommand, RevokeArgs};
use self::keys::KeysCommand;
use self::move_store::MoveArgs;
use self::serve::ServeArgs;
use crate::app::StartError;
use crate::config::Config;

/// The office of MPP Bergerak.
#[derive(Debug, Parser)]
#[command(name = "mpp", version, about = "Kantor MPP Bergerak: satu program, satu folder.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the office.
    Serve(ServeArgs),
    /// Accounts.
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Files that tablets wrote when there was no network.
    Bundle {
        #[command(subcommand)]
        command: BundleCommand,
    },
    /// The keys of this office: who it is and what it certified.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Hubs: the same program in the van.
    Hub {
        #[command(subcommand)]
        command: HubCommand,
    },
    /// Take a tablet or a hub out of service, by its id.
    Revoke(RevokeArgs),
    /// Erase what the law says must go: residents, visits, applications, by their ids. Also while the office runs.
    Erase(EraseArgs),
    /// Bring the database to this version.
    Migrate(FolderArgs),
    /// Drop the views and fold them again from the log.
    Rebuild(FolderArgs),
    /// Count and hash of the records, to compare two copies.
    Digest(FolderArgs),
    /// Write an encrypted backup now, also while the office runs.
    Backup(BackupArgs),
    /// Restore a backup into a new folder. Asks for the text of the envelope on standard input.
    Restore(RestoreArgs),
    /// Move everything to another storage and prove that nothing changed. Stop the office first.
    MigrateStore(MoveArgs),
}

#[derive(Debug, Args)]
struct FolderArgs {
    /// The folder with the database and the keys.
    #[arg(long, env = "MPP_DATA", default_value = "./data")]
    data: PathBuf,
    /// A `PostgreSQL` database instead of the one in the folder: <postgres://user:password@host/database>.
    #[arg(long, env = "MPP_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// The folder with the keys, when it is not the data folder. All processes on one database need the same keys.
    #[arg(long, env = "MPP_KEYS")]
    keys: Option<PathBuf>,
}

impl FolderArgs {
    fn config(self) -> Config {
        Config { database: self.database, keys: self.keys, ..Config::new(self.data) }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The folder or the server could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] mpp_store::StoreError),
    /// What was typed is not usable; says what would be.
    #[error("{0}")]
    Typed(String),
    /// A backup or a restore did not come to its end.
    #[error(transparent)]
    Backup(#[from] crate::backup::BackupError),
    /// The hub could not join.
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
    /// Reading or writing the terminal, or serving, failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// [`CliError`], to print.
    pub async fn run(self) -> Result<(), CliError> {
        match self.command {
            Command::Serve(args) => serve::serve(args.config()).await,
            Command::Admin { command } => admin::run(command).await,
            Command::Bundle { command } => bundle::run(command).await,
            Command::Keys { command } => keys::run(command).await,
            Command::Hub { command } => hub::run(command).await,
            Command::Revoke(args) => hub::revoke(args).await,
            Command::Erase(args) => erase::run(args).await,
            Command::Migrate(args) => tasks::migrate(args.config()).await,
            Command::Rebuild(args) => tasks::rebuild(args.config()).await,
            Command::Digest(args) => tasks::digest(args.config()).await,
            Command::Backup(args) => backup::run(args).await,
            Command::Restore(args) => backup::restore(args).await,
            Command::MigrateStore(args) => move_store::run(&args).await,
        }
    }
}

/// Prints a line for the person at the terminal.
fn say(line: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
