//! Joining an office, once, with a code that an administrator made there.

use std::path::Path;
use std::sync::Arc;

use mpp_store::HubCodeRow;
use mpp_sync::ids::sha256;
use mpp_sync::trust::{Certificate, CertificateRole, PUBLIC_KEY_BYTES, TrustError};

use super::HubError;
use super::client::{OfficeClient, bytes};
use crate::app::Folder;
use crate::clock::{Env, random};
use crate::config::Config;
use crate::trust::{UPSTREAM, fingerprint, keep_certificate, pin_root};

/// Letters and digits that nobody confuses when reading aloud.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of a code without the root's fingerprint: 40 bits, good once and for minutes.
const CODE_CHARS: usize = 8;
/// Seconds that a code holds.
const CODE_SECONDS: i64 = 15 * 60;

/// Makes a code: what to keep of it, and what to read aloud. Its end is the fingerprint of the root key, so that the
/// hub notices an office that only pretends to be one.
///
/// # Errors
/// [`HubError::Random`].
pub fn new_code(
    env: &dyn Env,
    root: &[u8; PUBLIC_KEY_BYTES],
    name: &str,
    created_by: &str,
) -> Result<(HubCodeRow, String), HubError> {
    let chance: [u8; CODE_CHARS] = random(env)?;
    let secret: String =
        chance.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect();
    let row = HubCodeRow {
        code_hash: code_of(&secret),
        name: name.to_owned(),
        created_by: created_by.to_owned(),
        expires_at: env.now() + CODE_SECONDS,
    };
    let (first, second) = secret.split_at(CODE_CHARS / 2);
    Ok((row, format!("{first}-{second}-{}", fingerprint(root))))
}

/// The hash under which the secret part of a code is kept.
#[must_use]
pub fn code_of(secret: &str) -> [u8; 32] {
    sha256(&[b"mpp.hubcode.1", secret.as_bytes()])
}

/// The secret part and the fingerprint of a code as somebody typed it.
#[must_use]
pub fn split_code(typed: &str) -> Option<(String, String)> {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_uppercase();
    (plain.len() == CODE_CHARS + 8).then(|| {
        let (secret, fingerprint) = plain.split_at(CODE_CHARS);
        (secret.to_owned(), fingerprint.to_owned())
    })
}

/// Makes the folder a hub of the office at `upstream`. Returns what the office calls it.
///
/// # Errors
/// [`HubError`]; the folder is then what it was.
pub async fn enroll(
    config: &Config,
    env: Arc<dyn Env>,
    upstream: &str,
    ca: Option<&Path>,
    code: &str,
) -> Result<String, HubError> {
    let typed = || HubError::Typed("kode harus berbentuk XXXX-XXXX-YYYYYYYY".to_owned());
    let (secret, wanted) = split_code(code).ok_or_else(typed)?;
    let folder = Folder::open(config, env).await.map_err(Box::new)?;
    let store = folder.store.clone();
    let store = store.as_ref();
    if !store.accounts().await?.is_empty() || config.data.join("root.key").exists() {
        return Err(HubError::Typed("folder ini milik kantor; pakai folder baru untuk hub".to_owned()));
    }
    let client = OfficeClient::new(upstream, ca)?;
    let public = folder.key.public_array();
    let joined = client.join(&secret, &public).await?;
    let root: [u8; PUBLIC_KEY_BYTES] = bytes(&joined.root)?.try_into().map_err(|_| TrustError::Signature)?;
    if fingerprint(&root) != wanted {
        return Err(TrustError::Signature.into());
    }
    let own = Certificate::decode(&bytes(&joined.certificate)?)?;
    let office = Certificate::decode(&bytes(&joined.office)?)?;
    own.verify(&root)?;
    office.verify(&root)?;
    let ours = own.subject.role == CertificateRole::Hub && own.subject.public_key == public;
    if !ours || office.subject.role != CertificateRole::Office {
        return Err(TrustError::Role.into());
    }
    pin_root(store, &root).await?;
    keep_certificate(store, &office).await?;
    keep_certificate(store, &own).await?;
    store.set_value(UPSTREAM, upstream.trim_end_matches('/')).await?;
    folder.turn.end().await;
    store.close().await;
    Ok(joined.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEnv;

    #[test]
    fn a_code_is_read_back_however_it_is_typed() {
        let root = [4; PUBLIC_KEY_BYTES];
        let (row, code) = new_code(&SystemEnv, &root, "Mobil 1", "admin").unwrap();
        for typed in [code.clone(), code.to_lowercase(), code.replace('-', " "), code.replace('-', "")] {
            let (secret, mark) = split_code(&typed).unwrap();
            assert_eq!(code_of(&secret), row.code_hash);
            assert_eq!(mark, fingerprint(&root));
        }
        assert_eq!(split_code(""), None);
        assert_eq!(split_code("ABCD-EFGH"), None);
    }
}
