//! People who sign in, and their sessions in the browser.

use async_trait::async_trait;

use crate::{Hash, StoreError};

/// A person of the office or the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Lowercase, never changed, and the id that stands in every change the person makes.
    pub username: String,
    /// The name people see.
    pub display_name: String,
    /// PHC string of argon2id.
    pub password_hash: String,
    /// `officer`, `supervisor`, `admin`.
    pub roles: Vec<String>,
    /// Code of the person's agency.
    pub agency: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds; a disabled account cannot sign in.
    pub disabled_at: Option<i64>,
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSessionRow {
    /// SHA-256 of the cookie's token.
    pub token_hash: Hash,
    /// Who.
    pub username: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds; not valid from then on.
    pub expires_at: i64,
}

/// Accounts, sessions and wrong passwords.
#[async_trait]
pub trait Accounts {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the username is taken.
    async fn add_account(&self, account: &AccountRow) -> Result<(), StoreError>;
    /// Replaces everything but the username and the day it was made.
    async fn update_account(&self, account: &AccountRow) -> Result<(), StoreError>;
    /// One account.
    async fn account(&self, username: &str) -> Result<Option<AccountRow>, StoreError>;
    /// Every account, by username.
    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError>;
    /// Starts a session, and forgets those that ended before it began.
    async fn add_web_session(&self, session: &WebSessionRow) -> Result<(), StoreError>;
    /// The session of a token and its account, when it still holds at `now` and the account is not disabled.
    async fn web_session(
        &self,
        token_hash: Hash,
        now: i64,
    ) -> Result<Option<(WebSessionRow, AccountRow)>, StoreError>;
    /// Ends a session.
    async fn end_web_session(&self, token_hash: Hash) -> Result<(), StoreError>;
    /// Remembers a wrong password, and forgets those older than `forget_before`.
    async fn add_login_failure(
        &self,
        username: &str,
        address: &str,
        at: i64,
        forget_before: i64,
    ) -> Result<(), StoreError>;
    /// When wrong passwords came for the pair since `since`, oldest first.
    async fn login_failures(&self, username: &str, address: &str, since: i64)
    -> Result<Vec<i64>, StoreError>;
    /// Forgets the wrong passwords of the pair.
    async fn clear_login_failures(&self, username: &str, address: &str) -> Result<(), StoreError>;
}
