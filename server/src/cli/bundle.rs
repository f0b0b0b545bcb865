//! `mpp bundle import`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use mpp_sync::limits::BUNDLE_CHARS_MAX;

use super::{CliError, FolderArgs, say};
use crate::app::App;
use crate::bundle::{self, ImportError, Imported};
use crate::clock::SystemEnv;

#[derive(Debug, Subcommand)]
pub enum BundleCommand {
    /// Take in files of tablets. Can be repeated: what is held already is not taken again.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// The files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub async fn run(command: BundleCommand) -> Result<(), CliError> {
    match command {
        BundleCommand::Import(args) => import(args).await,
    }
}

/// Takes every file that is whole, says of each what became of it, and fails at the end when one was refused.
async fn import(args: ImportArgs) -> Result<(), CliError> {
    let app = App::start(args.folder.config(), Arc::new(SystemEnv)).await?;
    let mut failed = 0;
    for file in &args.files {
        let line = match take(&app, file).await {
            Ok(imported) => in_words(&imported),
            Err(sentence) => {
                failed += 1;
                sentence
            }
        };
        say(&format!("{}: {line}", file.display()))?;
    }
    let head = app.store().head().await?;
    app.projection.reach(head.position).await;
    app.store().close().await;
    if failed > 0 {
        return Err(CliError::Typed(format!("{failed} berkas tidak diambil.")));
    }
    Ok(())
}

async fn take(app: &App, file: &Path) -> Result<Imported, String> {
    let unreadable = |error: std::io::Error| format!("berkas tidak dapat dibaca: {error}");
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    let fits = usize::try_from(length).is_ok_and(|length| length <= BUNDLE_CHARS_MAX);
    let bytes = if fits { std::fs::read(file).map_err(unreadable)? } else { Vec::new() };
    let imported = bundle::import(app, &String::from_utf8_lossy(&bytes)).await;
    imported.map_err(|error: ImportError| error.sentence().to_owned())
}

fn in_words(imported: &Imported) -> String {
    let label = imported.label.as_ref().map_or(String::new(), |label| format!(" {label}"));
    let mut words = vec![format!(
        "Tablet{label} ({}): {} dari {} perubahan baru disimpan",
        imported.device.name, imported.new, imported.changes
    )];
    if imported.held > 0 {
        words.push(format!("{} ditahan", imported.held));
    }
    if !imported.refused.is_empty() {
        words.push(format!("{} kiriman ditolak ({})", imported.refused.len(), imported.refused.join(", ")));
    }
    words.join(", ")
}
