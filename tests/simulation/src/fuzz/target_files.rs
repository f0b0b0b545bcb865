//! Files that people carry: a tablet's bundle and the inside of a backup. An altered one is refused, whatever it says.

use mpp_server::backup::archive::{ArchiveReader, ArchiveWriter, Header};
use mpp_store::archive::{Batch, TABLES, Value};
use mpp_sync::bundle;
use mpp_sync::exchange::{Hello, encode_request};
use mpp_sync::ids::SessionId;
use mpp_sync::trust::{public_key_of, sign_hash};
use p256::SecretKey;

use super::items::{Item, pack, unpack};
use super::{mutate, sample};
use crate::rng::Rng;

const BUNDLE: u8 = 0;
const BACKUP: u8 = 1;

pub fn run(bytes: &[u8]) {
    for item in unpack(bytes) {
        if item.tag == BUNDLE {
            opened_bundle(&item.bytes);
        } else {
            let whole = read_backup(&item.bytes);
            assert!(!whole || item.bytes == backup(), "an altered backup is taken for whole");
        }
    }
}

/// A bundle that opens holds what the tablet wrote.
fn opened_bundle(bytes: &[u8]) {
    let Ok(read) = bundle::read(&String::from_utf8_lossy(bytes)) else { return };
    let Ok(records) = read.open(&SecretKey::from(&office())) else { return };
    let ours = bundle::read(&bundle()).and_then(|ours| ours.open(&SecretKey::from(&office())));
    assert_eq!(ours, Ok(records), "an altered bundle is opened");
}

/// Whether it was read to its end, with digest and signature.
fn read_backup(bytes: &[u8]) -> bool {
    let Ok(mut reader) = ArchiveReader::open(bytes) else { return false };
    loop {
        match reader.read_item() {
            Ok(Some(_)) => {}
            Ok(None) => return reader.digest().is_some(),
            Err(_) => return false,
        }
    }
}

fn office() -> p256::ecdsa::SigningKey {
    sample::key(21)
}

fn bundle() -> String {
    let device = sample::key(7);
    let hello = Hello { device: sample::device(&device), ..Hello::default() };
    let session = SessionId([2; 16]);
    let frame = sample::first_frame(session, &device, &sample::saves(session));
    let body = encode_request(&hello, &[frame]);
    let sealed = bundle::seal(&public_key_of(&office()), &[9; 32], &public_key_of(&device), &body);
    sealed
        .map(|sealed| {
            let signature = sign_hash(&device, &sealed.signing());
            sealed.finish(&signature)
        })
        .unwrap_or_default()
}

/// The end of a log without a change.
fn empty_log() -> Batch {
    let table = TABLES.iter().find(|table| table.name == "log_head").unwrap_or(&TABLES[0]);
    let columns = ["id", "position", "rolling"].into_iter().filter_map(|name| table.column(name));
    let row = vec![Value::Integer(1), Value::Integer(0), Value::Bytes(vec![0; 8])];
    Batch { table, columns: columns.collect(), rows: vec![row] }
}

fn backup() -> Vec<u8> {
    let header = Header::new(9, "01".repeat(16), &public_key_of(&office()), "check".to_owned());
    let written = ArchiveWriter::begin(Vec::new(), &header).and_then(|mut writer| {
        writer.batch(&empty_log())?;
        writer.file("node.json", b"{}")?;
        writer.finish(&office())
    });
    written.map(|(bytes, _)| bytes).unwrap_or_default()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let bundle = Item::new(BUNDLE, bundle().into_bytes());
    let backup = Item::new(BACKUP, backup());
    vec![pack(std::slice::from_ref(&bundle)), pack(std::slice::from_ref(&backup)), pack(&[bundle, backup])]
}

pub fn mutate(rng: &mut Rng, input: &[u8]) -> Vec<u8> {
    mutate::items(rng, input, |rng, item| Item::new(item.tag, mutate::bytes(rng, &item.bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_opened() {
        assert!(read_backup(&backup()));
        let records = bundle::read(&bundle()).and_then(|read| read.open(&SecretKey::from(&office())));
        assert_eq!(records.map(|records| records.len()), Ok(3));
    }
}
