//! [`crate::Accounts`].

use super::samples::hash;
use crate::{AccountRow, Store, StoreError, WebSessionRow};

fn account(username: &str) -> AccountRow {
    AccountRow {
        username: username.into(),
        display_name: "Rina".into(),
        password_hash: "$argon2id$".into(),
        roles: vec!["officer".into(), "supervisor".into()],
        agency: Some("DUKCAPIL".into()),
        created_at: 5,
        disabled_at: None,
    }
}

fn session(n: u8) -> WebSessionRow {
    WebSessionRow { token_hash: hash(n), username: "rina".into(), created_at: 10, expires_at: 20 }
}

/// The first one stays.
pub async fn a_username_is_taken_once(store: &dyn Store) -> Result<(), StoreError> {
    store.add_account(&account("rina")).await?;
    let second = AccountRow { display_name: "Orang lain".into(), ..account("rina") };
    assert!(matches!(store.add_account(&second).await, Err(StoreError::Conflict(_))));
    assert_eq!(store.account("rina").await?, Some(account("rina")));
    assert_eq!(store.account("budi").await?, None);
    store.add_account(&account("budi")).await?;
    let names: Vec<_> = store.accounts().await?.into_iter().map(|a| a.username).collect();
    assert_eq!(names, vec!["budi", "rina"]);
    Ok(())
}

/// All but the username and the day.
pub async fn an_account_is_updated(store: &dyn Store) -> Result<(), StoreError> {
    store.add_account(&account("rina")).await?;
    let changed = AccountRow {
        display_name: "Rina S.".into(),
        roles: vec!["admin".into()],
        agency: None,
        disabled_at: Some(9),
        ..account("rina")
    };
    store.update_account(&changed).await?;
    assert_eq!(store.account("rina").await?, Some(changed));
    Ok(())
}

/// By time, and by signing out.
pub async fn a_web_session_ends(store: &dyn Store) -> Result<(), StoreError> {
    store.add_account(&account("rina")).await?;
    store.add_web_session(&session(1)).await?;
    let found = store.web_session(hash(1), 19).await?;
    assert_eq!(found, Some((session(1), account("rina"))));
    assert_eq!(store.web_session(hash(1), 20).await?, None);
    assert_eq!(store.web_session(hash(2), 19).await?, None);
    store.end_web_session(hash(1)).await?;
    assert_eq!(store.web_session(hash(1), 19).await?, None);
    Ok(())
}

/// Disabling works at once.
pub async fn a_disabled_account_has_no_session(store: &dyn Store) -> Result<(), StoreError> {
    store.add_account(&account("rina")).await?;
    store.add_web_session(&session(1)).await?;
    store.update_account(&AccountRow { disabled_at: Some(11), ..account("rina") }).await?;
    assert_eq!(store.web_session(hash(1), 12).await?, None);
    Ok(())
}

/// Only the pair's own, only those in the window.
pub async fn wrong_passwords_are_counted_by_pair(store: &dyn Store) -> Result<(), StoreError> {
    for at in [10, 20, 30] {
        store.add_login_failure("rina", "10.0.0.1", at, 15).await?;
    }
    store.add_login_failure("rina", "10.0.0.2", 30, 15).await?;
    store.add_login_failure("budi", "10.0.0.1", 30, 15).await?;
    assert_eq!(store.login_failures("rina", "10.0.0.1", 0).await?, vec![20, 30], "the oldest is forgotten");
    assert_eq!(store.login_failures("rina", "10.0.0.1", 30).await?, vec![30]);
    store.clear_login_failures("rina", "10.0.0.1").await?;
    assert!(store.login_failures("rina", "10.0.0.1", 0).await?.is_empty());
    assert_eq!(store.login_failures("rina", "10.0.0.2", 0).await?.len(), 1);
    Ok(())
}
