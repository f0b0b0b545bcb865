//! What was erased by law: gone from the office, told to tablets, and kept from coming back.

use mpp_server::erasure::{self, Order};
use mpp_sync::exchange::ResponseRecord;
use mpp_sync::ids::DocumentId;
use mpp_sync::rules::status::Status;
use mpp_sync::trust::Tombstone;

use super::server::{NOW, Server};
use super::tablet::{Tablet, held, notices, refused};

/// Erases the documents as the command line does.
async fn erase(server: &Server, documents: &[DocumentId]) {
    let order = Order { by: "sari".into(), reason: "Permintaan 12/PDP/2026".into(), at: NOW };
    let node = &server.app.node;
    for document in documents {
        let tombstone = erasure::erase(server.app.store(), node.key.signing(), *document, &order).await;
        assert_eq!(tombstone.unwrap().unwrap().erased.document, *document);
    }
    node.projector().catch_up().await.unwrap();
}

fn tombstones(records: &[ResponseRecord]) -> Vec<Tombstone> {
    let bytes = records.iter().filter_map(|record| match record {
        ResponseRecord::Tombstone(bytes) => Some(bytes),
        _ => None,
    });
    bytes.map(|bytes| Tombstone::decode(bytes).unwrap()).collect()
}

fn names(tombstones: &[Tombstone]) -> Vec<DocumentId> {
    tombstones.iter().map(|tombstone| tombstone.erased.document).collect()
}

/// Whether any frame that the office holds of the tablet has this text.
async fn frames_have(server: &Server, tablet: &Tablet, text: &str) -> bool {
    let frames = server.app.store().frames(tablet.session.0, 0, 100).await.unwrap();
    frames.iter().any(|frame| frame.bytes.windows(text.len()).any(|bytes| bytes == text.as_bytes()))
}

#[tokio::test]
async fn what_is_erased_is_gone_from_log_frames_views_and_sums_and_tablets_are_told_once() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let budi = server.sign_in("budi").await;
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &budi, 2, "budi", day).await;
    let (resident, application, _) = one.application("1604124101900001", "Siti Nurazizah");
    let (other, kept, _) = one.application("1604124101900002", "Rusdi Hamid");
    one.sync(&server, &cookie).await;
    two.push(&server, &budi, &[]).await;
    assert!(frames_have(&server, &one, "Siti Nurazizah").await);
    erase(&server, &[resident, application]).await;
    let store = server.app.store();
    assert!(store.changes_of(&[resident.0, application.0]).await.unwrap().is_empty());
    assert!(store.sum_again().await.unwrap().is_empty(), "the sums were counted down");
    assert!(!frames_have(&server, &one, "Siti Nurazizah").await);
    assert!(frames_have(&server, &one, "Rusdi Hamid").await);
    for (document, found) in [(resident, false), (application, false), (other, true), (kept, true)] {
        assert_eq!(store.view(document.0).await.unwrap().is_some(), found, "{document}");
    }
    let path = format!("/api/office/applications/{application}");
    assert_eq!(server.get(&path, &supervisor).await.0, 404);
    server.app.node.projector().rebuild().await.unwrap();
    assert!(store.view(resident.0).await.unwrap().is_none(), "not from a rebuild either");
    let told = tombstones(&two.push(&server, &budi, &[]).await);
    assert_eq!(names(&told), [resident, application]);
    let office = server.app.node.trust.known().own;
    assert!(told.iter().all(|tombstone| tombstone.verify(&office).is_ok()));
    assert_eq!((told[0].erased.changes, told[0].erased.by.as_str()), (1, "sari"));
    assert!(tombstones(&two.push(&server, &budi, &[]).await).is_empty(), "once");
    let mut fresh = Tablet::prepared(&server, &budi, 3, "budi", day).await;
    fresh.push(&server, &budi, &[]).await;
    assert!(fresh.entries.iter().all(|entry| entry.document != resident && entry.document != application));
    assert!(fresh.entries.iter().any(|entry| entry.document == kept));
}

#[tokio::test]
async fn what_is_sent_again_or_later_of_an_erased_document_is_kept_by_name_only() {
    let server = Server::new().await;
    let (cookie, budi) = (server.sign_in("rina").await, server.sign_in("budi").await);
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &budi, 2, "budi", day).await;
    let (_, application, _) = one.application("1604124101900001", "Siti Nurazizah");
    one.sync(&server, &cookie).await;
    two.push(&server, &budi, &[]).await;
    erase(&server, &[application]).await;
    // Its answer was lost: the same frames come again, whole.
    let again = one.frames.clone();
    let records = one.push(&server, &cookie, &again).await;
    assert!(refused(&records).is_empty(), "{:?}", refused(&records));
    assert_eq!(held(&records, one.session), again.len() as u64);
    // The other tablet had not heard of it when it went on with the application.
    two.status(application, Status::Returned, Some("Alasan yang menyebut Siti Nurazizah"));
    let (ticket, _) = two.ticket();
    let records = two.sync(&server, &budi).await;
    assert_eq!(notices(&records), [(application, "erased")]);
    assert_eq!(names(&tombstones(&records)).first(), Some(&application));
    assert_eq!(held(&records, two.session), 1, "the chain goes on");
    let store = server.app.store();
    assert_eq!(store.changes_of(&[ticket.0]).await.unwrap().len(), 1);
    assert!(store.changes_of(&[application.0]).await.unwrap().is_empty());
    assert!(store.quarantined(10).await.unwrap().is_empty());
    assert!(!frames_have(&server, &one, "DUKCAPIL-02").await, "which only the application names");
    assert!(!frames_have(&server, &two, "menyebut").await);
    let records = two.push(&server, &budi, &two.frames.clone()).await;
    assert!(refused(&records).is_empty() && notices(&records).is_empty());
}

#[tokio::test]
async fn what_waited_in_quarantine_is_erased_too() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let own = server.day().await;
    let other = server.day_with(&["rina"], "Tempat lain").await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", own).await;
    tablet.day = other;
    let (strange, _) = tablet.ticket();
    tablet.sync(&server, &cookie).await;
    assert_eq!(server.app.store().quarantined(10).await.unwrap().len(), 1);
    erase(&server, &[strange]).await;
    assert!(server.app.store().quarantined(10).await.unwrap().is_empty());
    assert!(!frames_have(&server, &tablet, "A-001").await);
    tablet.prepare(&server, &cookie, other).await;
    assert!(server.app.store().changes_of(&[strange.0]).await.unwrap().is_empty());
}
