//! Asking others over the network: what the connections of a hub to its office and of an office to its store have in
//! common.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(20);

/// Why there is no client.
#[derive(Debug)]
pub enum OutboundError {
    /// The file of certificates.
    File(PathBuf, io::Error),
    /// The client or the certificates in the file.
    Client(reqwest::Error),
}

/// The beginning of a client; `ca` is a file of certificates (PEM) to believe beside the system's.
///
/// # Errors
/// [`OutboundError`].
pub fn client(ca: Option<&Path>) -> Result<reqwest::ClientBuilder, OutboundError> {
    // Fails only when another part of the process has chosen one already, which is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().connect_timeout(CONNECT);
    let Some(path) = ca else { return Ok(builder) };
    let pem = std::fs::read(path).map_err(|error| OutboundError::File(path.to_path_buf(), error))?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(OutboundError::Client)?;
    Ok(builder.tls_certs_merge(certificates))
}

/// What went wrong and why, without the address: it would stand in every line of the log, and may be signed.
#[must_use]
pub fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
