//! Any key is classified; a digest key that was read is written back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::url_encoding::url_decode;

fuzz_target!(|key: &str| {
    let _ = url_decode(key);
    if let ObjectKind::Digest(digest) = classify(key) {
        assert_eq!(digest.to_string(), key);
    }
});
