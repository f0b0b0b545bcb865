//! There and back.

use mpp_server::backup::TOMBSTONES;
use mpp_server::erasure::{self, Order};
use mpp_server::review::published::views_of;
use mpp_sync::ids::Kind;

use super::office::{Office, PART, PLACE};
use super::store::{BUCKET, Store};

fn object_of(file: &str) -> String {
    file.strip_prefix(&format!("s3://{BUCKET}/")).unwrap().to_owned()
}

#[tokio::test]
async fn the_newest_backup_of_a_bucket_is_restored_and_holds_the_same() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let made = office.back_up(2).await.unwrap();
    assert_eq!(store.objects(), [object_of(&made.file)]);
    assert!(office.last_try().await.is_good() && !office.has_unverified());
    store.put("lahat/mpp-20250101T170000Z-1.backup.age", b"older");
    let (data, restored) = office.restore(PLACE).await.unwrap();
    assert_eq!((restored.records, restored.head), (office.digest().await, made.digest.head));
    assert!(data.join("mpp.sqlite").exists());
    let mut beside: Vec<_> =
        std::fs::read_dir(office.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    beside.sort();
    assert_eq!(beside, ["baru", "data", "kunci"], "what was fetched is gone");
}

#[tokio::test]
async fn a_large_backup_goes_in_parts_and_comes_back_whole() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let noise = office.grow(17_000_000);
    let made = office.back_up(2).await.unwrap();
    assert!(made.bytes > 3 * PART, "{} bytes are several parts", made.bytes);
    assert_eq!(store.largest(), PART, "never more than one part at a time");
    assert_eq!((store.objects(), store.dangling()), (vec![object_of(&made.file)], vec![]));
    let (data, restored) = office.restore(&made.file).await.unwrap();
    assert_eq!(restored.records, office.digest().await);
    assert!(std::fs::read(data.join(TOMBSTONES)).unwrap() == noise);
}

#[tokio::test]
async fn only_the_oldest_of_our_own_objects_are_removed() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let old: Vec<String> =
        (1..=4).map(|day| format!("lahat/mpp-2025010{day}T170000Z-7.backup.age")).collect();
    for object in &old {
        store.put(object, b"x");
    }
    let mut others: Vec<String> =
        ["lahat2/mpp-20250101T170000Z-7.backup.age", "mpp-20250101T170000Z-7.backup.age"]
            .into_iter()
            .chain([
                "lahat/arsip/mpp-20250101T170000Z-7.backup.age",
                "lahat/mpp-tombstones.txt",
                "lahat/foto.jpg",
            ])
            .map(str::to_owned)
            .collect();
    // More than one page of the list, and before the backups in it.
    others.extend((0..1100).map(|number| format!("lahat/mpp-0{number:04}.txt")));
    for object in &others {
        store.put(object, b"x");
    }
    let made = office.back_up(2).await.unwrap();
    let mut left = others;
    left.extend([old[3].clone(), object_of(&made.file)]);
    left.sort();
    assert_eq!(store.objects(), left);
}

#[tokio::test]
async fn what_was_erased_after_a_backup_is_erased_again_when_it_is_restored_from_a_bucket() {
    let store = Store::open();
    let office = Office::at(&store).await;
    office.back_up(2).await.unwrap();
    let views = views_of(office.app.store(), Kind::ServiceDay).await.unwrap();
    let document = views[0]["id"].as_str().unwrap().parse().unwrap();
    let order = Order { by: "sari".into(), reason: "Permintaan 12/PDP/2026".into(), at: 1_795_352_400 };
    let key = office.app.node.key.signing();
    let tombstone = erasure::erase(office.app.store(), key, document, &order).await.unwrap().unwrap();
    let place = office.place();
    place.note(&tombstone).await.unwrap();
    place.note(&tombstone).await.unwrap();
    assert_eq!(place.notes().await.unwrap().len(), 1, "twice is once");
    let (_, restored) = office.restore(PLACE).await.unwrap();
    assert_eq!(restored.erased, 1);
}

#[tokio::test]
async fn an_empty_bucket_and_an_unknown_file_have_nothing_to_restore() {
    let store = Store::open();
    let office = Office::at(&store).await;
    let none = office.restore(PLACE).await.unwrap_err().to_string();
    assert_eq!(none, "tidak ada cadangan di s3://cadangan/lahat/");
    let missing = office.restore(&format!("{PLACE}/mpp-20250101T170000Z-1.backup.age")).await.unwrap_err();
    assert!(missing.to_string().contains("(S3_NO_OBJECT)"), "{missing}");
    assert!(!office.folder.path().join("baru.unduhan").exists());
}
