//! [`Together`]: turns are advisory locks of a connection, news are notifications.

use std::time::Duration;

use async_trait::async_trait;
use mpp_store::{StoreError, Together, Turn, Work};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgListener;
use sqlx::{Postgres, Transaction};
use tokio::sync::Mutex;

use crate::PostgresStore;
use crate::convert::failed;

/// The channel on which each process says that it wrote something; the message is [`PostgresStore::instance`].
const CHANNEL: &str = "mpp";
/// First half of our advisory locks: other programs may use the same database.
const LOCKS: i32 = 0x6d_7070;
/// How long to wait before a listener that lost its connection is looked at again.
const PAUSE: Duration = Duration::from_secs(1);

/// The connection that listens, once somebody asked for news.
#[derive(Default)]
pub struct Ears(Mutex<Option<PgListener>>);

impl std::fmt::Debug for Ears {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ears").finish_non_exhaustive()
    }
}

/// A turn: the connection that holds the lock. The database takes it back when the connection ends.
struct Held {
    connection: Option<PoolConnection<Postgres>>,
    lock: i32,
}

#[async_trait]
impl Turn for Held {
    async fn end(mut self: Box<Self>) {
        if let Some(mut connection) = self.connection.take() {
            let unlock = sqlx::query("SELECT pg_advisory_unlock($1, $2)").bind(LOCKS).bind(self.lock);
            if unlock.execute(&mut *connection).await.is_err() {
                connection.close_on_drop();
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.close_on_drop();
        }
    }
}

#[async_trait]
impl Together for PostgresStore {
    async fn turn(&self, work: Work) -> Result<Option<Box<dyn Turn>>, StoreError> {
        let lock = match work {
            Work::Projection => 1,
            Work::Start => 2,
        };
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        let mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)")
            .bind(LOCKS)
            .bind(lock)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        Ok(mine.then(|| Box::new(Held { connection: Some(connection), lock }) as Box<dyn Turn>))
    }

    async fn news(&self) {
        let mut ears = self.ears.0.lock().await;
        let Some(listener) = ears.as_mut() else {
            match listen(self).await {
                // What happened before is news too.
                Ok(listener) => *ears = Some(listener),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
            return;
        };
        loop {
            match listener.try_recv().await {
                Ok(Some(message)) if message.payload() == self.instance => {}
                // Somebody wrote; or the connection was lost and made again, and nobody knows what was said meanwhile.
                Ok(_) => {
                    // Whatever else was said already is the same news.
                    while listener.next_buffered().is_some() {}
                    return;
                }
                Err(_) => {
                    *ears = None;
                    return tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn listen(store: &PostgresStore) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(&store.pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Tells the other processes, when the transaction commits.
pub async fn tell(
    store: &PostgresStore,
    transaction: &mut Transaction<'_, Postgres>,
) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(&store.instance)
        .execute(&mut **transaction)
        .await
        .map_err(failed)?;
    Ok(())
}
