//! Any bytes are a digest or an error; the signed text is made of what was read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::format::digest::UnverifiedDigest;
use trailseal::trust::signature::signing_string;

fuzz_target!(|inflated: &[u8]| {
    if let Ok(digest) = UnverifiedDigest::parse(inflated) {
        assert!(digest.start_time < digest.end_time);
        assert!(signing_string(&digest).starts_with(&digest.end_time_text));
    }
});
