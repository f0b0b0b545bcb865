//! A slow link that breaks again and again: everything arrives, once.

use std::time::Duration;

use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;
use mpp_tests::link::{Link, Shape};

use crate::support::{Dice, PATIENCE, World, operations_of};

#[test]
fn two_tablets_on_links_that_break_again_and_again_end_with_the_same_records() {
    let world = World::open();
    let mut dice = Dice::new();
    let mut tablets = Vec::new();
    for name in ["tablet-1", "tablet-2"] {
        let link = Link::open(world.office().port(), Shape::default()).unwrap();
        let mut tablet = Headless::start(world.start_at(name, &link.url())).unwrap();
        tablet.apply(&world.file(name, &operations_of(name, 140))).unwrap();
        tablets.push((tablet, link));
    }
    // Faster than the link of a village, so that the test ends soon; as many breaks as there.
    let shape =
        Shape { bits_per_second: Some(2_000_000), round_trip: Duration::from_millis(30), ..Shape::default() };
    for (_, link) in &tablets {
        link.reshape(shape.clone().with_cuts(dice.between(0, 1 << 40), 3_000..16_000));
    }
    std::thread::scope(|scope| {
        for (tablet, _) in &mut tablets {
            scope.spawn(move || tablet.sync(PATIENCE).unwrap());
        }
    });
    // What the other one sent meanwhile.
    let mut cuts = 0;
    for (tablet, link) in &mut tablets {
        let synced = tablet.sync(PATIENCE).unwrap();
        assert_eq!((synced.forgotten, synced.frames_waiting), (0, 0), "{synced:?}");
        cuts += link.passed().cuts;
    }
    println!("the links were cut {cuts} times");
    assert!(cuts > 3, "only {cuts} cuts");
    let all = [operations_of("tablet-1", 140), operations_of("tablet-2", 140)].concat().join("\n");
    for (tablet, _) in &mut tablets {
        assert_eq!(differences(&all, &tablet.records().unwrap()), Vec::<String>::new());
    }
    let digest = world.office_digest();
    for (tablet, _) in &mut tablets {
        assert_eq!(tablet.digest().unwrap(), digest);
    }
}
