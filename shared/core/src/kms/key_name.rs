//! The names of a KMS key: its ARN, its bare ID, an alias.
//!
//! Other tests are in `tests/tests/kms/agreement.rs` and `tests/tests/kms/foreign.rs`.

use crate::names::arn::Parts;

/// Returns whether `key` is a key's ARN, `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`, and not an alias or
/// a bare ID.
///
/// Format: <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN>.
#[must_use]
pub fn is_key_arn(key: &str) -> bool {
    Parts::of(key).is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))
}

/// Compares keys. An object's header holds the key's ARN, or its bare ID if the writer named it
/// like that.
pub(super) fn same_key(header: &str, arn: &str) -> bool {
    header == arn || arn.split_once(":key/").is_some_and(|(_, id)| id == header)
}

/// Returns whether two ARNs name the same key, or the same multi-Region key in two Regions. Such
/// keys share their ID, their key material, and what they can decrypt.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/mrk-how-it-works.html>.
pub(super) fn is_same_or_related(key: &str, ours: &str) -> bool {
    let are_related = |key: Parts<'_>, ours: Parts<'_>| {
        (key.service, ours.service) == ("kms", "kms")
            && (key.partition, key.account, key.resource)
                == (ours.partition, ours.account, ours.resource)
            && key.resource.starts_with("key/mrk-")
    };
    key == ours
        || Parts::of(key)
            .zip(Parts::of(ours))
            .is_some_and(|(key, ours)| are_related(key, ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_arn_of_a_key_is_one() {
        const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for arn in [
            format!("arn:aws:kms:us-east-1:111122223333:key/{ID}"),
            "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd".to_owned(),
        ] {
            assert!(is_key_arn(&arn), "{arn}");
        }
        for other in [
            ID,
            "",
            "arn:",
            "arn:aws:kms",
            "alias/cloudtrail-logs",
            "arn:aws:kms:us-east-1:111122223333:alias/cloudtrail-logs",
            "arn:aws:kms:us-east-1:111122223333:alias/x:key/y",
            "arn:aws:kms:us-east-1:key/1234abcd",
            "arn:aws:s3:::amzn-s3-demo-bucket:kms:us-east-1:key/x",
            "aws:kms:us-east-1:111122223333:key/1234abcd",
        ] {
            assert!(!is_key_arn(other), "{other}");
        }
    }
}
