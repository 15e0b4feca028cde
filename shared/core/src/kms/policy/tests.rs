#![expect(
    clippy::needless_pass_by_value,
    reason = "JSON is written where it is used"
)]

use super::*;
use crate::names::wildcard::wildcard_matches;
use proptest::prelude::*;
use serde_json::json;

const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
const TRAILS: &str = "arn:aws:cloudtrail:*:111122223333:trail/*";
const ANY_TRAIL: &str = "arn:aws:cloudtrail:*:*:trail/*";
const CONTEXT: &str = "kms:EncryptionContext:aws:cloudtrail:arn";

fn policy(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Id": "Key policy created by CloudTrail", "Statement": statements})
        .to_string()
}

fn is_open(statements: Value) -> bool {
    match check_policy(&policy(statements.clone())) {
        PolicyVerdict::Open { statements } => !statements.is_empty(),
        PolicyVerdict::Sound => false,
        PolicyVerdict::Unreadable(problem) => panic!("{problem}: {statements}"),
    }
}

/// Returns a statement that allows CloudTrail to encrypt, with some of its elements replaced.
fn encrypt(replaced: Value) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "kms:GenerateDataKey*",
        "Resource": "*",
    });
    let Value::Object(replaced) = replaced else {
        panic!("not an object")
    };
    for (element, value) in replaced {
        statement[&element] = value;
    }
    statement
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    statement
}

fn under(condition: Value) -> Value {
    encrypt(json!({"Condition": condition}))
}

/// Returns the policy that CloudTrail's console writes for a trail's key, as AWS documents it.
fn console_policy(condition: Value) -> Value {
    json!([
        {
            "Sid": "Enable IAM user permissions",
            "Effect": "Allow",
            "Principal": {"AWS": [
                "arn:aws:iam::111122223333:root",
                "arn:aws:iam::111122223333:user/username",
            ]},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "Allow CloudTrail to encrypt logs",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "kms:GenerateDataKey*",
            "Resource": "*",
            "Condition": condition,
        },
        {
            "Sid": "Allow CloudTrail to describe key",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "kms:DescribeKey",
            "Resource": "*",
        },
        {
            "Sid": "Allow principals in the account to decrypt log files",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["kms:Decrypt", "kms:ReEncryptFrom"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": "111122223333"},
                "StringLike": {CONTEXT: TRAILS},
            },
        },
        {
            "Sid": "Enable cross account log decryption",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["kms:Decrypt", "kms:ReEncryptFrom"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": "111122223333"},
                "StringLike": {CONTEXT: TRAILS},
            },
        },
    ])
}

#[test]
fn the_documented_policies_are_closed_and_their_variants_are_open() {
    for condition in [
        json!({"StringEquals": {"aws:SourceArn": TRAIL}, "StringLike": {CONTEXT: TRAILS}}),
        json!({"StringLike": {CONTEXT: TRAILS}}),
        json!({"StringLike": {CONTEXT: [TRAILS, "arn:aws:cloudtrail:*:444455556666:trail/*"]}}),
    ] {
        assert!(!is_open(console_policy(condition)));
    }
    for condition in [
        json!({}),
        json!({"StringLike": {CONTEXT: ANY_TRAIL}}),
        json!({"StringLike": {CONTEXT: [TRAILS, ANY_TRAIL]}}),
        json!({"StringLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::*"}}),
    ] {
        assert_eq!(
            check_policy(&policy(console_policy(condition))),
            PolicyVerdict::Open {
                statements: vec!["Allow CloudTrail to encrypt logs".to_owned()]
            }
        );
    }
}

#[test]
fn the_documented_policy_for_event_data_stores_is_open_to_trails() {
    // AWS documents it without a condition.
    assert!(is_open(json!([
        {
            "Sid": "The key created by CloudTrail to encrypt event data stores.",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
            "Resource": "*",
        },
    ])));
}

#[test]
fn conditions_that_name_an_account_close_the_policy() {
    for condition in [
        json!({"StringEquals": {CONTEXT: TRAIL}}),
        json!({"StringEquals": {CONTEXT: [TRAIL]}}),
        json!({"StringEqualsIgnoreCase": {CONTEXT: TRAIL}}),
        json!({"StringLike": {CONTEXT: "arn:*:cloudtrail:*:111122223333:*"}}),
        json!({"StringLike": {CONTEXT: "arn:aws:cloudtrail:us-east-1:111122223333*"}}),
        json!({"ArnLike": {CONTEXT: TRAILS}}),
        json!({"ArnEquals": {CONTEXT: TRAILS}}),
        json!({"ForAnyValue:StringLike": {CONTEXT: TRAILS}}),
        json!({"stringlike": {"KMS:encryptioncontext:AWS:CloudTrail:ARN": TRAILS}}),
        // Never true: no trail's ARN contains a star.
        json!({"StringEquals": {CONTEXT: ANY_TRAIL}}),
        json!({"StringLike": {CONTEXT: "arn:aws:cloudtrail:*:${aws:ResourceAccount}:trail/*"}}),
        json!({"StringEquals": {"aws:SourceArn": TRAIL}}),
        json!({"ArnLike": {"AWS:SourceARN": TRAILS}}),
        json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}),
        json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}),
        json!({"StringEquals": {"aws:SourceAccount": 111_122_223_333_u64}}),
        json!({"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}}),
        json!({
            "StringLike": {CONTEXT: ANY_TRAIL},
            "StringEquals": {"aws:SourceAccount": ["111122223333", "444455556666"]},
        }),
    ] {
        assert!(!is_open(under(condition.clone())), "{condition}");
    }
}

#[test]
fn other_conditions_leave_the_policy_open() {
    for condition in [
        json!({"StringLike": {CONTEXT: "*"}}),
        json!({"StringLike": {CONTEXT: ["*"]}}),
        json!({"StringLike": {CONTEXT: "arn:aws:cloudtrail:*"}}),
        json!({"StringLike": {CONTEXT: "arn:aws:cloud*"}}),
        json!({"StringLike": {CONTEXT: "a*"}}),
        json!({"StringLike": {CONTEXT: "arn:aws:cloudtrail:us-east-1:*:trail/management-events"}}),
        json!({"StringLike": {CONTEXT: "arn:aws:cloudtrail:us-east-1:11112222333?:trail/*"}}),
        json!({"StringLike": {CONTEXT: "arn:aws:cloudtrail:*:*:trail/111122223333"}}),
        json!({"ArnEquals": {CONTEXT: ANY_TRAIL}}),
        json!({"StringEquals": {CONTEXT: "arn:aws:cloudtrail:us-east-1:${aws:SourceAccount}:trail/a"}}),
        json!({"StringLike": {CONTEXT: []}}),
        json!({"StringLikeIfExists": {CONTEXT: TRAILS}}),
        json!({"StringEqualsIfExists": {"aws:SourceArn": TRAIL}}),
        json!({"ForAllValues:StringLike": {CONTEXT: TRAILS}}),
        json!({"ForAnyValue:StringLikeIfExists": {CONTEXT: TRAILS}}),
        json!({"StringNotEquals": {CONTEXT: TRAIL}}),
        json!({"StringNotLike": {CONTEXT: TRAILS}}),
        json!({"ArnNotLike": {"aws:SourceArn": TRAILS}}),
        json!({"Null": {CONTEXT: "false"}}),
        json!({"Null": {CONTEXT: false}}),
        json!({"StringLike": {"kms:EncryptionContext:aws:cloudtrail": TRAILS}}),
        json!({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "aws:cloudtrail:arn"}}),
        json!({"ArnLike": {"aws:SourceArn": ANY_TRAIL}}),
        json!({"StringLike": {"aws:SourceAccount": "*"}}),
        json!({"StringEquals": {"aws:SourceOrgID": "o-exampleorgid"}}),
        json!({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}),
        // For CloudTrail by name, the form of a service's call does not matter.
        json!({"StringEquals": {"kms:CallerAccount": "111122223333"}}),
        json!({"Bool": {"aws:SecureTransport": "true"}}),
        json!("nonsense"),
    ] {
        assert!(is_open(under(condition.clone())), "{condition}");
    }
}

#[test]
fn only_the_principals_that_cloudtrail_uses_count() {
    for (principal, expected) in [
        (json!({"Service": "cloudtrail.amazonaws.com"}), true),
        (
            json!({"Service": ["s3.amazonaws.com", "cloudtrail.amazonaws.com"]}),
            true,
        ),
        (
            json!({"Service": "cloudtrail.us-east-1.amazonaws.com"}),
            true,
        ),
        (json!({"Service": "cloudtrail.amazonaws.com.cn"}), true),
        (json!({"Service": "*"}), true),
        (
            json!({"AWS": "arn:aws:iam::111122223333:root", "Service": "cloudtrail.amazonaws.com"}),
            true,
        ),
        (json!("*"), true),
        (json!({"Service": "s3.amazonaws.com"}), false),
        (json!({"Service": []}), false),
        (json!({"AWS": "*"}), false),
        (json!({"AWS": "arn:aws:iam::111122223333:root"}), false),
        (json!({"AWS": "cloudtrail.amazonaws.com"}), false),
        (json!({"Federated": "*"}), false),
        (json!(null), false),
    ] {
        assert_eq!(
            is_open(encrypt(json!({"Principal": principal}))),
            expected,
            "{principal}"
        );
    }
    for (not, expected) in [
        (json!({"AWS": "arn:aws:iam::111122223333:root"}), true),
        (json!({"Service": "s3.amazonaws.com"}), true),
        (json!({"Service": "cloudtrail.amazonaws.com"}), false),
        (json!("*"), false),
    ] {
        assert_eq!(
            is_open(encrypt(json!({"Principal": null, "NotPrincipal": not}))),
            expected,
            "{not}"
        );
    }
}

#[test]
fn everybody_in_an_organization_is_not_a_service() {
    for (condition, expected) in [
        (
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            false,
        ),
        (
            json!({"StringEquals": {"kms:CallerAccount": "111122223333"}}),
            false,
        ),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Audit"}}),
            false,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalTag/team": "audit"}}),
            false,
        ),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": "false"}}),
            false,
        ),
        (json!({"Bool": {"aws:PrincipalIsAWSService": true}}), true),
        (
            json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            true,
        ),
        (
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            true,
        ),
        (
            json!({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}),
            true,
        ),
    ] {
        let statement = json!({"Principal": "*", "Condition": condition});
        assert_eq!(is_open(encrypt(statement)), expected, "{condition}");
    }
}

#[test]
fn only_actions_that_encrypt_count() {
    for (action, expected) in [
        (json!("kms:GenerateDataKey"), true),
        (json!("kms:GenerateDataKeyWithoutPlaintext"), true),
        (json!("KMS:generatedatakey*"), true),
        (json!("kms:Generate*"), true),
        (json!("kms:*"), true),
        (json!("*"), true),
        (json!(["kms:DescribeKey", "kms:GenerateDataKe?"]), true),
        (json!("kms:GenerateDataKeyPair"), false),
        (json!("kms:GenerateDataKe"), false),
        (json!(["kms:DescribeKey", "kms:Decrypt"]), false),
        (json!("s3:*"), false),
        (json!([]), false),
    ] {
        assert_eq!(
            is_open(encrypt(json!({"Action": action}))),
            expected,
            "{action}"
        );
    }
    for (not, expected) in [
        (json!("kms:Decrypt"), true),
        (json!(["kms:GenerateDataKey", "kms:Decrypt"]), true),
        (json!("kms:GenerateDataKey*"), false),
        (json!("*"), false),
    ] {
        let statement = encrypt(json!({"Action": null, "NotAction": not}));
        assert_eq!(is_open(statement), expected, "{not}");
    }
}

#[test]
fn only_the_effect_allow_allows() {
    for effect in [json!("allow"), json!("Deny"), json!(null), json!(["Allow"])] {
        assert!(!is_open(encrypt(json!({"Effect": effect}))), "{effect}");
    }
    assert!(is_open(encrypt(json!({}))), "one statement without a list");
    assert!(!is_open(json!([])));
}

#[test]
fn a_deny_for_all_other_trails_closes_the_policy() {
    let negative = json!({"StringNotLike": {CONTEXT: [TRAILS]}});
    for (deny, expected) in [
        (json!({"Condition": negative}), false),
        (
            json!({"Principal": "*", "Action": "kms:*", "Condition": negative}),
            false,
        ),
        (
            json!({"Condition": {"ArnNotEquals": {"aws:SourceArn": TRAIL}}}),
            false,
        ),
        (
            json!({"Condition": {"StringNotEquals": {"aws:SourceAccount": "111122223333"}}}),
            false,
        ),
        (json!({}), false),
        (json!({"Condition": {}}), false),
        // A denial for others, for less, or under further conditions.
        (
            json!({"Principal": {"AWS": "*"}, "Condition": negative}),
            true,
        ),
        (json!({"Principal": {"Service": "s3.amazonaws.com"}}), true),
        (
            json!({"Action": "kms:GenerateDataKey", "Condition": negative}),
            true,
        ),
        (
            json!({"Action": "kms:Decrypt", "Condition": negative}),
            true,
        ),
        (
            json!({"Condition": {"StringNotLike": {CONTEXT: ANY_TRAIL}}}),
            true,
        ),
        (json!({"Condition": {"StringNotLike": {CONTEXT: []}}}), true),
        (
            json!({"Condition": {"StringLike": {CONTEXT: TRAILS}}}),
            true,
        ),
        (
            json!({"Condition": {
                "StringNotLike": {CONTEXT: TRAILS},
                "Bool": {"aws:SecureTransport": "false"},
            }}),
            true,
        ),
        (json!({"Condition": "nonsense"}), true),
    ] {
        let mut denying = json!({"Effect": "Deny"});
        for (element, value) in deny.as_object().unwrap() {
            denying[element] = value.clone();
        }
        let statements = json!([encrypt(json!({})), encrypt(denying)]);
        assert_eq!(is_open(statements), expected, "{deny}");
    }
}

#[test]
fn every_open_statement_is_named() {
    let long = "x".repeat(500);
    let open = check_policy(&policy(json!([
        encrypt(json!({"Sid": "First"})),
        under(json!({"StringLike": {CONTEXT: TRAILS}})),
        encrypt(json!({"Sid": " "})),
        encrypt(json!({"Sid": long})),
        encrypt(
            json!({"Principal": null, "NotPrincipal": {"Service": "s3.amazonaws.com"}, "Action": "kms:*"})
        ),
    ])));
    let PolicyVerdict::Open { statements } = open else {
        panic!("{open:?}")
    };
    assert_eq!(statements.len(), 4);
    assert_eq!(statements[0], "First");
    assert_eq!(
        statements[1],
        r#"statement 3 (Principal {"Service":"cloudtrail.amazonaws.com"}, Action "kms:GenerateDataKey*")"#
    );
    assert_eq!(statements[2].chars().count(), MAX_SHOWN);
    assert!(
        statements[3].starts_with("statement 5 (NotPrincipal {"),
        "{}",
        statements[3]
    );
}

#[test]
fn text_that_is_not_a_policy_is_an_error() {
    let large = policy(json!([{"Sid": "x".repeat(MAX_POLICY_BYTES)}]));
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"Statement": "Allow"}"#,
        r#"{"Statement": [{}, "Allow"]}"#,
        &"[".repeat(1000),
        &large,
    ] {
        let verdict = check_policy(text);
        assert!(
            matches!(verdict, PolicyVerdict::Unreadable(_)),
            "{verdict:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_never_panics(text in any::<String>()) {
        let _ = check_policy(&text);
        let element = json!(text);
        let _ = check_policy(&policy(json!({
            "Sid": element,
            "Effect": "Allow",
            "Principal": {"Service": [element, "*"]},
            "Action": [element, "*"],
            "Condition": {"StringLike": {CONTEXT: element, (text.clone()): element}},
        })));
    }

    #[test]
    fn a_closing_pattern_matches_trails_of_one_account_only(
        pattern in "arn:(aws|\\*):cloudtrail:(\\*|us-east-1):?(\\*|\\?|[12]{11,13}|[12]{12}\\*):?(trail/)?\\*?",
    ) {
        let closes = !is_open(under(json!({"StringLike": {CONTEXT: pattern}})));
        let matched = ["111111111111", "222222222222", "333333333333"].iter().filter(|account| {
            let arn = format!("arn:aws:cloudtrail:us-east-1:{account}:trail/management-events");
            wildcard_matches(&pattern, &arn)
        });
        prop_assert!(!closes || matched.count() <= 1);
    }
}
