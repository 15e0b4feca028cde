//! Names of objects and resources, as CloudTrail writes them.

use jiff::Timestamp;

use super::region::partition;
use super::spec::TrailSpec;
use super::time::{compact_minutes, compact_seconds, date_folder, five_minute_step};

/// Returns the trail's ARN.
pub(crate) fn trail_arn(spec: &TrailSpec) -> String {
    format!(
        "arn:{}:cloudtrail:{}:{}:trail/{}",
        partition(&spec.home_region),
        spec.home_region,
        spec.trail_account(),
        spec.trail_name
    )
}

/// Returns `[prefix/]AWSLogs/[organization/]ACCOUNT`, as it is when the trail starts.
pub(crate) fn account_folder(spec: &TrailSpec, account: &str) -> String {
    folder_of(spec, account, spec.organization_id.as_deref())
}

fn folder_of(spec: &TrailSpec, account: &str, organization: Option<&str>) -> String {
    let prefix = match &spec.prefix {
        Some(prefix) => format!("{prefix}/"),
        None => String::new(),
    };
    let organization = match organization {
        Some(id) => format!("{id}/"),
        None => String::new(),
    };
    format!("{prefix}AWSLogs/{organization}{account}")
}

/// Returns the key of a file in one of the trail's folders (`CloudTrail`, `CloudTrail-Insight` …).
pub(crate) fn file_key(
    spec: &TrailSpec,
    folder: &str,
    account: &str,
    region: &str,
    delivered_at: Timestamp,
    unique: &str,
) -> String {
    let step = five_minute_step(delivered_at);
    format!(
        "{}/{folder}/{region}/{}/{account}_{folder}_{region}_{}_{unique}.json.gz",
        folder_of(spec, account, spec.organization_at(delivered_at)),
        date_folder(step),
        compact_minutes(step)
    )
}

/// Returns the key of a digest file; `suffix` is empty or `_backfill`.
pub(crate) fn digest_key(
    spec: &TrailSpec,
    account: &str,
    region: &str,
    end: Timestamp,
    suffix: &str,
) -> String {
    format!(
        "{}/CloudTrail-Digest/{region}/{}/{account}_CloudTrail-Digest_{region}_{}_{}_{}{suffix}.json.gz",
        folder_of(spec, account, spec.organization_at(end)),
        date_folder(end),
        spec.trail_name,
        spec.home_region,
        compact_seconds(end)
    )
}

/// Returns the ARN of an object, or of a folder.
pub(crate) fn object_arn(spec: &TrailSpec, bucket: &str, key: &str) -> String {
    format!("{}/{key}", bucket_arn(spec, bucket))
}

/// Returns the ARN of a bucket.
pub(crate) fn bucket_arn(spec: &TrailSpec, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", partition(&spec.home_region))
}
