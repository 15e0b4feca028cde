//! The events that AWS documents, and each rule's verdict on them.

use crate::case::{Case, Record, kinds, log_file, only, table};
use trailseal::finding::FindingKind::{
    EnclaveAttestationMissing, EnclaveImageUnlisted, KmsContextMismatch, KmsForeignContext,
    KmsKeyMismatch, KmsUnlistedReader, LogFileMissing,
};
use trailseal::finding::Verdict::{CannotTell, Finding, Valid};
use trailseal::kms::rules::Rule;
use trailseal::names::ids::TrailArn;
use trailseal_tests::trail::Encryption;

// The events of the AWS documentation, without the spaces between tokens. One character was removed
// manually: in `DECRYPT`, the comma after the value of `attestationDocumentEnclaveImageDigest`,
// which the documentation has before the closing brace. The others are unchanged JSON.
//
// Source: https://docs.aws.amazon.com/enclaves/latest/user/logging-enclaves-using-cloudtrail.html
const GENERATE_RANDOM: &str = r#"{"eventVersion":"1.02","userIdentity":{"type":"IAMUser","principalId":"EX_PRINCIPAL_ID","arn":"arn:aws:iam::111122223333:user/Alice","accountId":"111122223333","accessKeyId":"EXAMPLE_KEY_ID","userName":"Alice"},"eventTime":"2014-11-04T00:52:37Z","eventSource":"kms.amazonaws.com","eventName":"GenerateRandom","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.0","userAgent":"AWS Internal","requestParameters":null,"responseElements":null,"additionalEventData":{"recipient":{"attestationDocumentModuleId":"i-123456789abcde123-enc123456789abcde12","attestationDocumentEnclaveImageDigest":"ee0d451a2ff9aaaa9bccd07700b9cab123a0ac2386ef7e88ad5ea6c72ebabea840957328e2ec890b408c9b06cb8ebe6a"}},"requestID":"df1e3de6-63bc-11e4-bc2b-4198b6150d5c","eventID":"239cb9f7-ae05-4c94-9221-6ea30eef0442","readOnly":true,"resources":[],"eventType":"AwsApiCall","recipientAccountId":"111122223333"}"#;
const GENERATE_DATA_KEY: &str = r#"{"eventVersion":"1.02","userIdentity":{"type":"IAMUser","principalId":"EX_PRINCIPAL_ID","arn":"arn:aws:iam::111122223333:user/Alice","accountId":"111122223333","accessKeyId":"EXAMPLE_KEY_ID","userName":"Alice"},"eventTime":"2014-11-04T00:52:40Z","eventSource":"kms.amazonaws.com","eventName":"GenerateDataKey","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.0","userAgent":"AWS Internal","requestParameters":{"keyId":"1234abcd-12ab-34cd-56ef-1234567890ab","numberOfBytes":32},"responseElements":null,"additionalEventData":{"recipient":{"attestationDocumentModuleId":"i-123456789abcde123-enc123456789abcde12","attestationDocumentEnclaveImageDigest":"ee0d451a2ff9aaaa9bccd07700b9cab123a0ac2386ef7e88ad5ea6c72ebabea840957328e2ec890b408c9b06cb8ebe6a"}},"requestID":"e0eb83e3-63bc-11e4-bc2b-4198b6150d5c","eventID":"a9dea4f9-8395-46c0-942c-f509c02c2b71","readOnly":true,"resources":[{"ARN":"arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","accountId":"111122223333"}],"eventType":"AwsApiCall","recipientAccountId":"111122223333"}"#;
const DECRYPT: &str = r#"{"eventVersion":"1.05","userIdentity":{"type":"IAMUser","principalId":"EX_PRINCIPAL_ID","arn":"arn:aws:iam::111122223333:user/Alice","accountId":"111122223333","accessKeyId":"EXAMPLE_KEY_ID","userName":"Alice"},"eventTime":"2020-07-27T22:58:24Z","eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"us-west-2","sourceIPAddress":"192.0.2.0","userAgent":"AWS Internal","requestParameters":{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":"12345ac3-fbbf-4143-abcd-28b39example"},"responseElements":null,"additionalEventData":{"recipient":{"attestationDocumentModuleId":"i-123456789abcde123-enc123456789abcde12","attestationDocumentEnclaveImageDigest":"ee0d451a2ff9aaaa9bccd07700b9cab123a0ac2386ef7e88ad5ea6c72ebabea840957328e2ec890b408c9b06cb8ebe6a"}},"requestID":"b4a65126-30d5-4b28-98b9-9153da559963","eventID":"e5a2f202-ba1a-467c-b4ba-f729d45ae521","readOnly":true,"resources":[{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:us-east-2:111122223333:key/12345ac3-fbbf-4143-abcd-28b39example"}],"eventType":"AwsApiCall","recipientAccountId":"111122223333"}"#;

// Source: https://docs.aws.amazon.com/kms/latest/developerguide/services-cloudtrail.html
const CONFIGURATION: &str = r#"{"eventVersion":"1.02","userIdentity":{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::086441151436:user/AWSCloudTrail","accountId":"086441151436","accessKeyId":"AKIAI44QH8DHBEXAMPLE","userName":"AWSCloudTrail","sessionContext":{"attributes":{"mfaAuthenticated":"false","creationDate":"2015-11-11T21:15:33Z"}},"invokedBy":"internal.amazonaws.com"},"eventTime":"2015-11-11T21:15:33Z","eventSource":"kms.amazonaws.com","eventName":"GenerateDataKey","awsRegion":"us-west-2","sourceIPAddress":"internal.amazonaws.com","userAgent":"internal.amazonaws.com","requestParameters":{"keyId":"arn:aws:kms:us-west-2:111122223333:alias/ExampleAliasForCloudTrailKMS key","encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-west-2:111122223333:trail/Default","aws:s3:arn":"arn:aws:s3:::example-bucket-for-CT-logs/AWSLogs/111122223333/"},"keySpec":"AES_256"},"responseElements":null,"requestID":"581f1f11-88b9-11e5-9c9c-595a1fb59ac0","eventID":"3cdb2457-c035-4890-93b6-181832b9e766","readOnly":true,"resources":[{"ARN":"arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","accountId":"111122223333"}],"eventType":"AwsServiceEvent","recipientAccountId":"111122223333"}"#;
const DELIVERY: &str = r#"{"eventVersion":"1.02","userIdentity":{"type":"AssumedRole","principalId":"AROACKCEVSQ6C2EXAMPLE:i-34755b85","arn":"arn:aws:sts::086441151436:assumed-role/AWSCloudTrail/i-34755b85","accountId":"086441151436","accessKeyId":"AKIAI44QH8DHBEXAMPLE","sessionContext":{"attributes":{"mfaAuthenticated":"false","creationDate":"2015-11-11T20:45:25Z"},"sessionIssuer":{"type":"Role","principalId":"AROACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::086441151436:role/AWSCloudTrail","accountId":"086441151436","userName":"AWSCloudTrail"}},"invokedBy":"internal.amazonaws.com"},"eventTime":"2015-11-11T21:15:58Z","eventSource":"kms.amazonaws.com","eventName":"GenerateDataKey","awsRegion":"us-west-2","sourceIPAddress":"internal.amazonaws.com","userAgent":"internal.amazonaws.com","requestParameters":{"encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-west-2:111122223333:trail/Default","aws:s3:arn":"arn:aws:s3:::example-bucket-for-CT-logs/AWSLogs/111122223333/CloudTrail/us-west-2/2015/11/11/111122223333_CloudTrail_us-west-2_20151111T2115Z_7JREEBimdK8d2nC9.json.gz"},"keyId":"arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","keySpec":"AES_256"},"responseElements":null,"requestID":"66f3f74a-88b9-11e5-b7fb-63d925c72ffe","eventID":"7738554f-92ab-4e27-83e3-03354b1aa898","readOnly":true,"resources":[{"ARN":"arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","accountId":"111122223333"}],"eventType":"AwsServiceEvent","recipientAccountId":"111122223333"}"#;
const READ: &str = r#"{"eventVersion":"1.02","userIdentity":{"type":"IAMUser","principalId":"AIDACKCEVSQ6C2EXAMPLE","arn":"arn:aws:iam::111122223333:user/cloudtrail-admin","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"cloudtrail-admin","sessionContext":{"attributes":{"mfaAuthenticated":"false","creationDate":"2015-11-11T20:48:04Z"}},"invokedBy":"signin.amazonaws.com"},"eventTime":"2015-11-11T21:20:52Z","eventSource":"kms.amazonaws.com","eventName":"Decrypt","awsRegion":"us-west-2","sourceIPAddress":"internal.amazonaws.com","userAgent":"internal.amazonaws.com","requestParameters":{"encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-west-2:111122223333:trail/Default","aws:s3:arn":"arn:aws:s3:::example-bucket-for-CT-logs/AWSLogs/111122223333/CloudTrail/us-west-2/2015/11/11/111122223333_CloudTrail_us-west-2_20151111T2115Z_7JREEBimdK8d2nC9.json.gz"}},"responseElements":null,"requestID":"16a0590a-88ba-11e5-b406-436f15c3ac01","eventID":"9525bee7-5145-42b0-bed5-ab7196a16daa","readOnly":true,"resources":[{"ARN":"arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","accountId":"111122223333"}],"eventType":"AwsApiCall","recipientAccountId":"111122223333"}"#;

const BUCKET: &str = "example-bucket-for-CT-logs";
const TRAIL: &str = "arn:aws:cloudtrail:us-west-2:111122223333:trail/Default";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const DELIVERED: &str = "AWSLogs/111122223333/CloudTrail/us-west-2/2015/11/11/111122223333_CloudTrail_us-west-2_20151111T2115Z_7JREEBimdK8d2nC9.json.gz";
const RECORDED: &str = "AWSLogs/111122223333/CloudTrail/us-west-2/2015/11/11/111122223333_CloudTrail_us-west-2_20151111T2125Z_recordedInThis01.json.gz";
const IMAGE: &str = "ee0d451a2ff9aaaa9bccd07700b9cab123a0ac2386ef7e88ad5ea6c72ebabea840957328e2ec890b408c9b06cb8ebe6a";
/// The image of the other example there, which ordinary records also contain.
const OTHER_IMAGE: &str = "7fb5c55bc2ecbb68ed99a13d7122abfc0666b926a79d5379bc58b9445c84217f59cfdd36c08b2c79552928702efe23e4";

fn record(text: &str) -> Record {
    Record(serde_json::from_str(text).expect("JSON"))
}

/// Returns the documented trail, bucket and key; the delivered log file exists there.
fn case() -> Case {
    let mut case = Case::new();
    case.expected.places.log_buckets = vec![BUCKET.to_owned()];
    case.expected.places.trails = vec![TrailArn::parse(TRAIL).unwrap()];
    case.expected.key_arns = vec![KEY.to_owned()];
    case.memory
        .describe(KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Enabled");
    BUCKET.clone_into(&mut case.recorded.bucket);
    RECORDED.clone_into(&mut case.recorded.key);
    case.recorded.encryption = Encryption::Kms(KEY.to_owned());
    let mut delivered = log_file(DELIVERED, &[]);
    BUCKET.clone_into(&mut delivered.bucket);
    delivered.encryption = Encryption::Kms(KEY.to_owned());
    case.memory.put(delivered);
    case
}

fn nothing_configured() -> Case {
    let mut case = case();
    case.expected.places.trails.clear();
    case.expected.key_arns.clear();
    case
}

/// Returns the same with the delivered log file deleted.
fn emptied() -> Case {
    let mut case = case();
    let mut delivered = log_file(DELIVERED, &[]);
    BUCKET.clone_into(&mut delivered.bucket);
    case.memory.delete(&delivered);
    case
}

/// The first ruling on every log file under the key.
const ENCRYPTED: (Rule, trailseal::finding::Verdict) = (Rule::Encryption, Valid);

#[tokio::test]
async fn the_configuration_event_keeps_every_rule() {
    let report = case().check(&[record(CONFIGURATION)]).await;
    assert_eq!(kinds(&report), []);
    let mut expected = vec![
        (Rule::Trail, Valid),
        (Rule::Object, Valid),
        (Rule::Key, Valid),
        (Rule::KeyHealth, Valid),
        (Rule::KeyHealth, Valid),
        (Rule::Caller, Valid),
        (Rule::Delivery, Valid),
        ENCRYPTED,
    ];
    assert_eq!(table(&report), expected);
    assert_eq!(report.waiting, []);
    // In that case, nothing says which trail it is, and how log files are encrypted.
    let report = nothing_configured().check(&[record(CONFIGURATION)]).await;
    assert_eq!(kinds(&report), []);
    expected.retain(|(rule, _)| !matches!(rule, Rule::Trail | Rule::Encryption));
    assert_eq!(table(&report), expected);
}

#[tokio::test]
async fn the_delivery_keeps_every_rule_and_waits_for_its_digest() {
    let mut expected = vec![
        (Rule::Trail, Valid),
        (Rule::Object, Valid),
        (Rule::Key, Valid),
        (Rule::Key, Valid),
        (Rule::KeyHealth, Valid),
        (Rule::KeyHealth, Valid),
        (Rule::Caller, Valid),
        (Rule::Delivery, Valid),
        (Rule::Witness, Valid),
        ENCRYPTED,
    ];
    let report = case().check(&[record(DELIVERY)]).await;
    assert_eq!((kinds(&report), table(&report)), (vec![], expected.clone()));
    let [waiting] = report.waiting.as_slice() else {
        panic!("{:#?}", report.waiting);
    };
    assert_eq!(
        waiting.object.to_string(),
        format!("s3://{BUCKET}/{DELIVERED}")
    );
    assert_eq!(waiting.trail.to_string(), TRAIL);
    assert_eq!(waiting.time.to_string(), "2015-11-11T21:15:58Z");
    let report = nothing_configured().check(&[record(DELIVERY)]).await;
    expected.retain(|(rule, _)| !matches!(rule, Rule::Trail | Rule::Encryption));
    assert_eq!((kinds(&report), table(&report)), (vec![], expected));
}

#[tokio::test]
async fn the_deleted_log_file_is_missing() {
    let report = emptied().check(&[record(DELIVERY)]).await;
    let finding = only(&report);
    assert_eq!(
        (finding.kind, finding.object.key.as_str()),
        (LogFileMissing, DELIVERED)
    );
    assert_eq!(
        finding.expected.as_deref(),
        Some(
            "the log file that the KMS call GenerateDataKey (event ID 7738554f-92ab-4e27-83e3-03354b1aa898, 2015-11-11T21:15:58Z) shows being delivered"
        )
    );
    assert_eq!(
        table(&report),
        [
            (Rule::Trail, Valid),
            (Rule::Object, Valid),
            (Rule::Key, Valid),
            (Rule::KeyHealth, Valid),
            (Rule::KeyHealth, Valid),
            (Rule::Caller, Valid),
            (Rule::Delivery, Valid),
            (Rule::Witness, Finding),
            ENCRYPTED,
        ]
    );
    assert_eq!(report.waiting, []);
}

#[tokio::test]
async fn the_read_keeps_every_rule_and_shows_no_delivery() {
    let expected = [
        (Rule::Trail, Valid),
        (Rule::Object, Valid),
        (Rule::Key, Valid),
        (Rule::KeyHealth, Valid),
        (Rule::KeyHealth, Valid),
        ENCRYPTED,
    ];
    // A read does not decide whether the log file still exists.
    for mut case in [case(), emptied()] {
        let report = case.check(&[record(READ)]).await;
        assert_eq!(
            (kinds(&report), table(&report)),
            (vec![], expected.to_vec())
        );
        assert_eq!(report.waiting, []);
    }
    let listed = &["arn:aws:iam::111122223333:user/cloudtrail-admin"];
    let report = case().with_readers(listed).check(&[record(READ)]).await;
    assert_eq!(kinds(&report), []);
    assert_eq!(table(&report).last(), Some(&(Rule::Readers, Valid)));
    let others = &["arn:aws:iam::111122223333:role/*"];
    let report = case().with_readers(others).check(&[record(READ)]).await;
    assert_eq!(only(&report).kind, KmsUnlistedReader);
    assert_eq!(table(&report).last(), Some(&(Rule::Readers, Finding)));
    let who = "arn:aws:iam::111122223333:user/cloudtrail-admin from internal.amazonaws.com: 1 log file, 1 call, first 2015-11-11T21:20:52Z (event ID 9525bee7-5145-42b0-bed5-ab7196a16daa), last 2015-11-11T21:20:52Z";
    assert_eq!(only(&report).actual.as_deref(), Some(who));
}

#[tokio::test]
async fn documented_events_of_another_trail_bucket_or_key_are_reported_or_ignored() {
    let events = [CONFIGURATION, DELIVERY, READ];
    for event in events {
        let mut other_trail = case();
        other_trail.expected.places.trails =
            vec![TrailArn::parse("arn:aws:cloudtrail:us-west-2:111122223333:trail/Other").unwrap()];
        assert_eq!(other_trail.kinds(record(event)).await, [KmsContextMismatch]);
        let mut other_bucket = case();
        other_bucket.expected.places.log_buckets = vec!["amzn-s3-demo-bucket".to_owned()];
        assert_eq!(
            other_bucket.kinds(record(event)).await,
            [KmsContextMismatch]
        );
        // If the trail and the bucket both belong to somebody else, nothing is reported.
        other_bucket.expected.places.trails.clear();
        let report = other_bucket.check(&[record(event)]).await;
        assert_eq!((kinds(&report), table(&report)), (vec![], vec![ENCRYPTED]));
        let mut other_key = case();
        other_key.expected.key_arns = vec![KEY.replace("1234abcd", "4321dcba")];
        other_key.recorded.encryption = Encryption::Kms(KEY.replace("1234abcd", "4321dcba"));
        // A caller who reads an object under a key other than the trail's reads nothing of the
        // trail's.
        let kind = if event == READ {
            KmsForeignContext
        } else {
            KmsKeyMismatch
        };
        assert_eq!(other_key.kinds(record(event)).await, [kind]);
    }
}

#[tokio::test]
async fn the_enclave_events_are_attested_and_name_no_trail() {
    for event in [GENERATE_RANDOM, GENERATE_DATA_KEY, DECRYPT] {
        let report = case().check(&[record(event)]).await;
        let attested = (Rule::Enclaves, Valid);
        assert_eq!(
            (kinds(&report), table(&report)),
            (vec![], vec![ENCRYPTED, attested])
        );
        let mut listed = case();
        listed.expected.enclave_images = vec![OTHER_IMAGE.to_owned(), IMAGE.to_owned()];
        let report = listed.check(&[record(event)]).await;
        assert_eq!(
            (kinds(&report), table(&report)),
            (vec![], vec![ENCRYPTED, attested, attested])
        );
        let mut unlisted = case();
        unlisted.expected.enclave_images = vec![OTHER_IMAGE.to_owned()];
        assert_eq!(unlisted.kinds(record(event)).await, [EnclaveImageUnlisted]);
    }
}

#[tokio::test]
async fn a_reader_from_an_enclave_only_needs_an_attestation_under_the_trails_key() {
    let mut case = case().with_readers(&["arn:aws:iam::111122223333:user/Alice=enclave"]);
    let alone = record(DECRYPT).with("/additionalEventData", serde_json::Value::Null);
    // Under another key, it does not concern the trail.
    assert_eq!(case.kinds(alone.clone()).await, []);
    let report = case.check(&[alone.with("/resources/0/ARN", KEY)]).await;
    assert_eq!(only(&report).kind, EnclaveAttestationMissing);
    assert!(!table(&report).contains(&(Rule::Key, CannotTell)));
}
