//! The command line of `mpp`: one binary, several tasks.

mod admin;
mod backup;
mod bundle;
mod hub;
mod keys;
mod move_store;
mod serve;
mod tasks;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Where to listen.
    #[arg(long, env = "MPP_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The address people type, for example <https://mpp.lahatkab.go.id>.
    #[arg(long, env = "MPP_PUBLIC_URL")]
    public_url: Option<String>,
    /// Code of the regency.
    #[arg(long, env = "MPP_REGENCY", default_value = "16.04")]
    regency: String,
    /// Folder with villages.csv and districts.csv of the regency.
    #[arg(long, env = "MPP_REGIONS")]
    regions: Option<PathBuf>,
    /// Catalogue file to publish at start.
    #[arg(long, env = "MPP_CATALOGUE")]
    catalogue: Option<PathBuf>,
    /// Number of the office for people to call, for example +62731321001.
    #[arg(long, env = "MPP_PHONE")]
    phone: Option<String>,
    /// The office's address: this node is then a hub of it. It has to have joined with `mpp hub enroll`.
    #[arg(long, env = "MPP_UPSTREAM")]
    upstream: Option<String>,
    /// Certificates (PEM) to believe beside the system's when speaking to the office.
    #[arg(long, env = "MPP_UPSTREAM_CA")]
    upstream_ca: Option<PathBuf>,
    /// Seconds between two contacts with the office when there is nothing new.
    #[arg(long, env = "MPP_UPSTREAM_EVERY", default_value_t = crate::config::UPSTREAM_EVERY)]
    upstream_every: u64,
    /// Speak HTTPS with these certificates (PEM), this node's first. Read again when the file changes.
    #[arg(long, env = "MPP_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key (PEM) of the certificate.
    #[arg(long, env = "MPP_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Fill the office with accounts, a catalogue and service days to try it out.
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    backup: PlaceArgs,
}

impl ServeArgs {
    fn config(self) -> Config {
        let phone = self.phone.or_else(|| self.demo.then(|| crate::demo::PHONE.to_owned()));
        Config {
            listen: self.listen,
            public_url: self.public_url,
            regency: self.regency,
            regions: self.regions,
            catalogue: self.catalogue,
            phone,
            demo: self.demo,
            backup_to: self.backup.backup_to,
            backup_keep: Some(self.backup.backup_keep),
            upstream: self.upstream,
            upstream_ca: self.upstream_ca,
            upstream_every: self.upstream_every,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            ..self.folder.config()
        }
    }
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    /// Take in files of tablets. Can be repeated: what is held already is not taken again.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct ImportArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// The files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct BackupArgs {
    #[command(subcommand)]
    task: Option<BackupTask>,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, Args)]
struct PlaceArgs {
    /// Where backups go, and every night's: a folder, best on another disk.
    #[arg(long = "backup-to", visible_alias = "to", env = "MPP_BACKUP_TO")]
    backup_to: Option<String>,
    /// How many good backups are kept.
    #[arg(long = "backup-keep", env = "MPP_BACKUP_KEEP", default_value_t = crate::backup::run::KEEP)]
    backup_keep: usize,
}

#[derive(Debug, Subcommand)]
enum BackupTask {
    /// Make the recovery key and print the envelope's page, once.
    Init(BackupInitArgs),
}

#[derive(Debug, Args)]
struct BackupInitArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// What the office is called on the page.
    #[arg(long, env = "MPP_PUBLIC_URL", default_value = "MPP Bergerak")]
    public_url: String,
    /// Make a new key although there is one: backups made so far still need the old envelope.
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
struct MoveArgs {
    /// A data folder, or <postgres://user:password@host/database>.
    #[arg(long)]
    from: String,
    /// The same; must be empty.
    #[arg(long)]
    to: String,
    /// The folder with the keys, for a database. A folder moved to gets copies of them.
    #[arg(long, env = "MPP_KEYS", default_value = "./data")]
    keys: PathBuf,
}

#[derive(Debug, Args)]
struct RestoreArgs {
    /// The backup.
    #[arg(long)]
    from: PathBuf,
    /// The new folder; must not exist or be empty.
    #[arg(long, env = "MPP_DATA")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Add an account. The password is generated and printed once, unless it comes on standard input.
    Add(AddArgs),
    /// Give an account a new password.
    Password(PasswordArgs),
}

#[derive(Debug, Subcommand)]
enum HubCommand {
    /// At the office: make a code that lets one hub join within a quarter of an hour.
    Code(HubCodeArgs),
    /// At the office: list the hubs.
    List(FolderArgs),
    /// In the van: make this folder a hub of an office.
    Enroll(EnrollArgs),
}

#[derive(Debug, Args)]
struct HubCodeArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// What people call the hub.
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
struct EnrollArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// The office's address.
    #[arg(long, env = "MPP_UPSTREAM")]
    upstream: String,
    /// Certificates (PEM) to believe beside the system's.
    #[arg(long, env = "MPP_UPSTREAM_CA")]
    upstream_ca: Option<PathBuf>,
    /// The code, as the office read it out.
    #[arg(long)]
    code: String,
}

#[derive(Debug, Args)]
struct RevokeArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// The id, as `mpp hub list` and the office's page of tablets show it.
    device: String,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Print the keys' fingerprints and every certificate.
    Show(FolderArgs),
    /// Give this node a new key, certified by the root key. Stop the server first.
    RotateNode(FolderArgs),
    /// Give the office a new root key. Tablets and hubs follow, unless the old one was lost. Stop the server first.
    RotateRoot(RotateRootArgs),
}

#[derive(Debug, Args)]
struct RotateRootArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// The old root key was lost or given away: begin anew. Every tablet is prepared again, every hub joins again.
    #[arg(long)]
    lost: bool,
}

#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Lowercase letters, digits, dots and dashes; never changed afterwards.
    username: String,
    /// The name people see.
    #[arg(long)]
    name: String,
    /// What the account may do.
    #[arg(long)]
    role: Role,
    /// Code of the person's agency.
    #[arg(long)]
    agency: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
struct PasswordArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Whose.
    username: String,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    Officer,
    Supervisor,
    Admin,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
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
            Command::Admin { command: AdminCommand::Add(args) } => admin::add(args).await,
            Command::Admin { command: AdminCommand::Password(args) } => admin::password(args).await,
            Command::Bundle { command: BundleCommand::Import(args) } => bundle::import(args).await,
            Command::Keys { command: KeysCommand::Show(args) } => keys::show(args.config()).await,
            Command::Keys { command: KeysCommand::RotateNode(args) } => {
                keys::rotate_node(args.config()).await
            }
            Command::Keys { command: KeysCommand::RotateRoot(args) } => {
                keys::rotate_root(args.folder.config(), args.lost).await
            }
            Command::Migrate(args) => tasks::migrate(args.config()).await,
            Command::Rebuild(args) => tasks::rebuild(args.config()).await,
            Command::Digest(args) => tasks::digest(args.config()).await,
            Command::Backup(BackupArgs { task: Some(BackupTask::Init(args)), .. }) => {
                backup::init(args).await
            }
            Command::Backup(args) => backup::backup(args).await,
            Command::MigrateStore(args) => move_store::run(&args).await,
            Command::Restore(args) => backup::restore(&args).await,
            Command::Hub { command: HubCommand::Code(args) } => hub::code(args).await,
            Command::Hub { command: HubCommand::List(args) } => hub::list(args.config()).await,
            Command::Hub { command: HubCommand::Enroll(args) } => hub::enroll(args).await,
            Command::Revoke(args) => hub::revoke(args).await,
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
