//! What no exchange asks for: accounts, views, copies. The modelled store keeps none of it and says so.

use async_trait::async_trait;
use mpp_store::archive::{Sink, Source, Table};
use mpp_store::{
    AccountRow, Accounts, ApplicationFilter, ApplicationPage, ApplicationRow, Archive, Cursor,
    DocumentViewRow, Erasure, Erasures, Hash, Id, Projected, StoreError, TombstoneRow, Views, VisitRow,
    WebSessionRow,
};

use super::{MemoryStore, absent};

const VIEWS: &str = "views";
const ACCOUNTS: &str = "accounts";

#[async_trait]
impl Views for MemoryStore {
    async fn project(&self, _: &Projected) -> Result<(), StoreError> {
        Err(absent(VIEWS))
    }

    async fn projected_upto(&self) -> Result<i64, StoreError> {
        Ok(0)
    }

    async fn reset_views(&self) -> Result<(), StoreError> {
        Err(absent(VIEWS))
    }

    async fn residents_to_regroup(&self, _: i64) -> Result<Vec<Id>, StoreError> {
        Err(absent(VIEWS))
    }

    async fn resident_neighbours(&self, _: &[Id]) -> Result<Vec<Id>, StoreError> {
        Err(absent(VIEWS))
    }

    async fn set_group_flags(&self, _: &[(Id, bool, bool)], _: i64) -> Result<(), StoreError> {
        Err(absent(VIEWS))
    }

    async fn view(&self, _: Id) -> Result<Option<DocumentViewRow>, StoreError> {
        Err(absent(VIEWS))
    }

    /// The ingest asks for rosters; what no view says it reads from the log.
    async fn views(&self, _: &[Id]) -> Result<Vec<DocumentViewRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn days_from(&self, _: &str) -> Result<Vec<DocumentViewRow>, StoreError> {
        Err(absent(VIEWS))
    }

    async fn views_after(&self, _: i64, _: Option<Id>, _: i64) -> Result<Vec<DocumentViewRow>, StoreError> {
        Err(absent(VIEWS))
    }

    async fn applications(&self, _: &ApplicationFilter) -> Result<ApplicationPage, StoreError> {
        Err(absent(VIEWS))
    }

    async fn applications_tracked(&self, _: &str) -> Result<Vec<ApplicationRow>, StoreError> {
        Err(absent(VIEWS))
    }

    async fn visits_tracked(&self, _: &str) -> Result<Vec<VisitRow>, StoreError> {
        Err(absent(VIEWS))
    }
}

#[async_trait]
impl Accounts for MemoryStore {
    async fn add_account(&self, _: &AccountRow) -> Result<(), StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn update_account(&self, _: &AccountRow) -> Result<(), StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn account(&self, _: &str) -> Result<Option<AccountRow>, StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn add_web_session(&self, _: &WebSessionRow) -> Result<(), StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn web_session(&self, _: Hash, _: i64) -> Result<Option<(WebSessionRow, AccountRow)>, StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn end_web_session(&self, _: Hash) -> Result<(), StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn add_login_failure(&self, _: &str, _: &str, _: i64, _: i64) -> Result<(), StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn login_failures(&self, _: &str, _: &str, _: i64) -> Result<Vec<i64>, StoreError> {
        Err(absent(ACCOUNTS))
    }

    async fn clear_login_failures(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Err(absent(ACCOUNTS))
    }
}

#[async_trait]
impl Archive for MemoryStore {
    async fn export(&self, _: &[&'static Table], _: &mut dyn Sink) -> Result<(), StoreError> {
        Err(absent("copies"))
    }

    async fn import(&self, _: &mut dyn Source) -> Result<(), StoreError> {
        Err(absent("copies"))
    }

    async fn shape(&self) -> Result<Vec<(String, Vec<String>)>, StoreError> {
        Err(absent("copies"))
    }
}

/// Nobody is erased in the modelled world.
#[async_trait]
impl Erasures for MemoryStore {
    async fn erase(&self, _: &Erasure) -> Result<Cursor, StoreError> {
        Err(absent("tombstone"))
    }

    async fn tombstones(&self, _: &[Id]) -> Result<Vec<TombstoneRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn all_tombstones(&self) -> Result<Vec<TombstoneRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
