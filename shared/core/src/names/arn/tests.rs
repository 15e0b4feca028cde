use super::*;
use crate::names::wildcard::wildcard_matches;
use proptest::prelude::*;

const UUID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn key_arns_are_checked_completely() {
    for text in [
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ] {
        assert!(is_kms_key(text), "{text}");
    }
    for text in [
        "",
        UUID,
        "arn:aws:kms:us-east-1:111122223333:key/",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890abc",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab ",
        "arn:aws:kms:us-east-1:111122223333:key/1234ABCD-12AB-34CD-56EF-1234567890AB",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd12ab34cd56ef1234567890ab",
        "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd",
        "arn:aws:kms:us-east-1:111122223333:key/*",
        "arn:aws:kms:us-east-1:111122223333:alias/logs",
        "arn:aws:kms:us-east-1:11112222333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:us-east-1::key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:*:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-x:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:s3:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "ARN:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ] {
        assert!(!is_kms_key(text), "{text}");
    }
}

#[test]
fn role_arns_are_checked_completely() {
    for text in [
        "arn:aws:iam::111122223333:role/Audit",
        "arn:aws-cn:iam::111122223333:role/path/to/Audit",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Audit_0123456789abcdef",
        "arn:aws:iam::111122223333:role/a+b=c@d.e-f_g",
    ] {
        assert!(is_role(text), "{text}");
    }
    let long = format!("arn:aws:iam::111122223333:role/{}", "x".repeat(65));
    for text in [
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role/path/",
        "arn:aws:iam::111122223333:role/Audit ",
        "arn:aws:iam::111122223333:role/Audit*",
        "arn:aws:iam::11112222333:role/Audit",
        "arn:aws:iam:us-east-1:111122223333:role/Audit",
        "arn:aws:sts::111122223333:assumed-role/Audit/alice",
        "arn:aws:iam::111122223333:user/Audit",
        "arn:AWS:iam::111122223333:role/Audit",
        "Audit",
        &long,
    ] {
        assert!(!is_role(text), "{text}");
    }
}

#[test]
fn topic_arns_are_checked_completely() {
    assert!(is_topic(
        "arn:aws:sns:us-east-1:111122223333:trailseal-Alerts_1"
    ));
    for text in [
        "alerts",
        "arn:aws:sns:us-east-1:111122223333:",
        "arn:aws:sns:us-east-1:111122223333:alerts.fifo",
        "arn:aws:sns:us-east-1:111122223333:alerts:0f2a8b4c-1d3e-4f5a-8b6c-7d9e0f1a2b3c",
        "arn:aws:sns:us-east-1:1111222233:alerts",
        "arn:aws:sqs:us-east-1:111122223333:alerts",
        "arn:aws:sns:everywhere:111122223333:alerts",
    ] {
        assert!(!is_topic(text), "{text}");
    }
}

#[test]
fn patterns_that_no_caller_can_match_are_refused() {
    for text in [
        "arn:aws:iam::111122223333:role/Audit",
        "arn:aws:iam::111122223333:role/Audit*",
        "arn:aws:iam::111122223333:r*",
        "arn:aws:iam::111122223333:*",
        "arn:aws:iam::????22223333:role/Audit",
        "arn:aws:iam::1111*",
        "arn:aws:iam::444455556666:root",
        "arn:aws:sts::111122223333:assumed-role/Audit/alice",
        "arn:aws:sts::111122223333:federated-user/bob",
        "arn:aws-us-gov:iam::111122223333:user/a",
        "arn:aws*:iam::111122223333:role/Audit",
        "arn:*:role/Audit",
        "arn:a?s:iam::111122223333:role/Audit",
        "arn:aws:i*",
        "arn:aws:???::111122223333:????/Audit",
    ] {
        assert!(can_match_caller(text), "{text}");
    }
    for text in [
        "arn:aws:iam::11112222333:role/Audit",
        "arn:aws:iam::1111-2222-3333:role/Audit",
        "arn:aws:iam:us-east-1:111122223333:role/Audit",
        "arn:aws:iam::111122223333:Role/Audit",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role",
        "arn:aws:iam::111122223333:group/Auditors",
        "arn:aws:iam::111122223333:policy/Audit*",
        "arn:aws:iam::111122223333:assumed-role/Audit/alice",
        "arn:aws:sts::111122223333:role/Audit",
        "arn:aws:s3:::amzn-s3-demo-bucket",
        "arn:amazon:iam::111122223333:role/Audit",
        "arn:aws:kms*",
        "arn:aws:iam::1111222233334*",
        "arn:aws:iam::x*",
        "Audit",
    ] {
        assert!(!can_match_caller(text), "{text}");
    }
}

proptest! {
    /// Checks that a refused pattern matches no caller, so that no reader is lost.
    #[test]
    fn no_pattern_that_matches_a_caller_is_refused(
        caller in prop::sample::select(vec![
            "arn:aws:iam::111122223333:role/path/Audit",
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:iam::111122223333:root",
            "arn:aws-us-gov:sts::111122223333:assumed-role/Audit/alice",
            "arn:aws-cn:sts::111122223333:federated-user/bob",
        ]),
        cut in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..4),
        star in prop::option::of((any::<prop::sample::Index>(), 0_usize..30)),
    ) {
        let mut pattern: Vec<char> = caller.chars().collect();
        for (index, _) in cut.iter().filter(|(_, yes)| *yes) {
            let at = index.index(pattern.len() - 4) + 4;
            pattern[at] = '?';
        }
        if let Some((index, length)) = star {
            let at = index.index(pattern.len() - 4) + 4;
            let end = (at + length).min(pattern.len());
            pattern.splice(at..end, ['*']);
        }
        let pattern: String = pattern.into_iter().collect();
        prop_assert!(wildcard_matches(&pattern, caller));
        prop_assert!(can_match_caller(&pattern), "{}", pattern);
    }
}
