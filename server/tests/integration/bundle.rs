//! Bundle files: what a tablet wrote, brought by hand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Parser as _;
use mpp_server::cli::Cli;
use mpp_sync::bundle::seal;
use mpp_sync::exchange::{Hello, encode_request};
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};

use super::server::{Server, code};
use super::tablet::{Tablet, held};

/// What the tablet would write into a file, for the key that the office gave it.
async fn file(server: &Server, cookie: &str, tablet: &mut Tablet) -> String {
    tablet.cut();
    let (_, prepared) = tablet.prepare(server, cookie, tablet.day).await;
    let office = URL_SAFE_NO_PAD.decode(prepared["bundle_key"].as_str().unwrap()).unwrap();
    let hello = Hello { device: tablet.device, day: Some(tablet.day), ..Hello::default() };
    let public: [u8; 65] = tablet.key.verifying_key().to_sec1_point(false).as_bytes().try_into().unwrap();
    let body = encode_request(&hello, &tablet.frames);
    let sealed = seal(&office, &[0x51; 32], &public, &body).unwrap();
    let signature: Signature = tablet.key.sign(&sealed.signing());
    sealed.finish(&signature.to_bytes().into())
}

async fn bring(server: &Server, text: &str) -> (u16, Value) {
    let supervisor = server.sign_in("sari").await;
    server.post("/api/office/bundles", &supervisor, json!({ "text": text })).await
}

#[tokio::test]
async fn a_file_brings_what_the_network_would_have_brought_and_twice_changes_nothing() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let (_, application, _) = tablet.application("1604124101900001", "Siti Nur'azizah");
    let text = file(&server, &cookie, &mut tablet).await;
    let before = server.app.store().head().await.unwrap().position;
    let (status, body) = bring(&server, &text).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["new"], &body["changes"]), (&json!(4), &json!(4)), "visit, then all three");
    assert_eq!((&body["label"], &body["name"]), (&json!("A"), &json!("Tablet uji")));
    assert!(server.app.store().view(application.0).await.unwrap().is_some());
    let after = server.app.store().head().await.unwrap().position;
    assert!(after > before);
    let (status, body) = bring(&server, &text.replace('\n', "\r\n")).await;
    assert_eq!((status, &body["new"], &body["changes"]), (200, &json!(0), &json!(4)));
    assert_eq!(server.app.store().head().await.unwrap().position, after);
    // Later the tablet has a link: it hears that the office holds everything, and goes on from there.
    tablet.ticket();
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 2);
}

#[tokio::test]
async fn a_damaged_foreign_or_unknown_file_is_refused_whole_with_what_to_do() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    tablet.application("1604124101900001", "Siti Nur'azizah");
    tablet.cut();
    tablet.application("1604120101850002", "Djoko Santoso");
    let text = file(&server, &cookie, &mut tablet).await;
    let before = server.app.store().head().await.unwrap().position;
    let cut = &text[..text.len() * 2 / 3];
    let other = Server::new().await;
    let (unknown_day, unknown) = (other.day().await, other.sign_in("rina").await);
    let mut stranger = Tablet::prepared(&other, &unknown, 9, "rina", unknown_day).await;
    stranger.ticket();
    let foreign = file(&other, &unknown, &mut stranger).await;
    for (file, expected) in [
        (cut, "BUNDLE_DAMAGED"),
        (text.replacen('A', "B", 3).as_str(), "BUNDLE_DAMAGED"),
        ("Laporan bulanan", "BUNDLE_UNKNOWN"),
    ] {
        let (status, body) = bring(&server, file).await;
        assert_eq!((status, code(&body)), (422, expected));
    }
    let (_, body) = bring(&server, cut).await;
    let sentence = body["error"]["message"].as_str().unwrap();
    assert!(sentence.contains("tidak ada yang diambil"), "{sentence}");
    // Both test offices make their keys of the same bytes: only the device is unknown here.
    assert_eq!(code(&bring(&server, &foreign).await.1), "DEVICE_UNKNOWN");
    assert_eq!(server.app.store().head().await.unwrap().position, before);
}

#[tokio::test]
async fn the_command_line_takes_the_same_files() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let (visit, _) = tablet.ticket();
    let text = file(&server, &cookie, &mut tablet).await;
    let folder = server.folder();
    server.app.store().close().await;
    let (good, bad) = (folder.join("baik.txt"), folder.join("rusak.txt"));
    std::fs::write(&good, &text).unwrap();
    std::fs::write(&bad, &text[..text.len() / 2]).unwrap();
    let import = |files: &[&std::path::Path]| {
        let mut words = vec!["mpp".into(), "bundle".into(), "import".into(), "--data".into()];
        words.push(folder.clone().into_os_string());
        words.extend(files.iter().map(|file| file.as_os_str().to_owned()));
        Cli::parse_from(words).run()
    };
    import(&[&good]).await.unwrap();
    let error = import(&[&good, &bad]).await.unwrap_err();
    assert_eq!(error.to_string(), "1 berkas tidak diambil.");
    let server = server.reopened(|_| ()).await;
    assert!(server.app.store().view(visit.0).await.unwrap().is_some());
    assert_eq!(held(&tablet.push(&server, &cookie, &[]).await, tablet.session), 1);
}
