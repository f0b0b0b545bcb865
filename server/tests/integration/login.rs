//! Signing in, and who may do what.

use axum::body::Body;
use axum::http::{Request, header};
use mpp_sync::ids::DocumentId;
use serde_json::json;

use super::server::{PASSWORD, Server, code};
use super::tablet::{Tablet, exchange};

async fn try_password(server: &Server, username: &str, password: &str) -> (u16, String, Option<i64>) {
    let body = json!({ "username": username, "password": password });
    let (response, body) = server.call_raw("POST", "/api/login", "", Some(body)).await;
    let after =
        response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status().as_u16(), code(&body).to_owned(), after)
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_name_until_the_window_has_passed() {
    let server = Server::new().await;
    for _ in 0..9 {
        assert_eq!(try_password(&server, "rina", "salah").await, (401, "LOGIN_WRONG".into(), None));
        server.env.pass(10);
    }
    let tenth = try_password(&server, "rina", "salah").await;
    assert_eq!(tenth, (429, "LOGIN_LOCKED".into(), Some(15 * 60 - 90)));
    server.env.pass(10);
    let (status, code, after) = try_password(&server, "rina", PASSWORD).await;
    assert_eq!((status, code.as_str()), (429, "LOGIN_LOCKED"));
    assert_eq!(after, Some(15 * 60 - 100));
    assert_eq!(try_password(&server, "budi", PASSWORD).await.0, 200, "nobody else is locked");
    server.env.pass(15 * 60 - 100 + 1);
    assert_eq!(try_password(&server, "RINA ", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn an_unknown_name_is_answered_like_a_wrong_password_and_locked_too() {
    let server = Server::new().await;
    for _ in 0..9 {
        assert_eq!(try_password(&server, "tidak-ada", "x").await.1, "LOGIN_WRONG");
    }
    assert_eq!(try_password(&server, "tidak-ada", "x").await.1, "LOGIN_LOCKED");
}

#[tokio::test]
async fn a_session_is_a_strict_cookie_and_ends_with_signing_out_or_time() {
    let server = Server::new().await;
    let body = json!({ "username": "sari", "password": PASSWORD });
    let (response, _) = server.call_raw("POST", "/api/login", "", Some(body)).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = server.sign_in("sari").await;
    assert_eq!(server.read("/api/me", &cookie).await["account"]["username"], "sari");
    server.post("/api/logout", &cookie, json!({})).await;
    assert_eq!(server.get("/api/me", &cookie).await.0, 401);
    let cookie = server.sign_in("sari").await;
    server.env.pass(12 * 3_600);
    assert_eq!(code(&server.get("/api/me", &cookie).await.1), "NOT_SIGNED_IN");
}

#[tokio::test]
async fn the_office_is_for_supervisors_only() {
    let server = Server::new().await;
    let officer = server.sign_in("rina").await;
    let id = DocumentId([1; 16]);
    for path in ["days", "applications", &format!("applications/{id}"), "tablets", "hubs", "quarantine"] {
        let path = format!("/api/office/{path}");
        assert_eq!(server.get(&path, &officer).await.0, 403, "{path}");
        assert_eq!(server.get(&path, "").await.0, 401, "{path}");
    }
    for path in [
        "applications/search".to_owned(),
        "quarantine/retry".to_owned(),
        "bundles".to_owned(),
        format!("applications/{id}/status"),
        format!("applications/{id}/choose"),
        format!("residents/{id}/spelling"),
        format!("residents/{id}/join"),
        format!("residents/{id}/split"),
        format!("decisions/{id}/x/undo"),
    ] {
        let path = format!("/api/office/{path}");
        assert_eq!(server.post(&path, &officer, json!({})).await.0, 403, "{path}");
        assert_eq!(server.post(&path, "", json!({})).await.0, 401, "{path}");
    }
}

#[tokio::test]
async fn the_field_is_for_officers_only() {
    let server = Server::new().await;
    let supervisor = server.sign_in("sari").await;
    assert_eq!(server.get("/api/field/days", &supervisor).await.0, 403);
    assert_eq!(server.post("/api/field/prepare", &supervisor, json!({})).await.0, 403);
    assert_eq!(exchange(&server, &supervisor, Body::empty()).await.unwrap_err().0, 403);
    assert_eq!(exchange(&server, "", Body::empty()).await.unwrap_err().0, 401);
}

#[tokio::test]
async fn an_officer_sees_and_prepares_only_the_days_of_the_own_roster() {
    let server = Server::new().await;
    let (cookie, own) = (server.sign_in("rina").await, server.day().await);
    let other = server.day_with(&["budi"], "Tempat lain").await;
    let days = server.read("/api/field/days", &cookie).await;
    assert_eq!(days["days"].as_array().unwrap().len(), 1);
    assert_eq!(days["days"][0]["id"], own.to_string());
    let tablet = Tablet::unprepared(1, "rina", other);
    let (status, body) = tablet.prepare(&server, &cookie, other).await;
    assert_eq!((status, code(&body)), (403, "NOT_ON_ROSTER"));
    assert_eq!(tablet.prepare(&server, &cookie, DocumentId([9; 16])).await.0, 404);
}

#[tokio::test]
async fn requests_of_other_sites_and_forms_are_refused() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let post = || Request::post("/api/logout").header(header::COOKIE, cookie.clone());
    let json = |request: axum::http::request::Builder| {
        request.header(header::CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap()
    };
    let foreign = json(post().header("sec-fetch-site", "cross-site"));
    assert_eq!(server.send(foreign).await.status(), 403);
    let foreign =
        json(post().header(header::HOST, "mpp.example").header(header::ORIGIN, "https://evil.example"));
    assert_eq!(server.send(foreign).await.status(), 403);
    let form = post().header(header::CONTENT_TYPE, "text/plain").body(Body::from("{}")).unwrap();
    assert_eq!(server.send(form).await.status(), 415);
    let own = json(post().header(header::HOST, "mpp.example").header(header::ORIGIN, "https://mpp.example"));
    assert_eq!(server.send(own).await.status(), 204);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = Server::new().await;
    for path in ["/healthz", "/api/me", "/api/tidak-ada", "/tidak-ada"] {
        let response = server.send(Request::get(path).body(Body::empty()).unwrap()).await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval'"), "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.headers().contains_key("x-request-id"));
    }
}
