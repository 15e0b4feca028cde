//! Rules 1 and 2: the encryption context names an expected trail, and an object of that trail.

use super::ruling::{Ruling, wrong};
use crate::finding::FindingKind;
use crate::kms::context::{ContextObject, ContextTarget};
use crate::kms::event::{KmsEvent, OBJECT_CONTEXT, TRAIL_CONTEXT};
use crate::kms::expected::Expected;
use crate::names::ids::TrailArn;
use crate::names::object_key::Chain;

/// Rule 1, as far as the configuration tells: `aws:cloudtrail:arn` is a trail's ARN, and one of
/// the configured trails. None configured: see [`trail_is_known`]. `named` is the trail of that ARN,
/// if it is one.
pub(crate) fn trail(event: &KmsEvent<'_>, named: Option<&TrailArn>, expected: &Expected) -> Ruling {
    let Some(text) = event.trail.as_deref() else {
        // Encrypted by the bucket's default, or under a Bucket Key: no trail is named.
        return Ruling::Silent;
    };
    let trails = &expected.places.trails;
    match named {
        None => wrong(
            FindingKind::KmsContextMismatch,
            format!("{TRAIL_CONTEXT} with a trail's ARN"),
            text,
        ),
        Some(_) if trails.is_empty() => Ruling::Silent,
        Some(arn) if trails.contains(arn) => Ruling::Valid("the trail is a configured one"),
        Some(_) => {
            let trails: Vec<String> = trails.iter().map(TrailArn::to_string).collect();
            wrong(
                FindingKind::KmsContextMismatch,
                format!("{TRAIL_CONTEXT} {}", trails.join(" or ")),
                text,
            )
        }
    }
}

/// Rule 1, where no trail is configured: the trail is one whose digests lie in the bucket, by home
/// Region and name. `known` are the chains there, beside the object; none: nothing can be said.
pub(crate) fn trail_is_known(trail: &TrailArn, known: &[Chain]) -> Ruling {
    let is = |chain: &Chain| chain.trail == trail.name && chain.home_region == trail.home_region;
    if known.is_empty() {
        return Ruling::Silent;
    }
    if known.iter().any(is) {
        return Ruling::Valid("the trail delivers digests to the bucket");
    }
    let mut names: Vec<String> = known
        .iter()
        .map(|chain| format!("{} of {}", chain.trail, chain.home_region))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(5);
    wrong(
        FindingKind::KmsContextMismatch,
        format!(
            "{TRAIL_CONTEXT} of a trail that delivers digests to the bucket: {}",
            names.join(" or ")
        ),
        trail.to_string(),
    )
}

/// Rule 2: `aws:s3:arn` names a bucket of ours, in one of the four documented forms, and agrees
/// with itself and with the trail.
pub(crate) fn object(
    event: &KmsEvent<'_>,
    trail: Option<&TrailArn>,
    named: Option<&ContextObject>,
    expected: &Expected,
) -> Ruling {
    let mismatch =
        |expected: String, actual: &str| wrong(FindingKind::KmsContextMismatch, expected, actual);
    let (Some(named), Some(text)) = (named, event.object.as_deref()) else {
        return mismatch(
            format!("{OBJECT_CONTEXT} with the bucket, folder or log file"),
            event.object.as_deref().unwrap_or("none"),
        );
    };
    let places = &expected.places;
    if !named.ours {
        return mismatch(
            format!("{OBJECT_CONTEXT} in {}", places.log_buckets.join(" or ")),
            text,
        );
    }
    let partition = trail
        .or(places.trails.first())
        .map(|trail| trail.home_region.partition());
    let well_formed = !matches!(
        named.target,
        ContextTarget::Unknown | ContextTarget::InconsistentLogFile(_)
    );
    if !well_formed || partition.is_some_and(|partition| partition != named.partition) {
        return mismatch(
            format!(
                "{OBJECT_CONTEXT} with the bucket, the trail's folder, or a log file's key that agrees with itself"
            ),
            text,
        );
    }
    match (trail, named.single_account()) {
        (Some(trail), Some(account)) if trail.account != *account => mismatch(
            format!(
                "{OBJECT_CONTEXT} of account {}, which the trail belongs to",
                trail.account
            ),
            text,
        ),
        _ => Ruling::Valid("the object is the trail's, and its path agrees with itself"),
    }
}
