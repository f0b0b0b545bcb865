//! Frames that come twice, out of order, damaged, or cut off.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use mpp_sync::exchange::{BodyReader, BodyWriter, Cursor, RecordKind, ResponseRecord, encode_request};
use mpp_sync::ids::{ChangeHash, DocumentId};
use mpp_sync::save::Entry;

use super::server::Server;
use super::tablet::{Tablet, answer_bytes, decoded, exchange, held, refused};

async fn start() -> (Server, String, Tablet) {
    let server = Server::new().await;
    let cookie = server.sign_in("rina").await;
    let day = server.day().await;
    let tablet = Tablet::prepared(&server, &cookie, 1, "rina", day).await;
    (server, cookie, tablet)
}

/// One frame for each ticket.
fn cut_tickets(tablet: &mut Tablet, count: usize) {
    for _ in 0..count {
        tablet.ticket();
        tablet.cut();
    }
}

async fn logged(server: &Server) -> i64 {
    server.app.store().head().await.unwrap().position
}

#[tokio::test]
async fn a_frame_sent_twice_is_stored_once() {
    let (server, cookie, mut tablet) = start().await;
    cut_tickets(&mut tablet, 2);
    let before = logged(&server).await;
    let frames = tablet.frames.clone();
    for _ in 0..2 {
        let records = tablet.push(&server, &cookie, &frames).await;
        assert_eq!(held(&records, tablet.session), 2);
        assert!(refused(&records).is_empty());
    }
    let doubled = vec![frames[0].clone(), frames[0].clone(), frames[1].clone(), frames[1].clone()];
    assert!(refused(&tablet.push(&server, &cookie, &doubled).await).is_empty());
    assert_eq!(logged(&server).await, before + 2);
}

#[tokio::test]
async fn a_frame_that_comes_too_early_is_refused_and_taken_when_the_gap_is_filled() {
    let (server, cookie, mut tablet) = start().await;
    cut_tickets(&mut tablet, 3);
    let frames = tablet.frames.clone();
    let records = tablet.push(&server, &cookie, &frames[1..]).await;
    assert_eq!(refused(&records), ["frame_gap", "frame_gap"]);
    assert_eq!(held(&records, tablet.session), 0);
    let order = [frames[0].clone(), frames[2].clone(), frames[1].clone()];
    let records = tablet.push(&server, &cookie, &order).await;
    assert_eq!(refused(&records), ["frame_gap"]);
    assert_eq!(held(&records, tablet.session), 2);
    let records = tablet.push(&server, &cookie, &frames).await;
    assert_eq!(held(&records, tablet.session), 3);
}

#[tokio::test]
async fn one_flipped_bit_anywhere_is_refused() {
    let (server, cookie, mut tablet) = start().await;
    cut_tickets(&mut tablet, 1);
    let frame = tablet.frames[0].clone();
    let before = logged(&server).await;
    for at in (0..frame.len()).step_by(7) {
        let mut damaged = frame.clone();
        damaged[at] ^= 1;
        let records = tablet.push(&server, &cookie, &[damaged]).await;
        assert_eq!(refused(&records).len(), 1, "byte {at}");
        assert_eq!(held(&records, tablet.session), 0);
    }
    assert_eq!(logged(&server).await, before);
    let records = tablet.push(&server, &cookie, &[frame]).await;
    assert_eq!(held(&records, tablet.session), 1);
}

#[tokio::test]
async fn an_oversized_length_is_a_clear_answer_and_what_came_before_stays() {
    let (server, cookie, mut tablet) = start().await;
    cut_tickets(&mut tablet, 1);
    let mut body = BodyWriter::default();
    let whole = encode_request(&tablet.hello(), &tablet.frames);
    for (kind, payload) in BodyReader::default().push(&whole).unwrap() {
        if kind != RecordKind::End {
            body.record(kind, &payload);
        }
    }
    body.flush();
    let good = body.take();
    body.record(RecordKind::Frame, &vec![0; 2 * 1024 * 1024]);
    let pieces = [good, body.finish()].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let stream = Body::from_stream(futures_util::stream::iter(pieces));
    let answer = exchange(&server, &cookie, stream).await;
    assert_eq!(answer.unwrap_err(), (400, "LENGTH_OVER_LIMIT".to_owned()));
    let records = tablet.push(&server, &cookie, &[]).await;
    assert_eq!(held(&records, tablet.session), 1);
}

#[tokio::test]
async fn garbage_is_a_clear_answer() {
    let (server, cookie, _) = start().await;
    for (body, code) in [
        (&b""[..], "BODY_TRUNCATED"),
        (b"HTTP", "PROTOCOL_UNKNOWN"),
        (b"MPPS\x02", "PROTOCOL_UNKNOWN"),
        (b"MPPS\x01\xff\xff\xff\xff", "BODY_NOT_INFLATABLE"),
    ] {
        let answer = exchange(&server, &cookie, Body::from(body.to_vec())).await;
        assert_eq!(answer.unwrap_err(), (400, code.to_owned()), "{body:?}");
    }
}

#[tokio::test]
async fn a_body_cut_in_the_middle_keeps_the_frames_that_came_whole() {
    let (server, cookie, mut tablet) = start().await;
    cut_tickets(&mut tablet, 6);
    let body = encode_request(&tablet.hello(), &tablet.frames);
    let mut most = 0;
    for cut in [body.len() / 4, body.len() / 2, body.len() * 3 / 4] {
        let pieces: Vec<Result<Bytes, std::io::Error>> = vec![
            Ok(Bytes::copy_from_slice(&body[..cut])),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        ];
        let stream = Body::from_stream(futures_util::stream::iter(pieces));
        let answer = exchange(&server, &cookie, stream).await;
        assert_eq!(answer.unwrap_err(), (400, "BODY_TRUNCATED".to_owned()));
        let records = tablet.push(&server, &cookie, &[]).await;
        let now = held(&records, tablet.session);
        assert!(now >= most);
        most = now;
    }
    assert!((3..6).contains(&most), "{most} of 6 frames");
    // A proxy may pass a cut body on as if it were whole: the answer says what is held.
    let records = exchange(&server, &cookie, Body::from(body[..body.len() - 3].to_vec())).await.unwrap();
    assert!(held(&records, tablet.session) >= 5);
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 6);
}

#[tokio::test]
async fn an_unknown_or_revoked_device_is_refused() {
    let (server, cookie, mut tablet) = start().await;
    let mut stranger = Tablet::unprepared(2, "rina", tablet.day);
    cut_tickets(&mut stranger, 1);
    let body = encode_request(&stranger.hello(), &stranger.frames);
    let answer = exchange(&server, &cookie, Body::from(body)).await;
    assert_eq!(answer.unwrap_err(), (403, "DEVICE_UNKNOWN".to_owned()));
    let frames = stranger.frames.clone();
    let records = tablet.push(&server, &cookie, &frames).await;
    assert_eq!(refused(&records), ["device_unknown"], "not through a known device either");
    server.app.store().revoke_device(tablet.device.0, super::server::NOW).await.unwrap();
    let answer =
        exchange(&server, &cookie, Body::from(encode_request::<Vec<u8>>(&tablet.hello(), &[]))).await;
    assert_eq!(answer.unwrap_err(), (403, "DEVICE_REVOKED".to_owned()));
    assert_eq!(tablet.prepare(&server, &cookie, tablet.day).await.0, 403);
}

#[tokio::test]
async fn a_tablet_cannot_pull_what_it_was_not_granted() {
    let (server, cookie, mut tablet) = start().await;
    let other = server.day_with(&["budi"], "Tempat lain").await;
    let theirs = server.sign_in("budi").await;
    let mut elsewhere = Tablet::prepared(&server, &theirs, 2, "budi", other).await;
    let (visit, _) = elsewhere.ticket();
    elsewhere.sync(&server, &theirs).await;
    let granted = tablet.scopes.clone();
    tablet.scopes.extend([
        format!("day/{other}"),
        "village/16.04.01.2001".to_owned(),
        String::new(),
        "day/".to_owned(),
    ]);
    cut_tickets(&mut tablet, 1);
    let records = tablet.sync(&server, &cookie).await;
    assert_eq!(held(&records, tablet.session), 1, "the answer says what is held all the same");
    assert!(tablet.entries.iter().all(|entry| entry.document != visit));
    let answered: BTreeSet<String> = tablet.cursors.iter().flat_map(|cursor| cursor.scopes.clone()).collect();
    assert_eq!(answered, granted.into_iter().collect());
}

#[tokio::test]
async fn an_officer_who_is_not_on_the_roster_gets_nothing_of_the_tablets_day() {
    let server = Server::new().await;
    let (rina, budi) = (server.sign_in("rina").await, server.sign_in("budi").await);
    let day = server.day_with(&["rina"], "Balai Desa Uji").await;
    let mut tablet = Tablet::prepared(&server, &rina, 1, "rina", day).await;
    let mut other = Tablet::prepared(&server, &rina, 2, "rina", day).await;
    let (_, application, _) = other.application("1604124101900001", "Siti Nur'azizah");
    other.sync(&server, &rina).await;
    let ask = Body::from(encode_request::<Vec<u8>>(&tablet.hello(), &[]));
    for record in exchange(&server, &budi, ask).await.unwrap() {
        if let ResponseRecord::Changes(changes) = record {
            let cursors = &changes.cursors;
            assert!(cursors.iter().all(|cursor| cursor.scopes == ["everyone"]), "{cursors:?}");
            assert!(changes.received().all(|entry| entry.document != application));
        }
    }
    tablet.sync(&server, &rina).await;
    assert!(tablet.entries.iter().any(|entry| entry.document == application));
}

#[tokio::test]
async fn a_tablet_gets_what_others_wrote_and_nothing_of_its_own() {
    let (server, cookie, mut one) = start().await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", one.day).await;
    assert_eq!((one.label.as_str(), two.label.as_str()), ("A", "B"));
    let (resident, application, _) = one.application("1604124101900001", "Siti Nur'azizah");
    let records = one.sync(&server, &cookie).await;
    let own = records.iter().any(|record| match record {
        ResponseRecord::Changes(changes) => changes.received().any(|entry| entry.document == application),
        _ => false,
    });
    assert!(!own, "its own changes do not come back");
    two.sync(&server, &cookie).await;
    let documents: Vec<DocumentId> = two.entries.iter().map(|entry| entry.document).collect();
    assert!(documents.contains(&resident) && documents.contains(&application));
    let count = two.entries.len();
    two.sync(&server, &cookie).await;
    assert_eq!(two.entries.len(), count, "nothing new, nothing sent");
}

#[tokio::test]
async fn many_changes_come_in_bounded_bodies_and_all_arrive() {
    let (server, cookie, mut one) = start().await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", one.day).await;
    for index in 0..450 {
        one.application(&format!("16041241019{index:05}"), "Siti Nur'azizah binti Muhammad Syamsul Bahri");
    }
    let records = one.sync(&server, &cookie).await;
    assert_eq!(held(&records, one.session), one.frames.len() as u64);
    let records = two.sync(&server, &cookie).await;
    let ends = records.iter().filter(|record| matches!(record, ResponseRecord::End { .. })).count();
    assert!(ends > 1, "more than one body");
    let theirs = one.entries.iter().all(|entry| {
        two.entries.iter().any(|other| (other.document, other.hash) == (entry.document, entry.hash))
    });
    assert!(theirs);
}

#[tokio::test]
async fn an_answer_cut_after_its_second_record_still_moves_the_cursors() {
    let (server, cookie, mut one) = start().await;
    let mut two = Tablet::prepared(&server, &cookie, 2, "budi", one.day).await;
    for index in 0..200 {
        one.application(&format!("16041241019{index:05}"), "Siti Nur'azizah binti Muhammad Syamsul Bahri");
    }
    one.sync(&server, &cookie).await;
    let ask = |tablet: &Tablet| Body::from(encode_request::<Vec<u8>>(&tablet.hello(), &[]));
    let changes = |records: &[ResponseRecord]| -> Vec<(Vec<Entry>, Vec<Cursor>)> {
        let changes = records.iter().filter_map(|record| match record {
            ResponseRecord::Changes(changes) => {
                Some((changes.received().cloned().collect(), changes.cursors.clone()))
            }
            _ => None,
        });
        changes.collect()
    };
    let body = answer_bytes(&server, &cookie, ask(&two)).await.unwrap();
    let first = changes(&decoded(&body));
    assert!(first.len() > 2, "{} records", first.len());
    let cut = (0..body.len()).step_by(1024).find(|cut| changes(&decoded(&body[..*cut])).len() == 2);
    let arrived = decoded(&body[..cut.unwrap()]);
    assert!(!arrived.iter().any(|record| matches!(record, ResponseRecord::End { .. })));
    assert!(first[0].1[0].position > 0 && first[1].1[0].position > first[0].1[0].position);
    let names = |records: &[(Vec<Entry>, Vec<Cursor>)]| -> BTreeSet<(DocumentId, ChangeHash)> {
        records.iter().flat_map(|(entries, _)| entries).map(|entry| (entry.document, entry.hash)).collect()
    };
    two.take_in(&arrived);
    assert_eq!(two.cursors, first[1].1);
    let rest = changes(&exchange(&server, &cookie, ask(&two)).await.unwrap());
    assert!(names(&first[..2]).is_disjoint(&names(&rest)), "what came whole does not come again");
    assert!(names(&first[2..]).is_subset(&names(&rest)), "and nothing is passed over");
}

#[tokio::test]
async fn preparing_the_same_tablet_again_keeps_its_letter() {
    let (server, cookie, tablet) = start().await;
    let (status, body) = tablet.prepare(&server, &cookie, tablet.day).await;
    assert_eq!((status, body["label"].as_str()), (200, Some("A")));
    assert_eq!(body["day"]["devices"][tablet.device.to_string()], "A");
}

#[tokio::test]
async fn a_tablet_that_asks_at_once_after_its_body_broke_hears_of_everything_that_came() {
    let (server, cookie, mut tablet) = start().await;
    cut_tickets(&mut tablet, 40);
    let body = encode_request(&tablet.hello(), &tablet.frames);
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let pieces = futures_util::stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let broken = exchange(&server, &cookie, Body::from_stream(pieces));
    let asking = async {
        let (first, rest) = body.split_at(body.len() / 2);
        for piece in first.chunks(64) {
            sender.send(Ok(Bytes::copy_from_slice(piece))).await.unwrap();
        }
        // The rest is in the server's hands, but on nobody's disk, when the tablet asks.
        let rest = async {
            sender.send(Ok(Bytes::copy_from_slice(rest))).await.unwrap();
            let broke = std::io::Error::other("the link broke");
            sender.send(Err(broke)).await.unwrap();
        };
        let ask = Body::from(encode_request::<Vec<u8>>(&tablet.hello(), &[]));
        tokio::join!(exchange(&server, &cookie, ask), rest).0.unwrap()
    };
    let (broken, asked) = tokio::join!(broken, asking);
    assert!(broken.is_err());
    assert_eq!(held(&asked, tablet.session), 40);
}
