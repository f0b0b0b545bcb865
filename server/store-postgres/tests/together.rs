//! Two processes on one database: turns and news. A store that was opened twice stands for the processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use mpp_store::conformance::samples::{accepted, change};
use mpp_store::{ChangeLog as _, Node as _, Projected, StoreError, Together as _, Views as _, Work};
use mpp_store_postgres::PostgresStore;
use mpp_store_postgres::testing::Database;
use sqlx::{Connection as _, Executor as _, PgConnection};

async fn open(database: &Database) -> PostgresStore {
    PostgresStore::open(&database.url().unwrap()).await.unwrap()
}

async fn two() -> (Database, PostgresStore, PostgresStore) {
    let database = Database::create().await.unwrap();
    let (one, other) = (open(&database).await, open(&database).await);
    one.migrate().await.unwrap();
    (database, one, other)
}

async fn until_its_turn(store: &PostgresStore) {
    while store.turn(Work::Projection).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn one_of_two_has_the_turn_and_gives_it_on() {
    let (_database, one, other) = two().await;
    let turn = one.turn(Work::Projection).await.unwrap().unwrap();
    assert!(other.turn(Work::Projection).await.unwrap().is_none());
    assert!(one.turn(Work::Projection).await.unwrap().is_none(), "not twice in one process either");
    other.turn(Work::Start).await.unwrap().unwrap().end().await;
    turn.end().await;
    let turn = other.turn(Work::Projection).await.unwrap().unwrap();
    assert!(one.turn(Work::Projection).await.unwrap().is_none());
    turn.end().await;
}

#[tokio::test]
async fn a_turn_whose_holder_died_goes_to_the_next() {
    let (database, one, other) = two().await;
    drop(one.turn(Work::Projection).await.unwrap().unwrap());
    until_its_turn(&other).await;
    let turn = one.turn(Work::Projection).await;
    // As when its machine loses power: the database notices that the connection is dead.
    let mut admin = PgConnection::connect(&database.url().unwrap()).await.unwrap();
    let held = turn.unwrap();
    admin
        .execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7172208")
        .await
        .unwrap();
    until_its_turn(&other).await;
    if let Some(held) = held {
        held.end().await;
    }
    assert!(one.head().await.is_ok(), "the others' connections go on");
}

#[tokio::test]
async fn what_one_writes_is_news_to_the_other_only() {
    let (_database, one, other) = two().await;
    // Whoever begins to listen looks once.
    other.news().await;
    one.news().await;
    let heard = async {
        other.news().await;
        other.head().await.unwrap().position
    };
    let (heard, written) = tokio::join!(heard, async {
        one.append(&accepted(vec![change(7, 1, &["everyone"])])).await.unwrap()
    });
    assert_eq!((heard, written.position), (1, 1));
    // Its own writing is none: it hears of nothing until the other one projects.
    let (heard, ()) = tokio::join!(
        async {
            one.news().await;
            one.projected_upto().await.unwrap()
        },
        async {
            one.append(&accepted(vec![change(8, 2, &["everyone"])])).await.unwrap();
            other.project(&Projected { upto: 2, after: Some(0), ..Projected::default() }).await.unwrap();
        }
    );
    assert_eq!(heard, 2);
}

#[tokio::test]
async fn a_listener_that_lost_its_connection_looks_again() {
    let (database, one, other) = two().await;
    other.news().await;
    let mut admin = PgConnection::connect(&database.url().unwrap()).await.unwrap();
    let waits = tokio::spawn(async move {
        other.news().await;
        other.append(&accepted(vec![change(9, 3, &["everyone"])])).await
    });
    admin
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()")
        .await
        .unwrap();
    assert_eq!(waits.await.unwrap().unwrap().position, 1);
    assert_eq!(one.head().await.unwrap().position, 1);
}

#[tokio::test]
async fn two_that_fold_the_same_cannot_undo_each_others_work() {
    let (_database, one, other) = two().await;
    let step = |upto: i64| Projected { after: Some(0), upto, ..Projected::default() };
    let (one_step, other_step) = (step(1), step(2));
    let (first, second) = tokio::join!(one.project(&one_step), other.project(&other_step));
    let refused =
        [&first, &second].into_iter().filter(|result| matches!(result, Err(StoreError::Stale(_)))).count();
    assert_eq!((refused, first.is_ok() || second.is_ok()), (1, true), "{first:?} {second:?}");
}

#[tokio::test]
async fn a_store_closes_while_somebody_waits_for_news() {
    let (_database, one, _other) = two().await;
    one.news().await;
    let waiting = one.clone();
    let waiting = tokio::spawn(async move { waiting.news().await });
    one.close().await;
    waiting.await.unwrap();
}
