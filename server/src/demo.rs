//! An office to try out: accounts with generated passwords, a catalogue, service days. Only when it is asked for.
//!
//! Everything goes the way of real data: days and catalogue are written through the core and the ingest. Starting again
//! on the same folder adds nothing but the days that a new date asks for.

mod accounts;
mod days;

pub use accounts::DemoAccount;

use crate::app::{App, StartError};
use crate::catalogue_file::{CatalogueFile, DEMO};
use crate::publish::publish;

/// In whose name the demo publishes.
const OFFICER: &str = "demo";
/// Number to call, with an area code of Lahat and no subscriber.
pub const PHONE: &str = "+62731000000";

/// Fills the office and returns the accounts.
///
/// # Errors
/// [`StartError`].
pub async fn fill(app: &App) -> Result<Vec<DemoAccount>, StartError> {
    let accounts = accounts::ensure(app).await?;
    if app.config.catalogue.is_none() {
        let file = CatalogueFile::read(&DEMO.replace("Kabupaten Lahat", &app.regions.regency.name))?;
        publish(app, &file, OFFICER).await?;
    }
    days::ensure(app, &accounts, OFFICER).await?;
    Ok(accounts)
}

/// The addresses and accounts as a table for the terminal.
#[must_use]
pub fn table(address: &str, accounts: &[DemoAccount]) -> String {
    let mut lines = vec![
        String::new(),
        "  MPP Bergerak, DEMO — semua data contoh, bukan data resmi".to_owned(),
        String::new(),
        format!("  Warga     {address}/"),
        format!("  Petugas   {address}/petugas"),
        format!("  Kantor    {address}/kantor"),
        String::new(),
        format!("  {:<10} {:<22} {:<12} {}", "akun", "nama", "peran", "kata sandi"),
        format!("  {:-<10} {:-<22} {:-<12} {:-<19}", "", "", "", ""),
    ];
    lines.extend(accounts.iter().map(|account| {
        let roles = account.roles.join(", ");
        format!("  {:<10} {:<22} {:<12} {}", account.username, account.display_name, roles, account.password)
    }));
    lines.push(String::new());
    lines.join("\n")
}
