//! The names of a KMS key: its ARN, its bare ID, an alias.
//!
//! The tests are in `tests/tests/kms/agreement.rs` and `tests/tests/kms/foreign.rs`.

/// Returns whether `key` is a key's ARN, and not an alias or a bare ID.
#[must_use]
pub fn is_key_arn(key: &str) -> bool {
    let has = |part: &[u8; 5]| key.as_bytes().windows(5).any(|bytes| bytes == part);
    key.starts_with("arn:") && has(b":kms:") && has(b":key/")
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
    fn parts(arn: &str) -> Option<[&str; 3]> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, "kms", _, account, key] => Some([partition, account, key]),
            _ => None,
        }
    }
    key == ours
        || match (parts(key), parts(ours)) {
            (Some(key), Some(ours)) => {
                let [_, _, resource] = key;
                key == ours && resource.starts_with("key/mrk-")
            }
            _ => false,
        }
}
