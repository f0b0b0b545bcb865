//! A tablet's storage that lost a stretch of what it had received: what finding it costs, beside what is fetched.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use mpp_sync::document::{contents_of, time_of};
use mpp_sync::save::Entry;
use mpp_tests::office::Office;
use mpp_tests::tablet::journal::{Journal, records_from};
use mpp_tests::tablet::record::Record;

use crate::rows::Row;
use crate::world::{Held, mark, sync};

/// Changes that are lost, one after the other as they came.
const LOST: usize = 1_000;

/// Takes them out of the journal, starts the app anew and has it repaired.
pub async fn repaired(held: Held, office: &Office, documents: usize) -> io::Result<(Held, Row)> {
    let journal = held.tablet.folder().join("journal");
    let mut held = held.start_again_after(office, || lose(&journal)).await?;
    let lost = held.tablet.lost();
    let from = mark(&held.tablet)?;
    let cost = sync(&mut held.tablet, from).await?;
    let reconciliation = cost.bytes().saturating_sub(cost.received.deflated);
    let trips = cost.synced.round_trips;
    let fetched = cost.received.changes;
    let result = format!(
        "{reconciliation} B of reconciliation, {trips} trips; {fetched} changes fetched of {lost} lost ({} B in all), agreed: {}",
        cost.bytes(),
        if cost.synced.agreed { "yes" } else { "no" }
    );
    let name = format!("{LOST} contiguous changes missing among those of {documents} documents");
    let met = reconciliation <= 20 * 1024 && trips <= 3 && cost.synced.agreed;
    Ok((held, Row::new(&name, "≤ 20 KB of reconciliation, ≤ 3 trips", result, met)))
}

/// Those that were written one after the other, from the middle on: what a stretch of a store is. Made ones repeat the
/// times of one day, so that they do not come in the order they were written in.
fn lose(journal: &Path) -> io::Result<()> {
    let mut records = records_from(journal, 0).map_err(io::Error::other)?;
    let written = |entry: &Entry| (contents_of(&entry.bytes).map(time_of), entry.document, entry.hash);
    let mut order: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Received { entries, .. } => Some(entries.iter().map(written)),
            _ => None,
        })
        .flatten()
        .collect();
    order.sort_unstable();
    let gone: BTreeSet<_> = order.iter().skip(order.len() / 2).take(LOST).copied().collect();
    for record in &mut records {
        if let Record::Received { entries, .. } = record {
            entries.retain(|entry| !gone.contains(&written(entry)));
        }
    }
    let beside = journal.with_extension("new");
    let written = Journal::open(&beside).and_then(|mut opened| opened.journal.append(&records));
    written.map_err(io::Error::other)?;
    std::fs::rename(&beside, journal)
}
