//! What the office holds, as one number: equal records give equal digests wherever they were folded.

use mpp_store::{Store, StoreError};
use mpp_sync::ids::{Kind, sha256};

/// Views read in one go.
const PAGE: i64 = 1_000;

/// Count and hash of the residents, visits and applications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// How many records.
    pub count: usize,
    /// SHA-256, as hex, over the sorted canonical JSON of the records, joined by newlines.
    pub sha256: String,
}

/// Reads the digest from the views.
///
/// # Errors
/// [`StoreError`].
pub async fn digest(store: &dyn Store) -> Result<Digest, StoreError> {
    let mut lines = Vec::new();
    for kind in [Kind::Resident, Kind::Visit, Kind::Application] {
        let mut after = None;
        loop {
            let page = store.views_after(i64::from(kind.number()), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.document);
            lines.extend(page.into_iter().map(|row| row.view));
        }
    }
    lines.sort_unstable();
    Ok(Digest { count: lines.len(), sha256: hex::encode(sha256(&[lines.join("\n").as_bytes()])) })
}
