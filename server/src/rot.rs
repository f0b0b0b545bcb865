//! Rows that rotted on the disk. What a change is called says what its bytes have to be, so a flipped bit is noticed
//! whenever the row is read: nothing is served, judged or shown that is not what was written. The frame that brought a
//! change has it a second time, and puts the row right. What has rotted there too is left out, and named in the log; who
//! lacks it hears from the sums that something differs.

use mpp_store::{Hash, Id, LoggedChange, Mended, QuarantineRow, Store, StoreError};
use mpp_sync::document::is_whole;
use mpp_sync::frame::Frame;
use mpp_sync::ids::{ChangeHash, DocumentId};

/// A row that keeps a change.
pub trait KeepsChange: Send {
    /// What it is called.
    fn name(&self) -> (Id, Hash);
    /// Its bytes; none when it was erased.
    fn bytes(&mut self) -> &mut Vec<u8>;
    /// The session and the number of the frame that brought it.
    fn place(&self) -> (Id, i64);
}

impl KeepsChange for LoggedChange {
    fn name(&self) -> (Id, Hash) {
        (self.document, self.hash)
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn place(&self) -> (Id, i64) {
        (self.session, self.frame)
    }
}

impl KeepsChange for QuarantineRow {
    fn name(&self) -> (Id, Hash) {
        (self.document, self.hash)
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn place(&self) -> (Id, i64) {
        (self.session, self.frame)
    }
}

/// The changes of documents in the order of the log, as they were written.
///
/// # Errors
/// [`StoreError`].
pub async fn changes_of(store: &dyn Store, documents: &[Id]) -> Result<Vec<LoggedChange>, StoreError> {
    whole(store, store.changes_of(documents).await?).await
}

/// The rows as they were written: what rotted is put right, or left out.
///
/// # Errors
/// [`StoreError`].
pub async fn whole<R: KeepsChange>(store: &dyn Store, rows: Vec<R>) -> Result<Vec<R>, StoreError> {
    let mut kept = Vec::with_capacity(rows.len());
    let mut mended: Vec<Mended> = Vec::new();
    for mut row in rows {
        let (document, hash) = row.name();
        if row.bytes().is_empty() || is_whole(row.bytes(), &ChangeHash(hash)) {
            kept.push(row);
            continue;
        }
        let name = DocumentId(document);
        if let Some(bytes) = second_copy(store, &row).await? {
            tracing::warn!(code = "CHANGE_MENDED", document = %name, "a row had rotted and was put right");
            mended.push((document, hash, bytes.clone()));
            *row.bytes() = bytes;
            kept.push(row);
        } else {
            tracing::error!(code = "CHANGE_ROTTEN", document = %name, "a row has rotted and has no second copy");
        }
    }
    if !mended.is_empty() {
        store.mend(&mended).await?;
    }
    Ok(kept)
}

/// The bytes of a change in its frame, on the chain or on a branch. A frame's changes are named by what they are, so one
/// that is there is whole, whatever else of the frame is not.
async fn second_copy<R: KeepsChange>(store: &dyn Store, row: &R) -> Result<Option<Vec<u8>>, StoreError> {
    let (session, number) = row.place();
    let mut frames: Vec<Vec<u8>> = Vec::new();
    frames.extend(store.frame(session, number).await?.map(|frame| frame.bytes));
    frames.extend(store.branch_frames(&[session]).await?.into_iter().map(|frame| frame.bytes));
    let (document, hash) = row.name();
    let name = (&DocumentId(document), &ChangeHash(hash));
    let found = frames.iter().filter_map(|bytes| Frame::decode(bytes).ok()).find_map(|frame| {
        frame
            .entries()
            .find(|entry| entry.name() == name && !entry.is_erased())
            .map(|entry| entry.bytes.clone())
    });
    Ok(found)
}
