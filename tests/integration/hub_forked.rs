//! A tablet that there are two of, in the van: both ways of its session reach the office, whoever met whom first.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mpp_store::{Branches as _, ChangeLog as _, Hash, Id, Node as _, Quarantine as _};
use mpp_store_sqlite::{Options, SqliteStore};
use mpp_sync::frame::Frame;
use mpp_sync::ids::Kind;
use mpp_tests::cable::Cable;
use mpp_tests::headless::{Headless, Start};
use mpp_tests::hub::Hub;
use mpp_tests::office::copy_folder;
use mpp_tests::operations::parse;
use mpp_tests::tablet::Tablet;
use mpp_tests::tablet::client::Client;
use mpp_tests::tablet::commands::answer;
use serde_json::Value;

use crate::lost_rows::copied;
use crate::support::{PATIENCE, World, operations_of};

/// What a node keeps of what officers wrote.
#[derive(Default, PartialEq, Eq)]
struct Kept {
    /// Accepted and kept aside changes; the number says how often each is there.
    accepted: BTreeMap<(Id, Hash), usize>,
    aside: BTreeMap<(Id, Hash), usize>,
    /// Frames of chains and of second ways, by their bytes.
    frames: BTreeMap<Vec<u8>, usize>,
}

async fn kept(folder: &Path, tablet: &Tablet) -> Kept {
    let store = SqliteStore::open(&folder.join("mpp.sqlite"), Options::default()).await.unwrap();
    let mut kept = Kept::default();
    let touched = store.touched_after(0, i64::from(i32::MAX)).await.unwrap();
    let mut documents: Vec<Id> = touched.iter().map(|touched| touched.document).collect();
    documents.sort_unstable();
    documents.dedup();
    let of_officers = |kind: i64| {
        let kind = Kind::of(u8::try_from(kind).unwrap());
        !matches!(kind, Kind::ServiceDay | Kind::Catalogue)
    };
    for change in store.changes_of(&documents).await.unwrap() {
        if of_officers(change.kind) {
            *kept.accepted.entry((change.document, change.hash)).or_default() += 1;
        }
    }
    for row in store.quarantined(i64::from(i32::MAX)).await.unwrap() {
        *kept.aside.entry((row.document, row.hash)).or_default() += 1;
    }
    let chains = store.chains_of(&[tablet.device().0]).await.unwrap();
    let sessions: Vec<Id> = chains.iter().map(|chain| chain.session).collect();
    for session in &sessions {
        for frame in store.frames(*session, 0, i64::MAX).await.unwrap() {
            *kept.frames.entry(frame.bytes).or_default() += 1;
        }
    }
    for frame in store.branch_frames(&sessions).await.unwrap() {
        *kept.frames.entry(frame.bytes).or_default() += 1;
    }
    store.close().await;
    kept
}

impl Kept {
    /// Everything that the tablets wrote is here, once, as a frame and as a change that is accepted or kept aside.
    fn has_exactly(&self, tablets: &[&Tablet]) {
        let frames = tablets.iter().flat_map(|tablet| tablet.state().sessions());
        for frame in frames.flat_map(|session| &session.frames) {
            assert_eq!(self.frames.get(&frame.bytes), Some(&1));
            let read = Frame::decode(&frame.bytes).unwrap();
            for entry in read.entries() {
                let name = (entry.document.0, entry.hash.0);
                let count = |of: &BTreeMap<(Id, Hash), usize>| of.get(&name).copied().unwrap_or(0);
                assert_eq!((count(&self.accepted) + count(&self.aside)), 1, "{entry:?}");
            }
        }
    }
}

async fn sync(tablet: &mut Tablet) {
    let synced = tablet.sync(Duration::from_millis(PATIENCE)).await;
    assert!(synced.ok && synced.agreed && synced.frames_waiting == 0, "{synced:?}");
}

/// How many of the tablet's frames are proved to be in the van and at the office; and how many it has.
async fn tiers(tablet: &mut Tablet) -> [u64; 3] {
    let (status, _) = answer(tablet, r#"{"cmd": "status"}"#).await;
    [&status["tiers"]["hub"], &status["tiers"]["office"], &status["frames"]]
        .map(|count| count.as_u64().unwrap())
}

async fn events(world: &World) -> Vec<Value> {
    let mut supervisor = Client::new(&world.url()).unwrap();
    supervisor.sign_in(&world.account("supervisor").login()).await.unwrap();
    let tablets: Value = supervisor.get("/api/office/tablets").await.unwrap();
    let tablets = tablets["tablets"].as_array().unwrap().iter();
    tablets.flat_map(|tablet| tablet["events"].as_array().unwrap().clone()).collect()
}

/// Two of one tablet, copied while it ran, that each wrote on in the same session: the first at one address, the second at
/// another.
async fn twins(world: &World, hub: &Hub, first: &str, second: &str) -> (Tablet, Tablet) {
    let operations = parse(&operations_of("tablet-1", 30).join("\n")).unwrap();
    let mut tablet = world.open_tablet("tablet-1", &world.url());
    tablet.prepare().await.unwrap();
    drop(tablet);
    hub.wait_for_office().unwrap();
    let mut one = world.open_tablet("tablet-1", first);
    one.apply(&operations[..10]).unwrap();
    one.cut_frames().unwrap();
    let copy = world.folder.path().join("copy");
    std::fs::create_dir_all(&copy).unwrap();
    copy_folder(one.folder(), &copy).unwrap();
    let mut two = world.open_tablet("copy", second);
    two.pretend_session(one.own_session());
    for (tablet, operations) in [(&mut one, &operations[10..20]), (&mut two, &operations[20..])] {
        for part in operations.chunks(4) {
            tablet.apply(part).unwrap();
            tablet.cut_frames().unwrap();
        }
    }
    (one, two)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_of_a_copied_tablet_go_through_the_hub_to_the_office() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut hub = Hub::join(&world.url(), &world.office().data(), &cable.url(), "Mobil 1").unwrap();
    let (mut one, mut two) = twins(&world, &hub, &hub.url(), &hub.url()).await;
    cable.unplug(true);
    for tablet in [&mut one, &mut two] {
        sync(tablet).await;
    }
    cable.unplug(false);
    hub.wait_for_office().unwrap();
    for tablet in [&mut one, &mut two] {
        sync(tablet).await;
        let [in_the_van, at_the_office, frames] = tiers(tablet).await;
        assert_eq!(
            (in_the_van, at_the_office),
            (frames, frames),
            "a receipt for each way came through the hub"
        );
    }
    let events = events(&world).await;
    assert!(events.iter().any(|event| event["kind"] == "forked"), "{events:?}");
    assert!(!hub.log().contains("FRAMES_NOT_NAMED"), "{}", hub.log());
    hub.kill();
    assert_eq!(world.office_digest(), hub.digest().unwrap());
    let office = world.office().data();
    let (at_the_office, in_the_van) = (kept(&office, &one).await, kept(&hub.data(), &one).await);
    assert!(at_the_office == in_the_van, "the hub holds what the office holds");
    at_the_office.has_exactly(&[&one, &two]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hub_and_office_that_met_the_two_of_a_tablet_in_opposite_order_hold_both_ways() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut hub = Hub::join(&world.url(), &world.office().data(), &cable.url(), "Mobil 1").unwrap();
    let (mut one, mut two) = twins(&world, &hub, &hub.url(), &world.url()).await;
    cable.unplug(true);
    for tablet in [&mut one, &mut two] {
        sync(tablet).await;
    }
    cable.unplug(false);
    hub.wait_for_office().unwrap();
    sync(&mut one).await;
    let [_, at_the_office, frames] = tiers(&mut one).await;
    assert_eq!(at_the_office, frames, "the way that the office met second");
    // The other one comes to the van as well, which met it second.
    let session = two.own_session();
    drop(two);
    let mut two = world.open_tablet("copy", &hub.url());
    two.pretend_session(session);
    let more = parse(&operations_of("tablet-1", 32)[30..].join("\n")).unwrap();
    two.apply(&more).unwrap();
    sync(&mut two).await;
    hub.wait_for_office().unwrap();
    sync(&mut two).await;
    let [_, at_the_office, frames] = tiers(&mut two).await;
    assert_eq!(at_the_office, frames, "the way that the hub met second");
    assert!(!hub.log().contains("FRAMES_NOT_NAMED"), "{}", hub.log());
    assert_eq!(events(&world).await.iter().filter(|event| event["kind"] == "forked").count(), 1);
    hub.kill();
    world.office().kill();
    let office = world.office().data();
    let (at_the_office, in_the_van) = (kept(&office, &one).await, kept(&hub.data(), &one).await);
    at_the_office.has_exactly(&[&one, &two]);
    in_the_van.has_exactly(&[&one, &two]);
    assert!(at_the_office.frames == in_the_van.frames, "both hold the same frames");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_packed_the_same_work_into_other_frames_ends_equal_everywhere() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut hub = Hub::join(&world.url(), &world.office().data(), &cable.url(), "Mobil 1").unwrap();
    let lines = operations_of("tablet-1", 40);
    let mut one = world.tablet("tablet-1");
    one.apply(&world.file("both", &lines[..20])).unwrap();
    hub.wait_for_office().unwrap();
    cable.unplug(true);
    // Saved, and in no frame yet: the copy packs into its first frame what the other one packs with what follows.
    let start = world.start_at("tablet-1", &world.url());
    let copy = Start { folder: world.folder.path().join("copy"), url: hub.url(), ..start.clone() };
    copied(&start, &copy.folder);
    one.apply(&world.file("one", &lines[20..])).unwrap();
    let synced = one.sync(PATIENCE).unwrap();
    assert!(synced.agreed, "{synced:?}");
    let whole = one.digest().unwrap();
    let mut copy = Headless::start(copy).unwrap();
    copy.sync(PATIENCE).unwrap();
    assert_ne!(copy.digest().unwrap(), whole);
    cable.unplug(false);
    hub.wait_for_office().unwrap();
    let synced = copy.sync(PATIENCE).unwrap();
    assert!(synced.agreed, "{synced:?}");
    assert_eq!(copy.digest().unwrap(), whole, "the rest of the session came through the hub");
    hub.kill();
    assert_eq!(world.office_digest(), whole);
    assert_eq!(hub.digest().unwrap(), whole);
}
