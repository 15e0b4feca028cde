//! Rules 9 and 10: who reads, and what enclaves attest about themselves.

use crate::case::{
    BUCKET, Case, KEY, OBJECT_OF, Record, TRAIL_OF, kinds, log_key, only, session, user, verdicts,
};
use serde_json::{Value, json};
use trailseal::finding::FindingKind::{
    self, EnclaveAttestationMalformed, EnclaveAttestationMissing, EnclaveImageUnlisted,
    KmsUnlistedReader,
};
use trailseal::finding::Verdict;
use trailseal::kms::rules::Rule;
use trailseal::names::ids::AccountId;

const AUDIT: &str = "arn:aws:iam::111122223333:role/Audit";
const MODULE: &str = "i-123456789abcde123-enc123456789abcde12";
const IMAGE: &str = "ee0d451a2ff9aaaa9bccd07700b9cab123a0ac2386ef7e88ad5ea6c72ebabea840957328e2ec890b408c9b06cb8ebe6a";
const ORDINARY: &str = "7fb5c55bc2ecbb68ed99a13d7122abfc0666b926a79d5379bc58b9445c84217f59cfdd36c08b2c79552928702efe23e4";

#[tokio::test]
async fn an_unlisted_reader_is_reported_once_with_its_number_of_reads() {
    let read = |file: usize, time: &str, from: &str| {
        Record::read()
            .by(session("Dev", &format!("session{file}")))
            .object(&log_key(file))
            .id(&format!("read-{file}-{time}"))
            .with("/eventTime", time)
            .with("/sourceIPAddress", from)
    };
    let records = [
        read(2, "2026-01-15T12:10:00Z", "198.51.100.7"),
        read(1, "2026-01-15T12:05:00Z", "203.0.113.9"),
        // The same file again, and one without a known time.
        read(2, "2026-01-15T12:20:00Z", "198.51.100.7"),
        read(3, "soon", "198.51.100.7"),
        Record::read(),
    ];
    let report = Case::new().with_readers(&[AUDIT]).check(&records).await;
    let finding = only(&report);
    assert_eq!(finding.kind, KmsUnlistedReader);
    let (actual, message) = (finding.actual.clone().unwrap(), &finding.message);
    for part in [
        "arn:aws:sts::111122223333:assumed-role/Dev/session",
        "from 198.51.100.7, 203.0.113.9",
        "3 log files",
        "4 calls",
        "first 2026-01-15T12:05:00Z (event ID read-1-2026-01-15T12:05:00Z)",
        "last 2026-01-15T12:20:00Z",
    ] {
        assert!(actual.contains(part), "{part}: {actual}");
    }
    assert!(message.contains("read 3 log files from"), "{message}");
    assert_eq!(finding.object.key, log_key(1));
    assert!(finding.about.as_ref().unwrap().contains("Dev"));
    assert_eq!(verdicts(&report, Rule::Readers).len(), 5);
    // The order of the times in the file does not matter.
    let mut reversed = records.to_vec();
    reversed.reverse();
    let report = Case::new().with_readers(&[AUDIT]).check(&reversed).await;
    let actual = only(&report).actual.clone().unwrap();
    assert!(actual.contains("first 2026-01-15T12:05:00Z"), "{actual}");
}

#[tokio::test]
async fn listed_readers_and_callers_that_read_no_log_file_are_not_reported() {
    let trailseals = session("trailseal-LogVerifier", "log-verifier");
    let cloudtrail = json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"});
    let foreign_account =
        json!({"type": "AWSAccount", "principalId": "AROAEXAMPLE:x", "accountId": "444455556666"});
    for (record, rules, expected) in [
        (Record::read(), vec![AUDIT], true),
        (
            Record::read(),
            vec!["arn:aws:sts::*:assumed-role/Audit/alice"],
            true,
        ),
        (
            Record::read().by(session("Audit", "bob")),
            vec![AUDIT],
            true,
        ),
        (Record::read().by(trailseals), vec![AUDIT], true),
        (Record::read().by(cloudtrail), vec![AUDIT], true),
        (
            Record::read().by(foreign_account.clone()),
            vec!["arn:aws:iam::444455556666:root"],
            true,
        ),
        // And the most similar ones that are not.
        (
            Record::read().by(session("Audit2", "alice")),
            vec![AUDIT],
            false,
        ),
        (Record::read().by(session("x", "Audit")), vec![AUDIT], false),
        (
            Record::read().by(session("trailseal-LogVerifier2", "x")),
            vec![AUDIT],
            false,
        ),
        (Record::read().by(user("Audit")), vec![AUDIT], false),
        (
            Record::read().by(foreign_account),
            vec!["arn:aws:iam::111122223333:root"],
            false,
        ),
        (Record::read().by(Value::Null), vec![AUDIT], false),
    ] {
        let report = Case::new()
            .with_readers(&rules)
            .check(std::slice::from_ref(&record))
            .await;
        let kinds = kinds(&report);
        let expected: &[FindingKind] = if expected { &[] } else { &[KmsUnlistedReader] };
        assert_eq!(kinds, expected, "{rules:?} {record:#?}");
    }
    let mallory = || Record::read().by(user("mallory"));
    for record in [
        mallory().refused(),
        mallory().object("notes/on call.txt").without(TRAIL_OF),
        mallory()
            .with(OBJECT_OF, "arn:aws:s3:::amzn-s3-demo-other/x")
            .without(TRAIL_OF),
        mallory().with("/eventName", "DescribeKey"),
        mallory().without("/requestParameters/encryptionContext"),
    ] {
        assert_eq!(Case::new().with_readers(&[AUDIT]).kinds(record).await, []);
    }
    // Nobody is reported if no readers are configured.
    assert_eq!(Case::new().kinds(mallory()).await, []);
}

/// Returns a session of a role in an account, for which a service reads.
fn through(service: &str, account: &str) -> Value {
    let arn = |kind: &str| format!("arn:aws:{kind}::{account}:");
    json!({
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:alice",
        "arn": format!("{}assumed-role/Analyst/alice", arn("sts")),
        "accountId": account,
        "sessionContext": {"sessionIssuer": {
            "type": "Role",
            "arn": format!("{}role/Analyst", arn("iam")),
            "accountId": account,
        }},
        "invokedBy": service,
    })
}

const ATHENA: &str = "athena.amazonaws.com";
const OURS: &str = "111122223333";
const OTHER_ACCOUNT: &str = "444455556666";

/// Athena reads with the rights of its caller: for our accounts under its own name, for other
/// accounts only under theirs.
#[tokio::test]
async fn a_reader_through_a_service_is_listed_by_the_service_or_with_it() {
    let analyst = "arn:aws:iam::111122223333:role/Analyst";
    let via = "arn:aws:iam::111122223333:role/Analyst=via:athena.amazonaws.com";
    let theirs = "arn:aws:iam::444455556666:role/Analyst=via:athena.amazonaws.com";
    for (service, account, rule, is_listed) in [
        (ATHENA, OURS, ATHENA, true),
        (ATHENA, OURS, via, true),
        (ATHENA, OURS, analyst, true),
        (ATHENA, OTHER_ACCOUNT, theirs, true),
        // And the most similar ones that are not.
        (ATHENA, OTHER_ACCOUNT, ATHENA, false),
        (ATHENA, OTHER_ACCOUNT, via, false),
        (ATHENA, OURS, theirs, false),
        ("glue.amazonaws.com", OURS, ATHENA, false),
        ("glue.amazonaws.com", OURS, via, false),
        ("AWS Internal", OURS, ATHENA, false),
        ("AWS Internal", OURS, via, false),
        ("AWS Internal", OURS, "*.amazonaws.com", false),
        (
            "internal.amazonaws.com",
            OURS,
            "internal.amazonaws.com",
            false,
        ),
        ("s3.amazonaws.com", OURS, "s3.amazonaws.com", false),
        (ATHENA, OURS, "*.amazonaws.com", false),
    ] {
        let record = Record::read().by(through(service, account));
        let kinds = Case::new().with_readers(&[rule]).kinds(record).await;
        let expected: &[FindingKind] = if is_listed { &[] } else { &[KmsUnlistedReader] };
        assert_eq!(kinds, expected, "{service} {account} {rule}");
    }
}

/// The account that owns the log buckets is one of ours, regardless of who owns the trail and the
/// key.
#[tokio::test]
async fn the_owner_of_the_log_buckets_reads_through_a_service() {
    let read = || Record::read().by(through(ATHENA, OTHER_ACCOUNT));
    let mut case = Case::new().with_readers(&[ATHENA]);
    assert_eq!(case.kinds(read()).await, [KmsUnlistedReader]);
    case.expected.places.bucket_owner = Some(AccountId::new(OTHER_ACCOUNT).unwrap());
    assert_eq!(case.kinds(read()).await, []);
    let nameless = read()
        .without("/userIdentity/accountId")
        .with("/userIdentity/arn", "");
    assert_eq!(case.kinds(nameless).await, [KmsUnlistedReader]);
}

/// A reader that may only read from an enclave may not read through a service.
#[tokio::test]
async fn a_service_does_not_free_a_reader_from_its_enclave() {
    let rules = ["arn:aws:iam::111122223333:role/Analyst=enclave", ATHENA];
    let record = Record::read().by(through(ATHENA, OURS));
    let kinds = Case::new().with_readers(&rules).kinds(record).await;
    assert_eq!(kinds, [EnclaveAttestationMissing]);
}

#[tokio::test]
async fn a_reader_under_a_bucket_key_is_reported_without_a_count() {
    let read = |arn: String| Record::read().by(user("mallory")).with(OBJECT_OF, arn);
    let bucket = format!("arn:aws:s3:::{BUCKET}");
    for record in [read(bucket.clone()), read(bucket).without(TRAIL_OF)] {
        let report = Case::new().with_readers(&[AUDIT]).check(&[record]).await;
        assert_eq!(only(&report).kind, KmsUnlistedReader);
        assert!(
            only(&report)
                .message
                .contains("an unknown number of log files")
        );
    }
}

#[tokio::test]
async fn an_attestation_has_a_module_and_an_image() {
    let short = &IMAGE[..64];
    let upper = IMAGE.to_uppercase();
    let odd = IMAGE.replace('e', "g");
    for (module, image, expected) in [
        (MODULE, IMAGE, true),
        (MODULE, ORDINARY, true),
        (MODULE, &upper, true),
        ("i-abc12345def67890a-enc9876abcd543210ef12", ORDINARY, true),
        ("i-zz", IMAGE, false),
        ("", IMAGE, false),
        ("i-123456789abcde123", IMAGE, false),
        ("i-123456789abcde123-enc", IMAGE, false),
        ("123456789abcde123-enc123456789abcde12", IMAGE, false),
        ("i-123456789abcdx123-enc123456789abcde12", IMAGE, false),
        (" i-123456789abcde123-enc123456789abcde12", IMAGE, false),
        (MODULE, short, false),
        (MODULE, "", false),
        (MODULE, &odd, false),
        // An instance's module does not make an enclave's image.
        ("i-123456789abcde123-tpm0000000000000000", IMAGE, false),
    ] {
        let record = Record::read().attested(module, image);
        let expected: &[FindingKind] = if expected {
            &[]
        } else {
            &[EnclaveAttestationMalformed]
        };
        assert_eq!(
            Case::new().kinds(record).await,
            expected,
            "{module} {image}"
        );
    }
    for recipient in [
        json!({}),
        json!("x"),
        json!([]),
        json!(7),
        json!({"attestationDocumentModuleId": MODULE}),
    ] {
        let record = Record::read().with("/additionalEventData", json!({"recipient": recipient}));
        assert_eq!(
            Case::new().kinds(record).await,
            [EnclaveAttestationMalformed],
            "{recipient}"
        );
    }
    for additional in [
        Value::Null,
        json!({}),
        json!("x"),
        json!({"recipient": null}),
    ] {
        let record = Record::read().with("/additionalEventData", additional);
        assert_eq!(Case::new().kinds(record).await, []);
    }
}

#[tokio::test]
async fn any_event_of_an_unlisted_image_is_reported_once() {
    let random = |image: &str| {
        Record::read()
            .with("/eventName", "GenerateRandom")
            .with("/requestParameters", Value::Null)
            .with("/resources", json!([]))
            .attested(MODULE, image)
    };
    let mut case = Case::new();
    case.expected.enclave_images = vec![IMAGE.to_owned(), ORDINARY.to_owned()];
    for image in [IMAGE, ORDINARY, &IMAGE.to_uppercase()] {
        assert_eq!(case.kinds(random(image)).await, [], "{image}");
    }
    let other = IMAGE.replace("be6a", "be6b");
    let report = case
        .check(&[random(&other), random(&other).id("again"), random(IMAGE)])
        .await;
    assert_eq!(only(&report).kind, EnclaveImageUnlisted);
    assert_eq!(
        only(&report).actual.as_deref(),
        Some(&*format!("PCR0 {other}"))
    );
    let debug = "0".repeat(96);
    let report = case.check(&[random(&debug)]).await;
    assert!(
        only(&report)
            .actual
            .as_ref()
            .unwrap()
            .contains("debug mode")
    );
    // No configured images: every image is accepted.
    case.expected.enclave_images.clear();
    assert_eq!(case.kinds(random(&other)).await, []);
}

#[tokio::test]
async fn a_reader_from_an_enclave_only_reads_with_its_attestation() {
    let rule = format!("{AUDIT}=enclave");
    let mut case = Case::new().with_readers(&[&rule, "arn:aws:iam::*:user/*"]);
    assert_eq!(case.kinds(Record::read().attested(MODULE, IMAGE)).await, []);
    let report = case
        .check(&[Record::read(), Record::read().object(&log_key(1)).id("x")])
        .await;
    assert_eq!(only(&report).kind, EnclaveAttestationMissing);
    assert_eq!(only(&report).about.as_deref(), Some(AUDIT));
    // Directly, without S3's context, under the trail's key.
    let direct = Record::read().without("/requestParameters/encryptionContext");
    assert_eq!(
        case.kinds(direct.clone()).await,
        [EnclaveAttestationMissing]
    );
    // An instance's attestation is not an enclave's.
    let instance = Record::read().with(
        "/additionalEventData",
        json!({"recipient": {"attestationDocumentModuleId": "i-123456789abcde123-tpm0000000000000000"}}),
    );
    assert_eq!(case.kinds(instance).await, [EnclaveAttestationMissing]);
    for record in [
        Record::read().refused(),
        Record::read().by(user("bob")),
        direct.with("/resources/0/ARN", KEY.replace("ab", "cd")),
        Record::read().with("/eventName", "DescribeKey"),
    ] {
        assert_eq!(case.kinds(record.clone()).await, [], "{record:#?}");
    }
    let report = case.check(&[Record::read().attested(MODULE, IMAGE)]).await;
    assert_eq!(verdicts(&report, Rule::Enclaves), [Verdict::Valid; 2]);
}
