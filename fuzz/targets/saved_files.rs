//! Any bytes are JSON documents or an error; signatures in them are found by their own names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::format::saved;
use trailseal::names::value::plain;
use trailseal::trust::given::{GivenSignatures, is_signature};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = saved::text(bytes) else {
        return;
    };
    let Ok(documents) = saved::documents(&text) else {
        return;
    };
    let pairs: Vec<(String, String)> = documents
        .into_iter()
        .filter_map(|document| saved::entries(document).ok())
        .flatten()
        .collect();
    if let Ok(given) = GivenSignatures::new(pairs.clone()) {
        for (name, value) in &pairs {
            assert!(is_signature(plain(value)));
            if !plain(name).contains(['/', '\\']) {
                let found = given.of(plain(name)).expect("a signature");
                assert!(found.eq_ignore_ascii_case(plain(value)));
            }
        }
    }
});
