use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::digest::{ScopeSum, fold};
use crate::exchange::{Ancestor, Cursor, Digest, Yours};
use crate::ids::{LogId, Rolling, SessionId};
use crate::repair::{Items, item_id};

fn name(n: u8) -> Name {
    Name { document: DocumentId([n; 16]), hash: ChangeHash([n; 32]), time: 1_790_000_000 + u64::from(n) }
}

fn sum(numbers: &[u8]) -> ScopeSum {
    let mut sum = ScopeSum::default();
    for n in numbers {
        sum.add(&name(*n).document, &name(*n).hash);
    }
    sum
}

fn sums(scopes: &[(&str, &[u8])]) -> Vec<(String, ScopeSum)> {
    scopes.iter().map(|(scope, numbers)| ((*scope).to_owned(), sum(numbers))).collect()
}

fn place(chain: u64, frame: u64, index: u64) -> Yours {
    Yours { chain, frame, index }
}

#[test]
fn a_page_lists_what_came_and_what_is_named_of_ours() {
    let holds = [NodeHolds { held: 1, forked: false }];
    let frames = [OwnFrame { chain: 0, frame: 0, names: vec![name(1), name(2)] }];
    let received = vec![(name(9), vec!["a", "b"])];
    let listings = listings_of(received, [(place(0, 0, 1), vec!["a"])], &holds, &frames).unwrap();
    let row = |scope: &str, n| Listing { scope: scope.to_owned(), name: name(n) };
    assert_eq!(listings, [row("a", 9), row("b", 9), row("a", 2)]);
}

#[test]
fn a_page_that_names_as_ours_what_we_do_not_hold_is_refused_with_its_chains() {
    let frames = [
        OwnFrame { chain: 0, frame: 0, names: vec![name(1)] },
        OwnFrame { chain: 1, frame: 4, names: vec![name(2)] },
    ];
    let refused = |own: Vec<Yours>, holds: &[NodeHolds]| {
        let own = own.into_iter().map(|yours| (yours, vec!["a"]));
        listings_of([], own, holds, &frames).unwrap_err().chains
    };
    let sound = [NodeHolds { held: 1, forked: false }, NodeHolds { held: 5, forked: false }];
    assert_eq!(refused(vec![place(0, 0, 1), place(0, 7, 0)], &sound), [0], "no such change, no such frame");
    assert_eq!(refused(vec![place(3, 0, 0)], &sound), [3], "a chain that was never named");
    let forked = [NodeHolds { held: 1, forked: true }, NodeHolds { held: 4, forked: false }];
    assert_eq!(
        refused(vec![place(0, 0, 0), place(1, 4, 0)], &forked),
        [0, 1],
        "a fork, and more than the node holds"
    );
}

#[test]
fn what_differs_is_asked_for_repaired_and_then_told() {
    let own: BTreeMap<String, ScopeSum> = sums(&[("a", &[1, 2]), ("b", &[3])]).into_iter().collect();
    let asked: Vec<String> = vec!["b".to_owned(), "a".to_owned(), "empty".to_owned()];
    let said = |scopes: &[(&str, &[u8])], named: bool| {
        let scopes = sums(scopes);
        Digest { fold: fold(&scopes), scopes: if named { scopes } else { Vec::new() } }
    };
    let none = BTreeSet::new();
    let same: &[(&str, &[u8])] = &[("a", &[1, 2]), ("b", &[3]), ("empty", &[])];
    assert_eq!(compare(&own, &asked, &said(same, false), &none), Compared::Equal);
    let other: &[(&str, &[u8])] = &[("a", &[1, 2, 4]), ("b", &[3]), ("empty", &[])];
    assert_eq!(compare(&own, &asked, &said(other, false), &none), Compared::AskSums);
    assert_eq!(compare(&own, &asked, &said(other, true), &none), Compared::Repair(vec!["a".to_owned()]));
    let settled = BTreeSet::from(["a".to_owned()]);
    assert_eq!(compare(&own, &asked, &said(other, true), &settled), Compared::Differs(vec!["a".to_owned()]));
    let left_out: &[(&str, &[u8])] = &[("a", &[1, 2]), ("empty", &[])];
    assert_eq!(compare(&own, &asked, &said(left_out, true), &none), Compared::Equal, "not answered for b");
}

#[test]
fn two_sides_find_out_what_each_lacks() {
    let items = |numbers: std::ops::Range<u8>| numbers.map(name).collect::<Vec<_>>();
    let (ours, theirs) = (items(0..200), items(50..250));
    let node = Items::new(theirs.iter().map(|name| (name.time, &name.document, &name.hash))).unwrap();
    let mut step = Some(repair_begin("a", 7, &ours).unwrap());
    let (mut lack, mut want) = (0, 0);
    while let Some(request) = step {
        assert_eq!((request.scope.as_str(), request.position), ("a", 7));
        assert_eq!(request.fold, fold(&[("a".to_owned(), sum(&(0..200).collect::<Vec<u8>>()))]));
        let learnt = node.learn(&request.message).unwrap();
        lack += learnt.caller_lacks.len();
        want += learnt.node_lacks.len();
        step = repair_answer("a", 7, &ours, &learnt.message.unwrap_or_default()).unwrap();
    }
    assert_eq!((lack, want), (50, 50));
}

#[test]
fn a_cursor_goes_on_in_a_log_that_comes_from_its_own_up_to_where_they_part() {
    let (old, older, new) = (LogId([1; 16]), LogId([2; 16]), LogId([3; 16]));
    let at = |position, scope: &str| Cursor {
        position,
        rolling: Rolling([u8::try_from(position).unwrap(); 8]),
        scopes: vec![scope.to_owned()],
    };
    let ancestors = [
        Ancestor { log: older, position: 5, rolling: Rolling([5; 8]) },
        Ancestor { log: old, position: 10, rolling: Rolling([10; 8]) },
    ];
    let known = |cursors: &[Cursor]| {
        vec![
            Place { log: older, cursors: vec![at(4, "a")] },
            Place { log: old, cursors: cursors.to_vec() },
            Place { log: LogId([9; 16]), cursors: vec![at(90, "a")] },
        ]
    };
    let adopted = adopt(new, &ancestors, &known(&[at(9, "a"), at(10, "b")]));
    assert_eq!(adopted, Adopted { from: Some(old), cursors: vec![at(9, "a"), at(10, "b")], forgot: false });
    let adopted = adopt(new, &ancestors, &known(&[at(12, "a"), at(3, "b")]));
    assert_eq!(adopted, Adopted { from: Some(old), cursors: vec![at(10, "a"), at(3, "b")], forgot: true });
    assert_eq!(adopt(old, &ancestors, &known(&[at(1, "a")])), Adopted::default(), "a log that is known");
    assert_eq!(adopt(new, &[], &known(&[at(1, "a")])), Adopted::default(), "a log that comes from no other");
}

fn batch(id: u64, log: u8, position: u64, changes: usize) -> KeptBatch<u64> {
    KeptBatch { id, log: LogId([log; 16]), position, changes }
}

#[test]
fn a_batch_is_kept_until_the_backup_of_its_log_covers_it_and_the_oldest_go_when_there_are_too_many() {
    let most = crate::limits::KEPT_CHANGES_MAX;
    let batches = [batch(0, 1, 5, 3), batch(1, 2, 2, 1), batch(2, 1, 6, most - 1), batch(3, 1, 9, 1)];
    let outdated = batches_outdated(&batches, LogId([1; 16]), &[], 5);
    assert_eq!(outdated, Outdated { drop: vec![0], over: vec![1] });
    let outdated = batches_outdated(&batches, LogId([1; 16]), &[], 9);
    assert_eq!(outdated, Outdated { drop: vec![0, 2, 3], over: vec![] });
    let none = Outdated { drop: vec![], over: vec![] };
    assert_eq!(batches_outdated(&batches[..2], LogId([3; 16]), &[], 99), none);
    let parted = |position| [Ancestor { log: LogId([1; 16]), position, rolling: Rolling([0; 8]) }];
    let restored = batches_outdated(&batches[..2], LogId([3; 16]), &parted(5), 99);
    assert_eq!(restored.drop, [0], "the log that goes on from theirs has them in its backup");
    assert_eq!(batches_outdated(&batches[..2], LogId([3; 16]), &parted(4), 99), none);
    assert_eq!(batches_outdated(&batches[..2], LogId([3; 16]), &parted(5), 4), none);
}

#[test]
fn a_batch_of_a_lost_log_has_its_place_in_the_new_one_when_nothing_differs() {
    let offering = |id, log, scopes: &[&'static str]| Offering {
        batch: batch(id, log, 5, 1),
        items: Vec::new(),
        scopes: scopes.to_vec(),
    };
    let batches = [offering(0, 1, &["a"]), offering(1, 1, &["a", "b"]), offering(2, 2, &["a"])];
    let equal = BTreeSet::from(["a".to_owned()]);
    assert_eq!(batches_arrived(LogId([2; 16]), &equal, &batches), [0]);
}

#[test]
fn what_is_wanted_is_offered_in_whole_batches_and_what_nobody_can_want_too() {
    let item = |n: u8| item_id(&name(n).document, &name(n).hash);
    let offering = |id, position, numbers: &[u8], scopes: &[&'static str]| Offering {
        batch: batch(id, 1, position, numbers.len()),
        items: numbers.iter().map(|n| item(*n)).collect(),
        scopes: scopes.to_vec(),
    };
    let batches = [
        offering(0, 4, &[1, 2], &["today"]),
        offering(1, 12, &[3], &["today"]),
        offering(2, 12, &[4], &["yesterday"]),
        offering(3, 9, &[5], &["yesterday"]),
    ];
    let ancestors = [Ancestor { log: LogId([1; 16]), position: 10, rolling: Rolling([0; 8]) }];
    let compared = BTreeSet::from(["today".to_owned()]);
    let wanted = BTreeSet::from([item(2)]);
    assert_eq!(offers_to_make(&ancestors, &compared, &wanted, &batches), [0, 2]);
    assert_eq!(offers_to_make(&[], &compared, &wanted, &batches), [0]);
}

#[test]
fn chains_are_named_that_wait_or_are_not_safe_yet_and_a_forked_one_claims_nothing() {
    let chain = |n: u8, confirmed, backed_up, forked| ClaimedChain {
        session: SessionId([n; 16]),
        frames: 4,
        confirmed,
        backed_up,
        forked,
    };
    let chains = [chain(1, 3, 0, false), chain(2, 4, 4, false), chain(3, 4, 3, false), chain(4, 2, 0, true)];
    let named = |why: &Naming| -> Vec<(u8, u64)> {
        chains_to_name(&chains, why).iter().map(|claim| (claim.session.0[0], claim.frames)).collect()
    };
    assert_eq!(named(&Naming::default()), [(1, 4), (4, 0)]);
    assert_eq!(named(&Naming { marks_moved: true, ..Naming::default() }), [(1, 4), (3, 4), (4, 0)]);
    assert_eq!(named(&Naming { all: true, ..Naming::default() }), [(1, 4), (2, 4), (3, 4), (4, 0)]);
    let open = vec![SessionId([2; 16])];
    assert_eq!(named(&Naming { open, ..Naming::default() }), [(1, 4), (2, 4), (4, 0)]);
}

fn said(office: bool, log: u8, issued_at: u64, frames: u64, backed_up: u64) -> Said {
    Said { office, log: LogId([log; 16]), issued_at, frames, backed_up }
}

#[test]
fn a_receipt_that_says_less_in_its_log_or_was_signed_before_that_of_another_log_is_an_older_one() {
    let known = said(true, 1, 100, 5, 3);
    assert!(said(true, 1, 100, 5, 2).is_older_than(&known));
    assert!(said(true, 1, 100, 4, 3).is_older_than(&known));
    assert!(!said(true, 1, 90, 6, 3).is_older_than(&known), "the clock was set back");
    assert!(!known.is_older_than(&known));
    assert!(said(true, 2, 99, 9, 9).is_older_than(&known), "of the office before it was restored");
    assert!(!said(true, 2, 101, 1, 0).is_older_than(&known), "a restored office may hold less");
}

#[test]
fn tiers_are_what_the_office_said_last_in_its_present_log_and_the_best_of_the_hubs() {
    let all = [
        said(true, 1, 100, 9, 9),
        said(true, 2, 50, 3, 2),
        said(true, 2, 60, 5, 2),
        said(false, 7, 10, 7, 7),
    ];
    let of = |frames, log: Option<u8>| tiers(frames, &all, log.map(|log| LogId([log; 16])));
    assert_eq!(of(10, Some(2)), Tiers { hub: 7, office: 5, backed_up: 2 });
    assert_eq!(of(10, Some(1)), Tiers { hub: 9, office: 9, backed_up: 9 });
    assert_eq!(of(4, Some(2)), Tiers { hub: 4, office: 4, backed_up: 2 });
    assert_eq!(of(10, None), Tiers { hub: 7, office: 0, backed_up: 0 });
}
