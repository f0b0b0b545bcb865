//! The link to the store breaks.

use mpp_tests::link::{Link, Shape};

use super::office::Office;
use super::store::Store;

/// An office whose link to the store can be cut, with some parts to send.
async fn far_away(store: &Store) -> (Link, Office) {
    let link = Link::open(store.port(), Shape::default()).unwrap();
    let office = Office::open(&link.url()).await;
    office.grow(17_000_000);
    (link, office)
}

/// Unplugs the link as soon as so many bytes have passed up and down.
fn unplug_after(link: &Link, up: u64, down: u64) -> std::thread::JoinHandle<()> {
    let (link, begun) = (link.clone(), link.passed());
    std::thread::spawn(move || {
        loop {
            let passed = link.passed().since(begun);
            if passed.up >= up && passed.down >= down {
                return link.unplug(true);
            }
            std::thread::yield_now();
        }
    })
}

#[tokio::test]
async fn a_part_that_was_cut_off_is_sent_again() {
    let store = Store::open();
    let (link, office) = far_away(&store).await;
    link.reshape(Shape::default().with_one_cut(8_000_000));
    let made = office.back_up(2).await.unwrap();
    assert_eq!(link.passed().cuts, 1);
    assert!(office.last_try().await.is_good());
    assert_eq!((store.objects().len(), store.dangling()), (1, vec![]));

    // Reading goes on where it was cut.
    link.reshape(Shape::default().with_one_cut(9_000_000));
    let before = link.passed();
    let (_, restored) = office.restore(&made.file).await.unwrap();
    assert_eq!(restored.records, office.digest().await);
    let passed = link.passed().since(before);
    assert_eq!(passed.cuts, 1);
    assert!(passed.down < made.bytes + 1_000_000, "{passed:?}");
}

#[tokio::test]
async fn a_link_that_lets_no_part_through_leaves_nothing_behind() {
    let store = Store::open();
    let (link, office) = far_away(&store).await;
    link.reshape(Shape::default().with_cuts(3, 2_000_000..4_000_000));
    let error = office.refused().await;
    assert!(error.ends_with("(S3_UNREACHABLE)"), "{error}");
    assert!(store.objects().is_empty() && store.dangling().is_empty(), "{:?}", store.dangling());
    assert!(!office.has_unverified());
}

#[tokio::test]
async fn an_upload_that_could_not_even_be_ended_is_ended_before_the_next_backup() {
    let store = Store::open();
    let (link, office) = far_away(&store).await;
    let unplugged = unplug_after(&link, 7_000_000, 0);
    let error = office.refused().await;
    unplugged.join().unwrap();
    assert!(error.ends_with("(S3_UNREACHABLE)"), "{error}");
    assert!(store.objects().is_empty(), "nothing looks like a backup");
    assert!(!store.dangling().is_empty() && office.has_unverified(), "known, and out of reach");

    link.unplug(false);
    office.back_up(2).await.unwrap();
    assert_eq!((store.objects().len(), store.dangling()), (1, vec![]));
    assert!(!office.has_unverified());
}

#[tokio::test]
async fn what_could_not_be_read_back_counts_as_no_backup_and_goes_before_the_next_one() {
    let store = Store::open();
    let (link, office) = far_away(&store).await;
    let unplugged = unplug_after(&link, 17_000_000, 3_000_000);
    let error = office.refused().await;
    unplugged.join().unwrap();
    assert!(error.ends_with("(S3_UNREACHABLE)"), "{error}");
    let unverified = store.objects();
    assert!(unverified.len() == 1 && office.has_unverified());
    assert!(office.app.store().last_good_backup().await.unwrap().is_none());

    link.unplug(false);
    let place = office.place();
    place.prepare().await.unwrap();
    assert!(store.objects().is_empty() && !office.has_unverified());
}
