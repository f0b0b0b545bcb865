//! What tablets give back to an office that lost it.

use axum::body::Body;
use mpp_server::trust::keep_certificate;
use mpp_sync::document::{chunk_of, contents_of};
use mpp_sync::exchange::{
    Changes, Extras, Listed, Membership, Offer, ResponseRecord, attest, encode_request_with,
};
use mpp_sync::ids::LogId;
use mpp_sync::rules::status::Status;
use mpp_sync::save::Entry;
use mpp_sync::trust::{CertificateRole, PUBLIC_KEY_BYTES, Subject};
use p256::ecdsa::SigningKey;

use super::digest::batches;
use super::server::Server;
use super::tablet::{Tablet, exchange, held, notices};

/// The batches of an exchange as the tablet would give them back.
fn offers(server: &Server, records: &[ResponseRecord]) -> Vec<Offer> {
    let offered = batches(records).into_iter().filter_map(|batch| {
        let lists: Vec<Vec<&str>> = batch
            .listings()
            .iter()
            .filter(|(listed, _)| matches!(listed, Listed::Change(_)))
            .map(|(_, scopes)| scopes.clone())
            .collect();
        let scopes: Vec<String> = batch.scopes().into_iter().map(str::to_owned).collect();
        let number = |scope: &&str| scopes.iter().position(|known| known == scope).unwrap();
        let membership = Membership::collect(lists.iter().map(|list| list.iter().map(number).collect()));
        Some(Offer {
            log: server.app.node.log,
            node: server.app.node.key.device(),
            signature: batch.attestation?,
            entries: batch.received().cloned().collect(),
            scopes,
            membership,
        })
    });
    offered.collect()
}

/// A batch that only a hub signed, which the office certified.
async fn hub_offer(server: &Server, key: &SigningKey, entries: &[Entry]) -> Offer {
    let public_key: [u8; PUBLIC_KEY_BYTES] =
        key.verifying_key().to_sec1_point(false).as_bytes().try_into().unwrap();
    let name = "Mobil 1".to_owned();
    let role = CertificateRole::Hub;
    let subject = Subject { role, public_key, name, serial: 9, not_before: 0, not_after: 0 };
    let certificate = subject.sign(server.app.node.trust.root_key().unwrap().signing());
    keep_certificate(server.app.store(), &certificate).await.unwrap();
    let log = LogId([7; 16]);
    let changes =
        Changes { entries: entries.iter().cloned().map(Listed::Change).collect(), ..Changes::default() };
    Offer {
        log,
        node: certificate.node(),
        signature: attest(key, &log, &changes).unwrap(),
        entries: entries.to_vec(),
        scopes: Vec::new(),
        membership: Membership::collect(entries.iter().map(|_| Vec::new())),
    }
}

#[tokio::test]
async fn what_only_a_hub_vouches_for_waits_for_its_authors_frame_and_leaves_nothing_behind() {
    let server = Server::new().await;
    let (cookie, supervisor) = (server.sign_in("rina").await, server.sign_in("sari").await);
    let day = server.day().await;
    let mut author = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    let mut witness = Tablet::prepared(&server, &cookie, 2, "rina", day).await;
    let (_, application, _) = author.application("1604124101900001", "Siti Nur'azizah");
    // The witness received it in the van, and worked on it; its own frame reaches the office first.
    let received = author.entries.clone();
    witness.entries.extend(received.iter().cloned());
    witness.status(application, Status::Verified, None);
    witness.sync(&server, &cookie).await;
    let hub = SigningKey::from_slice(&[5; 32]).unwrap();
    let offer = hub_offer(&server, &hub, &received).await;
    let give = async |offer: &Offer| {
        let extras = Extras { offers: vec![offer.clone()], ..Extras::default() };
        let body = encode_request_with::<Vec<u8>>(&witness.hello(), &extras, &[]);
        exchange(&server, &cookie, Body::from(body)).await.unwrap();
        let rows = server.read("/api/office/quarantine", &supervisor).await;
        let rows = rows["rows"].as_array().unwrap().clone();
        let attested = rows.iter().filter(|row| row["code"] == "hub_attested").count();
        (rows.len(), attested, server.app.store().changes_of(&[application.0]).await.unwrap().len())
    };
    let mut forged = offer.clone();
    forged.signature[7] ^= 1;
    assert_eq!(give(&forged).await, (1, 0, 0), "only what the witness wrote waits");
    for _ in 0..2 {
        assert_eq!(give(&offer).await, (received.len() + 1, received.len(), 0));
    }
    // The frame is the proof: everything is accepted, what followed on it as well.
    let records = author.sync(&server, &cookie).await;
    assert_eq!(held(&records, author.session), 1);
    assert_eq!(give(&offer).await, (0, 0, 2));
    for change in server.app.store().changes_of(&[application.0]).await.unwrap() {
        assert_eq!(change.frame, 0, "each came in a frame");
    }
    assert!(notices(&author.sync(&server, &cookie).await).is_empty());
    assert!(server.app.store().sum_again().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_office_that_lost_everything_gets_back_what_tablets_received() {
    let (lost, restored) = (Server::new().await, Server::new().await);
    let (mut given, mut resident, mut hello, mut application) = (Vec::new(), None, None, None);
    for server in [&lost, &restored] {
        let cookie = server.sign_in("rina").await;
        let day = server.day().await;
        let mut witness = Tablet::prepared(server, &cookie, 2, "rina", day).await;
        if given.is_empty() {
            let mut gone = Tablet::prepared(server, &cookie, 1, "rina", day).await;
            let made = gone.application("1604124101900001", "Siti Nur'azizah");
            (resident, application) = (Some(made.0), Some(made.1));
            gone.sync(server, &cookie).await;
            let records = witness.sync(server, &cookie).await;
            given = offers(server, &records);
            assert!(!given.is_empty());
        }
        hello = Some(witness.hello());
    }
    let (cookie, hello) = (restored.sign_in("rina").await, hello.unwrap());
    let (resident, application) = (resident.unwrap(), application.unwrap());
    let send = async |offers: Vec<Offer>| {
        let extras = Extras { offers, ..Extras::default() };
        let body = encode_request_with::<Vec<u8>>(&hello, &extras, &[]);
        exchange(&restored, &cookie, Body::from(body)).await.unwrap();
    };
    let count = async || restored.app.store().changes_of(&[application.0]).await.unwrap().len();
    let mut forged = given.clone();
    for offer in &mut forged {
        let entry = offer.entries.first_mut().unwrap();
        let mut contents = contents_of(&entry.bytes).unwrap().to_vec();
        *contents.last_mut().unwrap() ^= 1;
        (entry.bytes, entry.hash) = chunk_of(&contents);
    }
    send(forged).await;
    assert_eq!(count().await, 0, "an altered batch is not believed");
    send(given.clone()).await;
    assert_eq!(count().await, 1);
    send(given).await;
    assert_eq!(count().await, 1, "and repetition does no harm");
    let scopes = restored.app.store().scopes_of(resident.0).await.unwrap();
    assert!(scopes.iter().any(|scope| scope.starts_with("day/")), "{scopes:?}");
    // The author's tablet turns up after all: its frames are the proof, and are taken.
    let day = hello.day.unwrap();
    let mut gone = Tablet::prepared(&restored, &cookie, 1, "rina", day).await;
    gone.application("1604124101900001", "Siti Nur'azizah");
    let records = gone.sync(&restored, &cookie).await;
    assert_eq!(held(&records, gone.session), 1);
    let logged = restored.app.store().changes_of(&[application.0]).await.unwrap();
    assert_eq!((logged.len(), logged[0].frame), (1, 0));
}
