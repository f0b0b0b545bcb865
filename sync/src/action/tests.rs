//! Two tablets and the office, on documents alone: the story of a service day without any network.

use std::collections::BTreeMap;

use super::*;
use crate::rules::person::Person;
use crate::rules::status::Status;
use crate::view::{ApplicationView, DecisionKind, ResidentView, StatusView, group_residents};

const DAY: DocumentId = DocumentId([5; 16]);

/// A session that keeps count of its saves and documents.
struct Device {
    context: Context,
}

impl Device {
    fn new(number: u8, officer: &str, device: &str) -> Self {
        let context = Context {
            session: SessionId([number; 16]),
            counter: 0,
            officer: officer.to_owned(),
            device: device.to_owned(),
            at: 1_800_000_000 + i64::from(number),
            save_number: 0,
            save_previous: None,
        };
        Self { context }
    }

    fn keep(&mut self, made: &MadeSave) -> Vec<Entry> {
        self.context.counter = made.next_counter;
        self.context.save_number += 1;
        self.context.save_previous = Some(made.save.hash);
        made.save.entries.clone()
    }
}

fn person(name: &str) -> Person {
    Person {
        nik: Some("1604104112019901".to_owned()),
        name: Some(name.to_owned()),
        birth_date: Some("2001-12-01".to_owned()),
        sex: Some("P".to_owned()),
        village: Some("16.04.10.2001".to_owned()),
        ..Person::default()
    }
}

fn typed(name: &str, service: &str) -> Register {
    Register { service: service.to_owned(), standard: 1, applicant: person(name), ..Register::default() }
}

fn open(entries: &[Entry], kind: Kind) -> Document {
    let of_kind: Vec<&Entry> = entries.iter().filter(|entry| entry.kind == kind).collect();
    let changes: Vec<&[u8]> = of_kind.iter().map(|entry| entry.bytes.as_slice()).collect();
    let (document, left) = Document::open(kind, of_kind[0].document, &changes);
    assert!(left.is_empty());
    document
}

fn application(document: &Document) -> ApplicationView {
    match View::of(document) {
        Some(View::Application(view)) => *view,
        other => panic!("{other:?}"),
    }
}

fn resident(document: &Document) -> ResidentView {
    match View::of(document) {
        Some(View::Resident(view)) => *view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn registering_makes_the_resident_the_application_and_tells_the_visit() {
    let mut tablet = Device::new(1, "rina", "A");
    let issued = issue_ticket(&tablet.context, &DAY, "A", 17, [7; 8]).unwrap();
    assert_eq!(issued.ticket, "A-017");
    let mut entries = tablet.keep(&issued.made);
    let mut visit = open(&entries, Kind::Visit);
    let mut input = typed("Sulastri", "DUKCAPIL-02");
    input.ticket = Some(issued.ticket.clone());
    input.tracking.clone_from(&issued.tracking);
    input.checks = BTreeMap::from([("0".to_owned(), true), ("1".to_owned(), false)]);
    input.fields =
        BTreeMap::from([("reason".to_owned(), "hilang".to_owned()), ("empty".to_owned(), " ".to_owned())]);
    let made = register(&tablet.context, &DAY, Some(&mut visit), None, &input).unwrap();
    assert_eq!(made.save.entries.len(), 3);
    entries.extend(tablet.keep(&made));
    let view = application(&open(&entries, Kind::Application));
    assert_eq!(view.status.current, Status::Received);
    assert_eq!(view.tracking, Some(issued.tracking));
    assert_eq!(view.checks, BTreeMap::from([("0".to_owned(), true), ("1".to_owned(), false)]));
    assert_eq!(view.fields, BTreeMap::from([("reason".to_owned(), "hilang".to_owned())]));
    assert_eq!(view.created.officer, "rina");
    let resident_id = open(&entries, Kind::Resident).id();
    assert_eq!(view.resident, Some(resident_id));
    assert!(
        matches!(View::of(&open(&entries, Kind::Visit)), Some(View::Visit(visit)) if visit.resident == Some(resident_id))
    );
}

#[test]
fn errors_that_nobody_can_confirm_stop_a_registration() {
    let tablet = Device::new(1, "rina", "A");
    let mut input = typed("", "DUKCAPIL-02");
    input.applicant.nik = Some("160410411201990".to_owned());
    match register(&tablet.context, &DAY, None, None, &input) {
        Err(ActionError::Input(findings)) => {
            let found: Vec<_> =
                findings.iter().map(|finding| (finding.field.as_str(), finding.code)).collect();
            assert_eq!(found, [("applicant.nik", "nik_length"), ("applicant.name", "name_empty")]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_spellings_of_one_number_are_one_person_until_somebody_undoes_it() {
    let mut a = Device::new(1, "rina", "A");
    let mut b = Device::new(2, "budi", "B");
    let one = register(&a.context, &DAY, None, None, &typed("Sulastri", "DUKCAPIL-02")).unwrap();
    let two = register(&b.context, &DAY, None, None, &typed("Sulastry", "DUKCAPIL-04")).unwrap();
    let mut first = open(&a.keep(&one), Kind::Resident);
    let second = open(&b.keep(&two), Kind::Resident);
    let groups = |first: &Document| group_residents(&[resident(first), resident(&second)]);
    let group = &groups(&first)[0];
    assert_eq!((group.members.len(), group.question, group.spelling_open), (2, false, true));
    let typed_by: Vec<_> =
        group.names.iter().map(|name| (name.officer.as_str(), name.device.as_str())).collect();
    assert!(typed_by.contains(&("rina", "A")) && typed_by.contains(&("budi", "B")));

    let mut office = Device::new(3, "sari", "kantor");
    let both = vec![first.id(), second.id()];
    let mut decided = |first: &mut Document, asked: &Decide| {
        let group = [resident(first), resident(&second)];
        decide(&office.context, first, &group, asked).map(|made| office.keep(&made))
    };
    decided(&mut first, &Decide::name("Sulastri".to_owned(), both.clone())).unwrap();
    let chosen = groups(&first)[0].spelling.clone().unwrap();
    assert_eq!((chosen.value.as_str(), chosen.officer.as_str()), ("Sulastri", "sari"));
    assert!(!groups(&first)[0].spelling_open);

    let unknown = decided(&mut first, &Decide::undo("none".to_owned()));
    assert!(matches!(unknown, Err(ActionError::Key(_))));
    decided(&mut first, &Decide::undo(chosen.decision)).unwrap();
    assert!(groups(&first)[0].spelling_open);

    decided(&mut first, &Decide::about(DecisionKind::Split, both)).unwrap();
    assert_eq!(groups(&first).len(), 2);
}

/// Three registrations of one number: `one` and `two` are spellings of a name, `three` is another.
fn three() -> [Document; 3] {
    [(1, "Sulastri"), (2, "Sulastry"), (4, "Rusdi")].map(|(number, name)| {
        let mut tablet = Device::new(number, "rina", "A");
        let made = register(&tablet.context, &DAY, None, None, &typed(name, "X-1")).unwrap();
        open(&tablet.keep(&made), Kind::Resident)
    })
}

#[test]
fn a_split_keeps_the_other_side_together() {
    let [mut one, two, three] = three();
    let views = |one: &Document| [resident(one), resident(&two), resident(&three)];
    let mut office = Device::new(3, "sari", "kantor");
    let mut asked = Decide::about(DecisionKind::Split, vec![one.id(), two.id()]);
    asked.from = vec![three.id()];
    let group = views(&one);
    let made = decide(&office.context, &mut one, &group, &asked).unwrap();
    office.keep(&made);
    let groups = group_residents(&views(&one));
    let sizes: Vec<_> = groups.iter().map(|group| (group.members.len(), group.question)).collect();
    assert!(sizes == [(2, false), (1, false)] || sizes == [(1, false), (2, false)], "{sizes:?}");

    let join = Decide::about(DecisionKind::Join, vec![one.id(), two.id(), three.id()]);
    let group = views(&one);
    let made = decide(&office.context, &mut one, &group, &join).unwrap();
    office.keep(&made);
    assert_eq!(group_residents(&views(&one)).len(), 1);
}

#[test]
fn decisions_that_did_not_see_each_other_are_a_question_again() {
    let [mut one, two, mut three] = three();
    let before = [resident(&one), resident(&two), resident(&three)];
    let pair = vec![one.id(), three.id()];
    let sari = Device::new(3, "sari", "kantor");
    let yuni = Device::new(5, "yuni", "kantor");
    decide(&sari.context, &mut one, &before, &Decide::about(DecisionKind::Join, pair.clone())).unwrap();
    decide(&yuni.context, &mut three, &before, &Decide::about(DecisionKind::Split, pair)).unwrap();
    let groups = group_residents(&[resident(&one), resident(&two), resident(&three)]);
    assert!(groups.iter().all(|group| group.question));
}

#[test]
fn one_number_with_two_different_names_is_a_question() {
    let mut a = Device::new(1, "rina", "A");
    let mut b = Device::new(2, "budi", "B");
    let one = register(&a.context, &DAY, None, None, &typed("Sulastri", "X-1")).unwrap();
    let two = register(&b.context, &DAY, None, None, &typed("Rusdi", "X-1")).unwrap();
    let mut first = open(&a.keep(&one), Kind::Resident);
    let second = open(&b.keep(&two), Kind::Resident);
    let groups = group_residents(&[resident(&second), resident(&first)]);
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().all(|group| group.question && group.question_with.len() == 1));
    let join = Decide::about(DecisionKind::Join, vec![first.id(), second.id()]);
    let group = [resident(&first), resident(&second)];
    decide(&Device::new(3, "sari", "kantor").context, &mut first, &group, &join).unwrap();
    let joined = group_residents(&[resident(&second), resident(&first)]);
    assert_eq!((joined.len(), joined[0].question), (1, false));
}

/// The changes that the document has and the other lacks.
fn exchange(one: &mut Document, one_made: &MadeSave, two: &mut Document, two_made: &MadeSave) {
    one.accept(&two_made.save.entries[0].bytes).unwrap();
    two.accept(&one_made.save.entries[0].bytes).unwrap();
}

#[test]
fn statuses_that_exclude_each_other_are_a_conflict_until_a_person_settles_it() {
    let mut a = Device::new(1, "rina", "A");
    let made = register(&a.context, &DAY, None, None, &typed("Sulastri", "DUKCAPIL-04")).unwrap();
    let mut on_tablet = open(&a.keep(&made), Kind::Application);
    let mut at_office = on_tablet.clone();
    let mut office = Device::new(3, "sari", "kantor");
    let no_reason = add_status(&office.context, &mut at_office, Status::Rejected, Some("  "), None);
    assert!(matches!(no_reason, Err(ActionError::Input(_))));
    let ready = add_status(&a.context, &mut on_tablet, Status::Ready, None, None).unwrap();
    let rejected =
        add_status(&office.context, &mut at_office, Status::Rejected, Some("Berkas palsu"), None).unwrap();
    office.keep(&rejected);
    exchange(&mut on_tablet, &ready, &mut at_office, &rejected);
    assert_eq!(application(&on_tablet), application(&at_office));
    let status = application(&on_tablet).status;
    assert!(status.conflict);
    assert_eq!((status.current, status.heads.len()), (Status::Rejected, 2));

    let settled =
        add_status(&office.context, &mut at_office, Status::InProcess, None, Some(&status.heads)).unwrap();
    on_tablet.accept(&settled.save.entries[0].bytes).unwrap();
    let status = application(&on_tablet).status;
    assert_eq!((status.current, status.conflict), (Status::InProcess, false));
    assert_eq!(status.events.len(), 4);
    assert_eq!(status, application(&at_office).status);
}

#[test]
fn verified_and_in_process_at_the_same_time_are_no_conflict() {
    let mut a = Device::new(1, "rina", "A");
    let made = register(&a.context, &DAY, None, None, &typed("Sulastri", "DUKCAPIL-04")).unwrap();
    let mut on_tablet = open(&a.keep(&made), Kind::Application);
    let mut at_office = on_tablet.clone();
    let office = Device::new(3, "sari", "kantor");
    let one = add_status(&a.context, &mut on_tablet, Status::InProcess, None, None).unwrap();
    let two = add_status(&office.context, &mut at_office, Status::Verified, None, None).unwrap();
    exchange(&mut on_tablet, &one, &mut at_office, &two);
    let status = StatusView::of_document(&on_tablet).unwrap();
    assert_eq!((status.current, status.conflict), (Status::InProcess, false));
}

#[test]
fn an_event_follows_what_the_screen_showed_and_not_what_arrived_since() {
    let mut a = Device::new(1, "rina", "A");
    let made = register(&a.context, &DAY, None, None, &typed("Sulastri", "DUKCAPIL-04")).unwrap();
    let mut on_tablet = open(&a.keep(&made), Kind::Application);
    let seen = application(&on_tablet).status.heads;
    let mut at_office = on_tablet.clone();
    let office = Device::new(3, "sari", "kantor");
    let rejected = add_status(&office.context, &mut at_office, Status::Rejected, Some("x"), None).unwrap();
    on_tablet.accept(&rejected.save.entries[0].bytes).unwrap();
    add_status(&a.context, &mut on_tablet, Status::Ready, None, Some(&seen)).unwrap();
    assert!(application(&on_tablet).status.conflict);
}

#[test]
fn one_field_corrected_twice_keeps_both_values_and_another_field_merges() {
    let mut a = Device::new(1, "rina", "A");
    let made = register(&a.context, &DAY, None, None, &typed("Sulastri", "DUKCAPIL-04")).unwrap();
    let mut one = open(&a.keep(&made), Kind::Application);
    let mut two = one.clone();
    let b = Device::new(2, "budi", "B");
    let edit = |key: &str, value: &str| vec![(key.to_owned(), Some(Value::from(value)))];
    let left = edit_document(
        &a.context,
        &mut one,
        &[edit("applicant.name", "Sulastri Sari"), edit("notes", "Lansia")].concat(),
    )
    .unwrap();
    let right = edit_document(
        &b.context,
        &mut two,
        &[edit("applicant.name", "Sri Sulastri"), edit("applicant.kk", "1604990107210001")].concat(),
    )
    .unwrap();
    exchange(&mut one, &left, &mut two, &right);
    let view = application(&one);
    assert_eq!(view, application(&two));
    assert_eq!(view.conflicts.len(), 1);
    assert_eq!(view.conflicts[0].key, "applicant.name");
    assert_eq!(view.conflicts[0].values.len(), 2);
    assert_eq!(
        (view.notes.as_deref(), view.applicant.kk.as_deref()),
        (Some("Lansia"), Some("1604990107210001"))
    );
    let winner = &view.conflicts[0].values[0].value.clone();
    edit_document(&b.context, &mut one, &edit("applicant.name", winner)).unwrap();
    assert!(application(&one).conflicts.is_empty());
}

#[test]
fn differences_of_case_and_punctuation_are_no_conflict() {
    let mut a = Device::new(1, "rina", "A");
    let made = register(&a.context, &DAY, None, None, &typed("Nuraini", "DUKCAPIL-04")).unwrap();
    let mut one = open(&a.keep(&made), Kind::Resident);
    let mut two = one.clone();
    let b = Device::new(2, "budi", "B");
    let edit = |value: &str| vec![("name".to_owned(), Some(Value::from(value)))];
    let left = edit_document(&a.context, &mut one, &edit("Nur'aini")).unwrap();
    let right = edit_document(&b.context, &mut two, &edit("NUR AINI")).unwrap();
    exchange(&mut one, &left, &mut two, &right);
    assert_eq!(one.values("name").len(), 2);
    assert!(resident(&one).conflicts.is_empty());
}

#[test]
fn events_decisions_and_links_cannot_be_edited_as_fields() {
    let device = Device::new(1, "rina", "A");
    for key in ["event/x", "tracking", "day", "resident", "schema", "applicant.password", "decision/1"] {
        let mut document = Document::new(Kind::Application, DAY);
        let edits = vec![(key.to_owned(), Some(Value::from("x")))];
        assert_eq!(
            edit_document(&device.context, &mut document, &edits),
            Err(ActionError::Key(key.to_owned()))
        );
    }
}

#[test]
fn saves_are_linked_in_their_order() {
    let mut a = Device::new(1, "rina", "A");
    let one = issue_ticket(&a.context, &DAY, "A", 1, [1; 8]).unwrap();
    a.keep(&one.made);
    let two = issue_ticket(&a.context, &DAY, "A", 2, [2; 8]).unwrap();
    assert_eq!(two.made.save.number, 1);
    assert_eq!(two.made.save.hash, link(&a.context.session, 1, &one.made.save.hash, &two.made.save.entries));
    assert_ne!(one.made.save.entries[0].document, two.made.save.entries[0].document);
}
