//! Amazon Resource Names, checked completely: an ARN that is one digit short names nothing, and
//! whatever is compared with it never matches.
//!
//! Rule: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use crate::names::ids::{AccountId, Region};

/// The partitions of AWS, as they stand in ARNs.
pub(crate) const PARTITIONS: [&str; 8] = [
    "aws",
    "aws-cn",
    "aws-us-gov",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-eusc",
];

/// The six parts of an ARN, the first of which is always `arn`.
struct Parts<'a> {
    partition: &'a str,
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }

    /// Whether it is of this service, in a Region of its partition and a whole account.
    fn is_regional(&self, service: &str) -> bool {
        self.service == service
            && Region::new(self.region).is_ok_and(|region| region.partition() == self.partition)
            && AccountId::new(self.account).is_ok()
    }
}

/// Whether `text` is a KMS key's ARN, `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, whose id is a
/// lower-case UUID, or `mrk-` and 32 hex digits for a multi-Region key. An alias's ARN is not.
///
/// Rule: <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>
#[must_use]
pub fn is_kms_key(text: &str) -> bool {
    Parts::of(text).is_some_and(|arn| {
        arn.is_regional("kms")
            && arn
                .resource
                .strip_prefix("key/")
                .is_some_and(|id| is_uuid(id) || id.strip_prefix("mrk-").is_some_and(is_hex_32))
    })
}

fn is_hex_32(text: &str) -> bool {
    text.len() == 32 && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    text.split('-').count() == lengths.len()
        && text
            .split('-')
            .zip(lengths)
            .all(|(group, length)| group.len() == length && is_hex(group))
}

/// Whether `text` is an IAM role's ARN, `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`. A session's
/// ARN is not.
///
/// Rule: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
#[must_use]
pub fn is_role(text: &str) -> bool {
    /// The most characters of a path, and of a name.
    const LONGEST: (usize, usize) = (512, 64);
    Parts::of(text).is_some_and(|arn| {
        let Some(path_and_name) = arn.resource.strip_prefix("role/") else {
            return false;
        };
        let (path, name) = path_and_name
            .rsplit_once('/')
            .unwrap_or(("", path_and_name));
        PARTITIONS.contains(&arn.partition)
            && (arn.service, arn.region) == ("iam", "")
            && AccountId::new(arn.account).is_ok()
            && path.len() <= LONGEST.0
            && path.bytes().all(|b| b.is_ascii_graphic())
            && (1..=LONGEST.1).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
    })
}

/// Whether `text` is an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`. A FIFO topic's is
/// not: it takes no message without a group.
///
/// Rule: <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
#[must_use]
pub fn is_topic(text: &str) -> bool {
    Parts::of(text).is_some_and(|arn| {
        arn.is_regional("sns")
            && (1..=256).contains(&arn.resource.len())
            && arn
                .resource
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    })
}

/// Whether a caller can have an ARN that `pattern` matches: a role, a user, an account's root, or
/// a session. In the pattern `*` stands for any characters and `?` for one; what follows the first
/// of them is not looked at, so that no pattern is refused that matches a caller.
///
/// Rule: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[must_use]
pub fn can_match_caller(pattern: &str) -> bool {
    const CALLERS: [(&str, &[&str]); 2] = [
        ("iam", &["role/", "user/", "root"]),
        ("sts", &["assumed-role/", "federated-user/"]),
    ];
    let head = pattern.split(['*', '?']).next().unwrap_or_default();
    let is_open = head.len() < pattern.len();
    let parts: Vec<&str> = head.splitn(6, ':').collect();
    // Before a wildcard a part is only the beginning of what it matches.
    let fits = |at: usize, whole: &str| match parts.get(at) {
        None => is_open,
        Some(part) if is_open && at + 1 == parts.len() => whole.starts_with(part),
        Some(part) => *part == whole,
    };
    let account_fits = match parts.get(4) {
        None => is_open,
        Some(account) => {
            let is_begun = is_open && parts.len() == 5 && account.len() <= 12;
            account.bytes().all(|b| b.is_ascii_digit()) && (is_begun || account.len() == 12)
        }
    };
    let names = |kind: &str| match parts.get(5) {
        None => is_open,
        Some(resource) if kind.ends_with('/') && resource.len() > kind.len() => {
            resource.starts_with(kind)
        }
        Some(resource) if is_open => kind.starts_with(resource),
        Some(resource) => !kind.ends_with('/') && *resource == kind,
    };
    fits(0, "arn")
        && PARTITIONS.iter().any(|partition| fits(1, partition))
        && fits(3, "")
        && account_fits
        && CALLERS
            .iter()
            .any(|(service, kinds)| fits(2, service) && kinds.iter().any(|kind| names(kind)))
}

/// A KMS key's ARN, if it is a whole one. An alias's is not.
#[must_use]
pub fn kms_key_arn(text: &str) -> Option<String> {
    is_kms_key(text).then(|| text.to_owned())
}

/// A role's ARN, if it is a whole one: `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`.
#[must_use]
pub fn role_arn(text: &str) -> Option<String> {
    is_role(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
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
    fn patterns_that_no_caller_matches_are_seen() {
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
        /// A pattern that is refused matches no caller: nobody's reader is taken away.
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
}
