//! Any event is parsed, with any envelopes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::event::EventObjects;

fuzz_target!(|text: &str| {
    let named = EventObjects::by_text(text);
    assert!(named.created.len() <= 1000);
});
