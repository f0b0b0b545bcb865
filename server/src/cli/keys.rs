//! `mpp keys`

use clap::{Args, Subcommand};
use mpp_sync::ids::DeviceId;
use mpp_sync::trust::Certificate;

use super::tasks::node;
use super::{CliError, FolderArgs, say};
use crate::app::Node;
use crate::calendar;
use crate::clock::SystemEnv;
use crate::config::Config;
use crate::trust::{
    certificates, fingerprint, lose_root, rotate_node as rotate, rotate_root as rotate_to_new,
};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Print the keys' fingerprints and every certificate.
    Show(FolderArgs),
    /// Give this node a new key, certified by the root key. Stop the server first.
    RotateNode(FolderArgs),
    /// Give the office a new root key. Tablets and hubs follow, unless the old one was lost. Stop the server first.
    RotateRoot(RotateRootArgs),
}

#[derive(Debug, Args)]
pub struct RotateRootArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// The old root key was lost or given away: begin anew. Every tablet is prepared again, every hub joins again.
    #[arg(long)]
    lost: bool,
}

pub async fn run(command: KeysCommand) -> Result<(), CliError> {
    match command {
        KeysCommand::Show(args) => show(args.config()).await,
        KeysCommand::RotateNode(args) => rotate_node(args.config()).await,
        KeysCommand::RotateRoot(args) => rotate_root(args.folder.config(), args.lost).await,
    }
}

async fn show(config: Config) -> Result<(), CliError> {
    let node = node(config).await?;
    let known = node.trust.known();
    let place = if node.trust.root_key().is_some() { "ada di folder ini" } else { "tidak di folder ini" };
    say(&format!("Simpul      {}", node.key.device()))?;
    say(&format!("Kunci akar  {} ({place})", fingerprint(&known.root)))?;
    for certificate in certificates(node.store.as_ref()).await? {
        say(&line(&certificate))?;
    }
    node.store.close().await;
    Ok(())
}

async fn rotate_node(config: Config) -> Result<(), CliError> {
    let data = config.key_folder().to_path_buf();
    let node = stopped(config).await?;
    let certificate = rotate(&data, node.store.as_ref(), &SystemEnv).await?;
    node.store.close().await;
    say(&line(&certificate))?;
    say("Simpul ini memakai kunci baru. Jalankan lagi server; tablet dan hub mengikuti sendiri.")?;
    Ok(())
}

async fn rotate_root(config: Config, lost: bool) -> Result<(), CliError> {
    let data = config.key_folder().to_path_buf();
    let node = stopped(config).await?;
    if lost {
        let root = lose_root(&data, node.store.as_ref(), &SystemEnv).await?;
        say(&format!(
            "Kunci akar baru {}. Siapkan lagi setiap tablet dan daftarkan lagi setiap hub.",
            fingerprint(&root)
        ))?;
    } else {
        let successor = rotate_to_new(&data, node.store.as_ref(), &SystemEnv).await?;
        let root = fingerprint(&successor.subject.public_key);
        say(&format!("Kunci akar baru {root}, dijamin kunci lama: tablet dan hub mengikuti sendiri."))?;
    }
    node.store.close().await;
    Ok(())
}

/// Opens the folder of an office; a hub has no root key to change.
async fn stopped(config: Config) -> Result<Node, CliError> {
    let node = node(config).await?;
    if node.trust.is_hub() {
        return Err(CliError::Typed("folder ini milik hub; kunci diganti di kantor".to_owned()));
    }
    Ok(node)
}

fn line(certificate: &Certificate) -> String {
    let subject = &certificate.subject;
    let date = |unix: u64| calendar::date(i64::try_from(unix).unwrap_or(i64::MAX / 2), 7, 0);
    let end = if subject.not_after == 0 { "tanpa akhir".to_owned() } else { date(subject.not_after) };
    format!(
        "#{:<4} {:<7} {}  {} s.d. {end}  {}",
        subject.serial,
        subject.role.word(),
        DeviceId::of_key(&subject.public_key),
        date(subject.not_before),
        subject.name
    )
}
