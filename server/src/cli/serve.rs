//! `mpp serve`

use std::sync::Arc;

use mpp_store::Work;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, say};
use crate::app::{App, StartError};
use crate::catalogue_file::CatalogueFile;
use crate::clock::SystemEnv;
use crate::config::Config;
use crate::hub::{self, OfficeClient};
use crate::trust::UPSTREAM;
use crate::{demo, projection, publish};

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
