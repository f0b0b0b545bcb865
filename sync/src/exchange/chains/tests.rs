use super::*;
use crate::exchange::{
    BodyReader, Hello, RequestReader, RequestRecord, ResponseRecord, ResponseWriter, Welcome, decode_record,
    encode_comparison,
};
use crate::ids::LogId;

const MONTHS: u32 = 60;
const DEVICES: u8 = 40;
/// 60 months of 40 devices: 148,800 chains.
const CHAINS: u32 = 62;

/// A node: the frames of every chain, by month, device and session.
#[derive(Clone, Default)]
struct Node(BTreeMap<(Month, DeviceId), BTreeMap<SessionId, Vec<FrameHash>>>);

impl Node {
    fn with(months: u32, devices: u8, chains: u32) -> Self {
        let mut node = Self::default();
        for month in 0..months {
            for device in 0..devices {
                for number in 0..chains {
                    node.put(month, device, number, 1);
                }
            }
        }
        node
    }

    fn put(&mut self, month: Month, device: u8, number: u32, frames: u8) {
        let session = session(month, device, number);
        let hashes = (0..frames).map(|frame| FrameHash(sha256(&[&session.0, &[frame]]))).collect();
        self.0.entry((month, DeviceId([device; 16]))).or_default().insert(session, hashes);
    }

    fn lose(&mut self, month: Month, device: u8, number: u32) {
        let chains = self.0.get_mut(&(month, DeviceId([device; 16]))).unwrap();
        chains.remove(&session(month, device, number));
    }

    fn folds(&self) -> Folds {
        let mut folds = Folds::new();
        for ((month, device), chains) in &self.0 {
            let mut sum = ChainSum::default();
            for (session, frames) in chains {
                sum.add(session, frames.len() as u64, frames.last().unwrap());
            }
            folds.entry(*month).or_default().insert(*device, sum.fold());
        }
        folds
    }

    fn listed(&self, month: Month, device: DeviceId) -> Vec<HeldChain> {
        let chains = self.0.get(&(month, device)).into_iter().flatten();
        let held = chains.map(|(session, frames)| HeldChain {
            session: *session,
            frames: frames.len() as u64,
            head: frames.last().unwrap().prefix(),
        });
        held.collect()
    }

    fn own(&self, month: Month, device: DeviceId, listed: &[HeldChain]) -> Vec<OwnChain> {
        let chains = self.0.get(&(month, device)).into_iter().flatten();
        let own = chains.map(|(session, frames)| {
            let their = listed.iter().find(|held| held.session == *session);
            let at = their.and_then(|held| frames.get(usize::try_from(held.frames).unwrap() - 1));
            let at_their_head = at.map(FrameHash::prefix);
            OwnChain { session: *session, frames: frames.len() as u64, at_their_head }
        });
        own.collect()
    }

    fn answer(&self, asked: &FoldsAsked) -> FoldsDiffer {
        let mut differ = asked.compare(&self.folds());
        for (month, device, chains) in &mut differ.devices {
            *chains = self.listed(*month, *device);
        }
        differ
    }
}

fn session(month: Month, device: u8, number: u32) -> SessionId {
    let hash = sha256(&[&month.to_be_bytes(), &[device], &number.to_be_bytes()]);
    SessionId::from_slice(&hash[..16]).unwrap()
}

fn hello() -> Hello {
    Hello { device: DeviceId([9; 16]), ..Hello::default() }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Cost {
    bytes: usize,
    trips: usize,
    send: Vec<SendFrom>,
    forked: Vec<SessionId>,
}

/// Compares over the wire: bytes are those of both bodies.
fn compare(caller: &Node, node: &Node, compared: &mut Compared) -> Cost {
    let own = caller.folds();
    let mut comparison = Comparison::begin(&own, compared);
    let mut asked = comparison.ask();
    let mut cost = Cost::default();
    while !asked.is_empty() {
        let body = encode_comparison(&hello(), &asked);
        let read = RequestReader::default().push(&body).unwrap();
        assert_eq!(read[1], RequestRecord::Folds(asked.clone()));
        let mut writer = ResponseWriter::default();
        writer.record(&ResponseRecord::Welcome(Welcome {
            log: LogId([1; 16]),
            time: 1_800_000_000,
            ..Welcome::default()
        }));
        writer.record(&ResponseRecord::Folds(node.answer(&asked)));
        let answer = writer.finish(false);
        cost.bytes += body.len() + answer.len();
        cost.trips += 1;
        let records = BodyReader::default().push(&answer).unwrap();
        let Some(ResponseRecord::Folds(differ)) = decode_record(records[1].0, &records[1].1).unwrap() else {
            panic!("no folds")
        };
        asked = comparison.descend(&differ);
        for (month, device, listed) in differ.devices {
            let lacking = comparison.lacking(month, device, &caller.own(month, device, &listed), &listed);
            cost.send.extend(lacking.send);
            cost.forked.extend(lacking.forked);
        }
    }
    comparison.end();
    cost
}

#[test]
fn a_hundred_and_fifty_thousand_equal_chains_cost_ten_bytes_a_month() {
    let node = Node::with(MONTHS, DEVICES, CHAINS);
    let cost = compare(&node, &node, &mut Compared::default());
    assert_eq!((cost.trips, cost.send.len()), (1, 0));
    assert!(cost.bytes <= 10 * MONTHS as usize + 120, "{} bytes", cost.bytes);
}

#[test]
fn a_difference_costs_its_month_and_its_chains_and_nothing_else() {
    let caller = Node::with(MONTHS, DEVICES, CHAINS);
    let equal = compare(&caller, &caller, &mut Compared::default()).bytes;
    let mut node = caller.clone();
    for (lost, devices) in [(1, 1), (10, 10)] {
        for device in 0..devices {
            node.lose(7, device, 3);
        }
        let cost = compare(&caller, &node, &mut Compared::default());
        assert_eq!((cost.trips, cost.send.len()), (2, lost));
        // One month of devices (24 bytes each), and one month of chains of each device that differs (25 bytes each).
        let allowed = usize::from(DEVICES) * 26 + usize::from(devices) * (CHAINS as usize * 27 + 60) + 200;
        assert!(cost.bytes - equal <= allowed, "{} bytes for {lost}", cost.bytes - equal);
    }
}

#[test]
fn what_is_found_is_what_the_node_lacks() {
    let mut caller = Node::with(3, 2, 4);
    let node = caller.clone();
    caller.put(1, 1, 2, 3);
    caller.put(2, 0, 9, 1);
    let cost = compare(&caller, &node, &mut Compared::default());
    let longer = SendFrom { session: session(1, 1, 2), from: 1 };
    let new = SendFrom { session: session(2, 0, 9), from: 0 };
    assert_eq!(cost.send, [longer, new]);
    assert!(cost.forked.is_empty());
}

#[test]
fn a_node_that_holds_more_lacks_nothing_and_is_not_asked_again() {
    let hub = Node::with(24, 3, 5);
    let mut office = Node::with(24, DEVICES, CHAINS);
    office.put(3, 1, 2, 4);
    let mut compared = Compared::default();
    let first = compare(&hub, &office, &mut compared);
    assert_eq!((first.trips, first.send.len(), first.forked.len()), (2, 0, 0));
    let again = compare(&hub, &office, &mut compared);
    assert_eq!(again.trips, 1);
    assert!(again.bytes <= 10 * 24 + 120, "{} bytes", again.bytes);
    office.lose(5, 2, 1);
    let restored = compare(&hub, &office, &mut compared);
    assert_eq!(restored.send, [SendFrom { session: session(5, 2, 1), from: 0 }]);
}

#[test]
fn a_chain_that_was_continued_in_two_ways_is_shown() {
    let caller = Node::with(2, 2, 2);
    let mut node = caller.clone();
    let other = vec![FrameHash([7; 32])];
    node.0.get_mut(&(1, DeviceId([1; 16]))).unwrap().insert(session(1, 1, 0), other);
    assert_eq!(compare(&caller, &node, &mut Compared::default()).forked, [session(1, 1, 0)]);
}

#[test]
fn a_sum_does_not_depend_on_the_order_and_gives_back_what_is_taken_out() {
    let item = |number: u8| (SessionId([number; 16]), u64::from(number), FrameHash([number; 32]));
    let mut one = ChainSum::default();
    let mut two = ChainSum::default();
    for number in 0..50 {
        let (session, frames, head) = item(number);
        one.add(&session, frames, &head);
        let (session, frames, head) = item(49 - number);
        two.add(&session, frames, &head);
    }
    assert_eq!(one, two);
    for number in 0..50 {
        let (session, frames, head) = item(number);
        one.remove(&session, frames, &head);
    }
    assert_eq!(one, ChainSum::default());
    assert_eq!(one.fold(), ChainFold::default());
}

#[test]
fn a_month_is_thirty_days_whatever_the_clock_says() {
    assert_eq!((month_of(0), month_of(2_591_999), month_of(2_592_000)), (0, 0, 1));
    assert_eq!(month_of(u64::MAX), Month::MAX);
}
