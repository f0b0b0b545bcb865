//! Now and then a hub compares all its chains with the office's: an office that lost frames without anybody knowing gets
//! them again.

use mpp_store::RelayedRow;
use mpp_sync::exchange::chains::{Compared, FoldsAsked, FoldsDiffer};
use mpp_sync::exchange::{BodyReader, Hello, PROTOCOL, ResponseRecord, decode_record, encode_comparison};
use mpp_sync::ids::LogId;

use super::HubError;
use super::client::{OfficeClient, unreachable};
use super::round::Round;
use crate::chains;

/// Seconds between two comparisons. Nothing differs nearly always; then a month of chains costs ten bytes.
const EVERY: i64 = 86_400;

/// What earlier comparisons with a log found.
#[derive(Debug, Default)]
pub(super) struct Known {
    log: Option<LogId>,
    at: i64,
    compared: Compared,
}

impl Round {
    /// Compares when it is due: with a log that was not compared with since this hub started, and once a day.
    pub(super) async fn compare_when_due(&mut self) -> Result<(), HubError> {
        let Some(log) = self.pulled().await?.log else { return Ok(()) };
        let now = self.app.env().now();
        if self.known.log == Some(log) && now < self.known.at + EVERY {
            return Ok(());
        }
        if self.known.log != Some(log) {
            self.known.compared = Compared::default();
        }
        let hello = Hello {
            device: self.app.node.key.device(),
            day: None,
            chains: Vec::new(),
            pull: None,
            protocol: PROTOCOL,
            flags: 0,
            marks: 0,
        };
        let (app, client) = (self.app.clone(), &self.client);
        let lacking = chains::compare(app.store(), &mut self.known.compared, |asked: FoldsAsked| {
            let body = encode_comparison(&hello, &asked);
            folds(client, body)
        })
        .await?;
        // What was said of other chains stays as it is: a comparison that was cut short proves nothing about them.
        let rows = lacking.send.iter().map(|send| RelayedRow {
            session: send.session.0,
            log: log.0,
            frames: i64::try_from(send.from).unwrap_or(i64::MAX),
            branches: Vec::new(),
        });
        let rows: Vec<RelayedRow> = rows.collect();
        if !rows.is_empty() {
            tracing::warn!(code = "OFFICE_LACKS_FRAMES", chains = rows.len(), "sent again");
            app.store().set_relayed(&rows).await?;
        }
        self.known.log = Some(log);
        self.known.at = now;
        Ok(())
    }
}

/// Asks the office. One that does not know the question says nothing, as if nothing differed.
async fn folds(client: &OfficeClient, body: Vec<u8>) -> Result<FoldsDiffer, HubError> {
    let mut answer = client.exchange(body).await?;
    let mut reader = BodyReader::default();
    let mut differ = FoldsDiffer::default();
    while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
        for (kind, payload) in reader.push(&piece)? {
            if let Some(ResponseRecord::Folds(folds)) = decode_record(kind, &payload)? {
                differ = folds;
            }
        }
    }
    Ok(differ)
}
