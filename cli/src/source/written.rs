//! Other notations for the place of log files, and the text to write instead.

use std::path::Path;
use trailseal::names::url_encoding::url_decode;

/// The maximum length of a text that is examined: a bucket's name, a key, and the additions of a
/// console's URL.
const MAX_BYTES: usize = 8 * 1024;

/// Returns the text to write instead of `text`, if it names something in S3, but not as
/// `s3://BUCKET/KEY`.
pub(super) fn suggestion(text: &str) -> Option<String> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let (bucket, key) = of_arn(text)
        .or_else(|| of_scheme(text))
        .or_else(|| of_url(text))
        .or_else(|| of_bare_name(text))?;
    let is_bucket = trailseal::names::bucket_name::bucket_name(&bucket).is_some();
    is_bucket.then(|| match key.as_str() {
        "" => format!("s3://{bucket}"),
        key => format!("s3://{bucket}/{key}"),
    })
}

/// Splits `BUCKET/KEY`.
fn split(text: &str) -> (String, String) {
    let (bucket, key) = text.split_once('/').unwrap_or((text, ""));
    (bucket.to_owned(), key.to_owned())
}

/// Reads `arn:aws:s3:::BUCKET/KEY`.
fn of_arn(text: &str) -> Option<(String, String)> {
    let rest = text.strip_prefix("arn:")?;
    let (_, rest) = rest.split_once(":s3:::")?;
    Some(split(rest))
}

/// Reads `S3://BUCKET/KEY`, and mistakes such as `s3:/BUCKET` and `s3a://BUCKET`.
fn of_scheme(text: &str) -> Option<(String, String)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_s3 = ["s3", "s3a", "s3n"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    is_s3.then(|| split(rest.trim_start_matches('/')))
}

/// Reads `https://BUCKET.s3.REGION.amazonaws.com/KEY`,
/// `https://s3.REGION.amazonaws.com/BUCKET/KEY`, and the console's
/// `https://REGION.console.aws.amazon.com/s3/buckets/BUCKET?prefix=KEY`.
fn of_url(text: &str) -> Option<(String, String)> {
    let (scheme, rest) = text.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let path = decoded(path)?;
    if host.contains("console.") {
        let mut parts = path.strip_prefix("s3/")?.splitn(3, '/');
        let kind = parts.next()?;
        matches!(kind, "buckets" | "object").then_some(())?;
        let bucket = parts.next()?.to_owned();
        let prefix = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("prefix="));
        return Some((bucket, url_decode(prefix.unwrap_or_default())?));
    }
    let is_aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    if !is_aws {
        return None;
    }
    if host.starts_with("s3.") || host.starts_with("s3-") {
        return Some(split(&path));
    }
    let at = host.find(".s3.").or_else(|| host.find(".s3-"))?;
    Some((host.get(..at)?.to_owned(), path))
}

/// Decodes a path, in which `+` is a plus sign.
fn decoded(path: &str) -> Option<String> {
    url_decode(&path.replace('+', "%2B"))
}

/// Reads `BUCKET` or `BUCKET/KEY`, if no such file exists.
fn of_bare_name(text: &str) -> Option<(String, String)> {
    let (bucket, key) = split(text);
    // Old buckets may have other names, but such a text is more likely a folder.
    let is_name = (3..=63).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    (is_name && Path::new(text).symlink_metadata().is_err()).then_some((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: &str = "s3://amzn-s3-demo-bucket";
    const KEY: &str = "s3://amzn-s3-demo-bucket/team a+b/AWSLogs/";

    #[test]
    fn buckets_and_keys_are_recognized_in_every_spelling() {
        for (text, expected) in [
            ("amzn-s3-demo-bucket", BUCKET),
            ("S3://amzn-s3-demo-bucket", BUCKET),
            ("s3:/amzn-s3-demo-bucket", BUCKET),
            ("s3a://amzn-s3-demo-bucket/", BUCKET),
            ("arn:aws:s3:::amzn-s3-demo-bucket", BUCKET),
            ("arn:aws-us-gov:s3:::amzn-s3-demo-bucket/", BUCKET),
            ("https://amzn-s3-demo-bucket.s3.amazonaws.com", BUCKET),
            (
                "https://amzn-s3-demo-bucket.s3-eu-west-1.amazonaws.com/",
                BUCKET,
            ),
            (
                "https://s3.cn-north-1.amazonaws.com.cn/amzn-s3-demo-bucket",
                BUCKET,
            ),
            (
                "https://s3.console.aws.amazon.com/s3/buckets/amzn-s3-demo-bucket?region=us-east-1&tab=objects",
                BUCKET,
            ),
            ("amzn-s3-demo-bucket/team a+b/AWSLogs/", KEY),
            ("arn:aws:s3:::amzn-s3-demo-bucket/team a+b/AWSLogs/", KEY),
            (
                "https://amzn-s3-demo-bucket.s3.us-east-1.amazonaws.com/team%20a+b/AWSLogs/?versionId=x",
                KEY,
            ),
            (
                "https://s3.us-east-1.amazonaws.com/amzn-s3-demo-bucket/team%20a%2Bb/AWSLogs/",
                KEY,
            ),
            (
                "https://us-east-1.console.aws.amazon.com/s3/buckets/amzn-s3-demo-bucket?region=us-east-1&prefix=team+a%2Bb/AWSLogs/#x",
                KEY,
            ),
            (
                "https://us-east-1.console.aws.amazon.com/s3/object/amzn-s3-demo-bucket?prefix=team+a%2Bb%2FAWSLogs%2F",
                KEY,
            ),
        ] {
            assert_eq!(suggestion(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn no_bucket_is_guessed_from_other_text() {
        for text in [
            "",
            ".",
            "copy dir",
            "/no/such/directory",
            "./no/such",
            "https://example.com",
            "https://example.com/amzn-s3-demo-bucket",
            "https://s3.amazonaws.com/",
            "https://console.aws.amazon.com/cloudtrail/home",
            "arn:aws:s3:us-east-1:111122223333:accesspoint/logs",
            "ftp://amzn-s3-demo-bucket",
            "src",
        ] {
            assert_eq!(suggestion(text), None, "{text}");
        }
    }

    #[test]
    fn very_long_text_is_ignored() {
        let long = format!("arn:aws:s3:::amzn-s3-demo-bucket/{}", "x".repeat(MAX_BYTES));
        assert_eq!(suggestion(&long), None);
    }
}
