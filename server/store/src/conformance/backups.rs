//! [`crate::Backups`].

use super::samples::{chain, frame, hash, id};
use crate::{Append, BackupRow, Store, StoreError};

/// A good backup that holds the log up to `position`.
fn good(number: i64, position: i64) -> BackupRow {
    BackupRow {
        number,
        started_at: 100 * number,
        finished_at: Some(100 * number + 5),
        position: Some(position),
        bytes: Some(1_000),
        file: Some(format!("mpp-{number}.age")),
        error: None,
    }
}

async fn begin(store: &dyn Store, at: i64) -> Result<i64, StoreError> {
    Ok(store.begin_backup(at, at - 50).await?.unwrap_or_default())
}

/// Two processes never write one at the same time, and one that died keeps nobody out for ever.
pub async fn one_backup_runs_at_a_time(store: &dyn Store) -> Result<(), StoreError> {
    assert_eq!(store.begin_backup(100, 50).await?, Some(1));
    assert_eq!(store.begin_backup(110, 60).await?, None);
    assert_eq!(store.begin_backup(200, 150).await?, Some(2));
    store.finish_backup(&good(2, 7), &[]).await?;
    assert_eq!(store.begin_backup(210, 160).await?, Some(3));
    Ok(())
}

/// What failed is remembered and changes nothing else.
pub async fn a_failed_backup_covers_nothing(store: &dyn Store) -> Result<(), StoreError> {
    let batch = Append { chains: vec![chain(1, 1)], frames: vec![frame(1, 0)], ..Append::default() };
    store.append(&batch).await?;
    begin(store, 100).await?;
    let failed = BackupRow { error: Some("the disk is full".into()), ..good(1, 7) };
    store.finish_backup(&failed, &[(id(1), 1)]).await?;
    assert_eq!(store.last_good_backup().await?, None);
    assert_eq!(store.marks().await?, 0);
    assert_eq!(store.covered_chains(&[id(1)]).await?[0].backed_up, 0);
    assert_eq!(store.backups(10).await?, vec![failed]);
    Ok(())
}

/// And never fewer frames than before.
pub async fn a_good_backup_covers_the_chains_in_it(store: &dyn Store) -> Result<(), StoreError> {
    let batch = Append {
        chains: vec![chain(1, 3), chain(2, 1)],
        frames: vec![frame(1, 0), frame(1, 1), frame(1, 2), frame(2, 0)],
        ..Append::default()
    };
    store.append(&batch).await?;
    begin(store, 100).await?;
    store.finish_backup(&good(1, 7), &[(id(1), 2), (id(9), 4)]).await?;
    let found = store.covered_chains(&[id(1), id(2), id(9)]).await?;
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].frames, found[0].head), (3, hash(3)));
    assert_eq!((found[0].backed_up, found[0].backed_up_head), (2, hash(1)));
    assert_eq!((found[1].backed_up, found[1].backed_up_head), (0, [0; 32]));
    assert_eq!(store.covered_chains_of(id(200)).await?, found);
    assert_eq!(store.marks().await?, 1);
    begin(store, 200).await?;
    store.finish_backup(&good(2, 8), &[(id(1), 1), (id(2), 1)]).await?;
    let found = store.covered_chains(&[id(1), id(2)]).await?;
    assert_eq!((found[0].backed_up, found[1].backed_up), (2, 1));
    assert_eq!(store.marks().await?, 2);
    assert_eq!(store.last_good_backup().await?, Some(good(2, 8)));
    // A longer chain stays as far backed up as it was.
    store
        .append(&Append { chains: vec![chain(2, 2)], frames: vec![frame(2, 1)], ..Append::default() })
        .await?;
    assert_eq!(store.covered_chains(&[id(2)]).await?[0].backed_up, 1);
    Ok(())
}
