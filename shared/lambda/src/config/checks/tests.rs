use super::*;
use trailseal::names::evidence_lock::LockMode;

const FINDINGS: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/findings";

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::read(|name| {
        let found = variables.iter().rfind(|(n, _)| *n == name)?;
        Some(found.1.to_owned())
    })
}

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let needed = [
        ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket"),
        ("TRAILSEAL_FINDINGS_QUEUE_URL", FINDINGS),
    ];
    read(&[&needed, variables].concat())
}

#[test]
fn every_variable_is_read() {
    let config = with(&[
        ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket, replica"),
        ("TRAILSEAL_BUCKET_OWNER", "111122223333"),
        (
            "TRAILSEAL_TRAIL_ARNS",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events",
        ),
        (
            "TRAILSEAL_KMS_KEY_ARNS",
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        ("TRAILSEAL_BUCKET_ALIASES", "original=replica"),
        (
            "TRAILSEAL_PINNED_KEYS",
            "s3://amzn-s3-demo-bucket1/keys/all.json",
        ),
        ("TRAILSEAL_PINNED_KEYS_SHA256", &"Ab".repeat(32)),
        ("TRAILSEAL_MAX_RECEIVES", "3"),
        ("TRAILSEAL_HISTORY", "true"),
        ("TRAILSEAL_READERS", " "),
    ])
    .unwrap();
    let places = &config.places;
    assert_eq!(places.log_buckets, ["amzn-s3-demo-bucket", "replica"]);
    assert_eq!(places.original_of("replica"), "original");
    assert_eq!(places.actual_of("original", "replica"), "replica");
    assert_eq!(places.actual_of("original", "original"), "original");
    assert_eq!(
        places.actual_of("original", "amzn-s3-demo-bucket"),
        "original"
    );
    assert!(places.watches("replica") && !places.watches("original"));
    assert_eq!(places.trails.len(), 1);
    assert_eq!(config.kms_key_arns.len(), 1);
    assert_eq!(config.findings_queue_url, FINDINGS);
    assert_eq!(config.max_receives, 3);
    assert!(config.is_history);
    assert!(!with(&[]).unwrap().is_history);
    assert_eq!(config.evidence_bucket, None);
    let Some(PinnedKeys::Object(at)) = config.pinned_keys else {
        panic!("not an object")
    };
    assert_eq!(at.to_string(), "s3://amzn-s3-demo-bucket1/keys/all.json");
    let hash = config.pinned_keys_sha256.unwrap();
    assert_eq!(hash.to_string(), "ab".repeat(32));
}

#[test]
fn pinned_keys_are_refused_in_every_log_bucket() {
    let buckets = ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket,replica");
    let alias = ("TRAILSEAL_BUCKET_ALIASES", "original=replica");
    for bucket in ["amzn-s3-demo-bucket", "replica", "original"] {
        let keys = format!("s3://{bucket}/keys.json");
        let error = with(&[buckets, alias, ("TRAILSEAL_PINNED_KEYS", &keys)]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("TRAILSEAL_PINNED_KEYS is") && error.contains("could then sign"),
            "{error}"
        );
    }
    let keys = ("TRAILSEAL_PINNED_KEYS", "s3://elsewhere/keys.json");
    assert!(with(&[buckets, alias, keys]).is_ok());
}

#[test]
fn five_buckets_may_be_named_any_number_of_times() {
    let five = "one1,two2,three3,four4,five5";
    assert!(with(&[("TRAILSEAL_LOG_BUCKETS", five)]).is_ok());
    let twice = format!("{five},{five}");
    assert!(with(&[("TRAILSEAL_LOG_BUCKETS", &twice)]).is_ok());
}

#[test]
fn a_retention_of_zero_days_is_not_stated() {
    for (value, stated) in [
        ("", None),
        ("0", None),
        ("1", Some(1)),
        ("36500", Some(36_500)),
    ] {
        let config = with(&[("TRAILSEAL_RETENTION_DAYS", value)]).unwrap();
        assert_eq!(config.retention_days, stated, "{value}");
    }
}

#[test]
fn readers_and_enclaves_are_read() {
    use trailseal::kms::readers::Principal;

    let config = with(&[]).unwrap();
    assert!(config.readers.is_empty() && config.enclave_images.is_empty());

    let image = "aB".repeat(48);
    let images = format!("{image}, {}", "9".repeat(96));
    let config = with(&[
        (
            "TRAILSEAL_READERS",
            "arn:aws:iam::111122223333:role/Audit, athena.amazonaws.com,\
             arn:aws:iam::111122223333:role/Enclave=enclave",
        ),
        (
            "TRAILSEAL_OWN_ROLES",
            "arn:aws:iam::111122223333:role/one,arn:aws:iam::111122223333:role/two",
        ),
        ("TRAILSEAL_ENCLAVE_IMAGES", &images),
    ])
    .unwrap();
    assert_eq!(config.enclave_images, ["ab".repeat(48), "9".repeat(96)]);
    let session = |role: &str| format!("arn:aws:sts::111122223333:assumed-role/{role}/session");
    for (role, allowed, enclave_only) in [
        ("Audit", true, false),
        ("Enclave", true, true),
        ("two", true, false),
        ("three", false, false),
    ] {
        let arn = session(role);
        let who = Principal {
            kind: Some("AssumedRole"),
            arn: Some(&arn),
            ..Principal::default()
        };
        assert_eq!(config.readers.allows(&who), allowed, "{role}");
        assert_eq!(config.readers.enclave_only(&who), enclave_only, "{role}");
    }
    let error = with(&[("TRAILSEAL_READERS", "Audit")])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`Audit`") && error.contains("=enclave"),
        "{error}"
    );
}

#[test]
fn values_are_read_as_tools_write_them() {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let keys = format!("\"{key}\",\r\n'{key}' ,");
    let config = with(&[
        ("TRAILSEAL_LOG_BUCKETS", "\"amzn-s3-demo-bucket\"\n"),
        ("TRAILSEAL_BUCKET_OWNER", " '111122223333'\r\n"),
        ("TRAILSEAL_KMS_KEY_ARNS", &keys),
        ("TRAILSEAL_BUCKET_ALIASES", " original = replica\n"),
        ("TRAILSEAL_FINDINGS_QUEUE_URL", &format!("{FINDINGS}\n")),
        ("TRAILSEAL_MAX_RECEIVES", "3\n"),
    ])
    .unwrap();
    assert_eq!(config.places.log_buckets, ["amzn-s3-demo-bucket"]);
    let owner = AccountId::new("111122223333").unwrap();
    assert_eq!(config.places.bucket_owner, Some(owner));
    assert_eq!(config.kms_key_arns, [key, key]);
    let alias = ("original".to_owned(), "replica".to_owned());
    assert_eq!(config.places.aliases, [alias]);
    assert_eq!(config.findings_queue_url, FINDINGS);
    assert_eq!(config.max_receives, 3);
}

#[test]
fn all_problems_are_reported_together_and_by_name() {
    let error = read(&[]).unwrap_err().to_string();
    assert!(error.contains("TRAILSEAL_LOG_BUCKETS"), "{error}");
    assert!(error.contains("TRAILSEAL_FINDINGS_QUEUE_URL"), "{error}");
    for (name, value) in [
        ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket,no/bucket"),
        ("TRAILSEAL_LOG_BUCKETS", ","),
        ("TRAILSEAL_BUCKET_OWNER", "me"),
        ("TRAILSEAL_FINDINGS_QUEUE_URL", "findings"),
        ("TRAILSEAL_EVIDENCE_BUCKET", "x"),
        ("TRAILSEAL_TRAIL_ARNS", "management-events"),
        (
            "TRAILSEAL_KMS_KEY_ARNS",
            "arn:aws:kms:us-east-1:111122223333:alias/x",
        ),
        ("TRAILSEAL_READERS", "everybody"),
        (
            "TRAILSEAL_READERS",
            "arn:aws:iam::111122223333:role/Audit,=enclave",
        ),
        ("TRAILSEAL_OWN_ROLES", "trailseal-LogVerifierRole"),
        (
            "TRAILSEAL_OWN_ROLES",
            "arn:aws:sts::111122223333:assumed-role/x/y",
        ),
        ("TRAILSEAL_ENCLAVE_IMAGES", "abcd"),
        ("TRAILSEAL_ENCLAVE_IMAGES", &"x".repeat(96)),
        ("TRAILSEAL_PINNED_KEYS", "s3://bucket"),
        ("TRAILSEAL_PINNED_KEYS", "s3://amzn-s3-demo-bucket/keys"),
        ("TRAILSEAL_PINNED_KEYS_SHA256", "abcd"),
        ("TRAILSEAL_LOG_BUCKETS", "one1,two2,three3,four4,five5,six6"),
        (
            "TRAILSEAL_KMS_KEY_ARNS",
            "arn:aws:kms:us-east-1:11112222333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        ("TRAILSEAL_READERS", "arn:aws:iam::11112222333:role/Audit"),
        ("TRAILSEAL_READERS", "arn:aws:iam::111122223333:group/Audit"),
        ("TRAILSEAL_READERS", ","),
        ("TRAILSEAL_READERS", "\"\""),
        ("TRAILSEAL_KMS_KEY_ARNS", ", ,"),
        ("TRAILSEAL_ENCLAVE_IMAGES", "''"),
        ("TRAILSEAL_LOG_BUCKETS", "s3://amzn-s3-demo-bucket"),
        ("TRAILSEAL_LOG_BUCKETS", "192.0.2.1"),
        ("TRAILSEAL_LOG_BUCKETS", "-amzn-s3-demo-bucket"),
        ("TRAILSEAL_LOG_BUCKETS", "amzn..bucket"),
        ("TRAILSEAL_BUCKET_ALIASES", "replica"),
        ("TRAILSEAL_BUCKET_ALIASES", "replica=replica"),
        ("TRAILSEAL_BUCKET_ALIASES", "original=s3://replica"),
        ("TRAILSEAL_QUEUE_URL", "queue"),
        ("TRAILSEAL_DEAD_LETTER_QUEUE_URL", "queue"),
        ("TRAILSEAL_MAX_RECEIVES", "0"),
        ("TRAILSEAL_MAX_RECEIVES", "21"),
        ("TRAILSEAL_RETENTION_DAYS", "36501"),
        ("TRAILSEAL_RETENTION_DAYS", "a year"),
        ("TRAILSEAL_RETENTION_DAYS", "-1"),
        ("TRAILSEAL_HISTORY", "yes"),
        ("TRAILSEAL_EVIDENCE_LOCK", "on"),
        ("TRAILSEAL_EVIDENCE_LOCK_DAYS", "0"),
        ("TRAILSEAL_EVIDENCE_LOCK_DAYS", "36501"),
    ] {
        let error = with(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name), "{name}={value}: {error}");
    }
}

#[test]
fn the_lock_of_the_evidence_bucket_has_a_mode_and_days() {
    const MODE: &str = "TRAILSEAL_EVIDENCE_LOCK";
    const DAYS: &str = "TRAILSEAL_EVIDENCE_LOCK_DAYS";
    let lock = |pairs: &[(&str, &str)]| with(pairs).map(|config| config.evidence_lock);
    assert_eq!(lock(&[]), Ok(None));
    assert_eq!(lock(&[(MODE, "Off"), (DAYS, "400")]), Ok(None));
    let expected = EvidenceLock::new(LockMode::Compliance, 400);
    assert!(expected.is_some());
    assert_eq!(lock(&[(MODE, "Compliance"), (DAYS, "400")]), Ok(expected));
    let error = lock(&[(MODE, "Governance")]).unwrap_err().to_string();
    assert!(error.contains(DAYS), "{error}");
}
