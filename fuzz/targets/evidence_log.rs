//! Any bytes are an entry, a bundle of entries, a key, a checkpoint, a batch or a proof of the
//! evidence log, or an error. What is written is read back, and nothing is signed by chance.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::alert::checkpoint_notice::CheckpointNotice;
use trailseal::evidence_log::{
    Batch, EvidenceProof, LogCheckpoint, LogEntry, LogKey, decode_entries, encode_entries,
};
use trailseal::watch::WatchMessage;

/// The key that the example of <https://c2sp.org/signed-note> names.
const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fuzz_target!(|bytes: &[u8]| {
    let Ok(key) = LogKey::read(KEY) else {
        panic!("the example is a key");
    };
    if let Ok(entry) = LogEntry::read(bytes)
        && let Ok(written) = entry.to_bytes()
    {
        assert_eq!(LogEntry::read(&written), Ok(entry));
    }
    for count in 0..4 {
        if let Ok(entries) = decode_entries(bytes, count) {
            let entries: Vec<Vec<u8>> = entries.into_iter().map(<[u8]>::to_vec).collect();
            assert_eq!(encode_entries(&entries).as_deref(), Ok(bytes));
        }
    }
    assert!(LogCheckpoint::read(bytes, &key).is_err());
    assert!(Batch::read(bytes, 0, &key).is_err());
    if let Ok(proof) = EvidenceProof::read(bytes) {
        assert!(proof.verify(&key).is_err());
    }
    if let Ok(notice) = serde_json::from_slice::<CheckpointNotice>(bytes) {
        let _ = notice.alert();
    }
    if let Ok(text) = str::from_utf8(bytes) {
        if let Ok(read) = LogKey::read(text) {
            assert_eq!(LogKey::read(&read.to_string()), Ok(read));
        }
        let _ = WatchMessage::read(text);
    }
});
