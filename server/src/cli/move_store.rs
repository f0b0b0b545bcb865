//! `mpp migrate-store`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{CliError, say};
use crate::app::open_store;
use crate::backup::RECIPIENT;
use crate::backup::archive::digest_json;
use crate::config::Config;
use crate::move_store::move_store;
use crate::node_key::write_secret;

#[derive(Debug, Args)]
pub struct MoveArgs {
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

/// Files that belong to the office wherever its data lies.
const KEYS: [&str; 4] = ["node.key", "nik.key", "root.key", RECIPIENT];

pub async fn run(args: &MoveArgs) -> Result<(), CliError> {
    let (from, to) = (place(&args.from, args), place(&args.to, args));
    if from.database.is_none() && !from.data.is_dir() {
        return Err(CliError::Typed(format!("folder {} tidak ada", args.from)));
    }
    if to.database.is_none() {
        fs::create_dir_all(&to.data)?;
    }
    let (source, target) = (open_store(&from).await?, open_store(&to).await?);
    let moved = move_store(source.as_ref(), target.as_ref()).await;
    source.close().await;
    target.close().await;
    let moved = moved.map_err(|error| CliError::Typed(error.to_string()))?;
    if to.database.is_none() {
        copy_keys(from.key_folder(), &to.data)?;
    }
    let line = serde_json::json!({
        "rows": digest_json(&moved.rows),
        "records": {"count": moved.records.count, "sha256": moved.records.sha256},
    });
    say(&line.to_string())?;
    say(
        "Semua baris dipindahkan dan terbukti sama. Jalankan mpp serve pada tujuan; simpan asalnya sampai cadangan \
         pertama dari tujuan selesai.",
    )?;
    Ok(())
}

fn place(text: &str, args: &MoveArgs) -> Config {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        Config { database: Some(text.to_owned()), ..Config::new(args.keys.clone()) }
    } else {
        Config::new(text.into())
    }
}

/// The same office has the same keys; what is there already is not replaced.
fn copy_keys(from: &Path, to: &Path) -> Result<(), CliError> {
    for name in KEYS {
        if from.join(name).exists() && !to.join(name).exists() {
            write_secret(&to.join(name), &fs::read_to_string(from.join(name))?)?;
        }
    }
    Ok(())
}
