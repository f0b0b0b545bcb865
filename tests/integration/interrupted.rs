//! Uploads that are cut, and frames that come twice.

use std::time::Duration;

use mpp_sync::exchange::encode_request;
use mpp_tests::cable::{Cable, Direction};
use mpp_tests::operations::{Operation, parse};
use mpp_tests::tablet::Tablet;
use mpp_tests::tablet::digest::{digest, records};

use crate::support::{PATIENCE, World, operations_of};

fn operations(count: usize) -> Vec<Operation> {
    parse(&operations_of("tablet-1", count).join("\n")).unwrap()
}

fn frames_of(tablet: &Tablet) -> Vec<Vec<u8>> {
    tablet
        .state()
        .sessions()
        .iter()
        .flat_map(|session| &session.frames)
        .map(|frame| frame.bytes.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_upload_goes_on_without_the_frames_that_were_confirmed() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut tablet = world.open_tablet("tablet-1", &cable.url());
    tablet.prepare().await.unwrap();
    tablet.apply(&operations(200)).unwrap();
    tablet.cut_frames().unwrap();
    let cut = frames_of(&tablet).len();
    assert!(cut > 6, "{cut} frames");
    // Far enough that whole frames are through, and not so far that all of them are.
    cable.cut_after(Direction::Up, 30_000, || {});
    let synced = tablet.sync(Duration::from_millis(PATIENCE)).await;
    assert!(synced.ok && synced.failures >= 1, "{synced:?}");
    assert!(!cable.is_armed());
    // What was whole before the cut is not among the frames of the exchanges that came to their end.
    assert!(synced.frames_sent < cut, "{synced:?}");
    assert_eq!(synced.frames_confirmed, cut as u64);
    assert_eq!(frames_of(&tablet).len(), cut, "no frame was cut again");
    assert_eq!(world.office_digest().count, digest(&records(tablet.state())).count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_sent_twice_is_confirmed_twice_and_stored_once() {
    let world = World::open();
    let url = world.url();
    let mut tablet = world.open_tablet("tablet-1", &url);
    tablet.prepare().await.unwrap();
    tablet.apply(&operations(30)).unwrap();
    tablet.cut_frames().unwrap();
    let frames = frames_of(&tablet);
    let twice: Vec<Vec<u8>> = frames.iter().chain(&frames).cloned().collect();
    let body = encode_request(&tablet.hello(&tablet.prepared().unwrap().clone()), &twice);
    for _ in 0..2 {
        tablet.client().exchange(body.clone()).await.unwrap();
    }
    let synced = tablet.sync(Duration::from_millis(PATIENCE)).await;
    assert!(synced.ok, "{synced:?}");
    assert_eq!(synced.frames_confirmed, frames.len() as u64);
    assert_eq!(world.office_digest(), digest(&records(tablet.state())));
}
