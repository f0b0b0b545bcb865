use super::*;
use crate::action::{Context, Register, edit_document, issue_ticket, publish_day, register};
use crate::document::Author;
use crate::rules::person::Person;
use crate::save::Save;
use crate::view::DayPlan;

const SESSION: SessionId = SessionId([1; 16]);
const DAY: DocumentId = DocumentId([5; 16]);

fn context() -> Context {
    Context {
        session: SESSION,
        counter: 0,
        officer: "rina".to_owned(),
        device: "A".to_owned(),
        at: 1_800_000_000,
        save_number: 0,
        save_previous: None,
    }
}

fn tablet(granted: &[GrantedDay]) -> Writer<'_> {
    Writer { session: SESSION, role: Role::Tablet, day: Some(DAY), granted }
}

/// A day on which rina works with tablet A.
fn on(day: DocumentId) -> GrantedDay {
    GrantedDay { day, labels: vec!["A".to_owned()], roster: BTreeSet::from(["rina".to_owned()]) }
}

fn application_of(day: &DocumentId) -> Save {
    let applicant = Person {
        nik: Some("1604104112019901".to_owned()),
        name: Some("Sulastri".to_owned()),
        village: Some("16.04.10.2001".to_owned()),
        ..Person::default()
    };
    let typed = Register { service: "DUKCAPIL-02".to_owned(), applicant, ..Register::default() };
    register(&context(), day, None, None, &typed).unwrap().save
}

fn check(entry: &Entry, writer: &Writer<'_>) -> Result<Option<AcceptedChange>, Refusal> {
    check_entry(&mut Document::new(entry.kind, entry.document), entry, writer, &BTreeSet::new())
}

#[test]
fn a_resident_goes_to_the_day_and_the_village_and_an_application_to_the_day() {
    let save = application_of(&DAY);
    let day = format!("day/{DAY}");
    let resident = check(&save.entries[0], &tablet(&[on(DAY)])).unwrap().unwrap();
    assert_eq!(resident.scopes(), [day.clone(), "village/16.04.10.2001".to_owned()]);
    assert_eq!(resident.entered(), resident.scopes());
    let application = check(&save.entries[1], &tablet(&[on(DAY)])).unwrap().unwrap();
    assert_eq!(application.scopes(), [day]);
}

#[test]
fn a_change_stays_in_the_scopes_that_list_its_document() {
    let save = application_of(&DAY);
    let present = BTreeSet::from(["village/16.04.10.2099".to_owned(), format!("day/{DAY}")]);
    let entry = &save.entries[0];
    let mut document = Document::new(entry.kind, entry.document);
    let accepted = check_entry(&mut document, entry, &tablet(&[on(DAY)]), &present).unwrap().unwrap();
    assert_eq!(accepted.scopes().len(), 3);
    assert_eq!(accepted.entered(), ["village/16.04.10.2001"]);
    assert_eq!(check_entry(&mut document, entry, &tablet(&[on(DAY)]), &present), Ok(None), "known already");
}

#[test]
fn a_change_for_a_day_the_tablet_is_not_on_is_refused() {
    let elsewhere = DocumentId([6; 16]);
    let save = application_of(&elsewhere);
    assert_eq!(check(&save.entries[1], &tablet(&[on(DAY)])), Err(Refusal::DayNotGranted));
    assert_eq!(check(&save.entries[0], &tablet(&[])), Err(Refusal::DayNotGranted));
    assert!(check(&save.entries[1], &tablet(&[on(DAY), on(elsewhere)])).is_ok());
}

#[test]
fn a_tablet_cannot_move_an_application_to_another_day_or_edit_one_of_another_day() {
    let elsewhere = DocumentId([6; 16]);
    let entry = &application_of(&elsewhere).entries[1];
    let mut document = Document::new(entry.kind, entry.document);
    let office = Writer { role: Role::Office, ..tablet(&[]) };
    check_entry(&mut document, entry, &office, &BTreeSet::new()).unwrap();
    let note = vec![("notes".to_owned(), Some(Value::from("x")))];
    let mut copy = document.clone();
    let edit = edit_document(&Context { counter: 2, ..context() }, &mut copy, &note).unwrap();
    let refusal = check_entry(&mut document, &edit.save.entries[0], &tablet(&[on(DAY)]), &BTreeSet::new());
    assert_eq!(refusal, Err(Refusal::DayNotGranted));
}

#[test]
fn an_author_who_is_not_on_the_roster_of_the_documents_day_is_refused() {
    let save = application_of(&DAY);
    let without = [GrantedDay { roster: BTreeSet::from(["budi".to_owned()]), ..on(DAY) }];
    for entry in &save.entries {
        assert_eq!(check(entry, &tablet(&without)), Err(Refusal::AuthorNotOnRoster));
        let document = Document::new(entry.kind, entry.document);
        assert_eq!(days_of_change(&document, entry, &tablet(&without)), BTreeSet::from([DAY]));
    }
    let elsewhere = DocumentId([6; 16]);
    let application = &application_of(&elsewhere).entries[1];
    let not_there = [on(DAY), GrantedDay { roster: BTreeSet::new(), ..on(elsewhere) }];
    assert_eq!(check(application, &tablet(&not_there)), Err(Refusal::AuthorNotOnRoster));
    assert!(Refusal::AuthorNotOnRoster.may_pass_later());
}

#[test]
fn the_letter_of_another_tablet_is_refused_in_a_change_and_on_a_ticket() {
    let other = [GrantedDay { labels: vec!["B".to_owned(), "AA".to_owned()], ..on(DAY) }];
    assert_eq!(check(&application_of(&DAY).entries[0], &tablet(&other)), Err(Refusal::LabelNotOwn));
    let two = [GrantedDay { labels: vec!["A/2".to_owned(), "A".to_owned()], ..on(DAY) }];
    assert!(check(&application_of(&DAY).entries[0], &tablet(&two)).is_ok(), "the first letter of two");
    for (ticket, expected) in [("A", Ok(())), ("B", Err(Refusal::LabelNotOwn))] {
        let visit = &issue_ticket(&context(), &DAY, ticket, 1, [1; 8]).unwrap().made.save.entries[0];
        assert_eq!(check(visit, &tablet(&[on(DAY)])).map(|_| ()), expected, "{ticket}");
    }
    assert!(Refusal::LabelNotOwn.may_pass_later());
}

#[test]
fn a_tablet_neither_rewrites_events_nor_decides_about_residents() {
    let save = application_of(&DAY);
    let author = Author { officer: "rina".to_owned(), device: "A".to_owned(), at: 1_800_000_000 };
    for (entry, key) in [(&save.entries[1], "event/01010101-0"), (&save.entries[0], "decision/01010101-9")] {
        let mut document = Document::new(entry.kind, entry.document);
        check_entry(&mut document, entry, &tablet(&[on(DAY)]), &BTreeSet::new()).unwrap();
        let edits = vec![(key.to_owned(), Some(Value::from("{}")))];
        let made = document.clone().edit(SESSION, &author, &edits).unwrap().unwrap();
        let edit = Entry { counter: None, hash: made.hash, bytes: made.bytes, ..entry.clone() };
        let refusal = check_entry(&mut document, &edit, &tablet(&[on(DAY)]), &BTreeSet::new());
        assert_eq!(refusal, Err(Refusal::EditNotAllowed), "{key}");
    }
}

#[test]
fn a_tablet_cannot_pull_a_resident_by_writing_to_an_id_it_never_read() {
    let entry = &application_of(&DAY).entries[0];
    let office = Writer { role: Role::Office, ..tablet(&[]) };
    let mut held = Document::new(entry.kind, entry.document);
    check_entry(&mut held, entry, &office, &BTreeSet::new()).unwrap();
    let session = SessionId([7; 16]);
    let granted = [on(DAY)];
    let writer = Writer { session, ..tablet(&granted) };
    let edits = vec![("notes".to_owned(), None), ("phone".to_owned(), Some(Value::from("+6281234567890")))];
    let author = Author { officer: "rina".to_owned(), device: "A".to_owned(), at: 1_800_000_000 };
    for (mut copy, expected) in [(Document::new(entry.kind, entry.document), false), (held.clone(), true)] {
        let made = copy.edit(session, &author, &edits).unwrap().unwrap();
        let edit = Entry { counter: None, hash: made.hash, bytes: made.bytes, ..entry.clone() };
        let verdict = check_entry(&mut held.clone(), &edit, &writer, &BTreeSet::new());
        assert_eq!(verdict.is_ok(), expected, "{verdict:?}");
    }
}

#[test]
fn a_tablet_writes_no_service_day() {
    let plan = DayPlan { date: "2026-11-22".to_owned(), ..DayPlan::default() };
    let save = publish_day(&context(), &plan).unwrap().save;
    assert_eq!(check(&save.entries[0], &tablet(&[on(DAY)])), Err(Refusal::KindNotAllowed));
    let office = Writer { role: Role::Office, ..tablet(&[]) };
    let accepted = check(&save.entries[0], &office).unwrap().unwrap();
    assert_eq!(accepted.scopes(), [day_scope(&accepted.document())]);
}

#[test]
fn another_sessions_change_in_a_frame_is_refused() {
    let save = application_of(&DAY);
    let granted = [on(DAY)];
    let other = Writer { session: SessionId([2; 16]), ..tablet(&granted) };
    assert_eq!(check(&save.entries[0], &other), Err(Refusal::NotOwnSession));
}

#[test]
fn an_edit_of_a_document_that_is_not_here_waits() {
    let mut known = Document::new(Kind::Resident, DocumentId([3; 16]));
    let edit = edit_document(&context(), &mut known, &vec![("name".to_owned(), Some(Value::from("Rusdi")))]);
    let entry = &edit.unwrap().save.entries[0];
    assert_eq!(check(entry, &tablet(&[on(DAY)])), Err(Refusal::DocumentUnknown));
    assert!(Refusal::DocumentUnknown.may_pass_later());
}

#[test]
fn a_document_keeps_its_kind() {
    let issued = issue_ticket(&context(), &DAY, "A", 1, [1; 8]).unwrap();
    let entry = &issued.made.save.entries[0];
    let mut resident = Document::new(Kind::Resident, entry.document);
    let refusal = check_entry(&mut resident, entry, &tablet(&[on(DAY)]), &BTreeSet::new());
    assert_eq!(refusal, Err(Refusal::KindMismatch));
}

#[test]
fn every_refusal_has_its_own_code() {
    let codes: BTreeSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
    for refusal in Refusal::ALL {
        assert_eq!(Refusal::from_code(refusal.code()), Some(refusal));
    }
}
