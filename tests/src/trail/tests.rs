//! Checks of generated trails as a whole.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::digest::sha256_hex;
use super::*;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const KEY_ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn json(object: &Object) -> Value {
    serde_json::from_slice(&gzip::inflate(&object.body)).expect("JSON")
}

/// Checks that every digest has the right content about itself, its predecessor and its log files.
#[track_caller]
fn assert_consistent(trail: &Trail) {
    for digest in &trail.digests {
        let document = &digest.document;
        let content = gzip::inflate_text(&digest.object.body);
        assert_eq!(content, document.to_json());
        assert_eq!(document.digest_s3_bucket, digest.object.bucket);
        assert_eq!(document.digest_s3_object, digest.object.key);
        let string = document.signing_string(&sha256_hex(content.as_bytes()));
        let signature = digest.signer.key.sign(string.as_bytes());
        assert_eq!(digest.object.metadata["signature"], signature);
        for (entry, log) in document.log_files.iter().zip(trail.logs_of(digest)) {
            let content = gzip::inflate(&log.object.body);
            assert_eq!(entry.hash_value, sha256_hex(&content));
        }
        let previous = trail.digests.iter().find(|previous| {
            Some(&previous.object.key) == document.previous_digest_s3_object.as_ref()
        });
        if let Some(previous) = previous {
            assert_eq!(
                document.previous_digest_hash_value.as_ref(),
                Some(&previous.sealed.sha256)
            );
            assert_eq!(
                document.previous_digest_signature.as_ref(),
                Some(&previous.object.metadata["signature"])
            );
        }
    }
}

fn predecessor(digest: &DigestFile) -> Option<(&str, &str)> {
    let document = &digest.document;
    let bucket = document.previous_digest_s3_bucket.as_deref();
    bucket.zip(document.previous_digest_s3_object.as_deref())
}

#[test]
fn the_same_spec_gives_the_same_bytes() {
    let spec = TrailSpec {
        hours: 4,
        kms: Some(KmsSpec::new(KEY_ARN)),
        ..TrailSpec::default()
    };
    let objects = |spec: &TrailSpec| -> Vec<Object> {
        let trail = spec.clone().build();
        trail.objects().into_iter().cloned().collect()
    };
    let first = objects(&spec);
    assert_eq!(first, objects(&spec));
    assert_ne!(first, objects(&TrailSpec { seed: 2, ..spec }));
}

#[test]
fn the_default_trail_has_a_digest_for_every_hour_of_its_day() {
    let trail = TrailSpec::default().build();
    assert_consistent(&trail);
    assert_eq!(trail.digests.len(), 25);
    let noon = trail.digest(ACCOUNT, REGION, 12);
    assert_eq!(
        noon.object.location().to_string(),
        "s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/\
         111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz"
    );
    assert_eq!(noon.document.digest_start_time, "2026-01-15T11:00:00Z");
    assert_eq!(noon.document.digest_end_time, "2026-01-15T12:00:00Z");
    assert_eq!(noon.object.content_type, "application/json");
    assert_eq!(noon.object.content_encoding.as_deref(), Some("gzip"));
    let names: Vec<&String> = noon.object.metadata.keys().collect();
    assert_eq!(names, ["signature", "signature-algorithm"]);

    let first = trail.digest(ACCOUNT, REGION, 0);
    assert_eq!(first.kind, DigestKind::Starting);
    assert_eq!(predecessor(first), None);
    assert!(first.document.log_files.is_empty());
    assert_eq!(first.document.digest_start_time, "2026-01-14T23:00:00Z");
}

/// The expected hash, fingerprint and signature were made with `sha256sum`, `md5sum` and
/// `openssl dgst -sign`.
#[test]
fn the_first_digest_of_the_default_trail_has_known_bytes() {
    let trail = TrailSpec::default().build();
    let first = trail.digest(ACCOUNT, REGION, 0);
    let key = "111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T000000Z.json.gz";
    let content = [
        r#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-14T23:00:00Z","#,
        r#""digestEndTime":"2026-01-15T00:00:00Z","digestS3Bucket":"amzn-s3-demo-bucket","#,
        r#""digestS3Object":"AWSLogs\/111122223333\/CloudTrail-Digest\/us-east-1\/2026\/01\/15\/"#,
        key,
        r#"","digestPublicKeyFingerprint":"6539e668431124e78b4d78dd826a3c05","#,
        r#""digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"#,
        r#""oldestEventTime":null,"previousDigestS3Bucket":null,"previousDigestS3Object":null,"#,
        r#""previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"#,
        r#""previousDigestSignature":null,"logFiles":[]}"#,
    ]
    .concat();
    assert_eq!(gzip::inflate_text(&first.object.body), content);
    let hash = "60a9cd4d335f787f6f0dcf7c206bfee1b8c6df6428b2946b06881b341eafd401";
    assert_eq!(first.sealed.sha256, hash);
    assert_eq!(
        first.document.signing_string(hash),
        format!(
            "2026-01-15T00:00:00Z\namzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail-Digest/\
             us-east-1/2026/01/15/{key}\n{hash}\nnull"
        )
    );
    let signature = "448833111dcb1fc027d1f6c423352ad5c4302bc0d5f4de1f7042ffc6992122ff\
             8354897d4f81e0fec7262e14224b3ddcfcd8973f7a51682fffa0b5e9b2e81a3d\
             588f3cff12b58b323d8b692acce34e42f61236354b8cd5ee38e3672ac59a3d61\
             3ca829bd24a4309d7ada8f48a583bed7aa2975495acb400ed4ea45c5a79a3848\
             c74a991677ec516e1cc7626cfdd0894a93d3554be0057c8f9cbb10b3a97bf259\
             2e23dbb82d307b8199c03685f3f6a812be7c7db1b7a79b9c80d9a06af10dc081\
             5504977681ca328e7950fd3171df38141d369ce393cb9abc88000152288984c2\
             4358988e258f4782a46d8c68c95982786d625a3e97e4b49163510a5b3b5fabd0";
    assert_eq!(first.object.metadata["signature"], signature);
}

#[test]
fn a_trail_as_captured_varies_like_real_digests() {
    let trail = TrailSpec::as_captured().build();
    assert_consistent(&trail);
    let (mut unsorted, mut older) = (0, 0);
    for digest in &trail.digests {
        let document = &digest.document;
        assert!(document.digest_end_time.ends_with(":29:23Z"));
        let end: Timestamp = document.digest_end_time.parse().expect("a timestamp");
        let delay = digest.generated_at.duration_since(end).as_secs();
        assert!((26 * 60..=30 * 60).contains(&delay), "{delay}");
        let json = document.to_json();
        assert_eq!(json.matches('/').count(), json.matches(r"\/").count());
        assert!(json.contains(r"AWSLogs\/111122223333\/CloudTrail-Digest\/"));
        assert!(!json.contains(['\n', ' ']));
        let keys: Vec<&String> = document
            .log_files
            .iter()
            .map(|file| &file.s3_object)
            .collect();
        unsorted += usize::from(!keys.is_sorted());
        let oldest = document.oldest_event_time.as_ref();
        older += usize::from(oldest.is_some_and(|time| *time < document.digest_start_time));
    }
    assert!(unsorted > 10, "{unsorted} lists are not sorted");
    assert!(
        older > 3,
        "{older} digests hold events older than their hour"
    );
}

#[test]
fn log_files_are_named_by_the_five_minutes_of_their_delivery() {
    let trail = TrailSpec::default().build();
    for log in &trail.log_files {
        let (folder, name) = log.object.key.rsplit_once('/').expect("a folder");
        assert!(
            folder.starts_with("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15"),
            "{folder}"
        );
        let parts: Vec<&str> = name.split('_').collect();
        assert_eq!(parts[..3], [ACCOUNT, "CloudTrail", REGION]);
        assert!(
            parts[3].ends_with("0Z") || parts[3].ends_with("5Z"),
            "{name}"
        );
        let unique = parts[4].strip_suffix(".json.gz").expect("an extension");
        assert_eq!(unique.len(), 16);
        let records = &json(&log.object)["Records"];
        assert!(records.as_array().expect("records").len() >= 3);
    }
}

#[test]
fn every_record_is_a_cloudtrail_record() {
    let trail = TrailSpec {
        records_per_file: 60..=60,
        hours: 2,
        ..TrailSpec::default()
    }
    .build();
    let mut sources = BTreeSet::new();
    for log in &trail.log_files {
        for record in json(&log.object)["Records"].as_array().expect("records") {
            for field in ["eventVersion", "userIdentity", "eventTime", "eventID"] {
                assert!(!record[field].is_null(), "{field} in {record}");
            }
            assert_eq!(record["awsRegion"], REGION);
            sources.insert(record["eventSource"].to_string());
        }
    }
    assert_eq!(sources.len(), 9, "{sources:?}");
}

#[test]
fn an_organization_trail_has_folders_for_each_account() {
    let trail = TrailSpec {
        prefix: Some("central/logs".into()),
        organization_id: Some("o-a1b2c3d4e5".into()),
        accounts: vec!["444455556666".into(), "777788889999".into()],
        owner: Some(ACCOUNT.into()),
        trail_name: "org_trail.v-2".into(),
        regions: vec!["eu-west-1".into()],
        offset_seconds: 1763,
        hours: 1,
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    assert_eq!(
        trail.spec.trail_arn(),
        "arn:aws:cloudtrail:us-east-1:111122223333:trail/org_trail.v-2"
    );
    assert_eq!(
        trail.digest("777788889999", "eu-west-1", 1).object.key,
        "central/logs/AWSLogs/o-a1b2c3d4e5/777788889999/CloudTrail-Digest/eu-west-1/2026/01/15/\
         777788889999_CloudTrail-Digest_eu-west-1_org_trail.v-2_us-east-1_20260115T012923Z.json.gz"
    );
}

#[test]
fn other_partitions_have_other_arns() {
    let trail = TrailSpec {
        home_region: "us-gov-west-1".into(),
        regions: vec!["us-gov-west-1".into()],
        hours: 6,
        ..TrailSpec::default()
    }
    .build();
    assert_eq!(
        trail.spec.trail_arn(),
        "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/management-events"
    );
    for log in &trail.log_files {
        assert!(!gzip::inflate_text(&log.object.body).contains("arn:aws:"));
    }
}

#[test]
fn an_empty_hour_has_a_linked_digest_that_lists_nothing() {
    let trail = TrailSpec {
        hours: 3,
        empty_hours: BTreeSet::from([2]),
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    let document = &trail.digest(ACCOUNT, REGION, 2).document;
    assert!(document.log_files.is_empty());
    assert_eq!(document.newest_event_time, None);
    assert!(document.previous_digest_signature.is_some());
}

#[test]
fn a_stopped_chain_restarts_with_a_starting_digest() {
    let trail = TrailSpec {
        hours: 8,
        stops: vec![
            Stop {
                last_hour: 2,
                restart_hour: Some(5),
            },
            Stop {
                last_hour: 6,
                restart_hour: None,
            },
        ],
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    let chain: Vec<_> = trail
        .chain(ACCOUNT, REGION)
        .iter()
        .map(|digest| (digest.hour, digest.kind, predecessor(digest).is_some()))
        .collect();
    assert_eq!(
        chain,
        [
            (0, DigestKind::Starting, false),
            (1, DigestKind::Hourly, true),
            (2, DigestKind::Hourly, true),
            (5, DigestKind::Starting, false),
            (6, DigestKind::Hourly, true),
        ]
    );
}

#[test]
fn a_chain_may_start_in_its_middle() {
    let trail = TrailSpec {
        hours: 1,
        first_digest: FirstDigest::MidChain,
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    let first = trail.digest(ACCOUNT, REGION, 0);
    let (_, key) = predecessor(first).expect("a predecessor");
    assert!(key.ends_with("_20260114T230000Z.json.gz"), "{key}");
    assert!(!first.document.log_files.is_empty());
    assert!(trail.objects().iter().all(|object| object.key != key));
}

#[test]
fn after_a_move_the_first_digest_names_its_predecessor_in_the_old_bucket() {
    let trail = TrailSpec {
        hours: 3,
        log_files_per_hour: 12..=12,
        bucket_change: Some(BucketChange {
            hour: 2,
            bucket: "amzn-s3-demo-bucket2".into(),
        }),
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    let moved = trail.digest(ACCOUNT, REGION, 2);
    assert_eq!(moved.object.bucket, "amzn-s3-demo-bucket2");
    let (bucket, _) = predecessor(moved).expect("a predecessor");
    assert_eq!(bucket, "amzn-s3-demo-bucket");
    let buckets = |hour| -> BTreeSet<&str> {
        let digest = trail.digest(ACCOUNT, REGION, hour);
        let entries = digest.document.log_files.iter();
        entries.map(|entry| entry.s3_bucket.as_str()).collect()
    };
    let (old, new) = ("amzn-s3-demo-bucket", "amzn-s3-demo-bucket2");
    assert_eq!(buckets(1), BTreeSet::from([old]));
    assert_eq!(buckets(2), BTreeSet::from([old, new]));
    assert_eq!(buckets(3), BTreeSet::from([new]));
}

#[test]
fn backfill_digests_are_signed_with_the_key_of_their_generation_time() {
    let backfill = |hour, link| Backfill {
        hour,
        log_files: 2,
        generated_after_hours: 24 * 7,
        link,
    };
    let trail = TrailSpec {
        hours: 4,
        backfills: vec![
            backfill(2, BackfillLink::Unlinked),
            backfill(3, BackfillLink::PreviousBackfill),
        ],
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    let first = trail.backfill(ACCOUNT, REGION, 2);
    assert!(
        first
            .object
            .key
            .ends_with("_20260115T020000Z_backfill.json.gz")
    );
    let made = &first.object.metadata["backfill-generation-timestamp"];
    assert!(made.starts_with("2026-01-22T02:"), "{made}");
    assert_eq!(first.signer.key, PoolKey::Slot { slot: 0, period: 1 });
    assert_eq!(
        trail.digest(ACCOUNT, REGION, 2).signer.key,
        PoolKey::Slot { slot: 0, period: 0 }
    );
    assert_eq!(predecessor(first), None);
    let second = trail.backfill(ACCOUNT, REGION, 3);
    let (_, key) = predecessor(second).expect("a predecessor");
    assert_eq!(key, first.object.key);
    assert_eq!(trail.logs_of(first).len(), 2);
}

#[test]
fn each_delivery_under_a_kms_key_is_recorded_in_a_later_log_file() {
    let trail = TrailSpec {
        hours: 6,
        kms: Some(KmsSpec::new(KEY_ARN)),
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    let mut delivered = BTreeSet::new();
    for log in &trail.log_files {
        assert_eq!(log.object.encryption, Encryption::Kms(KEY_ARN.into()));
        for event in &log.kms_events {
            assert_eq!(
                event.trail_arn.as_deref(),
                Some("arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events")
            );
            if let Some(about) = &event.about {
                let arn = format!("arn:aws:s3:::{}/{}", about.bucket, about.key);
                assert_eq!(event.s3_arn, arn);
                assert_ne!(about.key, log.object.key);
                delivered.insert(about.key.clone());
            }
            let content = gzip::inflate_text(&log.object.body);
            assert!(content.contains(&event.event_id));
        }
    }
    let all_but_the_last = trail.log_files.len() - 1;
    assert!(
        delivered.len() >= all_but_the_last - 1,
        "{}",
        delivered.len()
    );
    for digest in &trail.digests {
        assert_eq!(digest.object.encryption, Encryption::S3);
    }
}

#[test]
fn an_anomaly_is_in_one_event_or_on_one_object() {
    let kinds = [
        KmsAnomalyKind::WrongTrail,
        KmsAnomalyKind::WrongBucket,
        KmsAnomalyKind::MissingObject,
        KmsAnomalyKind::WrongKeyInEvent,
        KmsAnomalyKind::WrongKeyOnObject,
        KmsAnomalyKind::Denied,
        KmsAnomalyKind::ForeignCaller,
    ];
    let mut kms = KmsSpec::new(KEY_ARN);
    kms.anomalies = kinds
        .iter()
        .zip(1..)
        .map(|(kind, hour)| KmsAnomaly { hour, kind: *kind })
        .collect();
    let trail = TrailSpec {
        hours: 9,
        kms: Some(kms),
        ..TrailSpec::default()
    }
    .build();
    assert_consistent(&trail);
    for kind in kinds {
        let (log, event) = trail.kms_anomaly(kind);
        let records = json(&log.object);
        let records = records["Records"].as_array().expect("records");
        let record = records
            .iter()
            .find(|record| record["eventID"] == *event.event_id)
            .expect("the event's record");
        let context = &record["requestParameters"]["encryptionContext"];
        assert_eq!(context["aws:s3:arn"], *event.s3_arn);
        let about = event.about.as_ref().expect("a log file");
        let object = trail
            .objects()
            .into_iter()
            .find(|object| object.location() == *about)
            .expect("the delivered object");
        let names_the_object = event
            .s3_arn
            .ends_with(&format!(":::{}/{}", about.bucket, about.key));
        let same_key = object.encryption == Encryption::Kms(event.key_arn.clone());
        let same_trail = event.trail_arn == Some(trail.spec.trail_arn());
        let denied = record["errorCode"] == "AccessDenied";
        let foreign = record["userIdentity"]["type"] == "IAMUser";
        let wrong: Vec<bool> = vec![
            !same_trail,
            !names_the_object,
            !names_the_object,
            !same_key,
            !same_key,
            denied && record.get("resources").is_none(),
            foreign,
        ];
        let at = kinds
            .iter()
            .position(|other| *other == kind)
            .expect("a kind");
        assert!(wrong[at], "{kind:?}: {record}");
    }
}

#[test]
fn a_rewritten_chain_is_consistent_after_the_edit() {
    let mut trail = TrailSpec {
        hours: 5,
        ..TrailSpec::default()
    }
    .build();
    let before = trail.clone();
    trail.rewrite(ACCOUNT, REGION, 3, |document| {
        document.digest_start_time = "2026-01-15T02:10:00Z".into();
    });
    assert_consistent(&trail);
    for hour in 0..=5 {
        let same = trail.digest(ACCOUNT, REGION, hour).sealed
            == before.digest(ACCOUNT, REGION, hour).sealed;
        assert_eq!(same, hour < 3, "hour {hour}");
    }
}

#[test]
fn a_large_digest_lists_its_ten_thousand_files() {
    let trail = TrailSpec::large(10_000).build();
    let digest = trail.digest(ACCOUNT, REGION, 1);
    assert_eq!(trail.logs_of(digest).len(), 10_000);
}

#[test]
fn extras_are_neither_digests_nor_log_files() {
    let trail = TrailSpec::default().build();
    let keys: Vec<String> = trail.extras().into_iter().map(|extra| extra.key).collect();
    assert_eq!(keys[0], "AWSLogs/111122223333/CloudTrail/");
    assert_eq!(keys[1], "AWSLogs/111122223333/CloudTrail-Digest/");
    assert!(keys[2].starts_with(
        "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/01/15/111122223333_CloudTrail-Insight_us-east-1_20260115T0100Z_"
    ));
}

#[test]
fn published_keys_have_the_format_that_the_local_aws_reads() {
    let trail = TrailSpec::default().build();
    let by_region = trail.public_keys_by_region();
    let keys = by_region[REGION].as_array().expect("keys");
    let spans: Vec<(&str, &str)> = keys
        .iter()
        .map(|key| {
            let time = |name: &str| key[name].as_str().expect("a time");
            (time("ValidityStartTime"), time("ValidityEndTime"))
        })
        .collect();
    assert_eq!(
        spans,
        [
            ("2025-12-12T00:00:00Z", "2026-01-11T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z"),
            ("2026-01-21T00:00:00Z", "2026-02-20T00:00:00Z"),
        ]
    );
    let fingerprint = &trail.digest(ACCOUNT, REGION, 1).signer.fingerprint;
    assert_eq!(keys[1]["Fingerprint"], **fingerprint);

    let first = |style| {
        let response = trail.list_public_keys_response(REGION, style);
        response["PublicKeyList"][0]["ValidityStartTime"].to_string()
    };
    assert_eq!(first(ResponseStyle::CliV1), "1767225600.0");
    assert_eq!(first(ResponseStyle::CliV2), "\"2026-01-01T00:00:00+00:00\"");
}

#[test]
fn a_directory_has_the_files_that_a_sync_leaves() {
    let trail = TrailSpec {
        hours: 1,
        ..TrailSpec::default()
    }
    .build();
    let directory = tempfile::tempdir().expect("a directory");
    let extras = trail.extras();
    let objects = trail.objects().into_iter().chain(&extras);
    deliver::write_to_dir(directory.path(), objects).expect("written");
    for object in trail.objects() {
        let path = directory.path().join(&object.bucket).join(&object.key);
        assert_eq!(std::fs::read(path).expect("a file"), object.body);
    }
}
