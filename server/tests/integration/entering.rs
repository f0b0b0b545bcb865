//! Devices that enter with their grant, without a password: known or not, revoked, late, and with other keys.

use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpp_store::RevocationRow;
use mpp_sync::exchange::ResponseRecord;
use mpp_sync::ids::LogId;
use mpp_sync::trust::{Certificate, CertificateRole, Grant, Revocations, enter_bytes, sign_hash};
use serde_json::{Value, json};

use super::server::{NOW, Server, code};
use super::tablet::{Tablet, exchange, held};

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

/// A prepared tablet with what it was given.
async fn prepared(server: &Server, seed: u8) -> (Tablet, Value) {
    let day = server.day().await;
    let cookie = server.sign_in("rina").await;
    let tablet = Tablet::prepared(server, &cookie, seed, "rina", day).await;
    let (status, given) = tablet.prepare(server, &cookie, day).await;
    assert_eq!(status, 200, "{given}");
    (tablet, given)
}

async fn request(server: &Server, tablet: &Tablet, given: &Value) -> Value {
    let challenge = server.read("/api/field/challenge", "").await;
    let log: LogId = challenge["log"].as_str().unwrap().parse().unwrap();
    let signed = enter_bytes(&log, &bytes(&challenge["nonce"]));
    let signature = URL_SAFE_NO_PAD.encode(sign_hash(&tablet.key, &signed));
    json!({"grant": given["grant"], "certificate": given["certificate"], "nonce": challenge["nonce"], "signature": signature})
}

/// The cookie, or the code of the refusal.
async fn enter_with(server: &Server, body: Value) -> Result<String, String> {
    let (response, answer) = server.call_raw("POST", "/api/field/enter", "", Some(body)).await;
    if response.status() != 200 {
        return Err(code(&answer).to_owned());
    }
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    Ok(cookie.split(';').next().unwrap().to_owned())
}

async fn enter(server: &Server, tablet: &Tablet, given: &Value) -> Result<String, String> {
    enter_with(server, request(server, tablet, given).await).await
}

#[tokio::test]
async fn preparing_gives_a_grant_that_the_root_vouches_for() {
    let server = Server::new().await;
    let (tablet, given) = prepared(&server, 1).await;
    let certificate = Certificate::decode(&bytes(&given["certificate"])).unwrap();
    assert_eq!(certificate.verify(&bytes(&given["root"])), Ok(()));
    assert_eq!(certificate.subject.role, CertificateRole::Office);
    let grant = Grant::decode(&bytes(&given["grant"])).unwrap();
    assert_eq!(grant.verify(&certificate), Ok(()));
    assert_eq!((grant.granted.device(), grant.granted.day), (tablet.device, tablet.day));
    assert_eq!((grant.granted.label.as_str(), grant.granted.officer.as_str()), ("A", "rina"));
    assert_eq!(grant.granted.scopes, tablet.scopes);
    let lease = i64::try_from(grant.granted.lease_until).unwrap();
    assert!(lease >= NOW + 14 * 86_400);
}

#[tokio::test]
async fn a_tablet_enters_with_its_grant_and_goes_on_without_a_password() {
    let server = Server::new().await;
    let (mut tablet, given) = prepared(&server, 1).await;
    tablet.application("1604104112019901", "Sulastri");
    let cookie = enter(&server, &tablet, &given).await.unwrap();
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 1);
    let tablet_b = Tablet::unprepared(9, "budi", tablet.day);
    // The session is of this device and no other's, and opens no other door.
    let body = mpp_sync::exchange::encode_request::<Vec<u8>>(&tablet_b.hello(), &[]);
    let refused = exchange(&server, &cookie, body.into()).await.unwrap_err();
    assert_eq!(refused.0, 400);
    assert_eq!(server.get("/api/field/days", &cookie).await.0, 401);
    assert_eq!(server.get("/api/office/tablets", &cookie).await.0, 401);
}

#[tokio::test]
async fn an_office_that_forgot_a_device_learns_it_from_its_grant() {
    let server = Server::new().await;
    let (mut tablet, given) = prepared(&server, 1).await;
    tablet.application("1604104112019901", "Sulastri");
    // Another office folder with the same root key: restored from a backup that is older than the tablet.
    let restored = Server::new().await;
    for name in ["root.key", "node.key"] {
        std::fs::copy(server.folder().join(name), restored.folder().join(name)).unwrap();
    }
    let restored = restored.reopened(|_| ()).await;
    let office = restored.sign_in("rina").await;
    let body = mpp_sync::exchange::encode_request::<Vec<u8>>(&tablet.hello(), &[]);
    let refused = exchange(&restored, &office, body.into()).await.unwrap_err();
    assert_eq!(refused, (403, "DEVICE_UNKNOWN".to_owned()));
    let cookie = enter(&restored, &tablet, &given).await.unwrap();
    let records = tablet.sync(&restored, &cookie).await;
    assert_eq!(held(&records, tablet.session), 1);
    assert!(
        !records
            .iter()
            .any(|record| matches!(record, ResponseRecord::Notice { code, .. } if code == "day_not_granted"))
    );
}

#[tokio::test]
async fn nobody_enters_with_a_false_key_an_old_challenge_or_a_changed_grant() {
    let server = Server::new().await;
    let (tablet, given) = prepared(&server, 1).await;
    let other = Tablet::unprepared(2, "rina", tablet.day);
    assert_eq!(enter(&server, &other, &given).await, Err("GRANT_INVALID".to_owned()));
    let once = request(&server, &tablet, &given).await;
    assert!(enter_with(&server, once.clone()).await.is_ok());
    assert_eq!(enter_with(&server, once).await, Err("CHALLENGE_OVER".to_owned()));
    let late = request(&server, &tablet, &given).await;
    server.env.pass(121);
    assert_eq!(enter_with(&server, late).await, Err("CHALLENGE_OVER".to_owned()));
    let mut changed = bytes(&given["grant"]);
    let at = changed.windows(4).position(|window| window == b"rina").unwrap();
    changed[at] = b'b';
    let changed = json!({"grant": URL_SAFE_NO_PAD.encode(changed), "certificate": given["certificate"]});
    assert_eq!(enter(&server, &tablet, &changed).await, Err("GRANT_INVALID".to_owned()));
    // An office of another root.
    let stranger = Server::with(|config| {
        std::fs::write(config.data.join("root.key"), "07".repeat(32)).unwrap();
        std::fs::write(config.data.join("node.key"), "08".repeat(32)).unwrap();
    })
    .await;
    assert_eq!(enter(&stranger, &tablet, &given).await, Err("GRANT_INVALID".to_owned()));
    let foreign_nonce = request(&stranger, &tablet, &given).await;
    assert_eq!(enter_with(&server, foreign_nonce).await, Err("CHALLENGE_OVER".to_owned()));
}

#[tokio::test]
async fn when_the_lease_is_over_a_tablet_still_sends_and_reads_nothing() {
    let server = Server::new().await;
    let (mut tablet, given) = prepared(&server, 1).await;
    tablet.application("1604104112019901", "Sulastri");
    server.env.pass(40 * 86_400);
    let cookie = enter(&server, &tablet, &given).await.unwrap();
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 1);
    let changes = records
        .iter()
        .any(|record| matches!(record, ResponseRecord::Changes(changes) if !changes.entries.is_empty()));
    assert!(!changes, "{records:?}");
}

#[tokio::test]
async fn a_revoked_device_is_out_at_once_and_stands_on_the_signed_list() {
    let server = Server::new().await;
    let (tablet, given) = prepared(&server, 1).await;
    let cookie = enter(&server, &tablet, &given).await.unwrap();
    server.app.store().revoke(RevocationRow { device: tablet.device.0, at: NOW }).await.unwrap();
    let body = mpp_sync::exchange::encode_request::<Vec<u8>>(&tablet.hello(), &[]);
    assert_eq!(exchange(&server, &cookie, body.into()).await.unwrap_err().0, 401);
    assert_eq!(enter(&server, &tablet, &given).await, Err("DEVICE_REVOKED".to_owned()));
    let answer = server.read("/api/field/revocations", "").await;
    let list = Revocations::decode(&bytes(&answer["list"])).unwrap();
    assert!(list.names(&tablet.device));
    assert_eq!(list.verify(&Certificate::decode(&bytes(&answer["office"])).unwrap()), Ok(()));
}

#[tokio::test]
async fn tablets_follow_a_new_node_key_and_a_new_root_key() {
    let server = Server::new().await;
    let (tablet, given) = prepared(&server, 1).await;
    let folder = server.folder();
    let store = server.app.store();
    mpp_server::trust::rotate_node(&folder, store, server.env.as_ref()).await.unwrap();
    mpp_server::trust::rotate_root(&folder, store, server.env.as_ref()).await.unwrap();
    let server = server.reopened(|_| ()).await;
    let challenge = server.read("/api/field/challenge", "").await;
    let pinned: [u8; 65] = bytes(&given["root"]).try_into().unwrap();
    let roots: Vec<Certificate> = challenge["roots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|root| Certificate::decode(&bytes(root)).unwrap())
        .collect();
    let root = mpp_sync::trust::follow_root(pinned, &roots);
    assert_ne!(root, pinned);
    let own = Certificate::decode(&bytes(&challenge["certificate"])).unwrap();
    assert_eq!(own.verify(&root), Ok(()));
    assert_ne!(challenge["certificate"], given["certificate"]);
    // What the old key granted still counts.
    assert!(enter(&server, &tablet, &given).await.is_ok());
    let again = server.reopened(|_| ()).await;
    assert_eq!(again.read("/api/field/challenge", "").await["certificate"], challenge["certificate"]);
    // A root that was lost is no predecessor of the next one.
    mpp_server::trust::lose_root(&folder, again.app.store(), again.env.as_ref()).await.unwrap();
    let again = again.reopened(|_| ()).await;
    assert!(enter(&again, &tablet, &given).await.is_ok(), "the office still knows its own certificates");
}

#[tokio::test]
async fn the_root_key_may_lie_elsewhere_while_the_certificate_is_good() {
    let server = Server::new().await;
    let before = server.read("/api/field/challenge", "").await["certificate"].clone();
    let away = std::fs::read_to_string(server.folder().join("root.key")).unwrap();
    std::fs::remove_file(server.folder().join("root.key")).unwrap();
    let server = server.reopened(|_| ()).await;
    assert_eq!(server.read("/api/field/challenge", "").await["certificate"], before);
    assert!(!server.folder().join("root.key").exists());
    std::fs::write(server.folder().join("root.key"), away).unwrap();
    server.env.pass(3 * 365 * 86_400 - 86_400);
    let server = server.reopened(|_| ()).await;
    let renewed =
        Certificate::decode(&bytes(&server.read("/api/field/challenge", "").await["certificate"])).unwrap();
    assert_ne!(renewed.encode(), bytes(&before));
    assert!(renewed.holds_at(u64::try_from(NOW).unwrap() + 4 * 365 * 86_400));
}
