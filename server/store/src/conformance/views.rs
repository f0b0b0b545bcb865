//! [`crate::Views`].

use sha2::{Digest, Sha256};

use super::samples::{application, id, resident, view};
use crate::{ApplicationFilter, ApplicationRow, Projected, ResidentRow, Store, StoreError, VisitRow};

fn listed(applications: Vec<ApplicationRow>) -> Projected {
    Projected { applications, upto: 1, ..Projected::default() }
}

fn people(residents: Vec<ResidentRow>) -> Projected {
    Projected { residents, upto: 1, ..Projected::default() }
}

fn all() -> ApplicationFilter {
    ApplicationFilter { limit: 100, ..ApplicationFilter::default() }
}

/// Views are read one by one, together, and by kind.
pub async fn a_view_is_replaced(store: &dyn Store) -> Result<(), StoreError> {
    let step =
        Projected { documents: vec![view(1, 3, "{}"), view(2, 4, "{}")], upto: 5, ..Projected::default() };
    store.project(&step).await?;
    store
        .project(&Projected { documents: vec![view(1, 3, "{\"a\":1}")], upto: 6, ..Projected::default() })
        .await?;
    assert_eq!(store.view(id(1)).await?, Some(view(1, 3, "{\"a\":1}")));
    assert_eq!(store.view(id(9)).await?, None);
    assert_eq!(store.views(&[id(2), id(1), id(9)]).await?.len(), 2);
    assert_eq!(store.views_after(4, None, 10).await?, vec![view(2, 4, "{}")]);
    assert!(store.views_after(4, Some(id(2)), 10).await?.is_empty());
    assert_eq!(store.projected_upto().await?, 6);
    Ok(())
}

/// The last change is on top.
pub async fn rows_are_listed_newest_first(store: &dyn Store) -> Result<(), StoreError> {
    store.project(&listed(vec![application(1, 10), application(2, 30), application(3, 20)])).await?;
    store.project(&listed(vec![application(1, 40)])).await?;
    let page = store.applications(&all()).await?;
    assert_eq!(page.total, 3);
    assert_eq!(page.rows.iter().map(|r| r.row.document).collect::<Vec<_>>(), vec![id(1), id(2), id(3)]);
    assert_eq!(page.rows.first().map(|r| r.row.clone()), Some(application(1, 40)));
    Ok(())
}

/// Each filter alone.
pub async fn the_list_is_filtered(store: &dyn Store) -> Result<(), StoreError> {
    let other = ApplicationRow {
        day: Some(id(101)),
        status: "rejected".into(),
        service: "DINSOS-01".into(),
        search: "rusdi 50% b_002".into(),
        resident: Some(id(50)),
        field_conflict: true,
        ..application(2, 20)
    };
    store.project(&listed(vec![application(1, 10), other])).await?;
    let words = |words: &[&str]| ApplicationFilter {
        words: words.iter().map(ToString::to_string).collect(),
        ..all()
    };
    let filters = [
        ApplicationFilter { day: Some(id(101)), ..all() },
        ApplicationFilter { status: Some("rejected".into()), ..all() },
        ApplicationFilter { services: Some(vec!["DINSOS-01".into(), "DINSOS-02".into()]), ..all() },
        ApplicationFilter { residents: Some(vec![id(50)]), ..all() },
        ApplicationFilter { attention: true, ..all() },
        words(&["rusdi", "50%"]),
        words(&["b_002"]),
    ];
    for filter in filters {
        let page = store.applications(&filter).await?;
        assert_eq!(page.total, 1, "{filter:?}");
        assert_eq!(page.rows.first().map(|r| r.row.document), Some(id(2)), "{filter:?}");
    }
    assert_eq!(store.applications(&words(&["rusdi", "azizah"])).await?.total, 0);
    assert_eq!(store.applications(&words(&["a_001"])).await?.total, 0, "no wildcards");
    let nobody = ApplicationFilter { residents: Some(vec![]), ..all() };
    assert_eq!(store.applications(&nobody).await?.total, 0);
    Ok(())
}

/// The total does not depend on the page.
pub async fn the_list_is_paged(store: &dyn Store) -> Result<(), StoreError> {
    store.project(&listed((1..=5).map(|n| application(n, i64::from(n))).collect())).await?;
    let page = store.applications(&ApplicationFilter { offset: 2, limit: 2, ..all() }).await?;
    assert_eq!(page.total, 5);
    assert_eq!(page.rows.iter().map(|r| r.row.document).collect::<Vec<_>>(), vec![id(3), id(2)]);
    Ok(())
}

/// Same key, or named by a decision, in either direction.
pub async fn residents_are_neighbours_by_key_and_by_decision(store: &dyn Store) -> Result<(), StoreError> {
    let rows = vec![
        resident(1, Some(1), &[]),
        resident(2, Some(1), &[]),
        resident(3, None, &[2]),
        resident(4, None, &[]),
    ];
    store.project(&people(rows)).await?;
    assert_eq!(store.resident_neighbours(&[id(1)]).await?, vec![id(1), id(2)]);
    assert_eq!(store.resident_neighbours(&[id(2)]).await?, vec![id(1), id(2), id(3)]);
    assert_eq!(store.resident_neighbours(&[id(3)]).await?, vec![id(2), id(3)]);
    assert_eq!(store.resident_neighbours(&[id(4)]).await?, vec![id(4)]);
    assert!(store.resident_neighbours(&[]).await?.is_empty());
    Ok(())
}

/// When a NIK is corrected, the group it left is looked at again too.
pub async fn a_changed_key_marks_both_groups(store: &dyn Store) -> Result<(), StoreError> {
    let rows = vec![resident(1, Some(1), &[]), resident(2, Some(1), &[]), resident(3, Some(3), &[])];
    store.project(&people(rows)).await?;
    let flags = [(id(1), true, false), (id(2), true, false), (id(3), false, false)];
    store.set_group_flags(&flags, 1).await?;
    assert!(store.residents_to_regroup(10).await?.is_empty());
    store.project(&people(vec![resident(2, Some(3), &[])])).await?;
    assert_eq!(store.residents_to_regroup(10).await?, vec![id(1), id(2), id(3)]);
    assert_eq!(store.residents_to_regroup(1).await?.len(), 1);
    Ok(())
}

/// An application shows what its resident's group says.
pub async fn group_flags_reach_the_list(store: &dyn Store) -> Result<(), StoreError> {
    let row = ApplicationRow { resident: Some(id(50)), ..application(1, 10) };
    let step = Projected { residents: vec![resident(50, Some(1), &[])], ..listed(vec![row]) };
    store.project(&step).await?;
    store.set_group_flags(&[(id(50), true, true)], 1).await?;
    let page = store.applications(&ApplicationFilter { attention: true, ..all() }).await?;
    assert_eq!(page.rows.first().map(|r| (r.identity_question, r.spelling)), Some((true, true)));
    store.set_group_flags(&[(id(50), false, false)], 1).await?;
    assert_eq!(store.applications(&ApplicationFilter { attention: true, ..all() }).await?.total, 0);
    Ok(())
}

/// An application's code and a ticket's.
pub async fn tracking_codes_are_found(store: &dyn Store) -> Result<(), StoreError> {
    let visit = VisitRow {
        document: id(9),
        day: Some(id(100)),
        ticket: "A-001".into(),
        tracking: "CODE9".into(),
        resident: None,
    };
    store.project(&Projected { visits: vec![visit.clone()], ..listed(vec![application(1, 1)]) }).await?;
    assert_eq!(store.applications_tracked("CODE1").await?, vec![application(1, 1)]);
    assert_eq!(store.visits_tracked("CODE9").await?, vec![visit]);
    assert!(store.applications_tracked("CODE9").await?.is_empty());
    assert!(store.visits_tracked("CODE1").await?.is_empty());
    Ok(())
}

/// Before a rebuild.
pub async fn a_reset_empties_the_views(store: &dyn Store) -> Result<(), StoreError> {
    let step = Projected {
        documents: vec![view(1, 3, "{}")],
        residents: vec![resident(2, Some(1), &[3])],
        ..listed(vec![application(1, 1)])
    };
    store.project(&step).await?;
    store.reset_views().await?;
    assert_eq!(store.projected_upto().await?, 0);
    assert_eq!(store.view(id(1)).await?, None);
    assert_eq!(store.applications(&all()).await?.total, 0);
    assert!(store.residents_to_regroup(10).await?.is_empty());
    assert_eq!(store.resident_neighbours(&[id(2)]).await?, vec![id(2)]);
    Ok(())
}

/// A tablet may write 32 KiB or a U+0000 into any field: the views of everybody else must not stop for it. What cannot
/// be kept may be replaced by another character.
pub async fn texts_of_any_length_and_with_any_character_are_taken(
    store: &dyn Store,
) -> Result<(), StoreError> {
    // Not compressible, so that no backend gets around the length.
    let mut digest = [7; 32];
    let mut long = String::new();
    while long.len() < 32 * 1024 {
        digest = Sha256::digest(digest).into();
        long.extend(digest.iter().map(|byte| char::from(b' ' + byte % 90)));
    }
    let visit =
        VisitRow { document: id(9), day: None, ticket: "\0".into(), tracking: long.clone(), resident: None };
    let resident =
        ResidentRow { village: Some(long.clone()), name: "Nur\0aini".into(), ..resident(50, None, &[]) };
    let row = ApplicationRow {
        tracking: Some(long.clone()),
        applicant_name: "Nur\0aini".into(),
        service: long.clone(),
        search: format!("{long}\0"),
        ..application(1, 1)
    };
    let step = Projected { visits: vec![visit], residents: vec![resident], ..listed(vec![row]) };
    store.project(&step).await?;
    assert_eq!(store.visits_tracked(&long).await?.len(), 1);
    assert_eq!(store.applications_tracked(&long).await?.len(), 1);
    store.add_login_failure(&format!("{long}\0"), "10.0.0.1", 10, 0).await?;
    assert_eq!(store.account("a\0b").await?, None);
    Ok(())
}

/// Two processes that fold at the same time are in nobody's way.
pub async fn a_step_that_begins_elsewhere_is_refused(store: &dyn Store) -> Result<(), StoreError> {
    let step = |text: &str, after: i64, upto: i64| Projected {
        documents: vec![view(1, 3, text)],
        after: Some(after),
        upto,
        ..Projected::default()
    };
    store.project(&step("first", 0, 5)).await?;
    assert!(matches!(store.project(&step("late", 0, 3)).await, Err(StoreError::Stale(_))));
    assert!(matches!(store.project(&step("early", 6, 7)).await, Err(StoreError::Stale(_))));
    assert_eq!(store.projected_upto().await?, 5);
    assert_eq!(store.view(id(1)).await?.map(|row| row.view).as_deref(), Some("first"));
    store.project(&step("next", 5, 9)).await?;
    store.project(&Projected { after: Some(9), ..people(vec![resident(50, Some(1), &[])]) }).await?;
    let flags = [(id(50), true, true)];
    assert!(matches!(store.set_group_flags(&flags, 9).await, Err(StoreError::Stale(_))));
    assert_eq!(store.residents_to_regroup(10).await?, vec![id(50)], "the mark stays");
    store.set_group_flags(&flags, 1).await?;
    assert!(store.residents_to_regroup(10).await?.is_empty());
    Ok(())
}

/// Days from a date on; nothing else that has a date.
pub async fn days_are_found_by_their_date(store: &dyn Store) -> Result<(), StoreError> {
    let dated = |document, kind, date: &str| view(document, kind, &format!("{{\"date\":\"{date}\"}}"));
    let documents = vec![
        dated(1, 4, "2025-12-31"),
        dated(2, 4, "2026-01-01"),
        dated(3, 4, "2026-11-02"),
        dated(4, 3, "2026-11-02"),
        view(5, 4, "{}"),
    ];
    store.project(&Projected { documents, upto: 5, ..Projected::default() }).await?;
    let mut found: Vec<_> = store.days_from("2026-01-01").await?.iter().map(|row| row.document).collect();
    found.sort_unstable();
    assert_eq!(found, vec![id(2), id(3)]);
    assert!(store.days_from("2027-01-01").await?.is_empty());
    Ok(())
}
