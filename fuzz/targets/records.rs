//! Any bytes are a log file's records or an error, with the same result whole and through a window;
//! no record makes the KMS rules panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;
use trailseal::format::records::{Needles, RecordsError, for_each_record, for_each_record_with};
use trailseal::kms::expected::Expected;
use trailseal::kms::review::{Facts, KmsReview, judged_records};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::places::Places;

const NEEDLE: &str = "kms.amazonaws.com";
const BUCKET: &str = "amzn-s3-demo-bucket";
const KEY: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T0000Z_AbCdEfGhIjKlMnOp.json.gz";

/// Returns a gzip member that stores bytes uncompressed. A member with a name is not inflated
/// whole.
fn gzip(bytes: &[u8], named: bool) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, u8::from(named) << 3, 0, 0, 0, 0, 0, 255];
    if named {
        member.extend(b"records\0");
    }
    let mut blocks = bytes.chunks(usize::from(u16::MAX)).peekable();
    if bytes.is_empty() {
        member.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a chunk");
        member.push(u8::from(blocks.peek().is_none()));
        member.extend(length.to_le_bytes());
        member.extend((!length).to_le_bytes());
        member.extend(block);
    }
    let checksum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 * (sum & 1))
        })
    });
    member.extend((!checksum).to_le_bytes());
    member.extend(
        u32::try_from(bytes.len())
            .expect("a small input")
            .to_le_bytes(),
    );
    member
}

fn records(object: &[u8]) -> (Vec<String>, Result<(), RecordsError>) {
    let mut records = Vec::new();
    let result = for_each_record(object, |record| records.push(record.to_owned()));
    (records, result)
}

/// The two functions agree, except that one finds no error in what it dismisses.
fn agree(object: &[u8]) -> (Vec<String>, Result<(), RecordsError>) {
    let (all, result) = records(object);
    let mut chosen = Vec::new();
    let scan = for_each_record_with(object, &Needles::new(&[NEEDLE]), |record: &str| {
        chosen.push(record.to_owned())
    });
    if scan.as_ref().is_ok_and(|scan| scan.dismissed) {
        assert!(all.iter().all(|record| !record.contains(NEEDLE)));
        assert!(chosen.is_empty());
    } else {
        assert!(
            all.iter()
                .filter(|record| record.contains(NEEDLE))
                .eq(&chosen)
        );
        assert_eq!(scan.map(|_| ()), result);
    }
    (all, result)
}

fuzz_target!(|bytes: &[u8]| {
    // As an object, and as the inflated content of an object.
    let _ = agree(bytes);
    let (all, result) = agree(&gzip(bytes, false));
    assert_eq!(agree(&gzip(bytes, true)), (all.clone(), result.clone()));
    if result.is_ok() {
        // No short cut accepts what is not JSON.
        assert!(serde_json::from_slice::<&RawValue>(bytes).is_ok());
    }
    let document: Option<Value> = serde_json::from_slice(bytes).ok();
    if let Some(expected) = document
        .as_ref()
        .and_then(|it| it.get("Records")?.as_array())
    {
        match result {
            Ok(()) => {
                let parse = |record: &String| serde_json::from_str::<Value>(record).ok();
                let parsed: Option<Vec<Value>> = all.iter().map(parse).collect();
                assert_eq!(parsed.as_ref(), Some(expected));
            }
            // In `serde_json`, the last of several lists wins.
            Err(error) => assert!(error.to_string().contains("a second list"), "{error}"),
        }
    }

    let expected = Expected {
        places: Places {
            log_buckets: vec![BUCKET.to_owned()],
            ..Places::default()
        },
        ..Expected::default()
    };
    let at = ObjectLocation::new(BUCKET, KEY);
    let ObjectKind::LogFile(key) = classify(KEY) else {
        panic!("the key of a log file");
    };
    let mut review = KmsReview::new(&expected, &at, &key).explaining();
    all.iter().for_each(|record| review.review(record));
    if let Ok(record) = std::str::from_utf8(bytes) {
        review.review(record);
    }
    let _ = review.conclude(&Facts::default());

    // A record is judged in the same way whether it is read before or after its end is known.
    let judged = |reads_first: bool| {
        let mut review = KmsReview::new(&expected, &at, &key).explaining();
        let object = gzip(bytes, false);
        let scan = if reads_first {
            for_each_record_with(&object, judged_records(), &mut review)
        } else {
            for_each_record_with(&object, judged_records(), |record: &str| {
                review.review(record)
            })
        };
        format!("{scan:?} {:?}", review.conclude(&Facts::default()))
    };
    assert_eq!(judged(true), judged(false));
});
