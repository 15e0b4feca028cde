//! The trail, bucket or key that a call changes.

use super::call::WatchedCall;
use super::setting::text;
use crate::names::ids::{AccountId, Region, TrailArn, TrailName};
use std::fmt;

/// The thing that a call changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A trail.
    Trail(TrailArn),
    /// A bucket, by name.
    Bucket(String),
    /// A key, by ARN.
    Key(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trail(arn) => write!(f, "the trail {arn}"),
            Self::Bucket(name) => write!(f, "the log bucket {name}"),
            Self::Key(arn) => write!(f, "the key {arn}"),
        }
    }
}

/// Returns the trail of a call to CloudTrail.
///
/// The response of some calls has its ARN. Otherwise the request has its ARN or its name. A name is
/// that of a trail of the caller's account in the Region of the call: these calls work only in the
/// trail's home Region, and only an ARN names a trail of another account.
///
/// Rules: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>,
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html>
pub(super) fn trail(call: &WatchedCall<'_>) -> Option<Target> {
    let of_response = text(call.response.get("trailARN"));
    if let Some(arn) = of_response.and_then(|arn| TrailArn::parse(arn).ok()) {
        return Some(Target::Trail(arn));
    }
    let named = ["name", "trailName"]
        .iter()
        .find_map(|field| text(call.request.get(*field)))?;
    if let Ok(arn) = TrailArn::parse(named) {
        return Some(Target::Trail(arn));
    }
    let account = call.recipient.as_deref().or(call.caller_account.as_deref());
    Some(Target::Trail(TrailArn::new(
        Region::new(call.region.as_deref()?).ok()?,
        AccountId::new(account?).ok()?,
        TrailName::new(named).ok()?,
    )))
}

/// Returns the bucket of a call to S3.
pub(super) fn bucket(call: &WatchedCall<'_>) -> Option<Target> {
    let name = text(call.request.get("bucketName"))?;
    Some(Target::Bucket(name.to_owned()))
}

/// Returns the key of a call to KMS: `resources` or the response has its ARN, and the request its
/// ARN or its ID.
///
/// Rule: <https://docs.aws.amazon.com/kms/latest/developerguide/ct-disablekey.html>
pub(super) fn key(call: &WatchedCall<'_>) -> Option<Target> {
    let is_arn = |text: &&str| text.starts_with("arn:") && text.contains(":key/");
    let requested = text(call.request.get("keyId"));
    let arn = call
        .resource
        .as_deref()
        .filter(is_arn)
        .or_else(|| text(call.response.get("keyId")).filter(is_arn))
        .or(requested.filter(is_arn));
    if let Some(arn) = arn {
        return Some(Target::Key(arn.to_owned()));
    }
    let region = Region::new(call.region.as_deref()?).ok()?;
    let account = AccountId::new(call.recipient.as_deref()?).ok()?;
    let partition = region.partition();
    Some(Target::Key(format!(
        "arn:{partition}:kms:{region}:{account}:key/{}",
        requested?
    )))
}
