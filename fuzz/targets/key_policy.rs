//! Any text is a key policy with a verdict.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::kms::policy::{PolicyVerdict, check_policy};

fuzz_target!(|policy: &str| {
    if let PolicyVerdict::Open { statements } = check_policy(policy) {
        assert!(!statements.is_empty());
    }
});
