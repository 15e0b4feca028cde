//! Any bytes are a baseline or an error. What is read is written and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::alert::baseline::Baseline;

fuzz_target!(|bytes: &[u8]| {
    let Ok(baseline) = Baseline::read(bytes) else {
        return;
    };
    let json = baseline.to_json();
    let again = Baseline::read(json.as_bytes()).expect("what was written");
    assert_eq!(again, baseline);
});
