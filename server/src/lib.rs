//! The office half of MPP Bergerak.
//!
//! The way of a record here: **http → ingest → log → projection → review**. `ingest` is the only way into the log,
//! the projection the only writer of views, and handlers hold no rules: those are in `mpp-sync`.
//!
//! Only [`app`] names a storage backend, only [`clock`] reads the clock or makes random bytes.

pub mod app;
pub mod authoring;
pub mod backup;
pub mod bundle;
pub mod calendar;
pub mod catalogue_file;
pub mod chains;
pub mod cli;
pub mod clock;
pub mod config;
pub mod contacts;
pub mod demo;
pub mod digest;
pub mod erasure;
pub mod http;
pub mod hub;
pub mod ingest;
pub mod lineage;
pub mod move_store;
pub mod node_key;
pub mod outbound;
pub mod password;
pub mod projection;
pub mod publish;
pub mod receipts;
pub mod regions;
pub mod review;
pub mod rot;
pub mod telemetry;
pub mod tls;
pub mod trust;
pub mod trusted_proxy;
pub mod ways;

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::app::App;
use crate::tls::{Peer, TlsListener};

/// Serves until `stop` is done, finishes the requests that run, and closes the store.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = http::router::router(app.clone());
    let nightly = tokio::spawn(backup::nightly::nightly(app.clone()));
    let service = router.into_make_service_with_connect_info::<Peer>();
    if let Some(tls) = &app.tls {
        let listener = TlsListener::start(listener, tls).map_err(std::io::Error::other)?;
        let watching = tokio::spawn(tls::watch(tls.clone(), app.node.env.clone()));
        axum::serve(listener, service).with_graceful_shutdown(stop).await?;
        watching.abort();
    } else {
        axum::serve(listener, service).with_graceful_shutdown(stop).await?;
    }
    tracing::info!("stopping");
    nightly.abort();
    app.store().close().await;
    Ok(())
}
