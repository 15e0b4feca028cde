//! Any bytes are receipts, a chain head or an error. What is written is read back, and a chain head
//! changes only once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::receipt::{ChainHead, Receipt, advance, documents, key_of_document, read_receipts};

fuzz_target!(|bytes: &[u8]| {
    // A document of each kind, one after the other.
    let mut parts = bytes.split(|byte| *byte == b'\n');
    let head = parts.next().and_then(|part| ChainHead::read(part).ok());
    if let Some(head) = &head {
        assert_eq!(
            ChainHead::read(head.to_json().as_bytes()).as_ref(),
            Ok(head)
        );
        let _ = head.key();
    }
    let Some(part) = parts.next() else {
        return;
    };
    let receipts = read_receipts(part).unwrap_or_default();
    let stored = documents(&receipts);
    let all: usize = stored.iter().map(|document| document.receipts.len()).sum();
    assert_eq!(all, receipts.len());
    for document in stored {
        let read = read_receipts(document.json.as_bytes()).expect("it was just written");
        assert!(read.iter().eq(document.receipts));
        assert_eq!(key_of_document(&read, &document.json), Some(document.key));
    }
    let Ok(receipt) = Receipt::read(part) else {
        return;
    };
    let json = receipt.to_json();
    assert_eq!(Receipt::read(json.as_bytes()).as_ref(), Ok(&receipt));
    assert!(
        receipt.key_of_log_file(&json).len()
            <= 1024 + receipt.object.bucket.len() + receipt.function.len()
    );
    let key = receipt.key_of_digest(&json);
    if let Some(next) = advance(head.as_ref(), &receipt, &key) {
        assert_eq!(advance(Some(&next), &receipt, &key), None);
        if let Some(head) = &head {
            assert!(next.newest.end_time >= head.newest.end_time);
            assert!(next.since <= head.since);
        }
    }
});
