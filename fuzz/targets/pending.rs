//! Any bytes are a document of pending deliveries or an error. What is written is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::check::pending::PendingDocument;

fuzz_target!(|bytes: &[u8]| {
    // The name, which states the oldest delivery, and the document.
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some(name), Some(document)) = (parts.next(), parts.next()) else {
        return;
    };
    let Ok(name) = std::str::from_utf8(name) else {
        return;
    };
    if let Ok(read) = PendingDocument::read(name, document) {
        let json = read.to_json();
        let again = PendingDocument::read(name, json.as_bytes());
        assert_eq!(again.map(|again| again.to_json()).ok(), Some(json));
    }
});
