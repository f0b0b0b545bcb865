//! What a tracking code shows to whoever holds it.

use serde_json::json;

use super::server::{Server, code};
use super::tablet::Tablet;

#[tokio::test]
async fn a_code_shows_a_status_and_nothing_of_anybody() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let (_, ticket_only) = tablet.ticket();
    let (_, _, tracking) = tablet.application("1604124101900001", "Siti Nur'azizah");
    let before = server.get(&format!("/api/public/track/{tracking}"), "").await;
    assert_eq!((before.0, code(&before.1)), (404, "TRACKING_NOT_ARRIVED"));
    assert_eq!(
        before.1["error"]["message"],
        "Data untuk kode ini belum sampai ke kantor. Coba lagi setelah 3 November 2026, atau hubungi 0731-3210-01."
    );
    assert_eq!(before.1["error"]["try_after"], "2026-11-03");
    tablet.sync(&server, &cookie).await;
    server.folded().await;
    let found = server.read(&format!("/api/public/track/{}", tracking.to_lowercase()), "").await;
    assert_eq!(found["state"], "application");
    assert_eq!(found["status"]["current"], "received");
    assert_eq!(found["ticket"], "A-002");
    assert_eq!(found["day"], json!({"date": "2026-11-02", "place": "Balai Desa Uji"}));
    let text = found.to_string().to_lowercase();
    for secret in ["siti", "1604124101900001", "rina", "812345", "16.04.12", "kantor"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let ticket = server.read(&format!("/api/public/track/{ticket_only}"), "").await;
    assert_eq!((ticket["state"].as_str(), ticket["ticket"].as_str()), (Some("ticket"), Some("A-001")));
}

#[tokio::test]
async fn a_mistyped_code_is_said_to_be_one() {
    let server = Server::new().await;
    for wrong in ["AAAAA-AAAAB", "x", "0O1I0-O1I0O", "%F0%9F%98%80"] {
        let (status, body) = server.get(&format!("/api/public/track/{wrong}"), "").await;
        assert_eq!((status, code(&body)), (400, "TRACKING_MALFORMED"), "{wrong}");
    }
}
