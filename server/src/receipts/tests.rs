use std::sync::Arc;

use mpp_store::conformance::samples::{chain, frame, id};
use mpp_store::{Append, BackupRow};
use mpp_sync::exchange::ChainFrames;
use tempfile::TempDir;

use super::*;
use crate::app::open_store;
use crate::clock::SystemEnv;
use crate::config::Config;

const LOG: LogId = LogId([9; 16]);

async fn node() -> (TempDir, Arc<dyn Store>, NodeKey) {
    let folder = tempfile::tempdir().unwrap();
    let store = open_store(&Config::new(folder.path().to_path_buf())).await.unwrap();
    let key = NodeKey::open(folder.path(), &SystemEnv).unwrap();
    (folder, store, key)
}

/// As `samples` hashes them: frame n has the byte n, the chain's head that of its count.
fn own(frames: u8) -> Vec<ChainFrames> {
    let mut hashes: Vec<FrameHash> = (0..frames).map(|n| FrameHash([n; 32])).collect();
    if let Some(last) = hashes.last_mut() {
        *last = FrameHash([frames; 32]);
    }
    vec![ChainFrames { session: SessionId(id(1)), frames: hashes }]
}

#[tokio::test]
async fn a_receipt_says_what_is_held_and_what_a_good_backup_covers() {
    let (_folder, store, key) = node().await;
    let frames = (0..3).map(|number| frame(1, number)).collect();
    let batch = Append { chains: vec![chain(1, 3)], frames, ..Append::default() };
    store.append(&batch).await.unwrap();
    let said = receipts(store.as_ref(), &key, LOG, 1_000, &[id(1), id(7)]).await.unwrap();
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].chains[0].frames, said[0].chains[0].backed_up), (3, 0));
    assert_eq!(said[0].verify(&key.public(), &own(3)), Ok(()));

    store.begin_backup(1, 0).await.unwrap();
    let good = BackupRow { number: 1, started_at: 1, finished_at: Some(2), ..BackupRow::default() };
    store.finish_backup(&good, &[(id(1), 2)]).await.unwrap();
    let said = receipts(store.as_ref(), &key, LOG, 1_000, &[id(1)]).await.unwrap();
    assert_eq!((said[0].chains[0].frames, said[0].chains[0].backed_up), (3, 2));
    assert_eq!(said[0].verify(&key.public(), &own(3)), Ok(()));
}

#[tokio::test]
async fn a_hub_hands_the_word_of_the_office_on_as_it_is() {
    let (_folder, store, key) = node().await;
    let (_other, _, office) = node().await;
    let chain = |n: u8| ReceiptChain { session: SessionId(id(n)), frames: 1, backed_up: 0 };
    let heads = ReceiptHeads { head: FrameHash([1; 32]), backed_up: FrameHash::NONE };
    let word = Receipt::sign(office.signing(), LOG, 5, vec![(chain(1), heads), (chain(2), heads)]);
    keep_of_office(store.as_ref(), &word, &BTreeMap::new()).await.unwrap();
    let said = receipts(store.as_ref(), &key, LOG, 1_000, &[id(1), id(2)]).await.unwrap();
    assert_eq!(said, [word]);
}
