//! Where backups lie, on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::backup::s3::settings::{REGION, S3Settings, Style};

/// How to reach an S3 store. The key never stands on a command line, where everybody on the machine could read it.
#[derive(Debug, Args)]
pub struct S3Args {
    /// The address of the S3 store, for example <https://s3.lahatkab.go.id>. Without it, Amazon's.
    #[arg(long = "s3-endpoint", env = "MPP_S3_ENDPOINT")]
    endpoint: Option<String>,
    /// The region of the bucket.
    #[arg(long = "s3-region", env = "MPP_S3_REGION", default_value = REGION)]
    region: String,
    /// Where the bucket's name stands in addresses. Without it: in the path when the store's address is given.
    #[arg(long = "s3-style", env = "MPP_S3_STYLE", value_enum)]
    style: Option<Style>,
    /// A file with `aws_access_key_id` and `aws_secret_access_key` that only its owner can read. Without it they are taken
    /// from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    #[arg(long = "s3-credentials", env = "MPP_S3_CREDENTIALS")]
    credentials: Option<PathBuf>,
    /// Certificates (PEM) to believe beside the system's when speaking to the S3 store.
    #[arg(long = "s3-ca", env = "MPP_S3_CA")]
    ca: Option<PathBuf>,
}

impl S3Args {
    pub fn settings(self) -> S3Settings {
        S3Settings {
            endpoint: self.endpoint,
            region: self.region,
            style: self.style,
            credentials: self.credentials,
            ca: self.ca,
            ..S3Settings::default()
        }
    }
}

#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Where backups go, and every night's: a folder, best on another disk, or <s3://bucket/prefix>.
    #[arg(long = "backup-to", visible_alias = "to", env = "MPP_BACKUP_TO")]
    pub backup_to: Option<String>,
    /// How many good backups are kept.
    #[arg(long = "backup-keep", env = "MPP_BACKUP_KEEP", default_value_t = crate::backup::run::KEEP)]
    pub backup_keep: usize,
    #[command(flatten)]
    pub s3: S3Args,
}
