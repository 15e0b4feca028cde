//! Calls to KMS.

use super::{said, to_key, weakened};
use crate::case::{BARE, Case, KEY, OTHER_KEY, Record};
use serde_json::{Value, json};
use trailseal::finding::FindingKind;

const DISABLED: &str = "the key is disabled: CloudTrail cannot deliver log files under it, and nobody can read the existing ones";

fn policy(statements: &Value) -> Record {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    to_key("PutKeyPolicy").with("/requestParameters/policy", policy)
}

#[tokio::test]
async fn calls_that_take_the_key_away_are_reported() {
    let administrators = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"});
    let cloudtrail = json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:GenerateDataKey*", "Resource": "*"});
    let no_cloudtrail = "the key's new policy does not give cloudtrail.amazonaws.com kms:GenerateDataKey: CloudTrail cannot deliver log files under the key";
    let deletion = |days: u32| {
        format!(
            "the key cannot be used from now on, and AWS KMS deletes it after {days} days: CloudTrail cannot deliver log files under it, and once it is deleted, nobody can ever read the existing ones"
        )
    };
    for (record, expected) in [
        (to_key("DisableKey"), DISABLED.to_owned()),
        (
            to_key("DisableKey")
                .without("/resources")
                .with("/requestParameters/keyId", BARE),
            DISABLED.to_owned(),
        ),
        (to_key("ScheduleKeyDeletion"), deletion(30)),
        (
            to_key("ScheduleKeyDeletion").with("/requestParameters/pendingWindowInDays", 7),
            deletion(7),
        ),
        (
            to_key("DeleteImportedKeyMaterial"),
            "the key has no key material: CloudTrail cannot deliver log files under it, and nobody can read the existing ones".to_owned(),
        ),
        (policy(&json!([administrators])), no_cloudtrail.to_owned()),
        (policy(&json!([administrators, cloudtrail])), "valid".to_owned()),
        (to_key("PutKeyPolicy"), "cannot tell".to_owned()),
        (policy(&json!(7)), "cannot tell".to_owned()),
        (
            to_key("DisableKey").with("/errorCode", "AccessDenied"),
            "refused".to_owned(),
        ),
    ] {
        let shown = record.0.to_string();
        assert_eq!(said(&mut Case::new(), record).await, [expected], "{shown}");
    }
}

#[tokio::test]
async fn another_key_is_not_ours() {
    let other = to_key("DisableKey").with("/resources/0/ARN", OTHER_KEY);
    for record in [
        other.clone(),
        to_key("EnableKey"),
        to_key("CancelKeyDeletion"),
        to_key("DescribeKey"),
    ] {
        assert!(said(&mut Case::new(), record).await.is_empty());
    }
    // Without configured keys, ours are those of the log files.
    assert!(said(&mut Case::unconfigured(), other).await.is_empty());
    let ours = to_key("DisableKey");
    assert_eq!(said(&mut Case::unconfigured(), ours).await, [DISABLED]);
}

/// The state of the key is a finding already. One deed is one alert.
#[tokio::test]
async fn a_deed_that_explains_an_unusable_key_is_part_of_that_finding() {
    let mut case = Case::new();
    case.memory
        .describe(KEY, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Disabled");
    let report = case
        .check(&[Record::delivery(), to_key("DisableKey")])
        .await;
    assert!(weakened(&report).is_empty());
    let unusable = report.report.findings.iter();
    let mut unusable = unusable.filter(|it| it.kind == FindingKind::KmsKeyUnusable);
    assert_eq!(
        unusable.next().unwrap().message,
        format!(
            "Log files can no longer be encrypted under the trail's key: {KEY}. arn:aws:iam::111122223333:user/eve called DisableKey on the key {KEY} at 2026-01-15T12:10:31Z from 198.51.100.7, with aws-cli/2.31.0, in account 111122223333, in Region us-east-1 (event ID 2f8e806b-355c-49fc-9ac6-7cea7d864938)."
        )
    );
    assert_eq!(report.report.rules["logging"].finding, 1);
}
