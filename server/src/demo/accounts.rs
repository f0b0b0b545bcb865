//! The demo's people. Their passwords are generated once and kept beside the database, for whoever starts the demo.

use std::io;

use mpp_store::AccountRow;
use serde::{Deserialize, Serialize};

use crate::app::{App, StartError};
use crate::node_key::write_secret;
use crate::password;

/// The file in the data folder, mode 0600.
const FILE: &str = "demo-accounts.json";

/// Username, name, roles, agency.
const PEOPLE: [(&str, &str, &[&str], Option<&str>); 6] = [
    ("rina", "Rina Marlina", &["officer"], Some("DUKCAPIL")),
    ("budi", "Budi Hartono", &["officer"], Some("DINSOS")),
    ("dewi", "Dewi Anggraini", &["officer"], Some("DINKES")),
    ("joko", "Joko Susilo", &["officer"], Some("DPMPTSP")),
    ("sari", "Sari Wulandari", &["supervisor"], None),
    ("admin", "Admin Kabupaten", &["admin"], None),
];

/// Somebody of the demo, password included.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DemoAccount {
    /// What to type.
    pub username: String,
    /// The name people see.
    pub display_name: String,
    /// `officer`, `supervisor` or `admin`.
    pub roles: Vec<String>,
    /// Code of the agency.
    #[serde(default)]
    pub agency: Option<String>,
    /// What to type.
    pub password: String,
}

/// Makes the accounts that are missing, with the passwords in the file.
pub async fn ensure(app: &App) -> Result<Vec<DemoAccount>, StartError> {
    let path = app.config.data.join(FILE);
    let known: Vec<DemoAccount> = match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| {
            StartError::File(path.clone(), io::Error::new(io::ErrorKind::InvalidData, error))
        })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(StartError::File(path, error)),
    };
    let mut accounts = Vec::new();
    for (username, display_name, roles, agency) in PEOPLE {
        let account = match known.iter().find(|account| account.username == username) {
            Some(account) => account.clone(),
            None => DemoAccount {
                username: username.to_owned(),
                display_name: display_name.to_owned(),
                roles: roles.iter().map(ToString::to_string).collect(),
                agency: agency.map(str::to_owned),
                password: password::generate(app.env())?,
            },
        };
        accounts.push(account);
    }
    let text = serde_json::to_string_pretty(&accounts)?;
    write_secret(&path, &text).map_err(|error| StartError::File(path, error))?;
    for account in &accounts {
        keep(app, account).await?;
    }
    Ok(accounts)
}

/// Adds the account, or gives it the password of the file when that was lost and made anew.
async fn keep(app: &App, account: &DemoAccount) -> Result<(), StartError> {
    let known = app.store().account(&account.username).await?;
    if known.as_ref().is_some_and(|known| password::matches(&account.password, &known.password_hash)) {
        return Ok(());
    }
    let row = AccountRow {
        username: account.username.clone(),
        display_name: account.display_name.clone(),
        password_hash: password::hash(&account.password, app.env())?,
        roles: account.roles.clone(),
        agency: account.agency.clone(),
        created_at: app.env().now(),
        disabled_at: None,
    };
    match known {
        Some(_) => app.store().update_account(&row).await?,
        None => app.store().add_account(&row).await?,
    }
    Ok(())
}
