use super::policy::Ruling;
use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/trailseal-us-east-1-log-verifier";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn decrypt() -> AccessRequest {
    AccessRequest::of_role(ROLE, "111122223333", "kms:Decrypt", KEY)
        .with("kms:ViaService", "s3.us-east-1.amazonaws.com")
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is written in place, with json!"
)]
fn ruling(statement: serde_json::Value) -> Ruling {
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    AccessPolicy::of_resource(&policy)
        .unwrap()
        .ruling(&decrypt())
}

/// Returns the ruling on an Allow for everybody, with these elements in place of its own.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is written in place, with json!"
)]
fn allowed(elements: serde_json::Value) -> Truth {
    let mut statement = serde_json::json!({
        "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"
    });
    for (name, element) in elements.as_object().unwrap() {
        statement[name] = element.clone();
    }
    ruling(statement).allowed
}

#[test]
fn principals() {
    use serde_json::json;
    for (principal, expected) in [
        (json!("*"), Truth::Yes),
        (json!({"AWS": "*"}), Truth::Yes),
        (json!({"AWS": ROLE}), Truth::Yes),
        (json!({"AWS": "111122223333"}), Truth::Yes),
        (
            json!({"AWS": ["arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:root"]}),
            Truth::Yes,
        ),
        (json!({"AWS": "arn:aws:iam::444455556666:root"}), Truth::No),
        (json!({"AWS": "AROAEXAMPLEID"}), Truth::No),
        (json!({"Service": "s3.amazonaws.com"}), Truth::No),
    ] {
        assert_eq!(
            allowed(json!({"Principal": principal})),
            expected,
            "{principal}"
        );
    }
    let mut statement = serde_json::json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    statement["NotPrincipal"] = serde_json::json!({"AWS": "arn:aws:iam::444455556666:root"});
    assert_eq!(ruling(statement.clone()).denied, Truth::Yes);
    statement["NotPrincipal"] = serde_json::json!({"AWS": ROLE});
    assert_eq!(ruling(statement).denied, Truth::Unknown);
}

#[test]
fn actions_and_resources() {
    use serde_json::json;
    for (elements, expected) in [
        (json!({"Action": ["kms:decrypt"]}), Truth::Yes),
        (json!({"Action": "kms:De*"}), Truth::Yes),
        (json!({"Action": "kms:Encrypt"}), Truth::No),
        (json!({"Resource": KEY}), Truth::Yes),
        (json!({"Resource": "arn:aws:kms:*:*:key/*"}), Truth::Yes),
        (
            json!({"Resource": "arn:aws:kms:us-east-1:111122223333:key/other"}),
            Truth::No,
        ),
        (
            json!({"Resource": "arn:aws:kms:*:${aws:PrincipalAccount}:key/*"}),
            Truth::Unknown,
        ),
    ] {
        assert_eq!(allowed(elements.clone()), expected, "{elements}");
    }
}

#[test]
fn conditions() {
    use serde_json::json;
    for (condition, expected) in [
        (json!({}), Truth::Yes),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/trailseal-us-east-1-*"}}),
            Truth::Yes,
        ),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/other-*"}}),
            Truth::No,
        ),
        (
            json!({"StringLike": {"kms:ViaService": "s3.*"}}),
            Truth::Yes,
        ),
        (
            json!({"StringEquals": {"kms:viaservice": ["ec2.us-east-1.amazonaws.com"]}}),
            Truth::No,
        ),
        (
            json!({"StringNotEquals": {"kms:CallerAccount": "111122223333"}}),
            Truth::No,
        ),
        // The request does not have the key.
        (
            json!({"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}),
            Truth::No,
        ),
        (
            json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}),
            Truth::Yes,
        ),
        (
            json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1a2b3c4d"}}),
            Truth::Yes,
        ),
        (json!({"Null": {"aws:SourceVpce": "true"}}), Truth::Yes),
        (json!({"Null": {"aws:SourceVpce": "false"}}), Truth::No),
        (json!({"Bool": {"aws:SecureTransport": false}}), Truth::No),
        // What is not known here.
        (
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}),
            Truth::Unknown,
        ),
        (
            json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            Truth::Unknown,
        ),
        (
            json!({"NumericLessThan": {"kms:CallerAccount": "1"}}),
            Truth::Unknown,
        ),
        // All must be true.
        (
            json!({"Bool": {"aws:SecureTransport": "false"}, "IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            Truth::No,
        ),
    ] {
        assert_eq!(
            allowed(json!({"Condition": condition})),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn a_deny_is_named_and_does_not_hide_an_allow() {
    let ruling = ruling(serde_json::json!([
        {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
        {"Sid": "Never", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
         "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
        {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    ]));
    assert_eq!((ruling.allowed, ruling.denied), (Truth::Yes, Truth::Yes));
    assert_eq!(ruling.deniers, ["Never", "statement 3"]);
}

#[test]
fn a_new_statement_has_a_name_of_its_own() {
    let policy = |sids: &[&str]| {
        let statements: Vec<_> = sids
            .iter()
            .map(|sid| serde_json::json!({"Sid": sid}))
            .collect();
        let json = serde_json::json!({"Statement": statements}).to_string();
        AccessPolicy::of_resource(&json).unwrap()
    };
    assert_eq!(policy(&["Other"]).free_sid("Trailseal"), "Trailseal");
    assert_eq!(
        policy(&["Trailseal", "Trailseal2"]).free_sid("Trailseal"),
        "Trailseal3"
    );
}

#[test]
fn a_text_that_is_not_a_policy_is_an_error() {
    for text in ["{", "{}", r#"{"Statement": ["x"]}"#] {
        assert!(AccessPolicy::of_resource(text).is_err(), "{text}");
    }
    assert!(
        AccessPolicy::of_resource("")
            .unwrap()
            .ruling(&decrypt())
            .allowed
            == Truth::No
    );
}
