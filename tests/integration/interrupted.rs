//! Uploads that are cut, and frames that come twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Frames that the office has stored, by what its log says of its commits.
fn frames_committed(log: &str) -> u64 {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines.filter(|line| line["message"] == "committed").filter_map(|line| line["frames"].as_u64()).sum()
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
    // In the second body, after whole frames and before its last one. The tablet gets through again
    // when the office has stored what came whole.
    let unplugged = cable.clone();
    cable.cut_after(Direction::Up, 20_000, move || unplugged.unplug(true));
    let before = frames_committed(&world.office().log());
    let (office, replug) = (world.office.clone(), cable.clone());
    let over = Arc::new(AtomicBool::new(false));
    let given_up = over.clone();
    let waiting = std::thread::spawn(move || {
        // The first body brings one frame; whatever is more came in the one that was cut.
        while !given_up.load(Ordering::SeqCst) {
            if !replug.is_armed() && frames_committed(&office.lock().unwrap().log()) >= before + 2 {
                return replug.unplug(false);
            }
            std::thread::yield_now();
        }
    });
    let synced = tablet.sync(Duration::from_millis(PATIENCE)).await;
    over.store(true, Ordering::SeqCst);
    waiting.join().unwrap();
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
