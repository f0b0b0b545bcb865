//! The service day in small: everything is equal everywhere in the end, and as the operations say.

use std::collections::BTreeSet;

use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;

use crate::support::{PATIENCE, SERVICE_DAY, World};

pub const DEVICES: [&str; 6] = ["tablet-1", "tablet-2", "tablet-3", "tablet-4", "tablet-5", "kantor"];

/// Everything about the first applications of each device, and about one of the office that each
/// tablet sets a status of, which it knows only after its download.
pub fn part() -> Vec<&'static str> {
    let mut references = BTreeSet::new();
    for (device, count) in DEVICES.iter().zip([30, 30, 30, 30, 30, 60]) {
        references.extend(of(SERVICE_DAY.lines(), device).into_iter().take(count).map(reference));
        let of_another =
            |line: &&str| line.contains("\"op\":\"event\"") && !reference(line).starts_with(device);
        references.extend(of(SERVICE_DAY.lines(), device).into_iter().find(of_another).map(reference));
    }
    SERVICE_DAY.lines().filter(|line| references.contains(&reference(line))).collect()
}

fn reference(line: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    value["ref"].as_str().unwrap().to_owned()
}

pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>, device: &str) -> Vec<&'a str> {
    lines.into_iter().filter(|line| line.contains(&format!("\"by\":\"{device}\""))).collect()
}

#[test]
fn a_small_service_day_ends_equal_everywhere_and_as_the_operations_say() {
    let world = World::open();
    let lines = part();
    for tablet in &DEVICES[..5] {
        assert!(of(lines.clone(), tablet).iter().any(|line| line.contains("\"ref\":\"kantor-")), "{tablet}");
    }
    let mut tablets: Vec<Headless> = DEVICES.iter().map(|name| world.tablet(name)).collect();
    for (letter, tablet) in ["A", "B", "C", "D", "E", "F"].iter().zip(&mut tablets) {
        assert_eq!(tablet.status().unwrap()["letter"], *letter);
    }
    // First the office's base, then everybody downloads it, works apart, and sends.
    for index in [5, 0, 1, 2, 3, 4] {
        if index != 5 {
            tablets[index].sync(PATIENCE).unwrap();
        }
        let file = world.file(DEVICES[index], &of(lines.clone(), DEVICES[index]));
        tablets[index].apply(&file).unwrap();
        if index == 5 {
            tablets[index].sync(PATIENCE).unwrap();
        }
    }
    for _ in 0..2 {
        for tablet in &mut tablets {
            tablet.sync(PATIENCE).unwrap();
        }
    }
    let digests: Vec<_> = tablets.iter_mut().map(|tablet| tablet.digest().unwrap()).collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    for tablet in &mut tablets {
        assert_eq!(differences(&lines.join("\n"), &tablet.records().unwrap()), Vec::<String>::new());
    }
    let quiet = tablets[0].sync(PATIENCE).unwrap();
    assert_eq!((quiet.round_trips, quiet.changes_received, quiet.frames_sent), (1, 0, 0));
    assert!(quiet.bytes_up + quiet.bytes_down <= 400, "{quiet:?}");
    assert_eq!(world.office_digest(), digests[0]);
}

#[test]
fn the_comparison_with_the_operations_notices_every_kind_of_difference() {
    let world = World::open();
    let lines: Vec<&str> =
        of(part(), "tablet-1").into_iter().filter(|line| !line.contains("kantor-")).collect();
    let mut tablet = world.tablet("tablet-1");
    tablet.apply(&world.file("tablet-1", &lines)).unwrap();
    let records = tablet.records().unwrap();
    let operations = lines.join("\n");
    assert_eq!(differences(&operations, &records), Vec::<String>::new());
    assert!(!differences(&operations, &records[1..]).is_empty(), "a record is missing");
    for (index, record) in records.iter().enumerate() {
        let mut value: serde_json::Value = serde_json::from_str(record).unwrap();
        let key = if value["kind"] == "visit" { "tracking" } else { "created" };
        value[key] = serde_json::json!("other");
        let mut changed = records.clone();
        changed[index] = value.to_string();
        assert!(!differences(&operations, &changed).is_empty(), "{record}");
    }
}
