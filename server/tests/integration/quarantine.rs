//! Changes that are authentic but not accepted: kept, said, and tried again.

use std::collections::BTreeSet;

use mpp_server::ingest::{Ingest, Outcome, Submission};
use mpp_store::GrantRow;
use mpp_sync::check::{AcceptedChange, Writer, check_entry};
use mpp_sync::document::{Document, Refusal};
use mpp_sync::save::Entry;
use serde_json::json;
use tokio::sync::watch;

use super::server::Server;
use super::tablet::{Tablet, held, notices};

#[tokio::test]
async fn a_change_for_a_day_the_tablet_is_not_on_is_kept_with_a_notice_and_accepted_when_it_is() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let own = server.day().await;
    let other = server.day_with(&["rina"], "Tempat lain").await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", own).await;
    let (visit, _) = tablet.ticket();
    tablet.cut();
    tablet.day = other;
    let (strange, _) = tablet.ticket();
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 2, "stored and acknowledged all the same");
    assert_eq!(notices(&records), [(strange, "day_not_granted")]);
    let rows = server.read("/api/office/quarantine", &supervisor).await;
    assert_eq!(rows["rows"][0]["document"], strange.to_string());
    assert_eq!(rows["rows"][0]["code"], "day_not_granted");
    assert_eq!(rows["rows"][0]["label"], "A");
    assert!(server.app.store().view(strange.0).await.unwrap().is_none());
    server.folded().await;
    assert!(server.app.store().view(visit.0).await.unwrap().is_some());
    let again = tablet.push(&server, &cookie, &[]).await;
    assert_eq!(notices(&again), [(strange, "day_not_granted")], "said again until it is settled");
    tablet.prepare(&server, &cookie, other).await;
    assert!(server.read("/api/office/quarantine", &supervisor).await["rows"].as_array().unwrap().is_empty());
    server.folded().await;
    assert!(server.app.store().view(strange.0).await.unwrap().is_some());
    assert!(notices(&tablet.push(&server, &cookie, &[]).await).is_empty());
}

#[tokio::test]
async fn what_follows_on_a_parked_change_shares_its_reason_and_is_accepted_with_it() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let own = server.day().await;
    let other = server.day_with(&["rina"], "Tempat lain").await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", own).await;
    tablet.day = other;
    let (_, application, _) = tablet.application("1604124101900001", "Siti Nur'azizah");
    tablet.cut();
    tablet.status(application, mpp_sync::rules::status::Status::Verified, None);
    let records = tablet.sync(&server, &cookie).await;
    assert!(notices(&records).len() >= 3);
    assert!(notices(&records).iter().all(|(_, code)| *code == "day_not_granted"), "{:?}", notices(&records));
    tablet.prepare(&server, &cookie, other).await;
    assert!(server.app.store().quarantined(10).await.unwrap().is_empty());
    server.folded().await;
    let view = server.app.store().view(application.0).await.unwrap().unwrap();
    assert!(view.view.contains("verified"));
}

#[tokio::test]
async fn an_edit_that_arrives_before_its_document_waits_for_it() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", day).await;
    let (_, application, _) = one.application("1604124101900001", "Siti Nur'azizah");
    // By a road that is not the office, tablet two got the application first.
    two.entries.extend(one.entries.iter().cloned());
    two.status(application, mpp_sync::rules::status::Status::Verified, None);
    let records = two.sync(&server, &cookie).await;
    assert_eq!(notices(&records), [(application, "document_unknown")]);
    one.sync(&server, &cookie).await;
    assert!(server.app.store().quarantined(10).await.unwrap().is_empty());
    let supervisor = server.sign_in("sari").await;
    server.folded().await;
    let record = server.read(&format!("/api/office/applications/{application}"), &supervisor).await;
    assert_eq!(record["application"]["status"]["current"], "verified");
}

#[tokio::test]
async fn one_bad_change_never_blocks_another() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.ticket();
    let (second, _) = tablet.ticket();
    // The second save's change becomes one of no known shape; the save is linked again by its own hash.
    let save = &mut tablet.unsent[1];
    save.entries[0].bytes.truncate(40);
    let (bytes, hash) =
        mpp_sync::document::chunk_of(&[0, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    save.entries[0].bytes = bytes;
    save.entries[0].hash = hash;
    let previous = tablet.unsent[0].hash;
    let save = &mut tablet.unsent[1];
    save.hash = mpp_sync::save::link(&tablet.session, save.number, &previous, &save.entries);
    let link = save.hash;
    tablet.relink(link);
    tablet.ticket();
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 1);
    assert_eq!(notices(&records), [(second, "change_malformed")]);
    server.folded().await;
    let visits = server.app.store().views_after(2, None, 10).await.unwrap();
    assert_eq!(visits.len(), 2);
}

#[tokio::test]
async fn everything_is_tried_again_on_request_and_by_a_new_version() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let own = server.day().await;
    let other = server.day_with(&["rina"], "Tempat lain").await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", own).await;
    tablet.day = other;
    let (strange, _) = tablet.ticket();
    tablet.sync(&server, &cookie).await;
    let retry = "/api/office/quarantine/retry";
    let (status, body) = server.post(retry, &supervisor, json!({})).await;
    assert_eq!((status, &body["accepted"], &body["left"]), (200, &json!(0), &json!(1)));
    let rows = server.read("/api/office/quarantine", &supervisor).await;
    assert_eq!((&rows["rows"][0]["officer_name"], &rows["rows"][0]["waits"]), (&json!("RINA"), &json!(true)));
    // The right comes by another road than preparing, as with a restored office.
    let grant = GrantRow {
        device: tablet.device.0,
        day: other.0,
        label: "A".into(),
        username: "rina".into(),
        granted_at: 1,
    };
    server.app.store().grant(&grant).await.unwrap();
    server.app.store().set_value("quarantine_tried_by", "0.0.1").await.unwrap();
    let server = server.reopened(|_| ()).await;
    assert!(server.app.store().quarantined(10).await.unwrap().is_empty());
    assert!(server.app.store().view(strange.0).await.unwrap().is_some());
    assert_eq!(server.post(retry, &cookie, json!({})).await.0, 403);
}

/// Panics over a change that sets this note, after the engine took it, as the engine itself does in the middle of its work.
fn panics_over_a_note(
    document: &mut Document,
    entry: &Entry,
    writer: &Writer<'_>,
    present: &BTreeSet<String>,
) -> Result<Option<AcceptedChange>, Refusal> {
    let answer = check_entry(document, entry, writer, present);
    let note = b"Lansia";
    assert!(!entry.bytes.windows(note.len()).any(|bytes| bytes == note), "the engine");
    answer
}

#[tokio::test]
async fn a_panic_of_the_document_engine_costs_one_change_and_later_frames_go_on() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let (first, _) = tablet.ticket();
    tablet.edit(first, "notes", "Lansia");
    let (second, _) = tablet.ticket();
    tablet.cut();
    tablet.edit(first, "priority", "Kursi roda");
    let (third, _) = tablet.ticket();
    tablet.cut();
    assert_eq!(tablet.frames.len(), 2);
    let (store, env) = (server.app.node.store.clone(), server.env.clone());
    let (tell, _) = watch::channel(0);
    let ingest = Ingest::start_checking(store, env, server.app.node.key.device(), tell, panics_over_a_note);
    let mut codes = Vec::new();
    for bytes in tablet.frames.clone() {
        let submission = Submission { bytes, officer: "rina".into() };
        let Outcome::Stored { notices, .. } =
            ingest.submit(submission).await.unwrap().outcome().await.unwrap()
        else {
            panic!("a frame was not stored")
        };
        codes.extend(notices.into_iter().map(|notice| (notice.document, notice.code)));
    }
    // What builds on the change waits for it; everything else went on.
    assert_eq!(codes, [(first, "apply_failed".to_owned()), (first, "deps_missing".to_owned())]);
    for visit in [first, second, third] {
        assert_eq!(server.app.store().changes_of(&[visit.0]).await.unwrap().len(), 1);
    }
    server.app.ingest.retry_everything().await.unwrap();
    assert!(server.app.store().quarantined(10).await.unwrap().is_empty(), "a healthy engine takes both");
    assert_eq!(server.app.store().changes_of(&[first.0]).await.unwrap().len(), 3);
}

#[tokio::test]
async fn who_is_not_on_the_roster_waits_until_the_day_names_them() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day_with(&["rina"], "Balai Desa Uji").await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.officer = "budi".into();
    let (substitute, _) = tablet.ticket();
    tablet.cut();
    tablet.officer = "rina".into();
    let (own, _) = tablet.ticket();
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(notices(&records), [(substitute, "author_not_on_roster")]);
    assert_eq!(held(&records, tablet.session), 2, "the chain goes on");
    assert_eq!(server.app.store().changes_of(&[own.0]).await.unwrap().len(), 1);
    let supervisor = server.sign_in("sari").await;
    let officers = server.read("/api/office/officers", &supervisor).await;
    let may_be_added = |username: &str| {
        officers["officers"].as_array().unwrap().iter().any(|officer| officer["username"] == username)
    };
    assert!(may_be_added("budi") && !may_be_added("sari"), "{officers}");
    let roster = format!("/api/office/days/{day}/officers");
    assert_eq!(server.post(&roster, &cookie, json!({ "username": "budi" })).await.0, 403);
    assert_eq!(server.post(&roster, &supervisor, json!({ "username": "siapa" })).await.0, 404);
    let (status, body) = server.post(&roster, &supervisor, json!({ "username": "budi" })).await;
    assert_eq!((status, &body["day"]["officers"]), (200, &json!({ "budi": "BUDI", "rina": "RINA" })));
    assert_eq!(server.post(&roster, &supervisor, json!({ "username": "budi" })).await.0, 200, "once more");
    assert!(server.app.store().quarantined(10).await.unwrap().is_empty());
    assert_eq!(server.app.store().changes_of(&[substitute.0]).await.unwrap().len(), 1);
    assert!(notices(&tablet.push(&server, &cookie, &[]).await).is_empty());
}

#[tokio::test]
async fn the_letter_of_another_tablet_is_kept_aside() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", day).await;
    assert_eq!((one.label.as_str(), two.label.as_str()), ("A", "B"));
    two.label = "A".into();
    let (visit, _) = two.ticket();
    two.cut();
    two.label = "B".into();
    let (own, _) = two.ticket();
    let records = two.sync(&server, &cookie).await;
    assert_eq!(notices(&records), [(visit, "label_not_own")]);
    assert_eq!(server.app.store().changes_of(&[own.0]).await.unwrap().len(), 1);
}
