use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use super::{Link, Shape};
use crate::clock::moment;

/// An office that sends back what it hears.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut heard = Vec::new();
                let _ = stream.read_to_end(&mut heard);
                let _ = stream.write_all(&heard);
            });
        }
    });
    port
}

fn through(link: &Link, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, link.port())).unwrap();
    // Both fail when the link is cut, which is what some tests are about.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut back = Vec::new();
    let _ = stream.read_to_end(&mut back);
    back
}

#[test]
fn what_goes_in_comes_out_and_is_counted() {
    let link = Link::open(echo(), Shape::default()).unwrap();
    let sent: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    assert_eq!(through(&link, &sent), sent);
    let passed = link.passed();
    assert_eq!((passed.up, passed.down, passed.connections, passed.cuts), (100_000, 100_000, 1, 0));
}

#[test]
fn bytes_take_at_least_the_time_that_the_rate_and_the_distance_ask_for() {
    let shape =
        Shape { bits_per_second: Some(800_000), round_trip: Duration::from_millis(40), ..Shape::default() };
    let link = Link::open(echo(), shape).unwrap();
    let start = moment();
    assert_eq!(through(&link, &[7; 10_000]).len(), 10_000);
    // 0.1 s up, 0.1 s down, the handshake and the way there and back: never less, whatever the machine.
    assert!(start.elapsed() >= Duration::from_millis(280));
}

#[test]
fn the_same_seed_cuts_at_the_same_bytes() {
    let office = echo();
    let lengths = |seed: u64| -> Vec<u64> {
        let link = Link::open(office, Shape::default().with_cuts(seed, 100..5_000)).unwrap();
        (0..8)
            .map(|_| {
                let before = link.passed();
                through(&link, &vec![1; 20_000]);
                link.passed().since(before).up
            })
            .collect()
    };
    let first = lengths(5);
    assert!(first.iter().all(|up| (100..5_000).contains(up)), "{first:?}");
    assert_eq!(first, lengths(5));
    assert_ne!(first, lengths(6));
}

#[test]
fn a_link_with_one_cut_is_whole_afterwards() {
    let link = Link::open(echo(), Shape::default().with_one_cut(1_000)).unwrap();
    let sent = vec![1; 4_000];
    assert_eq!(through(&link, &sent), b"");
    assert_eq!(link.passed().up, 1_000);
    assert_eq!(through(&link, &sent), sent);
    assert_eq!(link.passed().cuts, 1);
}

#[test]
fn an_unplugged_link_carries_nothing_until_it_is_plugged_in_again() {
    let link = Link::open(echo(), Shape::default()).unwrap();
    link.unplug(true);
    assert_eq!(through(&link, b"hello"), b"");
    link.unplug(false);
    assert_eq!(through(&link, b"hello"), b"hello");
}
