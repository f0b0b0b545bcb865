//! HTTPS spoken by this process: certificate and key from files, read again when they change, without a restart.

mod listener;
mod validity;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::signal::unix::{SignalKind, signal};

pub use listener::{Peer, TlsListener};

use crate::clock::Env;
use crate::http::health::TLS_DAYS;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(10);
/// Looks between two warnings that the certificate ends soon: six hours.
const WARN_EVERY: u32 = 6 * 360;
const DAY: i64 = 86_400;

/// Why a certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds no PEM of that kind.
    #[error("{0}: {1}")]
    File(PathBuf, String),
    /// The certificate cannot be used, or the key is not its.
    #[error("the certificate of HTTPS cannot be used: {0}")]
    Certificate(String),
    /// One of the two options is missing.
    #[error("--tls-cert and --tls-key belong together")]
    Half,
}

/// The certificate in use.
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<Current>,
}

struct Current {
    key: Arc<CertifiedKey>,
    not_after: i64,
    read: [Option<SystemTime>; 2],
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("cert", &self.cert).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn open(cert: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let current = RwLock::new(read(cert, key)?);
        Ok(Arc::new(Self { cert: cert.to_path_buf(), key: key.to_path_buf(), current }))
    }

    /// Whole days that the certificate still holds at `now` (Unix seconds); negative when it is over.
    #[must_use]
    pub fn days_left(&self, now: i64) -> i64 {
        (self.current.read().unwrap_or_else(PoisonError::into_inner).not_after - now).div_euclid(DAY)
    }

    /// Reads the files again. What is in use stays when they cannot be used.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.cert, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Whether a file is another one than when it was read.
    fn changed(&self) -> bool {
        let known = self.current.read().unwrap_or_else(PoisonError::into_inner).read;
        known != [modified(&self.cert), modified(&self.key)]
    }

    /// What a listener needs.
    ///
    /// # Errors
    /// [`TlsError::Certificate`].
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, TlsError> {
        let failed = |error: rustls::Error| TlsError::Certificate(error.to_string());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Resolver(self.clone())));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[derive(Debug)]
struct Resolver(Arc<Tls>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.current.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|data| data.modified()).ok()
}

fn read(cert: &Path, key: &Path) -> Result<Current, TlsError> {
    // Before reading, so that a file that changes meanwhile is read once more.
    let read = [modified(cert), modified(key)];
    let file = |path: &Path, error: rustls::pki_types::pem::Error| {
        TlsError::File(path.to_path_buf(), error.to_string())
    };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(|error| file(cert, error))?;
    let first = chain.first().ok_or_else(|| TlsError::File(cert.to_path_buf(), "no certificate".into()))?;
    let not_after = validity::not_after(first)
        .ok_or_else(|| TlsError::Certificate("its end cannot be read".to_owned()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, error))?;
    let key = CertifiedKey::from_der(chain, private, &ring::default_provider())
        .map_err(|error| TlsError::Certificate(error.to_string()))?;
    Ok(Current { key: Arc::new(key), not_after, read })
}

/// Reads the files again when they change or on SIGHUP, and warns when the certificate ends soon.
pub async fn watch(tls: Arc<Tls>, env: Arc<dyn Env>) {
    let Ok(mut asked) = signal(SignalKind::hangup()) else {
        tracing::error!(code = "NO_SIGNALS", "the certificate is not read again");
        return;
    };
    for look in 0_u32.. {
        let days = tls.days_left(env.now());
        if look % WARN_EVERY == 0 && days < TLS_DAYS {
            tracing::warn!(code = "TLS_ENDS_SOON", days, "renew the certificate of HTTPS");
        }
        let hangup = tokio::select! {
            () = tokio::time::sleep(LOOK) => false,
            _ = asked.recv() => true,
        };
        if hangup || tls.changed() {
            match tls.reload() {
                Ok(()) => tracing::info!(code = "TLS_RELOADED", days = tls.days_left(env.now())),
                Err(error) => {
                    tracing::error!(code = "TLS_NOT_RELOADED", error = %error, "going on with the one before");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
