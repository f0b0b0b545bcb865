//! What tablets give back to an office that lost it.

use axum::body::Body;
use mpp_sync::document::{chunk_of, contents_of};
use mpp_sync::exchange::{Extras, Listed, Membership, Offer, ResponseRecord, encode_request_with};

use super::digest::batches;
use super::server::Server;
use super::tablet::{Tablet, exchange, held};

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
