use super::*;
use crate::rules::{Severity, any_error};

fn sulastri() -> Person {
    Person {
        nik: Some("1604 1041 1201 9901".to_owned()),
        name: Some("  Sulastri ".to_owned()),
        birth_date: Some("2001-12-01".to_owned()),
        sex: Some("P".to_owned()),
        village: Some("16.04.10.2001".to_owned()),
        phone: Some("0812 3456 7890".to_owned()),
        rt: Some("1".to_owned()),
        ..Person::default()
    }
}

fn findings(person: Person, role: Role) -> Vec<Finding> {
    person.normalised().check(role, "2026-11-22".parse().unwrap(), &[])
}

fn codes(person: Person) -> Vec<&'static str> {
    findings(person, Role::Applicant).iter().map(|finding| finding.code).collect()
}

#[test]
fn a_usual_person_has_no_finding_and_is_normalised() {
    assert!(codes(sulastri()).is_empty());
    let person = sulastri().normalised();
    assert_eq!(person.name.as_deref(), Some("Sulastri"));
    assert_eq!(person.phone.as_deref(), Some("+6281234567890"));
    assert_eq!(person.rt.as_deref(), Some("001"));
}

#[test]
fn a_person_without_nik_needs_a_reason() {
    let without = Person { nik: None, ..sulastri() };
    assert_eq!(codes(without.clone()), ["nik_missing_reason"]);
    for reason in NO_NIK_REASONS {
        assert!(codes(Person { no_nik_reason: Some(reason.to_owned()), ..without.clone() }).is_empty());
    }
    let other = Person { no_nik_reason: Some("malas".to_owned()), ..without };
    assert_eq!(codes(other), ["nik_missing_reason"]);
}

#[test]
fn a_nik_that_disagrees_with_the_card_is_a_warning() {
    let differs =
        Person { birth_date: Some("2001-12-02".to_owned()), sex: Some("L".to_owned()), ..sulastri() };
    let found = findings(differs, Role::Applicant);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|finding| finding.severity == Severity::Warning));
}

#[test]
fn real_names_are_taken_and_garbage_is_not() {
    let named = |name: &str| codes(Person { name: Some(name.to_owned()), ..sulastri() });
    for name in [
        "Nur'aini",
        "Nur’aini",
        "André Wijaya",
        "Drs. H. Ahmad Yani, M.Si.",
        "Nguyễn Thị Hoa",
        "Tinga-tinga",
        "Bayi Ny. Sumiati",
    ] {
        assert!(named(name).is_empty(), "{name}");
    }
    assert_eq!(named("N"), ["name_one_letter"]);
    let long = "Venushyntha Phauna Pharamytha Tribhuana Adhyndha Phrameswary Dhahaputri";
    assert_eq!(long.chars().count(), 71);
    assert_eq!(named(long), ["name_long"]);
    assert_eq!(named(&"a".repeat(151)), ["name_too_long"]);
    assert_eq!(named("S1ti"), ["name_characters"]);
    assert_eq!(named("..."), ["name_characters"]);
    assert_eq!(named("  "), ["name_empty"]);
}

#[test]
fn a_newborn_subject_may_lack_nik_and_name() {
    let baby = Person { no_nik_reason: Some("bayi".to_owned()), ..Person::default() };
    assert!(findings(baby, Role::Subject).is_empty());
}

#[test]
fn impossible_dates_phones_villages_and_units_are_errors() {
    let broken = Person {
        nik: None,
        no_nik_reason: Some("bayi".to_owned()),
        birth_date: Some("2026-04-31".to_owned()),
        phone: Some("84123456".to_owned()),
        village: Some("16.04.10".to_owned()),
        rt: Some("12a".to_owned()),
        ..sulastri()
    };
    assert_eq!(
        codes(broken.clone()),
        ["birth_date_invalid", "phone_invalid", "village_invalid", "rt_rw_invalid"]
    );
    assert!(any_error(&findings(broken, Role::Applicant)));
    let future = Person {
        nik: None,
        no_nik_reason: Some("bayi".to_owned()),
        birth_date: Some("2027-01-01".to_owned()),
        ..sulastri()
    };
    assert_eq!(codes(future), ["birth_date_future"]);
}
