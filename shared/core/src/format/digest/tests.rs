use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "awsAccountId": "111122223333",
        "digestStartTime": "2026-01-15T11:00:00Z",
        "digestEndTime": "2026-01-15T12:00:00Z",
        "digestS3Bucket": "amzn-s3-demo-bucket",
        "digestS3Object": "AWSLogs/x.json.gz",
        "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": null,
        "oldestEventTime": null,
        "previousDigestS3Bucket": "amzn-s3-demo-bucket",
        "previousDigestS3Object": "AWSLogs/w.json.gz",
        "previousDigestHashValue": "0".repeat(64),
        "previousDigestHashAlgorithm": "SHA-256",
        "previousDigestSignature": "ab".repeat(256),
        "logFiles": [{
            "s3Bucket": "amzn-s3-demo-bucket",
            "s3Object": "AWSLogs/l.json.gz",
            "hashValue": "1".repeat(64),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": "2026-01-15T11:00:00Z",
            "oldestEventTime": "2026-01-15T11:00:00Z"
        }]
    })
}

fn parse(document: &Value) -> Result<UnverifiedDigest, DigestError> {
    UnverifiedDigest::parse(document.to_string().as_bytes())
}

fn with(field: &str, value: Value) -> Value {
    let mut document = document();
    document[field] = value;
    document
}

#[test]
fn every_field_is_read() {
    let digest = parse(&document()).unwrap();
    assert_eq!(digest.account, "111122223333");
    assert_eq!(digest.end_time_text, "2026-01-15T12:00:00Z");
    assert_eq!(digest.end_time.to_string(), "2026-01-15T12:00:00Z");
    assert_eq!(digest.location.key, "AWSLogs/x.json.gz");
    let predecessor = digest.predecessor.unwrap();
    assert_eq!(predecessor.location.key, "AWSLogs/w.json.gz");
    assert_eq!(predecessor.signature.len(), 512);
    assert_eq!(digest.log_files.len(), 1);
    assert_eq!(digest.log_files[0].hash.to_string(), "1".repeat(64));
}

#[test]
fn the_hash_is_of_the_unchanged_bytes() {
    let bytes = document().to_string().replace('/', "\\/");
    let digest = UnverifiedDigest::parse(bytes.as_bytes()).unwrap();
    assert_eq!(digest.hash, Sha256::of(bytes.as_bytes()));
    assert_eq!(digest.location.key, "AWSLogs/x.json.gz");
}

#[test]
fn unknown_fields_are_accepted() {
    assert!(parse(&with("digestVersion", json!({"a": [1, 2]}))).is_ok());
}

#[test]
fn a_starting_digest_has_no_predecessor() {
    let mut document = document();
    for field in ["Bucket", "Object"] {
        document[format!("previousDigestS3{field}")] = Value::Null;
    }
    for field in ["HashValue", "HashAlgorithm", "Signature"] {
        document[format!("previousDigest{field}")] = Value::Null;
    }
    assert_eq!(parse(&document).unwrap().predecessor, None);
}

#[test]
fn a_partly_named_predecessor_is_inconsistent() {
    assert!(matches!(
        parse(&with("previousDigestSignature", Value::Null)),
        Err(DigestError::Inconsistent(_))
    ));
}

#[test]
fn a_digest_with_a_missing_or_repeated_field_is_malformed() {
    let mut missing = document();
    missing
        .as_object_mut()
        .unwrap()
        .remove("previousDigestSignature");
    assert!(matches!(parse(&missing), Err(DigestError::Json(_))));
    let doubled = document().to_string().replacen('{', "{\"logFiles\":[],", 1);
    assert!(matches!(
        UnverifiedDigest::parse(doubled.as_bytes()),
        Err(DigestError::Json(_))
    ));
}

#[test]
fn a_digest_with_other_times_hashes_or_types_is_malformed() {
    for (field, value) in [
        ("digestEndTime", json!("2026-01-15T12:00:00+00:00")),
        ("digestEndTime", json!("2026-01-15T12:00:00.0Z")),
        ("digestEndTime", json!("2026-13-15T12:00:00Z")),
        ("digestEndTime", json!(1)),
        ("previousDigestHashValue", json!("00")),
        ("logFiles", json!({})),
        ("logFiles", Value::Null),
        ("digestS3Object", json!("k".repeat(5000))),
    ] {
        assert!(
            matches!(parse(&with(field, value)), Err(DigestError::Json(_))),
            "{field}"
        );
    }
    assert!(matches!(
        parse(&with("digestEndTime", json!("2026-01-15T11:00:00Z"))),
        Err(DigestError::Inconsistent(_))
    ));
}

#[test]
fn other_algorithms_are_unsupported() {
    assert!(matches!(
        parse(&with("digestSignatureAlgorithm", json!("MD5withRSA"))),
        Err(DigestError::AlgorithmUnsupported {
            field: "digestSignatureAlgorithm",
            ..
        })
    ));
    assert!(matches!(
        parse(&with("previousDigestHashAlgorithm", json!("MD5"))),
        Err(DigestError::AlgorithmUnsupported {
            field: "previousDigestHashAlgorithm",
            ..
        })
    ));
}

#[test]
fn deep_nesting_is_an_error_and_not_an_overflow() {
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    assert!(matches!(
        UnverifiedDigest::parse(deep.as_bytes()),
        Err(DigestError::Json(_))
    ));
}

#[test]
fn too_many_log_files_are_an_error() {
    let entry = document()["logFiles"][0].to_string();
    let many = vec![entry; MAX_LOG_FILES + 1].join(",");
    let mut document = document();
    document["logFiles"] = json!([]);
    let bytes = document
        .to_string()
        .replace("\"logFiles\":[]", &format!("\"logFiles\":[{many}]"));
    let Err(DigestError::Json(message)) = UnverifiedDigest::parse(bytes.as_bytes()) else {
        panic!("accepted")
    };
    assert!(
        message.starts_with("more than 100000 log files"),
        "{message}"
    );
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = UnverifiedDigest::parse(&bytes);
    }
}
