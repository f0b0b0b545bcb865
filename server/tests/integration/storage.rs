//! The disk is full.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use mpp_sync::exchange::encode_request;

use super::server::Server;
use super::tablet::{Tablet, exchange, held};

/// Pages of 4096 bytes: room for the tables and a day, not for hundreds of applications.
const FEW_PAGES: u32 = 120;

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_loses_nothing() {
    let server = Server::with(|config| config.max_pages = Some(FEW_PAGES)).await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    for index in 0..400 {
        tablet.application(&format!("16041241019{index:05}"), "Siti Nur'azizah binti Muhammad Syamsul Bahri");
    }
    tablet.cut();
    let hello = tablet.hello();
    let body = encode_request(&hello, &tablet.frames);
    for _ in 0..2 {
        let answer = exchange(&server, &cookie, Body::from(body.clone())).await;
        assert_eq!(answer.unwrap_err(), (507, "STORAGE_FULL".to_owned()));
    }
    let health = server.send(Request::get("/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!(health.status(), StatusCode::OK, "it goes on answering");
    let stored = server.app.store().chains(&[tablet.session.0]).await.unwrap();
    let frames = stored.first().map_or(0, |chain| chain.frames);
    assert!(u64::try_from(frames).unwrap() < tablet.frames.len() as u64);
    // Somebody makes room: the same folder without the limit.
    let roomy = server.reopened(|config| config.max_pages = None).await;
    let records = tablet.sync(&roomy, &cookie).await;
    assert_eq!(held(&records, tablet.session), tablet.frames.len() as u64);
    roomy.folded().await;
    assert_eq!(roomy.app.store().views_after(3, None, 1_000).await.unwrap().len(), 400);
}
