//! `mpp erase`

use std::collections::BTreeSet;

use clap::Args;
use mpp_store::{ApplicationFilter, Store, StoreError};
use mpp_sync::ids::{DocumentId, Kind};
use mpp_sync::trust::Tombstone;

use super::place::S3Args;
use super::tasks::node;
use super::{CliError, FolderArgs, say};
use crate::app::Node;
use crate::backup::place::Place;
use crate::erasure::{self, Order};

/// Bytes of a reason.
const REASON_MAX: usize = 200;
/// Applications of one resident at most.
const RECORDS_MAX: i64 = 1_000;

#[derive(Debug, Args)]
pub struct EraseArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Username of who decided.
    #[arg(long)]
    by: String,
    /// Why, for example the number of the request. It is kept for ever and sent to tablets: no names, no numbers of cards.
    #[arg(long)]
    reason: String,
    /// With a resident also the applications and visits that name the resident.
    #[arg(long)]
    with_records: bool,
    /// Where the backups lie: a restore must not bring back what is erased.
    #[arg(long = "backup-to", env = "MPP_BACKUP_TO")]
    backup_to: Option<String>,
    #[command(flatten)]
    s3: S3Args,
    /// Do it. Without this, only say what would be erased.
    #[arg(long)]
    yes: bool,
    /// The ids of the documents, as the record's address shows them.
    #[arg(required = true)]
    documents: Vec<String>,
}

pub async fn run(args: EraseArgs) -> Result<(), CliError> {
    let reason = args.reason.trim().to_owned();
    if reason.is_empty() || reason.len() > REASON_MAX {
        return Err(CliError::Typed(format!("alasan harus 1 sampai {REASON_MAX} huruf")));
    }
    let config = args.folder.config();
    let settings = args.s3.settings();
    let place = args.backup_to.map(|text| Place::read(&text, &settings, &config.data)).transpose()?;
    let node = node(config).await?;
    let order = Order { by: args.by, reason, at: node.env.now() };
    let wanted = Wanted { documents: args.documents, with_records: args.with_records, yes: args.yes };
    let erased = erase(&node, &order, wanted, place.as_ref()).await;
    node.store.close().await;
    erased
}

struct Wanted {
    documents: Vec<String>,
    with_records: bool,
    yes: bool,
}

async fn erase(node: &Node, order: &Order, wanted: Wanted, beside: Option<&Place>) -> Result<(), CliError> {
    if node.trust.is_hub() {
        return Err(CliError::Typed("hanya kantor yang menghapus; hub mengikutinya".to_owned()));
    }
    if node.store.account(&order.by).await?.is_none() {
        return Err(CliError::Typed(format!("tidak ada akun {}", order.by)));
    }
    node.projector().catch_up().await?;
    let mut documents = BTreeSet::new();
    for text in &wanted.documents {
        let id: DocumentId = text
            .parse()
            .map_err(|_| CliError::Typed("id dokumen terdiri dari 32 angka heksadesimal".to_owned()))?;
        documents.insert(id);
        if wanted.with_records {
            documents.extend(records_of(node.store.as_ref(), id).await?);
        }
    }
    for document in documents {
        one(node, order, document, wanted.yes, beside).await?;
    }
    if !wanted.yes {
        return Ok(say("Belum ada yang dihapus. Ulangi dengan --yes untuk menghapusnya.")?);
    }
    node.projector().catch_up().await?;
    say("Tablet dan hub ikut menghapusnya saat tersambung berikutnya.")?;
    if beside.is_none() {
        say(
            "Cadangan lama masih memuatnya sampai tergantikan. Sebutkan --backup-to agar pemulihan pun menghapusnya.",
        )?;
    }
    Ok(())
}

/// Erases one document, or says that it would.
async fn one(
    node: &Node,
    order: &Order,
    document: DocumentId,
    yes: bool,
    beside: Option<&Place>,
) -> Result<(), CliError> {
    let store = node.store.as_ref();
    let Some(holding) = erasure::holding(store, document).await? else {
        if yes {
            note_again(store, document, beside).await?;
        }
        return Ok(say(&format!("{document}  tidak ada, atau sudah dihapus"))?);
    };
    let word = word(holding.kind).ok_or_else(|| {
        CliError::Typed(format!("{document} bukan data orang: hanya penduduk, kunjungan dan permohonan"))
    })?;
    if yes
        && let Some(tombstone) = erasure::erase(store, node.key.signing(), document, order).await?
        && let Some(place) = beside
    {
        note(place, &tombstone).await?;
    }
    let done = if yes { "dihapus" } else { "akan dihapus" };
    Ok(say(&format!("{document}  {word}, {} perubahan: {done}", holding.changes))?)
}

/// What was erased before may not stand beside the backups yet: the place could not be reached then.
async fn note_again(store: &dyn Store, document: DocumentId, beside: Option<&Place>) -> Result<(), CliError> {
    let Some(place) = beside else { return Ok(()) };
    for kept in store.tombstones(&[document.0]).await? {
        let tombstone = Tombstone::decode(&kept.bytes).map_err(|_| StoreError::Corrupt("tombstone"))?;
        note(place, &tombstone).await?;
    }
    Ok(())
}

async fn note(place: &Place, tombstone: &Tombstone) -> Result<(), CliError> {
    place.note(tombstone).await.map_err(|error| {
        let document = tombstone.erased.document;
        CliError::Typed(format!(
            "{document} sudah dihapus di kantor, tetapi belum tercatat di samping cadangan: {error}. \
             Jalankan perintah yang sama sekali lagi."
        ))
    })
}

/// The applications that name a resident, and their visits.
async fn records_of(store: &dyn Store, resident: DocumentId) -> Result<Vec<DocumentId>, CliError> {
    let filter = ApplicationFilter {
        residents: Some(vec![resident.0]),
        limit: RECORDS_MAX,
        ..ApplicationFilter::default()
    };
    let found = store.applications(&filter).await?;
    let applications = found.rows.iter().map(|listed| &listed.row);
    let named = applications.flat_map(|row| [Some(row.document), row.visit]);
    Ok(named.flatten().map(DocumentId).collect())
}

/// What people call it; none for what is nobody's data.
fn word(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Resident => Some("penduduk"),
        Kind::Visit => Some("kunjungan"),
        Kind::Application => Some("permohonan"),
        Kind::Unknown(_) => Some("jenis lain"),
        Kind::ServiceDay | Kind::Catalogue => None,
    }
}
