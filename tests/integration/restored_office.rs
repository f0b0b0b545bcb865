//! The drill of `docs/backup.md`: the machine is lost, and everything comes back.

use mpp_tests::expected::differences;

use crate::support::{PATIENCE, World, operations_of};

#[test]
fn a_lost_office_is_restored_and_the_tablets_bring_back_the_rest_by_themselves() {
    let world = World::open();
    let (mut one, mut two) = (world.tablet("tablet-1"), world.tablet("tablet-2"));
    let (lines, others) = (operations_of("tablet-1", 60), operations_of("tablet-2", 30));
    one.apply(&world.file("before", &lines[..30])).unwrap();
    one.sync(PATIENCE).unwrap();

    // Once: the envelope. Every night, while the office works: a backup.
    let place = world.folder.path().join("disk2");
    let to = place.to_str().unwrap().to_owned();
    let envelope = world.office().task(&["backup", "init"], "").unwrap();
    let said = world.office().task(&["backup", "--to", &to], "").unwrap();
    assert!(said.contains("sudah dibaca kembali"), "{said}");
    let backup = std::fs::read_dir(&place).unwrap().next().unwrap().unwrap().path();

    // The day goes on: what comes now is in no backup, and one tablet is switched off meanwhile.
    one.apply(&world.file("after", &lines[30..])).unwrap();
    one.sync(PATIENCE).unwrap();
    two.apply(&world.file("other", &others)).unwrap();
    two.sync(PATIENCE).unwrap();
    one.sync(PATIENCE).unwrap();
    let whole = one.digest().unwrap();
    let two = two.kill();

    // The machine is lost. The demo writes its passwords to a file, which is no part of what an office holds.
    let accounts = world.office().data().join("demo-accounts.json");
    let passwords = std::fs::read(&accounts).unwrap();
    world.office().kill();
    std::fs::remove_dir_all(world.office().data()).unwrap();
    let from = backup.to_str().unwrap().to_owned();
    assert!(world.office().task(&["restore", "--from", &from], "salah").is_err(), "no envelope, no restore");
    let said = world.office().task(&["restore", "--from", &from], &envelope).unwrap();
    assert!(said.contains("Dipulihkan"), "{said}");
    std::fs::write(&accounts, passwords).unwrap();
    world.office().start().unwrap();

    // Nobody does anything by hand: the tablets exchange as they always do.
    let mut two = mpp_tests::headless::Headless::start(two).unwrap();
    two.sync(PATIENCE).unwrap();
    one.sync(PATIENCE).unwrap();
    two.sync(PATIENCE).unwrap();
    let mut fresh = world.tablet("tablet-3");
    fresh.sync(PATIENCE).unwrap();
    for tablet in [&mut one, &mut two, &mut fresh] {
        assert_eq!(tablet.digest().unwrap(), whole);
    }
    let operations: Vec<&str> = lines.iter().chain(&others).copied().collect();
    assert_eq!(differences(&operations.join("\n"), &fresh.records().unwrap()), Vec::<String>::new());
    assert_eq!(world.office_digest(), whole);
}
