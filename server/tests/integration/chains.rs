//! Two nodes compare all their chains, and one hears what the other lacks.

use std::sync::Arc;

use mpp_server::chains::{compare, differ};
use mpp_server::ingest::{Outcome, Submission};
use mpp_store::{DeviceRow, StoreError};
use mpp_sync::exchange::chains::{ChainFold, Compared, FoldsAsked, Lacking, month_of};
use mpp_sync::exchange::{ResponseRecord, SendFrom, encode_comparison};
use mpp_sync::ids::{DocumentId, SessionId};

use super::server::{NOW, Server};
use super::tablet::{Tablet, exchange};

/// A tablet with as many frames as asked for.
fn tablet(seed: u8, frames: usize) -> Tablet {
    let mut tablet = Tablet::unprepared(seed, "rina", DocumentId([9; 16]));
    for _ in 0..frames {
        tablet.ticket();
        tablet.cut();
    }
    tablet
}

/// The node stores the tablet's first frames; what they say may well be kept aside.
async fn carry(server: &Server, tablet: &Tablet, frames: usize) {
    let row = DeviceRow {
        id: tablet.device.0,
        public_key: tablet.key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        name: "Tablet uji".into(),
        created_at: NOW,
        revoked_at: None,
    };
    server.app.store().put_device(&row).await.unwrap();
    for bytes in &tablet.frames[..frames] {
        let submission = Submission { bytes: bytes.clone(), officer: "rina".into() };
        let outcome = server.app.ingest.submit(submission).await.unwrap().outcome().await.unwrap();
        assert!(matches!(outcome, Outcome::Stored { .. }), "{outcome:?}");
    }
}

async fn lacking(hub: &Server, office: &Server, compared: &mut Compared) -> (Lacking, usize) {
    let mut rounds = 0;
    let office = Arc::clone(&office.app);
    let found = compare::<StoreError, _>(hub.app.store(), compared, |asked| {
        rounds += 1;
        let office = Arc::clone(&office);
        async move { differ(office.store(), &asked, None).await }
    })
    .await
    .unwrap();
    (found, rounds)
}

#[tokio::test]
async fn a_hub_finds_the_frames_that_an_office_lacks_and_nothing_else() {
    let (hub, office) = (Server::new().await, Server::new().await);
    let tablets = [tablet(1, 3), tablet(2, 2), tablet(3, 2), tablet(4, 4)];
    for (tablet, (at_hub, at_office)) in tablets.iter().zip([(3, 1), (2, 2), (2, 0), (1, 4)]) {
        carry(&hub, tablet, at_hub).await;
        carry(&office, tablet, at_office).await;
    }
    let mut compared = Compared::default();
    let (mut found, rounds) = lacking(&hub, &office, &mut compared).await;
    found.send.sort_by_key(|send| send.session);
    let expected = [(1, 1), (3, 0)].map(|(seed, from)| SendFrom { session: SessionId([seed; 16]), from });
    assert_eq!((found.send.as_slice(), found.forked.len(), rounds), (expected.as_slice(), 0, 2));
    carry(&office, &tablets[0], 3).await;
    carry(&office, &tablets[2], 2).await;
    assert_eq!(lacking(&hub, &office, &mut compared).await.0, Lacking::default());
    assert_eq!(lacking(&hub, &office, &mut compared).await, (Lacking::default(), 1), "once is enough");
}

#[tokio::test]
async fn a_tablet_hears_of_its_own_chains_and_of_no_other() {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let mut own = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    own.ticket();
    own.sync(&server, &cookie).await;
    let other = tablet(2, 1);
    carry(&server, &other, 1).await;
    let month = month_of(u64::try_from(NOW).unwrap());
    let unknown = ChainFold([7; 8]);
    let asked = FoldsAsked {
        months: vec![(month, unknown)],
        devices: vec![(month, own.device, unknown), (month, other.device, unknown)],
    };
    let records = exchange(&server, &cookie, encode_comparison(&own.hello(), &asked).into()).await.unwrap();
    let mut folds = records.iter().filter_map(|record| match record {
        ResponseRecord::Folds(differ) => Some(differ),
        _ => None,
    });
    let differ = folds.next().unwrap();
    assert_eq!(differ.months[0].1.keys().copied().collect::<Vec<_>>(), [own.device]);
    assert_eq!(differ.devices.len(), 1);
    assert_eq!(differ.devices[0].2[0].session, own.session);
}
