//! The suite of `mpp-store` on a database of its own each.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use mpp_store::Node as _;
use mpp_store_postgres::PostgresStore;
use mpp_store_postgres::testing::Database;

async fn fresh() -> (Database, PostgresStore) {
    let database = Database::create().await.unwrap();
    let store = PostgresStore::open(&database.url().unwrap()).await.unwrap();
    store.migrate().await.unwrap();
    (database, store)
}

mod suite {
    mpp_store::conformance_suite!(crate::fresh);
}
