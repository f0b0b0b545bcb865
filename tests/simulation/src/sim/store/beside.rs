//! What stands beside the log in the modelled store: values, hubs, backups, receipts.

use std::sync::Arc;

use async_trait::async_trait;
use mpp_store::{
    BackupRow, Backups, BranchFrameRow, ChainRow, ChainToRelay, CoveredChain, Hash, HubCodeRow, HubRow, Hubs,
    Id, Node, OfficeNoticeRow, OfficeReceiptRow, Receipts, RelayedRow, ReleaseRow, StoreError, Together,
    Turn, Work,
};

use super::{MemoryStore, absent};
use crate::sim::tables::{Tables, Transaction};

#[async_trait]
impl Node for MemoryStore {
    async fn migrate(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn value(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.read(|tables| tables.values.get(key).cloned()))
    }

    async fn set_value(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.write(&Transaction::Value(Arc::new((key.to_owned(), value.to_owned()))))
    }

    async fn value_or(&self, key: &str, value: &str) -> Result<String, StoreError> {
        if let Some(held) = self.value(key).await? {
            return Ok(held);
        }
        self.set_value(key, value).await?;
        Ok(value.to_owned())
    }

    async fn close(&self) {}
}

#[async_trait]
impl Hubs for MemoryStore {
    async fn add_hub_code(&self, _: &HubCodeRow, _: i64) -> Result<(), StoreError> {
        Err(absent("codes of hubs"))
    }

    async fn take_hub_code(&self, _: Hash, _: i64) -> Result<Option<HubCodeRow>, StoreError> {
        Err(absent("codes of hubs"))
    }

    async fn put_hub(&self, hub: &HubRow) -> Result<(), StoreError> {
        self.write(&Transaction::Hub(Arc::new(hub.clone())))
    }

    async fn hubs(&self) -> Result<Vec<HubRow>, StoreError> {
        Ok(self.read(|tables| tables.hubs.values().cloned().collect()))
    }

    async fn hub(&self, device: Id) -> Result<Option<HubRow>, StoreError> {
        Ok(self.read(|tables| tables.hubs.get(&device).cloned()))
    }

    async fn hub_seen(&self, _: Id, _: i64, _: &str) -> Result<(), StoreError> {
        Err(absent("contacts of hubs"))
    }

    async fn add_hub_day(&self, _: Id, _: Id) -> Result<(), StoreError> {
        Err(absent("days of hubs"))
    }

    async fn hub_days(&self, _: Id) -> Result<Vec<Id>, StoreError> {
        Err(absent("days of hubs"))
    }

    async fn set_relayed(&self, _: &[RelayedRow]) -> Result<(), StoreError> {
        Err(absent("relayed chains"))
    }

    async fn chains_to_relay(&self, _: Id, _: i64) -> Result<Vec<ChainToRelay>, StoreError> {
        Err(absent("relayed chains"))
    }

    async fn branches_to_relay(&self, _: Id, _: Id) -> Result<Vec<BranchFrameRow>, StoreError> {
        Err(absent("relayed chains"))
    }

    async fn chains_to_ask(&self, _: Id, _: i64) -> Result<Vec<ChainRow>, StoreError> {
        Err(absent("relayed chains"))
    }

    async fn put_office_notices(&self, _: &[OfficeNoticeRow]) -> Result<(), StoreError> {
        Err(absent("notices of the office"))
    }

    async fn office_notices_of(&self, _: Id) -> Result<Vec<OfficeNoticeRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn open_office_notices(&self) -> Result<Vec<OfficeNoticeRow>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Backups for MemoryStore {
    async fn begin_backup(&self, started_at: i64, _: i64) -> Result<Option<i64>, StoreError> {
        let number = self.read(|tables| tables.backups.keys().last().copied().unwrap_or(0)) + 1;
        let row = BackupRow { number, started_at, ..BackupRow::default() };
        self.write(&Transaction::Backup(Arc::new((row, Vec::new()))))?;
        Ok(Some(number))
    }

    async fn finish_backup(&self, row: &BackupRow, covered: &[(Id, i64)]) -> Result<(), StoreError> {
        self.write(&Transaction::Backup(Arc::new((row.clone(), covered.to_vec()))))
    }

    async fn backups(&self, limit: i64) -> Result<Vec<BackupRow>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(self.read(|tables| tables.backups.values().rev().take(limit).cloned().collect()))
    }

    async fn last_good_backup(&self) -> Result<Option<BackupRow>, StoreError> {
        Ok(self.read(|tables| tables.backups.values().rev().find(|row| row.is_good()).cloned()))
    }

    async fn marks(&self) -> Result<i64, StoreError> {
        Ok(self.read(|tables| tables.marks))
    }
}

#[async_trait]
impl Receipts for MemoryStore {
    async fn covered_chains(&self, sessions: &[Id]) -> Result<Vec<CoveredChain>, StoreError> {
        Ok(self.read(|tables| {
            let rows = tables.chains.values().filter(|row| sessions.contains(&row.session));
            rows.map(|row| covered(tables, row)).collect()
        }))
    }

    async fn covered_chains_of(&self, device: Id) -> Result<Vec<CoveredChain>, StoreError> {
        Ok(self.read(|tables| {
            let rows = tables.chains.values().filter(|row| row.device == device);
            rows.map(|row| covered(tables, row)).collect()
        }))
    }

    async fn frame_hashes(&self, session: Id) -> Result<Vec<Hash>, StoreError> {
        let range = (session, 0)..=(session, i64::MAX);
        Ok(self.read(|tables| tables.frames.range(range).map(|(_, row)| row.hash).collect()))
    }

    async fn put_office_receipts(&self, _: &[OfficeReceiptRow]) -> Result<(), StoreError> {
        Err(absent("receipts of the office"))
    }

    async fn office_receipts(&self, _: &[Id]) -> Result<Vec<OfficeReceiptRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn release(&self, _: &ReleaseRow) -> Result<(), StoreError> {
        Err(absent("releases"))
    }

    async fn releases(&self) -> Result<Vec<ReleaseRow>, StoreError> {
        Ok(Vec::new())
    }
}

fn covered(tables: &Tables, chain: &ChainRow) -> CoveredChain {
    let backed_up = tables.backed_up.get(&chain.session).copied().unwrap_or(0);
    let last_backed_up = tables.frames.get(&(chain.session, backed_up - 1));
    CoveredChain {
        session: chain.session,
        device: chain.device,
        frames: chain.frames,
        head: chain.head_hash,
        backed_up,
        backed_up_head: last_backed_up.map(|row| row.hash).unwrap_or_default(),
    }
}

#[async_trait]
impl Together for MemoryStore {
    /// Views are folded by another process, which is not played.
    async fn turn(&self, _: Work) -> Result<Option<Box<dyn Turn>>, StoreError> {
        Ok(None)
    }

    async fn news(&self) {
        std::future::pending::<()>().await;
    }
}
