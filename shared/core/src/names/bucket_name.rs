//! The names of buckets, and of a bucket and its replica.

use crate::names::value;

/// Returns the name of a bucket, if it is one.
///
/// Rule: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>, with
/// the upper-case letters, the underscores and the length of old buckets in us-east-1.
#[must_use]
pub fn bucket_name(text: &str) -> Option<String> {
    let well_formed = (3..=255).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("..")
        && text.parse::<std::net::Ipv4Addr>().is_err();
    well_formed.then(|| text.to_owned())
}

/// Returns a replica, `ORIGINAL=REPLICA`, as the names of two buckets. Returns `None` if both are
/// the same: objects in a replica are judged more patiently, and a bucket is not a replica of
/// itself.
#[must_use]
pub fn bucket_alias(text: &str) -> Option<(String, String)> {
    let (original, replica) = text.split_once('=')?;
    let (original, replica) = (value::plain(original), value::plain(replica));
    (original != replica).then_some(())?;
    Some((bucket_name(original)?, bucket_name(replica)?))
}
