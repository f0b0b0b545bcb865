//! The suite of `mpp-store` on a fresh file each, and what only a file can show.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use mpp_store::{Append, ChangeLog as _, Node as _, StoreError, conformance::samples};
use mpp_store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;

async fn fresh() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("mpp.sqlite"), Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    (folder, store)
}

mod suite {
    mpp_store::conformance_suite!(crate::fresh);
}

#[tokio::test]
async fn a_full_disk_refuses_the_batch_and_works_again_after_room_was_made() {
    let (_folder, store) = fresh().await;
    store.set_max_pages(store.pages().await.unwrap()).await.unwrap();
    let mut change = samples::change(7, 1, &["everyone"]);
    change.bytes = vec![1; 1_000_000];
    let batch = Append {
        chains: vec![samples::chain(1, 1)],
        frames: vec![samples::frame(1, 0)],
        ..samples::accepted(vec![change])
    };
    assert!(matches!(store.append(&batch).await, Err(StoreError::Full)));
    assert_eq!(store.head().await.unwrap().position, 0);
    assert!(store.chains(&[samples::id(1)]).await.unwrap().is_empty());
    store.set_max_pages(100_000).await.unwrap();
    assert_eq!(store.append(&batch).await.unwrap().position, 1);
}

#[tokio::test]
async fn what_was_appended_is_there_after_the_file_is_opened_again() {
    let (folder, store) = fresh().await;
    store.append(&samples::accepted(vec![samples::change(7, 1, &["everyone"])])).await.unwrap();
    store.close().await;
    let again = SqliteStore::open(&folder.path().join("mpp.sqlite"), Options::default()).await.unwrap();
    again.migrate().await.unwrap();
    assert_eq!(again.head().await.unwrap().position, 1);
}

#[test]
fn both_folders_of_migrations_have_the_same_files_and_each_says_why() {
    let names = |backend: &str| {
        let folder = format!("{}/../../migrations/{backend}", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| {
                let file = file.unwrap();
                let text = std::fs::read_to_string(file.path()).unwrap();
                assert!(text.starts_with("-- Why:"), "{:?}", file.path());
                file.file_name().into_string().unwrap()
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}
