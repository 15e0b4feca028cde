//! Any bytes are a log file's records or an error; no record makes the KMS rules panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::config::Places;
use trailseal::kms::{KmsCall, check_context};
use trailseal::records::for_each_record;

fuzz_target!(|object: &[u8]| {
    let places = Places {
        log_buckets: vec!["amzn-s3-demo-bucket".to_owned()],
        ..Places::default()
    };
    let judge = |record: &str| {
        if let Some(call) = KmsCall::from_record(record) {
            let _ = check_context(&call, &places, "amzn-s3-demo-bucket");
        }
    };
    let _ = for_each_record(object, judge);
    if let Ok(record) = std::str::from_utf8(object) {
        judge(record);
    }
});
