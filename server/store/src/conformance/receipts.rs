//! [`crate::Receipts`].

use super::samples::id;
use crate::{OfficeReceiptRow, ReleaseRow, Store, StoreError};

fn said(session: u8, frames: i64, backed_up: i64) -> OfficeReceiptRow {
    OfficeReceiptRow { session: id(session), frames, backed_up, receipt: vec![session; 10] }
}

/// An older word of the office replaces no newer one.
pub async fn the_best_word_of_the_office_is_kept(store: &dyn Store) -> Result<(), StoreError> {
    store.put_office_receipts(&[said(1, 3, 1), said(2, 1, 0)]).await?;
    assert_eq!(store.marks().await?, 1);
    store.put_office_receipts(&[said(1, 2, 1), said(1, 3, 0), said(2, 1, 0)]).await?;
    assert_eq!(store.marks().await?, 1, "nothing new was said");
    assert_eq!(store.office_receipts(&[id(1), id(2), id(3)]).await?, vec![said(1, 3, 1), said(2, 1, 0)]);
    store.put_office_receipts(&[said(1, 3, 3)]).await?;
    assert_eq!(store.office_receipts(&[id(1)]).await?, vec![said(1, 3, 3)]);
    assert_eq!(store.marks().await?, 2);
    Ok(())
}

/// Who and why stays.
pub async fn a_release_is_remembered_with_its_reason(store: &dyn Store) -> Result<(), StoreError> {
    let release =
        |at: i64| ReleaseRow { device: id(3), at, username: "rina".into(), reason: "layar pecah".into() };
    store.release(&release(1)).await?;
    store.release(&release(2)).await?;
    assert_eq!(store.releases().await?, vec![release(2), release(1)]);
    assert_eq!(store.marks().await?, 2);
    Ok(())
}
