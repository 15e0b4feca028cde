use super::*;
use proptest::prelude::*;

fn digest_key(key: &str) -> DigestKey {
    match classify(key) {
        ObjectKind::Digest(digest) => digest,
        other => panic!("{key} is {other:?}"),
    }
}

#[test]
fn the_name_of_a_digest_gives_its_chain_and_time() {
    for key in [
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2026/01/15/111122223333_CloudTrail-Digest_us-east-2_management_events_us-east-1_20260115T152923Z.json.gz",
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2026/01/15/111122223333_CloudTrail-Digest_us-east-2_management-events_us-east-1_20260115T152923Z_backfill.json.gz",
    ] {
        let name = key.rsplit('/').next().unwrap();
        assert_eq!(DigestKey::of_name(name), Some(digest_key(key)));
    }
    for name in [
        "",
        "digest.json.gz",
        "111122223333_CloudTrail-Digest_us-east-2_20260115T152923Z.json.gz",
        "../111122223333_CloudTrail-Digest_us-east-2_t_us-east-1_20260115T152923Z.json.gz",
        "111122223333_CloudTrail_us-east-2_20260115T1520Z_abcdef.json.gz",
    ] {
        assert_eq!(DigestKey::of_name(name), None, "{name}");
    }
}

#[test]
fn digest_key_of_an_account_trail() {
    let key = "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2026/01/15/111122223333_CloudTrail-Digest_us-east-2_management-events_us-east-1_20260115T152923Z.json.gz";
    let digest = digest_key(key);
    assert_eq!(digest.chain.folder.account.as_str(), "111122223333");
    assert_eq!(digest.chain.folder.prefix, None);
    assert_eq!(digest.chain.folder.organization, None);
    assert_eq!(digest.chain.region.as_str(), "us-east-2");
    assert_eq!(digest.chain.trail.as_str(), "management-events");
    assert_eq!(digest.chain.home_region.as_str(), "us-east-1");
    assert_eq!(digest.series, DigestSeries::Hourly);
    assert_eq!(digest.end_time.to_string(), "2026-01-15T15:29:23Z");
    assert_eq!(digest.to_string(), key);
}

#[test]
fn digest_key_with_prefix_organization_underscores_and_backfill() {
    let key = "a/AWSLogs/b/AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/us-gov-west-1/2026/01/15/111122223333_CloudTrail-Digest_us-gov-west-1_my_trail_us-east-1_x_us-gov-east-1_20260115T000000Z_backfill.json.gz";
    let digest = digest_key(key);
    assert_eq!(digest.chain.folder.prefix.as_deref(), Some("a/AWSLogs/b"));
    assert_eq!(
        digest.chain.folder.organization.as_ref().unwrap().as_str(),
        "o-exampleorgid"
    );
    assert_eq!(digest.chain.trail.as_str(), "my_trail_us-east-1_x");
    assert_eq!(digest.series, DigestSeries::Backfill);
    assert_eq!(digest.to_string(), key);
}

#[test]
fn log_file_key() {
    let key = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1145Z_7xgocspSowgK0Gto.json.gz";
    let ObjectKind::LogFile(log) = classify(key) else {
        panic!("not a log file")
    };
    assert_eq!(log.region.as_str(), "us-east-1");
    assert_eq!(log.time.to_string(), "2026-01-15T11:45:00Z");
}

#[test]
fn files_of_other_events_are_named_after_their_folder() {
    let key = "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/01/15/111122223333_CloudTrail-Insight_us-east-1_20260115T1145Z_7xgocspSowgK0Gto.json.gz";
    let file = log_file_in("CloudTrail-Insight", key).unwrap();
    assert_eq!(file.time.to_string(), "2026-01-15T11:45:00Z");
    assert_eq!(log_file_in("CloudTrail", key), None);
    // Named like the files of another folder.
    let other = key.replace("_CloudTrail-Insight_", "_CloudTrail_");
    assert_eq!(log_file_in("CloudTrail-Insight", &other), None);
    let log = key.replace("CloudTrail-Insight", "CloudTrail");
    assert!(
        matches!(classify(&log), ObjectKind::LogFile(read) if Some(&read) == log_file_in(LOG_FOLDER, &log).as_ref())
    );
}

#[test]
fn other_objects_are_distinguished() {
    for (key, kind) in [
        ("AWSLogs/111122223333/CloudTrail/", ObjectKind::Other),
        ("AWSLogs/111122223333/CloudTrail-Digest/", ObjectKind::Other),
        ("index.html", ObjectKind::Other),
        ("", ObjectKind::Other),
        (
            "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/01/15/111122223333_CloudTrail-Insight_us-east-1_20260115T1145Z_7xgocspSowgK0Gto.json.gz",
            ObjectKind::Other,
        ),
        // An invalid account ID, and a missing folder.
        (
            "AWSLogs/1111/CloudTrail-Digest/us-east-1/2026/01/15/x.json.gz",
            ObjectKind::Other,
        ),
        (
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/x.json.gz",
            ObjectKind::Other,
        ),
        (
            "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/x.json.gz",
            ObjectKind::UnknownLogFile,
        ),
        (
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/x.json.gz",
            ObjectKind::UnknownDigest,
        ),
        // The folder's day differs from the name's.
        (
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/16/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
            ObjectKind::UnknownDigest,
        ),
        // The folder's Region differs from the name's.
        (
            "AWSLogs/111122223333/CloudTrail-Digest/us-west-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
            ObjectKind::UnknownDigest,
        ),
        // The folder's account differs from the name's.
        (
            "AWSLogs/444455556666/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
            ObjectKind::UnknownDigest,
        ),
        // No such day, no such hour.
        (
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/02/30/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260230T000000Z.json.gz",
            ObjectKind::UnknownDigest,
        ),
        (
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T250000Z.json.gz",
            ObjectKind::UnknownDigest,
        ),
    ] {
        assert_eq!(classify(key), kind, "{key}");
    }
    assert_eq!(
        classify(&format!("{}.json.gz", "a".repeat(2000))),
        ObjectKind::Other
    );
}

#[test]
fn one_trail_in_two_buckets_is_the_same_trail() {
    let here = digest_key(
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
    );
    let there = digest_key(
        "moved/AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T010000Z.json.gz",
    );
    let other = digest_key(
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-west-1_20260115T010000Z.json.gz",
    );
    assert!(here.chain.same_trail(&there.chain));
    assert!(!here.chain.same_trail(&other.chain));
}

proptest! {
    #[test]
    fn any_text_is_classified(key in "\\PC{0,200}") {
        let _ = classify(&key);
    }

    #[test]
    fn a_written_key_is_parsed_again(
        prefix in proptest::option::of("[a-zA-Z0-9!_.*'()-]{1,20}(/[a-zA-Z0-9_]{1,9}){0,2}"),
        organization in proptest::option::of("o-[a-z0-9]{10,32}"),
        account in "[0-9]{12}",
        region in "(us|eu|us-gov|cn)-(east|northwest)-[1-9]",
        trail in "[a-zA-Z0-9._-]{3,128}",
        home_region in "(us|eu|us-gov|cn)-(east|northwest)-[1-9]",
        seconds in 1_400_000_000_i64..4_000_000_000,
        backfill in any::<bool>(),
    ) {
        let key = DigestKey::of(
            Chain {
                folder: AccountFolder {
                    prefix,
                    organization: organization.map(|o| OrganizationId::new(&o).unwrap()),
                    account: AccountId::new(&account).unwrap(),
                },
                region: Region::new(&region).unwrap(),
                trail: TrailName::new(&trail).unwrap(),
                home_region: Region::new(&home_region).unwrap(),
            },
            if backfill { DigestSeries::Backfill } else { DigestSeries::Hourly },
            Timestamp::from_second(seconds).unwrap(),
        );
        prop_assert_eq!(classify(&key.to_string()), ObjectKind::Digest(key));
    }
}
