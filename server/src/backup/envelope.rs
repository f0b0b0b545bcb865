//! What is printed once, sealed, and kept away from the machine: the recovery secret and the node's keys. The same text
//! is what a restore asks for, pasted or typed.

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519::Identity;
use mpp_sync::ids::sha256;

use super::BackupError;

/// Before the recovery secret; part of it.
const RECOVERY: &str = "AGE-SECRET-KEY-1";
const NODE: &str = "MPP-NODE-1";
const NIK: &str = "MPP-NIK-1";
const ROOT: &str = "MPP-ROOT-1";
/// Groups of four hexadecimal digits: 32 bytes and 4 that catch a mistyped one.
const GROUPS: usize = 18;
const GROUPS_PER_LINE: usize = 9;

/// The secrets that no backup holds.
pub struct Envelope {
    /// Opens the backups.
    pub recovery: Identity,
    /// Signs as the office.
    pub node: [u8; 32],
    /// Groups residents by NIK.
    pub nik: [u8; 32],
    /// Signs nodes, where this machine had it.
    pub root: Option<[u8; 32]>,
}

impl Envelope {
    /// The page to print and seal. `made` is a date, `office` an address people know the office by.
    #[must_use]
    pub fn page(&self, office: &str, made: &str) -> String {
        let secret: SecretString = self.recovery.to_string();
        let mut page = format!(
            "================================================================================\n\
             AMPLOP PEMULIHAN MPP BERGERAK                                            RAHASIA\n\
             ================================================================================\n\
             Kantor : {office}\n\
             Dibuat : {made}\n\n\
             Cetak dua lembar, masukkan masing-masing ke amplop, segel, tanda tangani di atas\n\
             segel, dan simpan di dua tempat berbeda di luar ruang server (brankas kepala\n\
             dinas, brankas arsip daerah). Siapa pun yang memegang lembar ini dan berkas\n\
             cadangan dapat membaca semua data. Tanpa lembar ini, cadangan TIDAK DAPAT dibuka\n\
             oleh siapa pun. Lembar ini hanya ditampilkan satu kali. Jangan difoto, jangan\n\
             dikirim lewat pesan. Bila segel rusak: `mpp backup init --replace`, lalu\n\
             cadangkan lagi.\n\n\
             Memulihkan: pasang mpp di komputer baru, lalu\n\
             \x20   mpp restore --from BERKAS-CADANGAN --data FOLDER-BARU\n\
             dan ketik isi di bawah ini apa adanya (huruf besar/kecil dan spasi bebas).\n\n\
             Kunci pemulihan:\n{}\n\n",
            secret.expose_secret()
        );
        page.push_str(&block("Kunci node kantor", NODE, &self.node));
        page.push_str(&block("Kunci indeks NIK", NIK, &self.nik));
        if let Some(root) = &self.root {
            page.push_str(&block("Kunci akar", ROOT, root));
        }
        page.push_str("================================================================================\n");
        page
    }

    /// Reads the secrets out of the page, or of what somebody typed from it.
    ///
    /// # Errors
    /// [`BackupError::Envelope`] naming what is missing or mistyped.
    pub fn read(text: &str) -> Result<Self, BackupError> {
        let words: Vec<String> = text.split_whitespace().map(str::to_uppercase).collect();
        let secret = words.iter().find(|word| word.starts_with(RECOVERY));
        let secret = secret.ok_or(BackupError::Envelope("kunci pemulihan (AGE-SECRET-KEY-1…)"))?;
        let recovery = secret.parse().map_err(|_| BackupError::Envelope("kunci pemulihan salah ketik"))?;
        let node = key(&words, NODE, "kunci node (MPP-NODE-1)")?;
        let nik = key(&words, NIK, "kunci indeks NIK (MPP-NIK-1)")?;
        Ok(Self {
            recovery,
            node: node.ok_or(BackupError::Envelope("kunci node (MPP-NODE-1)"))?,
            nik: nik.ok_or(BackupError::Envelope("kunci indeks NIK (MPP-NIK-1)"))?,
            root: key(&words, ROOT, "kunci akar (MPP-ROOT-1)")?,
        })
    }
}

fn check(label: &str, key: &[u8; 32]) -> [u8; 4] {
    let digest = sha256(&[b"mpp.envelope.1", label.as_bytes(), key]);
    [digest[0], digest[1], digest[2], digest[3]]
}

fn block(title: &str, label: &str, key: &[u8; 32]) -> String {
    let digits = hex::encode_upper([&key[..], &check(label, key)].concat());
    let groups: Vec<&str> = (0..GROUPS).filter_map(|group| digits.get(group * 4..group * 4 + 4)).collect();
    let lines: Vec<String> = groups.chunks(GROUPS_PER_LINE).map(|line| line.join(" ")).collect();
    format!("{title}:\n{label}\n    {}\n\n", lines.join("\n    "))
}

/// The key behind its label; an error when digits are there that are not a whole key.
fn key(words: &[String], label: &str, what: &'static str) -> Result<Option<[u8; 32]>, BackupError> {
    let Some(at) = words.iter().position(|word| word == label) else { return Ok(None) };
    let is_digits = |word: &&String| word.chars().all(|c| c.is_ascii_hexdigit());
    let digits: String = words.iter().skip(at + 1).take_while(is_digits).map(String::as_str).collect();
    let bytes: [u8; 36] = hex::decode(digits.to_lowercase())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(BackupError::Envelope(what))?;
    let mut key = [0; 32];
    key.copy_from_slice(&bytes[..32]);
    if check(label, &key) == bytes[32..] { Ok(Some(key)) } else { Err(BackupError::Envelope(what)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(root: Option<[u8; 32]>) -> Envelope {
        Envelope { recovery: Identity::generate(), node: [0xAB; 32], nik: [7; 32], root }
    }

    #[test]
    fn the_page_reads_back_however_it_is_typed() {
        for root in [None, Some([0xCD; 32])] {
            let made = envelope(root);
            let page = made.page("https://mpp.lahatkab.go.id", "2026-11-22");
            assert!(page.lines().all(|line| line.chars().count() <= 80), "fits on paper");
            for text in [page.clone(), page.to_lowercase(), page.replace('\n', "  \r\n ")] {
                let read = Envelope::read(&text).unwrap();
                assert_eq!((read.node, read.nik, read.root), (made.node, made.nik, root));
                assert_eq!(read.recovery.to_public(), made.recovery.to_public());
            }
        }
    }

    #[test]
    fn a_missing_or_mistyped_secret_is_named() {
        let page = envelope(None).page("kantor", "2026-11-22");
        assert!(Envelope::read("").is_err_and(|error| error.to_string().contains("AGE-SECRET-KEY-1")));
        let without = page.replace(NODE, "");
        assert!(Envelope::read(&without).is_err_and(|error| error.to_string().contains(NODE)));
        let mistyped = page.replacen("ABAB", "ABAC", 1);
        assert!(Envelope::read(&mistyped).is_err_and(|error| error.to_string().contains(NODE)));
        let short = page.replacen(" 0707", "", 1);
        assert!(Envelope::read(&short).is_err_and(|error| error.to_string().contains(NIK)));
    }
}
