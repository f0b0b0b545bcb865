//! `mpp serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mpp_store::Work;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::place::PlaceArgs;
use super::{CliError, FolderArgs, say};
use crate::app::{App, StartError};
use crate::catalogue_file::CatalogueFile;
use crate::clock::SystemEnv;
use crate::config::Config;
use crate::hub::{self, OfficeClient};
use crate::trust::UPSTREAM;
use crate::trusted_proxy::TrustedProxy;
use crate::{demo, projection, publish};

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    folder: FolderArgs,
    /// Where to listen.
    #[arg(long, env = "MPP_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The address people type, for example <https://mpp.lahatkab.go.id>.
    #[arg(long, env = "MPP_PUBLIC_URL")]
    public_url: Option<String>,
    /// Code of the regency.
    #[arg(long, env = "MPP_REGENCY", default_value = "16.04")]
    regency: String,
    /// Folder with villages.csv and districts.csv of the regency.
    #[arg(long, env = "MPP_REGIONS")]
    regions: Option<PathBuf>,
    /// Catalogue file to publish at start.
    #[arg(long, env = "MPP_CATALOGUE")]
    catalogue: Option<PathBuf>,
    /// Number of the office for people to call, for example +62731321001.
    #[arg(long, env = "MPP_PHONE")]
    phone: Option<String>,
    /// The office's address: this node is then a hub of it. It has to have joined with `mpp hub enroll`.
    #[arg(long, env = "MPP_UPSTREAM")]
    upstream: Option<String>,
    /// Certificates (PEM) to believe beside the system's when speaking to the office.
    #[arg(long, env = "MPP_UPSTREAM_CA")]
    upstream_ca: Option<PathBuf>,
    /// Seconds between two contacts with the office when there is nothing new.
    #[arg(long, env = "MPP_UPSTREAM_EVERY", default_value_t = crate::config::UPSTREAM_EVERY)]
    upstream_every: u64,
    /// Chains that the office is asked about in one exchange when its word on them may be a new one.
    #[arg(long, hide = true, default_value_t = crate::config::UPSTREAM_PAGE)]
    upstream_page: usize,
    /// Speak HTTPS with these certificates (PEM), this node's first. Read again when the file changes.
    #[arg(long, env = "MPP_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key (PEM) of the certificate.
    #[arg(long, env = "MPP_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The proxy in front of this server: `loopback`, or addresses like 10.0.0.0/8. Wrong passwords then count for the
    /// address that it passes on.
    #[arg(long, env = "MPP_TRUSTED_PROXY")]
    trusted_proxy: Option<TrustedProxy>,
    /// Fill the office with accounts, a catalogue and service days to try it out.
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    backup: PlaceArgs,
}

impl ServeArgs {
    pub fn config(self) -> Config {
        let phone = self.phone.or_else(|| self.demo.then(|| crate::demo::PHONE.to_owned()));
        Config {
            listen: self.listen,
            public_url: self.public_url,
            regency: self.regency,
            regions: self.regions,
            catalogue: self.catalogue,
            phone,
            demo: self.demo,
            backup_to: self.backup.backup_to,
            backup_keep: Some(self.backup.backup_keep),
            s3: self.backup.s3.settings(),
            upstream: self.upstream,
            upstream_ca: self.upstream_ca,
            upstream_every: self.upstream_every,
            upstream_page: self.upstream_page,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            trusted_proxy: self.trusted_proxy,
            ..self.folder.config()
        }
    }
}

/// In whose name a catalogue file is published.
const PUBLISHER: &str = "mpp-serve";

pub async fn serve(config: Config) -> Result<(), CliError> {
    let listener =
        TcpListener::bind(config.listen).await.map_err(|error| StartError::Listen(config.listen, error))?;
    let app = App::start(config, Arc::new(SystemEnv)).await?;
    if app.node.trust.is_hub() && (app.config.demo || app.config.catalogue.is_some()) {
        return Err(CliError::Typed(
            "hub tidak punya demo atau katalog sendiri: keduanya datang dari kantor".to_owned(),
        ));
    }
    // Several processes that start together write this one after the other: the second finds it there.
    let turn = projection::turn(app.store(), Work::Start).await?;
    if let Some(path) = &app.config.catalogue {
        let text = std::fs::read_to_string(path).map_err(|error| StartError::File(path.clone(), error))?;
        let file = CatalogueFile::read(&text).map_err(StartError::from)?;
        publish::publish(&app, &file, PUBLISHER).await.map_err(StartError::from)?;
    }
    let address = app.config.address();
    if app.config.demo {
        let accounts = demo::fill(&app).await?;
        say(&demo::table(&address, &accounts))?;
    } else if app.node.trust.is_hub() {
        let name = app.node.trust.known().own.subject.name;
        say(&format!("MPP Bergerak, hub {name}: {address}/petugas"))?;
    } else {
        say(&format!("MPP Bergerak: {address}/ (warga), {address}/petugas, {address}/kantor"))?;
        if app.store().accounts().await?.is_empty() {
            tracing::warn!(
                code = "NO_ACCOUNT",
                "there is no account yet: mpp admin add USERNAME --name NAME --role supervisor"
            );
        }
    }
    turn.end().await;
    let app = Arc::new(app);
    if app.node.trust.is_hub() {
        start_upstream(&app).await?;
    }
    tracing::info!(address, version = env!("CARGO_PKG_VERSION"), "listening");
    crate::serve(app, listener, asked_to_stop()?).await?;
    Ok(())
}

/// Keeps the hub in touch with its office; the address may have changed since it joined.
async fn start_upstream(app: &Arc<App>) -> Result<(), CliError> {
    let kept = app.store().value(UPSTREAM).await?;
    let url = app.config.upstream.clone().or(kept).ok_or(StartError::NotEnrolled)?;
    let client = OfficeClient::new(&url, app.config.upstream_ca.as_deref())?;
    tokio::spawn(hub::run(app.clone(), client, app.appended()));
    Ok(())
}

/// Ctrl-C, or what a service manager sends.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
