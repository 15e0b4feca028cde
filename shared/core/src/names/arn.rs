//! Amazon Resource Names, checked completely. An ARN that is one digit short names nothing, and
//! never matches anything.
//!
//! Rule: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>

use crate::names::ids::{AccountId, Region};
use crate::names::split::split_once;

/// The partitions of AWS, as ARNs contain them.
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
pub(crate) struct Parts<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a text into the parts of an ARN. Checks none of them, except the first.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let (partition, rest) = split_once(text.strip_prefix("arn:")?, b':')?;
        let (service, rest) = split_once(rest, b':')?;
        let (region, rest) = split_once(rest, b':')?;
        let (account, resource) = split_once(rest, b':')?;
        Some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }

    /// Returns whether it belongs to this service, with a Region of its partition and a complete
    /// account ID.
    fn is_regional(&self, service: &str) -> bool {
        self.service == service
            && Region::new(self.region).is_ok_and(|region| region.partition() == self.partition)
            && AccountId::new(self.account).is_ok()
    }
}

/// Returns whether `text` is a KMS key's ARN, `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, whose ID
/// is a lower-case UUID, or `mrk-` and 32 hex digits for a multi-Region key. An alias's ARN is not.
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

/// Returns whether `text` is an IAM role's ARN, `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`. A
/// session's ARN is not.
///
/// Rule: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
#[must_use]
pub fn is_role(text: &str) -> bool {
    /// The maximum lengths of a path and of a name, in characters.
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

/// Returns whether `text` is an SNS topic's ARN, `arn:PARTITION:sns:REGION:ACCOUNT:NAME`. A FIFO
/// topic's ARN is not, because it accepts no message without a group.
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

/// Returns whether a caller can have an ARN that `pattern` matches: a role, a user, an account's
/// root, or a session. In the pattern, `*` stands for any characters and `?` for one. The part
/// after the first of them is not checked, so that no pattern that matches a caller is refused.
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
    // Before a wildcard, a part is only the start of what it matches.
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

/// Returns a KMS key's ARN, if it is a complete one. An alias's ARN is not.
#[must_use]
pub fn kms_key_arn(text: &str) -> Option<String> {
    is_kms_key(text).then(|| text.to_owned())
}

/// Returns a role's ARN, if it is a complete one: `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`.
#[must_use]
pub fn role_arn(text: &str) -> Option<String> {
    is_role(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
