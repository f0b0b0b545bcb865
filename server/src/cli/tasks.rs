//! `mpp migrate`, `mpp rebuild`, `mpp digest`

use std::sync::Arc;

use mpp_sync::ids::Kind;

use super::{CliError, say};
use crate::app::Node;
use crate::clock::SystemEnv;
use crate::config::Config;
use crate::digest;

/// Opens the folder, which also runs the migrations.
pub async fn node(config: Config) -> Result<Node, CliError> {
    Ok(Node::open(&config, Arc::new(SystemEnv)).await?)
}

pub async fn migrate(config: Config) -> Result<(), CliError> {
    let node = node(config).await?;
    say("Basis data sudah sesuai dengan versi ini.")?;
    node.store.close().await;
    Ok(())
}

pub async fn rebuild(config: Config) -> Result<(), CliError> {
    let node = node(config).await?;
    let position = node.projector().rebuild().await?;
    let mut counts = Vec::new();
    for (kind, word) in [
        (Kind::Resident, "penduduk"),
        (Kind::Visit, "kunjungan"),
        (Kind::Application, "permohonan"),
        (Kind::ServiceDay, "hari layanan"),
        (Kind::Catalogue, "katalog"),
    ] {
        let views = crate::review::published::views_of(node.store.as_ref(), kind).await?;
        counts.push(format!("{} {word}", views.len()));
    }
    say(&format!("{position} perubahan dibaca ulang: {}", counts.join(", ")))?;
    let differing = node.store.sum_again().await?;
    if !differing.is_empty() {
        say(&format!("Jumlah kendali {} cakupan salah dan sudah dihitung ulang.", differing.len()))?;
    }
    node.store.close().await;
    Ok(())
}

pub async fn digest(config: Config) -> Result<(), CliError> {
    let node = node(config).await?;
    node.projector().catch_up().await?;
    let digest = digest::digest(node.store.as_ref()).await?;
    say(&serde_json::json!({ "count": digest.count, "sha256": digest.sha256 }).to_string())?;
    node.store.close().await;
    Ok(())
}
