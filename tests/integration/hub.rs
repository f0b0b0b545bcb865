//! The van: a hub between tablets and the office, cut off and joined again, and stolen.

use mpp_sync::exchange::BackupState;
use mpp_tests::cable::Cable;
use mpp_tests::expected::differences;
use mpp_tests::headless::{Headless, Start};
use mpp_tests::hub::Hub;
use mpp_tests::tablet::sync::Synced;
use serde_json::json;

use crate::support::{PATIENCE, World, operations_of};

/// The same tablet at another address, as when the van drives off.
pub fn moved(tablet: Headless, url: &str) -> Headless {
    let start = tablet.quit().unwrap();
    Headless::start(Start { url: url.to_owned(), ..start }).unwrap()
}

#[test]
fn a_tablet_in_the_van_and_one_at_the_office_end_equal_however_often_the_hub_was_cut_off() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut hub = Hub::join(&world.url(), &world.office().data(), &cable.url(), "Mobil 1").unwrap();
    // Both are prepared at the office, before the van leaves.
    let a = world.tablet("tablet-1");
    let mut b = world.tablet("tablet-2");
    hub.wait_for_office().unwrap();
    let mut a = moved(a, &hub.url());
    let (of_a, of_b) = (operations_of("tablet-1", 60), operations_of("tablet-2", 40));
    for (round, part) in of_a.chunks(20).enumerate() {
        // No signal: the hub takes what the tablet has, and the office hears nothing of it.
        cable.unplug(true);
        a.apply(&world.file(&format!("a-{round}"), part)).unwrap();
        a.sync(PATIENCE).unwrap();
        b.apply(&world.file(&format!("b-{round}"), &of_b[round * 10..round * 10 + 10])).unwrap();
        b.sync(PATIENCE).unwrap();
        if round == 1 {
            hub.kill();
            hub.start().unwrap();
        }
        cable.unplug(false);
        hub.wait_for_office().unwrap();
    }
    a.sync(PATIENCE).unwrap();
    b.sync(PATIENCE).unwrap();
    let lines: Vec<&str> = of_a.iter().chain(&of_b[..30]).copied().collect();
    assert_eq!(a.digest().unwrap(), b.digest().unwrap());
    assert_eq!(differences(&lines.join("\n"), &a.records().unwrap()), Vec::<String>::new());
    assert_eq!(differences(&lines.join("\n"), &b.records().unwrap()), Vec::<String>::new());
    // Home again: the tablet asks the office for what it has not read there, and not for its own work.
    let held = a.digest().unwrap();
    let mut a = moved(a, &world.url());
    assert_eq!(a.sync(PATIENCE).unwrap().frames_sent, 0, "the office has the frames from the hub");
    assert_eq!(a.digest().unwrap(), held);
    let mut a = moved(a, &hub.url());
    assert_eq!(a.sync(PATIENCE).unwrap().changes_received, 0, "the place in the hub's log was kept");
    for (path, status) in
        [("/kantor/", 404), ("/api/office/tablets", 404), ("/api/login", 404), ("/petugas/", 200)]
    {
        assert_eq!(hub.get(path).unwrap().0, status, "{path}");
    }
    hub.kill();
    assert_eq!(world.office_digest(), held);
    assert_eq!(hub.digest().unwrap(), held);
}

/// How many of the tablet's frames are proved to be in the van, at the office and in its backup; and how many it has.
pub fn tiers(tablet: &mut Headless) -> [u64; 4] {
    let status = tablet.status().unwrap();
    let tiers = &status["tiers"];
    [&tiers["hub"], &tiers["office"], &tiers["backed_up"], &status["frames"]]
        .map(|count| count.as_u64().unwrap())
}

/// Syncs, and both sides say that they hold the same.
fn agree(tablet: &mut Headless) -> Synced {
    let synced = tablet.sync(PATIENCE).unwrap();
    assert!(synced.agreed && synced.repairs == 0, "{synced:?}");
    synced
}

#[test]
fn tablets_that_met_hub_and_office_in_any_order_hold_the_same_and_know_how_safe_their_work_is() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let mut hub = Hub::join(&world.url(), &world.office().data(), &cable.url(), "Mobil 1").unwrap();
    let (a, b, mut c) = (world.tablet("tablet-1"), world.tablet("tablet-2"), world.tablet("tablet-3"));
    hub.wait_for_office().unwrap();
    cable.unplug(true);
    let (mut a, mut b) = (moved(a, &hub.url()), moved(b, &hub.url()));
    a.apply(&world.file("a", &operations_of("tablet-1", 30))).unwrap();
    b.apply(&world.file("b", &operations_of("tablet-2", 20))).unwrap();
    c.apply(&world.file("c", &operations_of("tablet-3", 20))).unwrap();
    for tablet in [&mut a, &mut b, &mut c] {
        agree(tablet);
    }
    agree(&mut a);
    let [in_the_van, at_the_office, _, frames] = tiers(&mut a);
    assert_eq!((in_the_van, at_the_office), (frames, 0), "a hub's word is about the van");
    let [_, at_the_office, backed_up, frames] = tiers(&mut c);
    assert_eq!((at_the_office, backed_up), (frames, 0));
    // One of the van drives to the office before the hub has reached it, and comes back.
    let mut b = moved(b, &world.url());
    agree(&mut b);
    let mut b = moved(b, &hub.url());
    agree(&mut b);
    cable.unplug(false);
    hub.wait_for_office().unwrap();
    agree(&mut a);
    let [_, at_the_office, _, frames] = tiers(&mut a);
    assert_eq!(at_the_office, frames, "the hub handed the office's receipts on");
    let (mut b, mut c) = (moved(b, &world.url()), moved(c, &hub.url()));
    for tablet in [&mut b, &mut c, &mut a] {
        agree(tablet);
    }
    let (mut a, mut c) = (moved(a, &world.url()), moved(c, &world.url()));
    for tablet in [&mut a, &mut c] {
        agree(tablet);
    }
    let held = a.digest().unwrap();
    assert_eq!((b.digest().unwrap(), c.digest().unwrap()), (held.clone(), held.clone()));
    // The night's backup is heard of in the van as well.
    let to = world.folder.path().join("disk2");
    world.office().task(&["backup", "init"], "").unwrap();
    world.office().task(&["backup", "--to", to.to_str().unwrap()], "").unwrap();
    hub.wait_for_office().unwrap();
    let mut a = moved(a, &hub.url());
    assert_eq!(agree(&mut a).backup, BackupState::Good, "the office's, for a hub has none");
    let [_, _, backed_up, frames] = tiers(&mut a);
    assert_eq!(backed_up, frames);
    hub.kill();
    assert_eq!(world.office_digest(), held);
    assert_eq!(hub.digest().unwrap(), held);
}

#[test]
fn a_stolen_hub_is_believed_no_longer_and_nothing_is_lost() {
    let world = World::open();
    let cable = Cable::open(world.office().port()).unwrap();
    let data = world.office().data();
    let mut hub = Hub::join(&world.url(), &data, &cable.url(), "Mobil 1").unwrap();
    let a = world.tablet("tablet-1");
    hub.wait_for_office().unwrap();
    let mut a = moved(a, &hub.url());
    let lines = operations_of("tablet-1", 30);
    a.apply(&world.file("before", &lines[..15])).unwrap();
    a.sync(PATIENCE).unwrap();
    hub.wait_for_office().unwrap();
    // Stolen, and away from the office: it goes on taking what tablets bring.
    cable.unplug(true);
    a.apply(&world.file("after", &lines[15..])).unwrap();
    a.sync(PATIENCE).unwrap();
    let id = hub.id(&data).unwrap();
    hub.revoke(&id, &data).unwrap();
    cable.unplug(false);
    // Whoever has it lets it speak to the office, which does not.
    let health = hub.wait(|health| health["upstream"]["revoked"] == true).unwrap();
    assert_eq!(health["upstream"]["trouble"], "HUB_REVOKED");
    let refused = a.ask(&json!({"cmd": "sync", "timeout_ms": 5_000})).unwrap();
    assert_eq!(
        (&refused["ok"], &refused["error"]["code"]),
        (&json!(false), &json!("HUB_REVOKED")),
        "{refused}"
    );
    hub.kill();
    hub.start().unwrap();
    assert_eq!(hub.health().unwrap()["upstream"]["revoked"], true, "a restart does not bring it back");
    // The tablet goes on with the office: what only the hub had confirmed is sent again.
    let mut a = moved(a, &world.url());
    let synced = a.sync(PATIENCE).unwrap();
    assert!(synced.frames_sent > 0, "{synced:?}");
    assert_eq!(differences(&lines.join("\n"), &a.records().unwrap()), Vec::<String>::new());
    // It has learnt at the office who is no longer believed, and asks that hub nothing any more.
    let mut a = moved(a, &hub.url());
    let refused = a.ask(&json!({"cmd": "sync", "timeout_ms": 5_000})).unwrap();
    assert_eq!(refused["error"]["code"], "HUB_REVOKED", "{refused}");
    let held = a.digest().unwrap();
    assert_eq!(world.office_digest(), held);
}
