//! Passwords: argon2id, and the ones we make up.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use crate::clock::{Env, NoRandomness, random};

/// Shortest password a person may choose, in characters.
pub const MIN_CHARS: usize = 10;
/// Longest password in bytes; more is somebody trying to keep the server busy.
pub const MAX_BYTES: usize = 200;

/// Letters that are hard to mistake for each other on paper.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// The PHC string of a password. Takes about 20 ms: call it off the async threads.
///
/// # Errors
/// [`NoRandomness`].
pub fn hash(password: &str, env: &dyn Env) -> Result<String, NoRandomness> {
    let salt: [u8; 16] = random(env)?;
    let hash: PasswordHash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| NoRandomness)?;
    Ok(hash.to_string())
}

/// Whether the password belongs to the PHC string. Takes about 20 ms: call it off the async threads.
#[must_use]
pub fn matches(password: &str, hash: &str) -> bool {
    password.len() <= MAX_BYTES && Argon2::default().verify_password(password.as_bytes(), hash).is_ok()
}

/// A password of four groups of four characters: 79 bits.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate(env: &dyn Env) -> Result<String, NoRandomness> {
    let bytes: [u8; 16] = random(env)?;
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 31)]);
    let groups: Vec<String> = bytes.chunks(4).map(|group| group.iter().map(letter).collect()).collect();
    Ok(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEnv;

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let password = generate(&SystemEnv).unwrap();
        let hash = hash(&password, &SystemEnv).unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(matches(&password, &hash));
        assert!(!matches("salah", &hash));
        assert!(!matches(&password, "not a hash"));
        assert!(!matches(&"x".repeat(MAX_BYTES + 1), &hash));
    }

    #[test]
    fn generated_passwords_are_long_and_differ() {
        let (one, two) = (generate(&SystemEnv).unwrap(), generate(&SystemEnv).unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 19);
    }
}
