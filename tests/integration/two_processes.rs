//! Two processes of one office on one `PostgreSQL`, behind a balancer that gives each the next request.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mpp_store::archive::{Archive as _, Batch, Sink, Source, TABLES};
use mpp_store::{Node as _, StoreError};
use mpp_store_postgres::PostgresStore;
use mpp_store_postgres::testing::Database;
use mpp_store_sqlite::{Options, SqliteStore};
use mpp_tests::balancer::Balancer;
use mpp_tests::expected::differences;
use mpp_tests::headless::Headless;
use mpp_tests::office::Office;
use mpp_tests::tablet::client::browser;
use mpp_tests::tablet::digest::Digest;
use serde_json::{Value, json};

use crate::replay::{DEVICES, of, part};
use crate::support::{Dice, PATIENCE, World, operations_of};

/// A database with two processes; the first one is the world's office.
struct Pair {
    world: World,
    other: Mutex<Office>,
    balancer: Balancer,
    // Last, so that the processes have ended when it is dropped.
    database: Database,
}

impl Pair {
    fn open() -> Self {
        let database = block_on(Database::create()).unwrap();
        let office = Office::open_on(&database.url().unwrap()).unwrap();
        let other = office.beside().unwrap();
        let balancer = Balancer::open(&[office.port(), other.port()]).unwrap();
        Self { world: World::around(office), other: Mutex::new(other), balancer, database }
    }

    fn tablet(&self, name: &str) -> Headless {
        Headless::start(self.world.start_at(name, &self.balancer.url())).unwrap()
    }

    /// Kills one of the two and starts it again.
    fn kill(&self, first: bool) {
        let mut office = if first { self.world.office() } else { self.other.lock().unwrap() };
        office.kill();
        office.start().unwrap();
    }

    /// What the database holds, asked while both serve it.
    fn digest(&self) -> Digest {
        self.world.office().digest().unwrap()
    }

    /// What a `SQLite` folder holds after its own folding of this database's log.
    fn digest_on_sqlite(&self) -> Digest {
        let mut copy = Office::open().unwrap();
        copy.kill();
        let file = copy.data().join("mpp.sqlite");
        for name in ["mpp.sqlite", "mpp.sqlite-wal", "mpp.sqlite-shm"] {
            let _ = std::fs::remove_file(copy.data().join(name));
        }
        for key in std::fs::read_dir(self.world.office().data()).unwrap().map(Result::unwrap) {
            if key.path().extension().is_some_and(|kind| kind == "key") {
                std::fs::copy(key.path(), copy.data().join(key.file_name())).unwrap();
            }
        }
        block_on(async {
            let from = PostgresStore::open(&self.database.url().unwrap()).await.unwrap();
            let to = SqliteStore::open(&file, Options::default()).await.unwrap();
            to.migrate().await.unwrap();
            let mut rows = Rows(Vec::new());
            let kept: Vec<_> = TABLES.iter().filter(|table| table.in_backup).collect();
            from.export(&kept, &mut rows).await.unwrap();
            rows.0.reverse();
            to.import(&mut rows).await.unwrap();
            from.close().await;
            to.close().await;
        });
        copy.run("rebuild").unwrap();
        copy.digest().unwrap()
    }
}

/// Rows on their way from one store to another, in memory.
struct Rows(Vec<Batch>);

#[async_trait]
impl Sink for Rows {
    async fn take(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.0.push(batch);
        Ok(())
    }
}

#[async_trait]
impl Source for Rows {
    async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        Ok(self.0.pop())
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

#[test]
fn a_service_day_through_two_processes_ends_equal_everywhere_and_on_sqlite_too() {
    let pair = Pair::open();
    let lines = part();
    let mut tablets: Vec<Headless> = DEVICES.iter().map(|name| pair.tablet(name)).collect();
    for index in [5, 0, 1, 2, 3, 4] {
        if index != 5 {
            tablets[index].sync(PATIENCE).unwrap();
        }
        let file = pair.world.file(DEVICES[index], &of(lines.clone(), DEVICES[index]));
        tablets[index].apply(&file).unwrap();
        if index == 5 {
            tablets[index].sync(PATIENCE).unwrap();
        }
    }
    // All at once, so that both processes have something to write.
    std::thread::scope(|scope| {
        for tablet in &mut tablets {
            scope.spawn(|| tablet.sync(PATIENCE).unwrap());
        }
    });
    for tablet in &mut tablets {
        tablet.sync(PATIENCE).unwrap();
    }
    let digests: Vec<_> = tablets.iter_mut().map(|tablet| tablet.digest().unwrap()).collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    for tablet in &mut tablets {
        assert_eq!(differences(&lines.join("\n"), &tablet.records().unwrap()), Vec::<String>::new());
    }
    let requests = pair.balancer.requests();
    assert!(requests.iter().all(|count| *count >= DEVICES.len()), "{requests:?}");
    assert_eq!(pair.digest(), digests[0]);
    pair.world.office().run("rebuild").unwrap();
    assert_eq!(pair.digest(), digests[0], "folded again beside two processes");
    assert_eq!(pair.digest_on_sqlite(), digests[0]);
}

#[test]
fn what_one_process_takes_in_is_in_the_lists_of_the_other() {
    let pair = Pair::open();
    let mut tablet = pair.world.tablet("tablet-1");
    let lines = operations_of("tablet-1", 6);
    tablet.apply(&pair.world.file("tablet-1", &lines)).unwrap();
    tablet.sync(PATIENCE).unwrap();
    let registered = lines.iter().filter(|line| !line.contains("\"op\":\"event\"")).count();
    let (first, second) = (pair.world.url(), pair.other.lock().unwrap().url());
    let supervisor = pair.world.account("supervisor");
    block_on(async {
        let http = browser().unwrap();
        let typed = json!({"username": supervisor.username, "password": supervisor.password});
        // Signed in at one process is signed in at the other: a cookie does not know the port.
        let signed_in = http.post(format!("{first}/api/login")).json(&typed).send().await.unwrap();
        assert!(signed_in.status().is_success());
        loop {
            let answer = http.post(format!("{second}/api/office/applications/search")).json(&json!({}));
            let list: Value = answer.send().await.unwrap().json().await.unwrap();
            assert!(list["error"].is_null(), "{list}");
            if list["total"] == registered {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

/// Who works, how much, and how many operations each saves between two exchanges.
const TABLETS: [&str; 4] = ["tablet-1", "tablet-2", "tablet-3", "tablet-4"];
const OPERATIONS: usize = 72;
const EACH: usize = 6;

fn work(pair: &Pair, name: &str, mut tablet: Headless) -> Headless {
    for (part, operations) in operations_of(name, OPERATIONS).chunks(EACH).enumerate() {
        tablet.apply(&pair.world.file(&format!("{name}-{part}"), operations)).unwrap();
        let synced = tablet.sync(PATIENCE).unwrap();
        assert_eq!((synced.forgotten, synced.frames_waiting), (0, 0), "{synced:?}");
    }
    tablet
}

#[test]
fn two_processes_of_which_one_is_killed_again_and_again_lose_nothing() {
    let pair = Pair::open();
    let mut dice = Dice::new();
    let (working, mut kills) = (AtomicUsize::new(TABLETS.len()), 0);
    // Prepared while both are there.
    let prepared: Vec<Headless> = TABLETS.iter().map(|name| pair.tablet(name)).collect();
    let mut tablets: Vec<Headless> = std::thread::scope(|scope| {
        let at_work: Vec<_> = TABLETS
            .iter()
            .zip(prepared)
            .map(|(name, tablet)| {
                let (pair, working) = (&pair, &working);
                scope.spawn(move || {
                    // Counted down however it ends, or the killing would never do so.
                    let done =
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(pair, name, tablet)));
                    working.fetch_sub(1, Ordering::SeqCst);
                    done
                })
            })
            .collect();
        while working.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(dice.between(100, 1_500)));
            pair.kill(dice.between(0, 2) == 0);
            kills += 1;
        }
        at_work.into_iter().map(|tablet| tablet.join().unwrap().unwrap()).collect()
    });
    println!("killed {kills} times; requests by process: {:?}", pair.balancer.requests());
    assert!(kills > 1);
    let all: Vec<&str> = TABLETS.iter().flat_map(|name| operations_of(name, OPERATIONS)).collect();
    for tablet in &mut tablets {
        tablet.sync(PATIENCE).unwrap();
        assert_eq!(differences(&all.join("\n"), &tablet.records().unwrap()), Vec::<String>::new());
    }
    assert_eq!(pair.digest(), tablets[0].digest().unwrap());
}
