//! `mpp backup`, `mpp backup init`, `mpp restore`

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use age::x25519::Identity;
use clap::{Args, Subcommand};

use super::place::{PlaceArgs, S3Args};
use super::tasks::node;
use super::{CliError, FolderArgs, say};
use crate::backup::archive::digest_json;
use crate::backup::envelope::Envelope;
use crate::backup::place::Place;
use crate::backup::source::Found;
use crate::backup::{BackupError, RECIPIENT, restore as backups, run, seal};
use crate::calendar;
use crate::clock::SystemEnv;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupArgs {
    #[command(subcommand)]
    task: Option<BackupTask>,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, Subcommand)]
pub enum BackupTask {
    /// Make the recovery key and print the envelope's page, once.
    Init(BackupInitArgs),
}

#[derive(Debug, Args)]
pub struct BackupInitArgs {
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
pub struct RestoreArgs {
    /// The backup: a file, or a folder or <s3://bucket/prefix> with the newest one, or <s3://bucket/prefix/file>.
    #[arg(long)]
    from: String,
    /// The new folder; must not exist or be empty.
    #[arg(long, env = "MPP_DATA")]
    data: PathBuf,
    #[command(flatten)]
    s3: S3Args,
}

pub async fn run(args: BackupArgs) -> Result<(), CliError> {
    match args.task {
        Some(BackupTask::Init(args)) => init(args).await,
        None => backup(args.folder, args.place).await,
    }
}

async fn init(args: BackupInitArgs) -> Result<(), CliError> {
    let config = args.folder.config();
    let data = config.key_folder().to_owned();
    if data.join(RECIPIENT).exists() && !args.replace {
        return Err(BackupError::SetUp.into());
    }
    let node = node(config).await?;
    let recovery = Identity::generate();
    let envelope = Envelope {
        node: secret(&data, "node.key")?,
        nik: secret(&data, "nik.key")?,
        root: if data.join("root.key").exists() { Some(secret(&data, "root.key")?) } else { None },
        recovery,
    };
    let made = calendar::date(node.env.now(), calendar::zone_hours(""), 0);
    node.store.close().await;
    // The page first: a key that nobody could print must not be the one that backups are encrypted to.
    say(&envelope.page(&args.public_url, &calendar::in_words(&made)))?;
    seal::keep_recipient(&data, &envelope.recovery.to_public()).map_err(CliError::from)
}

fn secret(folder: &Path, name: &str) -> Result<[u8; 32], CliError> {
    let text = std::fs::read_to_string(folder.join(name))?;
    let bytes = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| CliError::Typed(format!("{name} tidak berisi kunci")))
}

async fn backup(folder: FolderArgs, to: PlaceArgs) -> Result<(), CliError> {
    let text = to.backup_to.ok_or_else(|| {
        CliError::Typed(
            "sebutkan tujuannya: mpp backup --to FOLDER atau s3://BUCKET/AWALAN (atau MPP_BACKUP_TO)"
                .to_owned(),
        )
    })?;
    let config = folder.config();
    let place = Place::read(&text, &to.s3.settings(), &config.data)?;
    let node = node(config.clone()).await?;
    let made = run::back_up(&node, &config, &place, to.backup_keep).await;
    node.store.close().await;
    let made = made?;
    say(&format!("Cadangan selesai dan sudah dibaca kembali: {}", made.file))?;
    let digest = digest_json(&made.digest);
    let bytes = made.bytes;
    Ok(say(&serde_json::json!({"file": made.file, "bytes": bytes, "digest": digest}).to_string())?)
}

pub async fn restore(args: RestoreArgs) -> Result<(), CliError> {
    if std::io::stdin().is_terminal() {
        say("Ketik atau tempel isi amplop pemulihan, lalu akhiri dengan Ctrl+D:")?;
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let envelope = Envelope::read(&text)?;
    let found = Found::find(&args.from, &args.s3.settings(), &args.data).await?;
    let restored = backups::restore(&found, &args.data, &envelope, Arc::new(SystemEnv)).await;
    found.discard()?;
    let restored = restored?;
    let made = calendar::in_words(&calendar::date(restored.made_at, calendar::zone_hours(""), 0));
    say(&format!("Dipulihkan dari cadangan tanggal {made} ({}) ke {}.", found.shown, args.data.display()))?;
    if restored.erased > 0 {
        say(&format!("{} data yang sudah dihapus sesudah cadangan itu dihapus lagi.", restored.erased))?;
    }
    say(
        "Jalankan `mpp serve` pada folder itu. Tablet mengirim ulang sendiri apa yang lebih baru; tidak ada yang \
         perlu diketik ulang. Semua orang masuk kembali dengan kata sandinya.",
    )?;
    let line = serde_json::json!({
        "log": restored.log,
        "position": restored.head.position,
        "count": restored.records.count,
        "sha256": restored.records.sha256,
    });
    Ok(say(&line.to_string())?)
}
