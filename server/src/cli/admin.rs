//! `mpp admin`

use clap::{Args, Subcommand, ValueEnum};
use mpp_store::{AccountRow, StoreError};

use super::tasks::node;
use super::{CliError, FolderArgs, say};
use crate::app::{Node, StartError};
use crate::password;

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Add an account. The password is generated and printed once, unless it comes on standard input.
    Add(AddArgs),
    /// Give an account a new password.
    Password(PasswordArgs),
}

#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Lowercase letters, digits, dots and dashes; never changed afterwards.
    username: String,
    /// The name people see.
    #[arg(long)]
    name: String,
    /// What the account may do.
    #[arg(long)]
    role: Role,
    /// Code of the person's agency.
    #[arg(long)]
    agency: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct PasswordArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Whose.
    username: String,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    Officer,
    Supervisor,
    Admin,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }
}

/// Characters of a username.
const USERNAME_MAX: usize = 40;

pub async fn run(command: AdminCommand) -> Result<(), CliError> {
    match command {
        AdminCommand::Add(args) => add(args).await,
        AdminCommand::Password(args) => password(args).await,
    }
}

async fn add(args: AddArgs) -> Result<(), CliError> {
    if !is_username(&args.username) {
        let rule =
            "nama pengguna hanya huruf kecil, angka, titik dan tanda hubung, diawali huruf, paling banyak 40";
        return Err(CliError::Typed(rule.to_owned()));
    }
    let node = node(args.folder.config()).await?;
    let (password, generated) = new_password(&node, args.password_stdin)?;
    let account = AccountRow {
        username: args.username.clone(),
        display_name: args.name.trim().to_owned(),
        password_hash: password::hash(&password, node.env.as_ref()).map_err(StartError::from)?,
        roles: vec![args.role.word().to_owned()],
        agency: args.agency,
        created_at: node.env.now(),
        disabled_at: None,
    };
    match node.store.add_account(&account).await {
        Err(StoreError::Conflict(_)) => {
            return Err(CliError::Typed(format!("akun {} sudah ada", args.username)));
        }
        other => other?,
    }
    node.store.close().await;
    tell(&args.username, generated.then_some(&password))
}

async fn password(args: PasswordArgs) -> Result<(), CliError> {
    let node = node(args.folder.config()).await?;
    let Some(account) = node.store.account(&args.username).await? else {
        return Err(CliError::Typed(format!("akun {} tidak ada", args.username)));
    };
    let (password, generated) = new_password(&node, args.password_stdin)?;
    let password_hash = password::hash(&password, node.env.as_ref()).map_err(StartError::from)?;
    node.store.update_account(&AccountRow { password_hash, ..account }).await?;
    node.store.close().await;
    tell(&args.username, generated.then_some(&password))
}

fn tell(username: &str, generated: Option<&String>) -> Result<(), CliError> {
    let line = match generated {
        Some(password) => {
            format!("Akun {username} siap. Kata sandi (hanya ditampilkan sekali): {password}")
        }
        None => format!("Akun {username} siap."),
    };
    Ok(say(&line)?)
}

/// From standard input, or made up (then `true`).
fn new_password(node: &Node, from_stdin: bool) -> Result<(String, bool), CliError> {
    if !from_stdin {
        return Ok((password::generate(node.env.as_ref()).map_err(StartError::from)?, true));
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let typed = line.trim_end_matches(['\r', '\n']).to_owned();
    if typed.chars().count() < password::MIN_CHARS || typed.len() > password::MAX_BYTES {
        return Err(CliError::Typed(format!("kata sandi paling sedikit {} karakter", password::MIN_CHARS)));
    }
    Ok((typed, false))
}

fn is_username(text: &str) -> bool {
    text.len() <= USERNAME_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_plain() {
        assert!(is_username("rina") && is_username("petugas-1") && is_username("a.b"));
        for wrong in ["", "Rina", "1a", "a b", "a@b", "é", &"a".repeat(41)] {
            assert!(!is_username(wrong), "{wrong}");
        }
    }
}
