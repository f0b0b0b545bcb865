//! What comes up beside frames: batches given back to a node that lost them, and steps of a repair.

use std::collections::BTreeSet;

use mpp_store::Store;
use mpp_sync::exchange::Offer;
use mpp_sync::ids::{DeviceId, Kind};
use mpp_sync::trust::{Certificate, CertificateRole};

use super::error::ApiError;
use crate::app::App;
use crate::ingest::Offered;

/// Takes a batch in if a node with a certificate signed it. Scopes that the caller may read itself are believed of
/// residents, whose day stands nowhere else; all other scopes follow from the changes.
///
/// # Errors
/// As the store and the ingest.
pub async fn take_back(app: &App, offer: Offer, allowed: &BTreeSet<String>) -> Result<(), ApiError> {
    let Some((public_key, by_office)) = signer(app, offer.node).await? else {
        tracing::warn!(code = "OFFER_SIGNER_UNKNOWN", node = %offer.node, "a batch of an unknown node was offered");
        return Ok(());
    };
    if !offer.signed_by(&public_key) {
        tracing::warn!(code = "OFFER_SIGNATURE", node = %offer.node, "a batch was not signed by its node");
        return Ok(());
    }
    let lists: Vec<Vec<String>> = (0..offer.entries.len())
        .map(|index| {
            let listed = offer.scopes_of(index).into_iter();
            listed
                .filter(|scope| scope.starts_with("day/") && allowed.contains(*scope))
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let entries = offer.entries.into_iter().zip(lists);
    let entries = entries.map(|(entry, scopes)| {
        let scopes = if entry.kind == Kind::Resident { scopes } else { Vec::new() };
        (entry, scopes)
    });
    Ok(app.ingest.give_back(Offered { by_office, entries: entries.collect() }).await?)
}

/// The key of a node, and whether it is an office: this one, or one whose certificate is held.
async fn signer(app: &App, node: DeviceId) -> Result<Option<(Vec<u8>, bool)>, ApiError> {
    if node == app.node.key.device() {
        return Ok(Some((app.node.key.public(), true)));
    }
    Ok(certified(app.store(), node).await?.map(|certificate| {
        let office = certificate.subject.role == CertificateRole::Office;
        (certificate.subject.public_key.to_vec(), office)
    }))
}

/// The certificate of a node; the store only takes those that the root key signed.
async fn certified(store: &dyn Store, node: DeviceId) -> Result<Option<Certificate>, ApiError> {
    let rows = store.certificates().await?;
    let row = rows.into_iter().find(|row| row.node == node.0);
    Ok(row.and_then(|row| Certificate::decode(&row.bytes).ok()))
}
