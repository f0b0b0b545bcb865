//! The views can be thrown away: folding the log again gives the same.

use mpp_server::digest::digest;
use mpp_sync::rules::status::Status;

use super::server::Server;
use super::tablet::Tablet;

/// Everything people look at, as text.
async fn everything(server: &Server, cookie: &str) -> String {
    let store = server.app.store();
    let mut all = String::new();
    for kind in 1..=5 {
        for row in store.views_after(kind, None, 1_000).await.unwrap() {
            all.push_str(&row.view);
            all.push('\n');
        }
    }
    let list = server.read("/api/office/applications", cookie).await;
    format!("{all}{list}")
}

#[tokio::test]
async fn a_rebuild_equals_the_incremental_state() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", day).await;
    let (first, application, _) = one.application("1604124101900001", "Siti Nur'azizah");
    one.sync(&server, &cookie).await;
    let (second, _, _) = two.application("1604124101900001", "Siti Nurazizah M");
    two.sync(&server, &cookie).await;
    two.status(application, Status::Ready, None);
    one.status(application, Status::Rejected, Some("Berkas palsu"));
    one.sync(&server, &cookie).await;
    two.sync(&server, &cookie).await;
    server.folded().await;
    let key = first.min(second);
    let body = serde_json::json!({ "members": [first, second] });
    let (status, body) = server.post(&format!("/api/office/residents/{key}/join"), &supervisor, body).await;
    assert_eq!(status, 200, "{body}");
    let before = everything(&server, &supervisor).await;
    let digest_before = digest(server.app.store()).await.unwrap();
    assert!(before.contains("status_conflict"));
    server.app.node.projector().rebuild().await.unwrap();
    assert_eq!(everything(&server, &supervisor).await, before);
    assert_eq!(digest(server.app.store()).await.unwrap(), digest_before);
    assert_eq!(digest_before.count, 6);
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.application("1604124101900001", "Siti Nur'azizah");
    tablet.sync(&server, &cookie).await;
    server.folded().await;
    let before = everything(&server, &supervisor).await;
    let log = server.app.node.log;
    let server = server.reopened(|_| ()).await;
    assert_eq!(server.app.node.log, log);
    assert_eq!(everything(&server, &supervisor).await, before, "the session outlives the restart too");
    tablet.ticket();
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(super::tablet::held(&records, tablet.session), 2);
}
