//! A tablet's storage that lost a stretch of what it had received: what finding it costs, beside what is fetched.

use std::io;

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

/// From the middle on.
fn lose(journal: &std::path::Path) -> io::Result<()> {
    let mut records = records_from(journal, 0).map_err(io::Error::other)?;
    let middle = records.len() / 2;
    let mut left = LOST;
    for record in &mut records[middle..] {
        if let Record::Received { entries, .. } = record {
            let gone = left.min(entries.len());
            entries.drain(..gone);
            left -= gone;
        }
    }
    let beside = journal.with_extension("new");
    let written = Journal::open(&beside).and_then(|mut opened| opened.journal.append(&records));
    written.map_err(io::Error::other)?;
    std::fs::rename(&beside, journal)
}
