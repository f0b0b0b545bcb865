//! Writers whose commits take long, and readers that go by cursor meanwhile.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::time::Duration;

use mpp_store::conformance::samples::{accepted, change, id};
use mpp_store::{ChangeLog as _, Cursor, Node as _, PullGroup, PullQuery};
use mpp_store_postgres::PostgresStore;
use mpp_store_postgres::testing::Database;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::task::JoinHandle;

/// Commits of a change of document 7 wait here, after everything was written, until nobody holds lock 42.
const A_GATE_BEFORE_THE_COMMIT: &str = "
    CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON change_log DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.document = decode(repeat('07', 16), 'hex')) EXECUTE FUNCTION wait_at_the_gate();";

/// Every commit of a change takes some milliseconds more, each another number of them.
const COMMITS_OF_ALL_LENGTHS: &str = "
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(random() / 50); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON change_log DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION dawdle();";

/// Sessions of this database that wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

async fn open(database: &Database) -> PostgresStore {
    PostgresStore::open(&database.url().unwrap()).await.unwrap()
}

async fn connect(database: &Database) -> PgConnection {
    PgConnection::connect(&database.url().unwrap()).await.unwrap()
}

async fn until_as_many_wait(connection: &mut PgConnection, count: i64) {
    while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut *connection).await.unwrap() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn everything_after(cursor: Cursor) -> PullQuery {
    let groups = vec![PullGroup { cursor, scopes: vec!["everyone".to_owned()] }];
    PullQuery { groups, max_bytes: 1_000_000, ..PullQuery::default() }
}

/// The changes after the cursor, which moves on.
async fn read_on(store: &PostgresStore, cursor: &mut Cursor) -> Vec<i64> {
    let page = store.pull(&everything_after(*cursor)).await.unwrap();
    *cursor = page.groups[0].cursor;
    page.changes.iter().map(|change| change.position).collect()
}

#[tokio::test]
async fn a_second_writer_waits_for_a_slow_one_and_a_reader_in_between_skips_nothing() {
    let database = Database::create().await.unwrap();
    let (slow, quick, reader) = (open(&database).await, open(&database).await, open(&database).await);
    slow.migrate().await.unwrap();
    let mut gate = connect(&database).await;
    gate.execute(A_GATE_BEFORE_THE_COMMIT).await.unwrap();
    gate.execute("SELECT pg_advisory_lock(42)").await.unwrap();

    let first = tokio::spawn(async move { slow.append(&accepted(vec![change(7, 1, &["everyone"])])).await });
    until_as_many_wait(&mut gate, 1).await;
    let second =
        tokio::spawn(async move { quick.append(&accepted(vec![change(8, 2, &["everyone"])])).await });
    until_as_many_wait(&mut gate, 2).await;
    let mut cursor = Cursor::default();
    assert!(read_on(&reader, &mut cursor).await.is_empty(), "nothing is committed yet");
    assert_eq!(reader.head().await.unwrap(), Cursor::default());
    assert!(!first.is_finished() && !second.is_finished());

    gate.execute("SELECT pg_advisory_unlock(42)").await.unwrap();
    let (first, second) = (first.await.unwrap().unwrap(), second.await.unwrap().unwrap());
    assert_eq!((first.position, second.position), (1, 2));
    assert_eq!(read_on(&reader, &mut cursor).await, vec![1, 2]);
    assert_eq!(cursor, second);
}

#[tokio::test]
async fn a_reader_beside_four_slow_writers_gets_every_change_once_and_in_order() {
    const WRITERS: u8 = 4;
    const EACH: u8 = 25;
    let database = Database::create().await.unwrap();
    let reader = open(&database).await;
    reader.migrate().await.unwrap();
    connect(&database).await.execute(COMMITS_OF_ALL_LENGTHS).await.unwrap();
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let store = open(&database).await;
        writers.push(tokio::spawn(async move {
            for n in 0..EACH {
                let number = writer * EACH + n;
                // Some alone, some of one document with the other writers.
                let document = if n % 2 == 0 { 200 } else { number };
                let batch = accepted(vec![change(document, number, &["everyone"])]);
                store.append(&batch).await.unwrap();
            }
        }));
    }
    let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
    while !writers.iter().all(JoinHandle::is_finished) {
        seen.extend(read_on(&reader, &mut cursor).await);
    }
    seen.extend(read_on(&reader, &mut cursor).await);
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen, (1..=i64::from(WRITERS * EACH)).collect::<Vec<_>>());
    assert_eq!(cursor, reader.head().await.unwrap());
    let shared = reader.changes_of(&[id(200)]).await.unwrap();
    let hashes: BTreeSet<_> = shared.iter().map(|change| change.hash).collect();
    assert_eq!((shared.len(), hashes.len()), (52, 52));
}
