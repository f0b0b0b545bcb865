//! Comparing what both sides hold, repairing what differs, and sessions that went on in two ways.

use std::collections::BTreeMap;

use axum::body::Body;
use mpp_sync::check::day_scope;
use mpp_sync::digest::{ScopeSum, fold};
use mpp_sync::document::{chunk_of, contents_of, time_of};
use mpp_sync::exchange::{
    ChainClaim, Changes, Extras, HeldChain, Hello, Listed, RepairRequest, ResponseRecord, encode_request,
    encode_request_with, flags,
};
use mpp_sync::frame::{Frame, SessionHeader, cut};
use mpp_sync::ids::{DocumentId, FrameHash, Kind, SaveHash, SessionId};
use mpp_sync::repair::Items;
use mpp_sync::save::{Entry, Save, link};

use super::server::{NOW, Server};
use super::tablet::{Tablet, exchange, held, notices, refused};

/// What a caller adds up of the batches it got, with its own changes looked up in its frames.
fn added_up(tablet: &Tablet, records: &[ResponseRecord]) -> BTreeMap<String, ScopeSum> {
    let frames: Vec<Frame> = tablet.frames.iter().map(|frame| Frame::decode(frame).unwrap()).collect();
    let mut sums = BTreeMap::<String, ScopeSum>::new();
    for batch in batches(records) {
        for (listed, scopes) in batch.listings() {
            let (document, hash) = match listed {
                Listed::Change(entry) => (entry.document, entry.hash),
                Listed::Yours(yours) => {
                    assert_eq!(yours.chain, 0);
                    let frame = &frames[usize::try_from(yours.frame).unwrap()];
                    let entry = frame.entries().nth(usize::try_from(yours.index).unwrap()).unwrap();
                    (entry.document, entry.hash)
                }
            };
            for scope in scopes {
                sums.entry(scope.to_owned()).or_default().add(&document, &hash);
            }
        }
    }
    sums
}

pub(super) fn batches(records: &[ResponseRecord]) -> Vec<Changes> {
    let batches = records.iter().filter_map(|record| match record {
        ResponseRecord::Changes(changes) => Some(changes.clone()),
        _ => None,
    });
    batches.collect()
}

fn digest(records: &[ResponseRecord]) -> mpp_sync::exchange::Digest {
    let found = records.iter().rev().find_map(|record| match record {
        ResponseRecord::Digest(digest) => Some(digest.clone()),
        _ => None,
    });
    found.unwrap()
}

#[tokio::test]
async fn what_a_tablet_adds_up_is_what_the_office_says_with_its_own_changes_named() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "rina", day).await;
    for index in 0..120 {
        one.application(&format!("16041241019{index:05}"), "Siti Nur'azizah binti Muhammad Syamsul Bahri");
    }
    let records = one.sync(&server, &cookie).await;
    let own = batches(&records)
        .iter()
        .flat_map(|batch| batch.entries.clone())
        .filter(|listed| matches!(listed, Listed::Yours(_)))
        .count();
    assert_eq!(
        own,
        one.entries.len() - batches(&records).iter().map(|batch| batch.received().count()).sum::<usize>()
    );
    assert!(own > 0);
    two.application("1604124101900001", "Budi");
    let records = two.sync(&server, &cookie).await;
    let mut theirs = added_up(&two, &records);
    let asked = Hello {
        flags: flags::SUMS,
        pull: Some(mpp_sync::exchange::PullRequest {
            log: None,
            cursors: vec![mpp_sync::exchange::Cursor {
                position: 0,
                rolling: mpp_sync::ids::Rolling::START,
                scopes: one.scopes.clone(),
            }],
        }),
        ..one.hello()
    };
    let mut all = BTreeMap::<String, ScopeSum>::new();
    let mut hello = asked;
    let last = loop {
        let records =
            exchange(&server, &cookie, Body::from(encode_request::<Vec<u8>>(&hello, &[]))).await.unwrap();
        for (scope, sum) in added_up(&one, &records) {
            let entry = all.entry(scope).or_default();
            *entry = plus(*entry, sum);
        }
        if let (Some(pull), Some(batch)) = (&mut hello.pull, batches(&records).pop()) {
            pull.log = Some(server.app.node.log);
            pull.cursors = batch.cursors;
        }
        if records.contains(&ResponseRecord::End { more: false }) {
            break digest(&records);
        }
    };
    theirs.retain(|scope, _| one.scopes.contains(scope));
    let listed: BTreeMap<String, ScopeSum> = last.scopes.iter().cloned().collect();
    for (scope, sum) in &all {
        assert_eq!(listed.get(scope), Some(sum), "{scope}");
        assert_eq!(theirs.get(scope), Some(sum), "{scope}: two tablets of one day add up the same");
    }
    assert_eq!(last.fold, fold(&last.scopes));
    assert!(server.app.store().sum_again().await.unwrap().is_empty());
}

fn plus(a: ScopeSum, b: ScopeSum) -> ScopeSum {
    let mut carry = 0_u16;
    let mut sum = a.sum;
    for (to, more) in sum.iter_mut().zip(b.sum).rev() {
        let total = u16::from(*to) + u16::from(more) + carry;
        *to = u8::try_from(total & 0xff).unwrap();
        carry = total >> 8;
    }
    ScopeSum { sum, count: a.count + b.count }
}

#[tokio::test]
async fn a_caller_of_the_version_before_digests_is_answered_in_it() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.ticket();
    tablet.sync(&server, &cookie).await;
    let older = Hello { protocol: 0, ..tablet.hello() };
    let records =
        exchange(&server, &cookie, Body::from(encode_request::<Vec<u8>>(&older, &[]))).await.unwrap();
    let ResponseRecord::Welcome(welcome) = &records[0] else { panic!("{records:?}") };
    assert_eq!((welcome.protocol, welcome.node), (0, None));
    assert!(batches(&records).iter().all(|batch| batch.membership.is_none() && batch.attestation.is_none()));
    assert!(!records.iter().any(|record| matches!(record, ResponseRecord::Digest(_))));
    let newer = Hello { protocol: 40, ..tablet.hello() };
    let records =
        exchange(&server, &cookie, Body::from(encode_request::<Vec<u8>>(&newer, &[]))).await.unwrap();
    let ResponseRecord::Welcome(welcome) = &records[0] else { panic!("{records:?}") };
    assert_eq!(welcome.protocol, mpp_sync::exchange::PROTOCOL);
}

#[tokio::test]
async fn a_copied_tablet_is_noticed_and_both_ways_it_went_on_are_kept() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut twin = Tablet::unprepared(1, "rina", day);
    twin.label.clone_from(&tablet.label);
    tablet.ticket();
    tablet.sync(&server, &cookie).await;
    for frames in 1..=2 {
        twin.ticket();
        let (visit, _) = twin.ticket();
        twin.cut();
        let frame = twin.frames.last().unwrap().clone();
        let records = twin.push(&server, &cookie, &[frame]).await;
        assert!(refused(&records).is_empty());
        assert!(notices(&records).contains(&(visit, "chain_forked")));
        let ResponseRecord::Holds(holds) = &records[1] else { panic!("{records:?}") };
        let ways: Vec<u64> =
            holds.iter().filter(|chain| chain.session == twin.session).map(|chain| chain.frames).collect();
        assert_eq!(ways, [1, frames]);
    }
    let again = twin.push(&server, &cookie, &twin.frames.clone()).await;
    assert!(refused(&again).is_empty(), "a frame that is kept is a success");
    assert_eq!(held(&again, tablet.session), 1);
    // A copy of the copy, with its first frame only, hears that this one is here (found by the simulator, seed 1001963).
    let claimed = vec![ChainClaim { session: twin.session, frames: 1 }];
    let shorter = Hello { chains: claimed, ..twin.hello() };
    let body = Body::from(encode_request::<Vec<u8>>(&shorter, &[]));
    let records = exchange(&server, &cookie, body).await.unwrap();
    let ResponseRecord::Holds(holds) = &records[1] else { panic!("{records:?}") };
    let head = Frame::decode(&twin.frames[1]).unwrap().previous;
    assert!(holds.contains(&HeldChain { session: twin.session, frames: 1, head }));
    let rows = server.read("/api/office/tablets", &supervisor).await;
    assert_eq!(rows["tablets"][0]["events"][0]["kind"], "forked");
    let rows = server.read("/api/office/quarantine", &supervisor).await;
    // The very first ticket is the same in both.
    assert_eq!(rows["rows"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_tablet_whose_storage_went_back_is_noticed_and_gets_its_own_work_again() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.ticket();
    tablet.cut();
    let first = Frame::decode(&tablet.frames[0]).unwrap();
    let (forgotten, _) = tablet.ticket();
    tablet.sync(&server, &cookie).await;
    // It knows one frame of that session, and has begun another one since.
    let mut later = Tablet::unprepared(1, "rina", day);
    later.session = SessionId([99; 16]);
    later.scopes.clone_from(&tablet.scopes);
    let save = ticket_save(&mut later);
    let previous =
        mpp_sync::frame::PreviousSession { session: tablet.session, frames: 1, head: FrameHash([0; 32]) };
    let header = SessionHeader {
        device: tablet.device,
        previous: Some(previous),
        day: Some(day),
        app_version: "uji".into(),
        started_at: u64::try_from(NOW + 600).unwrap(),
    };
    let frame = cut(&later.session, 0, &FrameHash::NONE, Some(&header), &[save]).unwrap().sign(&tablet.key);
    let mut hello = later.hello();
    hello.chains = vec![mpp_sync::exchange::ChainClaim { session: tablet.session, frames: 1 }];
    let records = exchange(&server, &cookie, Body::from(encode_request(&hello, &[frame]))).await.unwrap();
    assert!(refused(&records).is_empty());
    let came: Vec<DocumentId> = batches(&records)
        .iter()
        .flat_map(|batch| batch.received().map(|entry| entry.document).collect::<Vec<_>>())
        .collect();
    assert!(came.contains(&forgotten), "what it forgot comes as what is missing");
    assert!(!came.contains(&first.entries().next().unwrap().document), "what it still has is only named");
    let rows = server.read("/api/office/tablets", &supervisor).await;
    let events = &rows["tablets"][0]["events"];
    assert_eq!(
        (&events[0]["kind"], &events[0]["claimed"], &events[0]["held"]),
        (&"rolled_back".into(), &1.into(), &2.into())
    );
}

fn ticket_save(tablet: &mut Tablet) -> Save {
    tablet.ticket();
    tablet.unsent.pop().unwrap()
}

#[tokio::test]
async fn a_kind_of_a_later_version_is_carried_and_waits() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut save = ticket_save(&mut tablet);
    let kind = Kind::Unknown(77);
    // An entry of a kind, and with contents, of which this version knows nothing.
    let (bytes, hash) = chunk_of(b"contents of version 9");
    let document = DocumentId::derive(kind, &tablet.session, 5);
    save.entries.push(Entry { document, kind, counter: Some(5), hash, bytes });
    save.hash = link(&tablet.session, 0, &SaveHash::NONE, &save.entries);
    let visit = save.entries[0].document;
    tablet.unsent.push(save);
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 1);
    assert_eq!(notices(&records), [(document, "kind_unknown")]);
    let store = server.app.store();
    assert!(store.frame(tablet.session.0, 0).await.unwrap().is_some(), "the frame is here, to be carried on");
    assert_eq!(store.changes_of(&[visit.0]).await.unwrap().len(), 1, "and kept nothing else out");
    let rows = server.read("/api/office/quarantine", &supervisor).await;
    assert_eq!((&rows["rows"][0]["code"], &rows["rows"][0]["kind"]), (&"kind_unknown".into(), &77.into()));
    server.app.ingest.retry_everything().await.unwrap();
    let rows = server.read("/api/office/quarantine", &supervisor).await;
    assert_eq!(rows["rows"].as_array().unwrap().len(), 1, "this version still does not know it");
}

#[tokio::test]
async fn what_a_tablet_lost_in_the_middle_is_found_and_sent_again() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "rina", day).await;
    for index in 0..60 {
        one.application(&format!("16041241019{index:05}"), "Siti Nur'azizah binti Muhammad Syamsul Bahri");
    }
    one.sync(&server, &cookie).await;
    let records = two.sync(&server, &cookie).await;
    let scope = day_scope(&day);
    let mut listed = Vec::new();
    for batch in batches(&records) {
        for (entry, scopes) in batch.listings() {
            if let (Listed::Change(entry), true) = (entry, scopes.contains(&scope.as_str())) {
                listed.push(entry.clone());
            }
        }
    }
    let lost: Vec<Entry> = listed.drain(50..90).collect();
    let known = |entries: &[Entry]| {
        let time = |entry: &Entry| contents_of(&entry.bytes).map_or(0, time_of);
        Items::new(entries.iter().map(|entry| (time(entry), &entry.document, &entry.hash))).unwrap()
    };
    let mut sum = ScopeSum::default();
    for entry in &listed {
        sum.add(&entry.document, &entry.hash);
    }
    let (mut message, mut trips, mut bytes) = (known(&listed).begin().unwrap(), 0, 0);
    loop {
        let cursors = two.cursors.iter().find(|cursor| cursor.scopes.contains(&scope)).unwrap();
        let step = RepairRequest {
            scope: scope.clone(),
            position: cursors.position,
            fold: fold(&[(scope.clone(), sum)]),
            message: message.clone(),
        };
        bytes += message.len();
        let extras = Extras { repairs: vec![step], ..Extras::default() };
        let body = encode_request_with::<Vec<u8>>(&two.hello(), &extras, &[]);
        let records = exchange(&server, &cookie, Body::from(body)).await.unwrap();
        trips += 1;
        for batch in batches(&records) {
            for entry in batch.received() {
                assert!(lost.contains(entry), "only what is missing");
                sum.add(&entry.document, &entry.hash);
                listed.push(entry.clone());
            }
        }
        let next = records.iter().find_map(|record| match record {
            ResponseRecord::Repair(step) => Some(step.message.clone()),
            _ => None,
        });
        bytes += next.as_ref().map_or(0, Vec::len);
        match next {
            Some(next) if !next.is_empty() => message = known(&listed).answer(&next).unwrap(),
            _ => break,
        }
    }
    assert!(lost.iter().all(|entry| listed.contains(entry)));
    assert!(trips <= 3 && bytes < 4_000, "{trips} round trips, {bytes} bytes");
    let step = RepairRequest {
        scope: scope.clone(),
        position: two.cursors[0].position,
        fold: fold(&[(scope, sum)]),
        message: Vec::new(),
    };
    let extras = Extras { repairs: vec![step], ..Extras::default() };
    let body = encode_request_with::<Vec<u8>>(&two.hello(), &extras, &[]);
    let records = exchange(&server, &cookie, Body::from(body)).await.unwrap();
    assert!(
        !records.iter().any(|record| matches!(record, ResponseRecord::Repair(_))),
        "both hold the same now"
    );
}
