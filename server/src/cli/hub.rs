//! `mpp hub`, `mpp revoke`

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use mpp_store::RevocationRow;
use mpp_sync::ids::DeviceId;

use super::tasks::node;
use super::{CliError, FolderArgs, say};
use crate::app::StartError;
use crate::clock::SystemEnv;
use crate::config::Config;
use crate::hub;

#[derive(Debug, Subcommand)]
pub enum HubCommand {
    /// At the office: make a code that lets one hub join within a quarter of an hour.
    Code(HubCodeArgs),
    /// At the office: list the hubs.
    List(FolderArgs),
    /// In the van: make this folder a hub of an office.
    Enroll(EnrollArgs),
}

#[derive(Debug, Args)]
pub struct HubCodeArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// What people call the hub.
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
pub struct EnrollArgs {
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
pub struct RevokeArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// The id, as `mpp hub list` and the office's page of tablets show it.
    device: String,
}

/// In whose name the command line lets a hub join.
const COMMAND_LINE: &str = "mpp";

pub async fn run(command: HubCommand) -> Result<(), CliError> {
    match command {
        HubCommand::Code(args) => code(args).await,
        HubCommand::List(args) => list(args.config()).await,
        HubCommand::Enroll(args) => enroll(args).await,
    }
}

async fn code(args: HubCodeArgs) -> Result<(), CliError> {
    let node = node(args.folder.config()).await?;
    if node.trust.root_key().is_none() {
        return Err(StartError::NoRootKey.into());
    }
    let root = node.trust.known().root;
    let (row, code) = hub::new_code(node.env.as_ref(), &root, args.name.trim(), COMMAND_LINE)?;
    node.store.add_hub_code(&row, node.env.now()).await?;
    node.store.close().await;
    say(&format!("Kode untuk hub {}: {code}", row.name))?;
    say("Berlaku 15 menit, satu kali. Di laptop mobil: mpp hub enroll --upstream ALAMAT_KANTOR --code KODE")?;
    Ok(())
}

async fn list(config: Config) -> Result<(), CliError> {
    let node = node(config).await?;
    let revoked = node.store.revocations().await?;
    for hub in node.store.hubs().await? {
        let state = if revoked.iter().any(|row| row.device == hub.device) { "dicabut" } else { "aktif" };
        say(&format!("{}  {state:<8} {}", DeviceId(hub.device), hub.name))?;
    }
    node.store.close().await;
    Ok(())
}

async fn enroll(args: EnrollArgs) -> Result<(), CliError> {
    let config = args.folder.config();
    let ca = args.upstream_ca.as_deref();
    let name = hub::enroll(&config, Arc::new(SystemEnv), &args.upstream, ca, &args.code).await?;
    say(&format!("Folder ini sekarang hub {name}. Jalankan: mpp serve --upstream {}", args.upstream))?;
    Ok(())
}

pub async fn revoke(args: RevokeArgs) -> Result<(), CliError> {
    let device: DeviceId = args
        .device
        .parse()
        .map_err(|_| CliError::Typed("id perangkat terdiri dari 32 angka heksadesimal".to_owned()))?;
    let node = node(args.folder.config()).await?;
    let known = node.store.device(device.0).await?.is_some() || node.store.hub(device.0).await?.is_some();
    if !known || device == node.key.device() {
        return Err(CliError::Typed(format!("tidak ada tablet atau hub {device}")));
    }
    node.store.revoke(RevocationRow { device: device.0, at: node.env.now() }).await?;
    node.store.close().await;
    say(&format!("{device} dicabut. Hub dan tablet mengetahuinya saat tersambung berikutnya."))?;
    Ok(())
}
