//! Any bytes are a saved list-public-keys response or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::trust::public_key::KeySet;

fuzz_target!(|json: &[u8]| {
    let _ = KeySet::from_saved_response(json);
});
