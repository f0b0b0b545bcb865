//! What is there at the first start: nothing without the demo, everything with it, and never twice.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, header};
use mpp_server::app::App;
use mpp_server::clock::SystemEnv;
use mpp_server::config::Config;
use mpp_server::demo;
use serde_json::Value;

use super::server::Server;

#[tokio::test]
async fn without_the_demo_there_is_no_account_and_nothing_published() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::start(Config::new(folder.path().join("new")), Arc::new(SystemEnv)).await.unwrap();
    assert!(app.store().accounts().await.unwrap().is_empty());
    assert_eq!(app.store().head().await.unwrap().position, 0);
    let mode = std::fs::metadata(folder.path().join("new")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn the_demo_is_filled_once_and_gets_a_new_day_on_a_new_date() {
    let server = Server::with(|config| config.demo = true).await;
    let first = demo::fill(&server.app).await.unwrap();
    let count = |body: Value, key: &str| body[key].as_array().unwrap().len();
    assert_eq!(count(server.read("/api/public/days", "").await, "days"), 4);
    assert_eq!(count(server.read("/api/public/services", "").await, "agencies"), 6);
    let head = server.app.store().head().await.unwrap();
    let again = demo::fill(&server.app).await.unwrap();
    assert_eq!(server.app.store().head().await.unwrap(), head, "nothing is written twice");
    let passwords = |accounts: &[demo::DemoAccount]| {
        accounts.iter().map(|account| account.password.clone()).collect::<Vec<_>>()
    };
    assert_eq!(passwords(&first), passwords(&again));
    let file = server.folder().join("demo-accounts.json");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    server.env.pass(86_400);
    demo::fill(&server.app).await.unwrap();
    let days = server.read("/api/public/days", "").await;
    assert_eq!(days["days"][0]["date"], "2026-11-03", "there is always a day today");
    let table = demo::table("http://localhost:8080", &first);
    assert!(table.contains("http://localhost:8080/petugas") && table.contains(&first[0].password));
}

#[tokio::test]
async fn what_is_public_names_the_regency_and_no_officer() {
    let server = Server::with(|config| config.regency = "18.04".into()).await;
    server.day().await;
    let site = server.read("/api/public/site", "").await;
    assert_eq!(
        (site["regency_name"].as_str(), site["local_village_word"].as_str()),
        (Some("Kabupaten Lampung Barat"), Some("pekon"))
    );
    assert_eq!(site["demo"], false);
    let days = server.read("/api/public/days", "").await.to_string();
    assert!(!days.contains("rina") && !days.contains("RINA"));
}

#[tokio::test]
async fn regions_are_sent_once_and_then_only_asked_about() {
    let server = Server::new().await;
    let get = |etag: &str| {
        Request::get("/api/public/regions").header(header::IF_NONE_MATCH, etag).body(Body::empty()).unwrap()
    };
    let response = server.send(get("")).await;
    assert_eq!(response.status(), 200);
    let etag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(server.send(get(&etag)).await.status(), 304);
}
