//! [`crate::Archive`].

use async_trait::async_trait;

use super::samples::{accepted, application, aside, chain, change, frame, id, resident, view};
use crate::archive::{ArchiveDigest, Batch, Digester, Sink, Source, TABLES};
use crate::{
    AccountRow, Append, BackupRow, DeviceRow, GrantRow, OfficeReceiptRow, Projected, ReleaseRow, Store,
    StoreError, VisitRow, WebSessionRow,
};

/// Keeps what it is given, with the digest.
#[derive(Default)]
struct Kept {
    batches: Vec<Batch>,
    digester: Digester,
}

#[async_trait]
impl Sink for Kept {
    async fn take(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.digester.add(&batch)?;
        self.batches.push(batch);
        Ok(())
    }
}

/// Gives the batches back, and fails at the end when told to.
struct Given {
    batches: std::vec::IntoIter<Batch>,
    breaks: bool,
}

#[async_trait]
impl Source for Given {
    async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        match self.batches.next() {
            None if self.breaks => Err(StoreError::Copy("cut off".into())),
            next => Ok(next),
        }
    }
}

fn given(batches: Vec<Batch>) -> Given {
    Given { batches: batches.into_iter(), breaks: false }
}

/// Everything a store holds.
async fn everything(store: &dyn Store) -> Result<(Vec<Batch>, ArchiveDigest), StoreError> {
    let mut kept = Kept::default();
    let tables: Vec<_> = TABLES.iter().collect();
    store.export(&tables, &mut kept).await?;
    Ok((kept.batches, kept.digester.finish()?))
}

fn account(username: &str) -> AccountRow {
    AccountRow {
        username: username.into(),
        display_name: "Rina".into(),
        password_hash: "$argon2id$".into(),
        roles: vec!["officer".into(), "supervisor".into()],
        agency: None,
        created_at: 1,
        disabled_at: Some(2),
    }
}

/// A row in every table the traits write to.
async fn fill(store: &dyn Store) -> Result<(), StoreError> {
    store.set_value("log_id", "00ff").await?;
    let device = DeviceRow {
        id: id(200),
        public_key: vec![4; 65],
        name: "Tablet".into(),
        created_at: 1,
        revoked_at: None,
    };
    store.put_device(&device).await?;
    let grant =
        GrantRow { device: id(200), day: id(100), label: "A".into(), username: "rina".into(), granted_at: 2 };
    store.grant(&grant).await?;
    let batch = Append {
        chains: vec![chain(1, 1), chain(2, 2)],
        frames: vec![frame(1, 0), frame(2, 0), frame(2, 1)],
        quarantined: vec![aside(9, 9, "day_not_granted")],
        ..accepted(vec![change(7, 1, &["everyone"]), change(8, 2, &["village/16.04.12.2025", "everyone"])])
    };
    store.append(&batch).await?;
    for username in ["rina", "Z", "é", "a.b"] {
        store.add_account(&account(username)).await?;
    }
    let session =
        WebSessionRow { token_hash: [3; 32], username: "rina".into(), created_at: 1, expires_at: i64::MAX };
    store.add_web_session(&session).await?;
    store.add_login_failure("rina", "10.0.0.1", 5, 0).await?;
    store.begin_backup(10, 0).await?;
    let backup = BackupRow { number: 1, started_at: 10, finished_at: Some(11), ..BackupRow::default() };
    store.finish_backup(&backup, &[(id(2), 1)]).await?;
    let said =
        OfficeReceiptRow { session: id(1), way: [0; 32], frames: 1, backed_up: 0, receipt: vec![1, 2] };
    store.put_office_receipts(&[said.clone(), OfficeReceiptRow { way: [9; 32], ..said }]).await?;
    let release = ReleaseRow { device: id(200), at: 9, username: "rina".into(), reason: "rusak".into() };
    store.release(&release).await?;
    let step = Projected {
        documents: vec![view(7, 1, "{\"name\":\"Nur'aini\\u0000\"}"), view(8, 3, "{}")],
        residents: vec![resident(7, Some(1), &[8])],
        visits: vec![VisitRow {
            document: id(5),
            day: None,
            ticket: "A-001".into(),
            tracking: "CODE".into(),
            resident: Some(id(7)),
        }],
        applications: vec![application(8, 1_000)],
        upto: 2,
        ..Projected::default()
    };
    store.project(&step).await
}

/// What the migrations made is what an archive holds.
pub async fn every_table_and_column_is_named(store: &dyn Store) -> Result<(), StoreError> {
    let mut named: Vec<(String, Vec<String>)> = TABLES
        .iter()
        .map(|table| {
            let mut columns: Vec<String> =
                table.columns.iter().map(|column| column.name.to_owned()).collect();
            columns.sort();
            (table.name.to_owned(), columns)
        })
        .collect();
    named.sort();
    assert_eq!(store.shape().await?, named, "name the table in server/store/src/archive/tables.rs");
    Ok(())
}

/// Equal rows, equal digests, and the copy works on.
pub async fn an_empty_store_takes_everything_of_another(
    store: &dyn Store,
    empty: &dyn Store,
) -> Result<(), StoreError> {
    fill(store).await?;
    let (batches, digest) = everything(store).await?;
    assert_eq!(digest.head, store.head().await?);
    empty.import(&mut given(batches)).await?;
    assert_eq!(everything(empty).await?.1, digest);
    assert_eq!(empty.chains(&[id(2)]).await?, store.chains(&[id(2)]).await?);
    assert_eq!(empty.changes_of(&[id(8)]).await?, store.changes_of(&[id(8)]).await?);
    assert_eq!(empty.account("rina").await?, Some(account("rina")));
    let next = accepted(vec![change(7, 3, &["everyone"])]);
    assert_eq!(empty.append(&next).await?, store.append(&next).await?);
    Ok(())
}

/// Nothing is mixed with what is there.
pub async fn a_store_that_holds_something_takes_nothing(
    store: &dyn Store,
    other: &dyn Store,
) -> Result<(), StoreError> {
    fill(store).await?;
    let (batches, _) = everything(store).await?;
    other.append(&accepted(vec![change(1, 1, &["everyone"])])).await?;
    let (_, before) = everything(other).await?;
    assert!(matches!(other.import(&mut given(batches)).await, Err(StoreError::Conflict(_))));
    assert_eq!(everything(other).await?.1, before);
    Ok(())
}

/// All or nothing.
pub async fn an_import_that_breaks_leaves_the_store_empty(
    store: &dyn Store,
    empty: &dyn Store,
) -> Result<(), StoreError> {
    fill(store).await?;
    let (_, before) = everything(empty).await?;
    let (batches, digest) = everything(store).await?;
    let mut source = Given { breaks: true, ..given(batches.clone()) };
    assert!(matches!(empty.import(&mut source).await, Err(StoreError::Copy(_))));
    assert_eq!(everything(empty).await?.1, before);
    empty.import(&mut given(batches)).await?;
    assert_eq!(everything(empty).await?.1, digest);
    Ok(())
}

/// Writes into the store while it is being exported.
struct Meddling<'a> {
    store: &'a dyn Store,
    kept: Kept,
}

#[async_trait]
impl Sink for Meddling<'_> {
    async fn take(&mut self, batch: Batch) -> Result<(), StoreError> {
        if batch.table.name == "device" {
            self.store.append(&accepted(vec![change(50, 50, &["everyone"])])).await?;
            self.store.set_value("later", "1").await?;
        }
        self.kept.take(batch).await
    }
}

/// What is written meanwhile is in no table.
pub async fn an_export_is_of_one_moment(store: &dyn Store) -> Result<(), StoreError> {
    fill(store).await?;
    let (_, before) = everything(store).await?;
    let mut sink = Meddling { store, kept: Kept::default() };
    let tables: Vec<_> = TABLES.iter().collect();
    store.export(&tables, &mut sink).await?;
    assert_eq!(sink.kept.digester.finish()?, before);
    assert_eq!(store.head().await?.position, before.head.position + 1);
    Ok(())
}

/// A change that was altered in the store shows at once.
pub async fn a_log_that_does_not_fit_its_hashes_is_noticed(store: &dyn Store) -> Result<(), StoreError> {
    fill(store).await?;
    let (mut batches, _) = everything(store).await?;
    for batch in &mut batches {
        if batch.table.name == "change_log" {
            batch.rows.remove(0);
        }
    }
    let mut digester = Digester::default();
    assert!(batches.iter().any(|batch| digester.add(batch).is_err()));
    Ok(())
}
