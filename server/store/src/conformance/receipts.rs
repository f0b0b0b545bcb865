//! [`crate::Receipts`].

use super::samples::{chain, frame, hash, id};
use crate::{Append, FrameRow, Hash, OfficeReceiptRow, ReleaseRow, Store, StoreError};

fn said(session: u8, frames: i64, backed_up: i64) -> OfficeReceiptRow {
    let (session, receipt) = (id(session), vec![session; 10]);
    OfficeReceiptRow { session, way: [0; 32], frames, backed_up, receipt }
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

/// Of a session that went on in two ways there is a word on each.
pub async fn the_office_speaks_of_each_way_of_a_session(store: &dyn Store) -> Result<(), StoreError> {
    let of =
        |way: u8, frames: i64| OfficeReceiptRow { way: hash(way), receipt: vec![way], ..said(1, frames, 0) };
    store.put_office_receipts(&[said(1, 3, 0), of(7, 4), of(8, 2)]).await?;
    store.put_office_receipts(&[of(7, 3), of(8, 5)]).await?;
    assert_eq!(store.office_receipts(&[id(1)]).await?, vec![said(1, 3, 0), of(7, 4), of(8, 5)]);
    Ok(())
}

/// Without their bytes, in the order of the chain.
pub async fn hashes_of_frames_are_read_in_order(store: &dyn Store) -> Result<(), StoreError> {
    let frames: Vec<FrameRow> = (0..3).map(|number| frame(1, number)).collect();
    let hashes: Vec<Hash> = frames.iter().map(|frame| frame.hash).collect();
    store.append(&Append { chains: vec![chain(1, 3)], frames, ..Append::default() }).await?;
    assert_eq!(store.frame_hashes(id(1)).await?, hashes);
    assert!(store.frame_hashes(id(2)).await?.is_empty());
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
