//! The supervisor's list and decisions about an application.

use mpp_sync::rules::status::Status;
use serde_json::json;

use super::server::{Server, code};
use super::tablet::Tablet;

#[tokio::test]
async fn statuses_that_exclude_each_other_are_a_conflict_that_the_supervisor_settles_for_all() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let (_, application, _) = tablet.application("1604124101900001", "Siti Nur'azizah");
    tablet.sync(&server, &cookie).await;
    server.folded().await;
    let path = format!("/api/office/applications/{application}");
    let (status, body) =
        server.post(&format!("{path}/status"), &supervisor, json!({"status": "rejected"})).await;
    assert_eq!((status, code(&body)), (422, "INPUT_INVALID"), "a reason is needed");
    let rejected = json!({"status": "rejected", "reason": "KK lama tidak ada"});
    let (status, body) = server.post(&format!("{path}/status"), &supervisor, rejected).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["application"]["status"]["current"], "rejected");
    // Offline, the tablet marks the same one ready.
    tablet.status(application, Status::Ready, None);
    tablet.sync(&server, &cookie).await;
    server.folded().await;
    let list = server.read("/api/office/applications?attention=1", &supervisor).await;
    assert_eq!(list["total"], 1);
    assert_eq!(list["rows"][0]["attention"], json!(["status_conflict"]));
    let search = "/api/office/applications/search";
    let asked = json!({"q": "siti nur azizah", "attention": true, "day": day});
    let (_, found) = server.post(search, &supervisor, asked).await;
    assert_eq!(found, list, "the search says the same of the one it finds");
    let (_, none) = server.post(search, &supervisor, json!({"q": "sukinem"})).await;
    assert_eq!(none["total"], 0);
    let record = server.read(&path, &supervisor).await;
    assert_eq!(record["application"]["status"]["conflict"], true);
    let heads = record["application"]["status"]["heads"].clone();
    assert_eq!(heads.as_array().unwrap().len(), 2);
    let settle = json!({"status": "in_process", "after": heads});
    let (_, body) = server.post(&format!("{path}/status"), &supervisor, settle).await;
    assert_eq!(body["application"]["status"]["conflict"], false);
    tablet.sync(&server, &cookie).await;
    let view = mpp_sync::view::View::of(&tablet.open(application)).unwrap().to_json();
    assert_eq!(view["status"], body["application"]["status"], "all agree");
    let officers: Vec<&str> =
        body["history"].as_array().unwrap().iter().map(|h| h["officer"].as_str().unwrap()).collect();
    assert!(officers.contains(&"sari") && officers.contains(&"rina"));
    let devices: Vec<&str> =
        body["history"].as_array().unwrap().iter().map(|h| h["device"].as_str().unwrap()).collect();
    assert!(devices.contains(&"kantor") && devices.contains(&"A"));
}

#[tokio::test]
async fn a_field_with_two_values_is_settled_by_choosing_one_of_them() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", day).await;
    let (_, application, _) = one.application("1604124101900001", "Siti Nur'azizah");
    one.sync(&server, &cookie).await;
    two.sync(&server, &cookie).await;
    one.edit(application, "notes", "Datang lagi Senin");
    two.edit(application, "notes", "Datang lagi Selasa");
    one.sync(&server, &cookie).await;
    two.sync(&server, &cookie).await;
    server.folded().await;
    let path = format!("/api/office/applications/{application}");
    let record = server.read(&path, &supervisor).await;
    assert_eq!(record["application"]["conflicts"][0]["key"], "notes");
    assert_eq!(record["application"]["conflicts"][0]["values"].as_array().unwrap().len(), 2);
    let list = server.read("/api/office/applications", &supervisor).await;
    assert_eq!(list["rows"][0]["attention"], json!(["field_conflict"]));
    let choose = |value: &str| json!({"key": "notes", "value": value});
    let (status, body) =
        server.post(&format!("{path}/choose"), &supervisor, choose("Datang lagi Rabu")).await;
    assert_eq!((status, code(&body)), (409, "VALUE_UNKNOWN"));
    let (status, body) =
        server.post(&format!("{path}/choose"), &supervisor, choose("Datang lagi Senin")).await;
    assert_eq!(status, 200);
    assert_eq!(body["application"]["notes"], "Datang lagi Senin");
    assert_eq!(body["application"]["conflicts"], json!([]));
}

#[tokio::test]
async fn the_list_is_filtered_and_shows_no_whole_nik() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.application("1604124101900001", "Siti Nur'azizah");
    tablet.application("1604120101850002", "Djoko Santoso");
    tablet.sync(&server, &cookie).await;
    server.folded().await;
    for (filter, count) in [
        ("", 2),
        ("?q=tidak", 2),
        ("?status=received", 2),
        ("?status=ready", 0),
        ("?service=DUKCAPIL-02", 2),
        ("?service=DUKCAPIL-04", 0),
        ("?agency=DINSOS", 0),
        ("?page=2", 2),
        (&format!("?day={day}"), 2),
        ("?attention=1", 0),
    ] {
        let list = server.read(&format!("/api/office/applications{filter}"), &supervisor).await;
        assert_eq!(list["total"], count, "{filter}");
    }
    for (typed, count) in [("nur azizah", 1), ("joko", 1), ("1604120101850002", 1), ("tidak", 0), ("", 2)] {
        let (_, list) =
            server.post("/api/office/applications/search", &supervisor, json!({ "q": typed })).await;
        assert_eq!(list["total"], count, "{typed}");
    }
    let list = server.read("/api/office/applications", &supervisor).await.to_string();
    assert!(!list.contains("1604124101900001") && list.contains("••••••••••••0001"));
    assert!(list.contains("Kota Raya Darat") && list.contains("Pajar Bulan") && list.contains("RINA"));
    for path in ["?status=aneh", "?page=x", "/zz"] {
        let (status, body) = server.get(&format!("/api/office/applications{path}"), &supervisor).await;
        assert_eq!((status, code(&body)), (400, "REQUEST_MALFORMED"), "{path}");
    }
    let missing = format!("/api/office/applications/{}", "00".repeat(16));
    assert_eq!(code(&server.get(&missing, &supervisor).await.1), "NOT_FOUND");
}

#[tokio::test]
async fn the_supervisor_sees_which_tablets_sent_what() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut one = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    Tablet::prepared(&server, &cookie, 2, "budi", day).await;
    one.application("1604124101900001", "Siti Nur'azizah");
    one.sync(&server, &cookie).await;
    let tablets = server.read(&format!("/api/office/tablets?day={day}"), &supervisor).await;
    let tablets = tablets["tablets"].as_array().unwrap();
    assert_eq!(tablets.len(), 2);
    assert_eq!(tablets[0]["label"], "A");
    assert_eq!(tablets[0]["frames_held"], 1);
    assert_eq!(tablets[0]["changes_held"], 4);
    assert_eq!(tablets[0]["officer_names"], json!(["RINA"]));
    assert_eq!(tablets[1]["frames_held"], 0);
    assert_eq!(tablets[1]["last_seen_at"], json!(null));
}
