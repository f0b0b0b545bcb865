//! [`Accounts`].

use async_trait::async_trait;
use mpp_store::{AccountRow, Accounts, Hash, StoreError, WebSessionRow};

use crate::backend::{Backend, BackendRow};
use crate::columns::{array, get};
use crate::convert::failed;
use crate::text::{maybe_plain, plain};

/// Between roles in their column.
const SEPARATOR: &str = ",";

#[async_trait]
impl Accounts for Backend {
    async fn add_account(&self, account: &AccountRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO account (username, display_name, password_hash, roles, agency, created_at, disabled_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(plain(&account.username))
        .bind(plain(&account.display_name))
        .bind(&account.password_hash)
        .bind(plain(&account.roles.join(SEPARATOR)).into_owned())
        .bind(maybe_plain(account.agency.as_ref()))
        .bind(account.created_at)
        .bind(account.disabled_at)
        .execute(self.write())
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn update_account(&self, account: &AccountRow) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE account SET display_name = $2, password_hash = $3, roles = $4, agency = $5, disabled_at = $6 \
             WHERE username = $1",
        )
        .bind(plain(&account.username))
        .bind(plain(&account.display_name))
        .bind(&account.password_hash)
        .bind(plain(&account.roles.join(SEPARATOR)).into_owned())
        .bind(maybe_plain(account.agency.as_ref()))
        .bind(account.disabled_at)
        .execute(self.write())
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn account(&self, username: &str) -> Result<Option<AccountRow>, StoreError> {
        let row = sqlx::query("SELECT * FROM account WHERE username = $1")
            .bind(plain(username))
            .fetch_optional(self.read())
            .await
            .map_err(failed)?;
        row.as_ref().map(account).transpose()
    }

    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM account").fetch_all(self.read()).await.map_err(failed)?;
        // In Rust: the order of names must not hang on the locale of a database.
        let mut accounts = rows.iter().map(account).collect::<Result<Vec<_>, _>>()?;
        accounts.sort_by(|a, b| a.username.cmp(&b.username));
        Ok(accounts)
    }

    async fn add_web_session(&self, session: &WebSessionRow) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM web_session WHERE expires_at <= $1")
            .bind(session.created_at)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query(
            "INSERT INTO web_session (token_hash, username, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(&session.token_hash[..])
        .bind(&session.username)
        .bind(session.created_at)
        .bind(session.expires_at)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn web_session(
        &self,
        token_hash: Hash,
        now: i64,
    ) -> Result<Option<(WebSessionRow, AccountRow)>, StoreError> {
        let row = sqlx::query("SELECT * FROM web_session WHERE token_hash = $1 AND expires_at > $2")
            .bind(&token_hash[..])
            .bind(now)
            .fetch_optional(self.read())
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let session = WebSessionRow {
            token_hash: array(&row, "token_hash")?,
            username: get(&row, "username")?,
            created_at: get(&row, "created_at")?,
            expires_at: get(&row, "expires_at")?,
        };
        let account = self.account(&session.username).await?;
        Ok(account.filter(|account| account.disabled_at.is_none()).map(|account| (session, account)))
    }

    async fn end_web_session(&self, token_hash: Hash) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM web_session WHERE token_hash = $1")
            .bind(&token_hash[..])
            .execute(self.write())
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn add_login_failure(
        &self,
        username: &str,
        address: &str,
        at: i64,
        forget_before: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM login_failure WHERE at < $1")
            .bind(forget_before)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query("INSERT INTO login_failure (username, address, at) VALUES ($1, $2, $3)")
            .bind(plain(username))
            .bind(plain(address))
            .bind(at)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn login_failures(
        &self,
        username: &str,
        address: &str,
        since: i64,
    ) -> Result<Vec<i64>, StoreError> {
        sqlx::query_scalar(
            "SELECT at FROM login_failure WHERE username = $1 AND address = $2 AND at >= $3 ORDER BY at",
        )
        .bind(plain(username))
        .bind(plain(address))
        .bind(since)
        .fetch_all(self.read())
        .await
        .map_err(failed)
    }

    async fn clear_login_failures(&self, username: &str, address: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM login_failure WHERE username = $1 AND address = $2")
            .bind(plain(username))
            .bind(plain(address))
            .execute(self.write())
            .await
            .map_err(failed)?;
        Ok(())
    }
}

fn account(row: &BackendRow) -> Result<AccountRow, StoreError> {
    let roles: String = get(row, "roles")?;
    Ok(AccountRow {
        username: get(row, "username")?,
        display_name: get(row, "display_name")?,
        password_hash: get(row, "password_hash")?,
        roles: roles.split(SEPARATOR).filter(|role| !role.is_empty()).map(str::to_owned).collect(),
        agency: get(row, "agency")?,
        created_at: get(row, "created_at")?,
        disabled_at: get(row, "disabled_at")?,
    })
}
