//! Rules 1 and 2: the encryption context names an expected trail, and an object of that trail.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use super::ruling::Ruling;
use crate::finding::kms::ContextMismatch;
use crate::kms::context::{ContextObject, ContextTarget};
use crate::kms::event::KmsEvent;
use crate::kms::expected::Expected;
use crate::names::ids::TrailArn;
use crate::names::object_key::Chain;

/// Rule 1, as far as the configuration decides it: `aws:cloudtrail:arn` is a trail's ARN, and one
/// of the configured trails. If none is configured, see [`trail_is_known`]. `named` is the trail of
/// that ARN, if it is one.
pub(crate) fn trail(
    event: &KmsEvent<'_>,
    named: Option<&TrailArn>,
    expected: &Expected,
) -> Ruling<ContextMismatch> {
    let Some(text) = event.trail.as_deref() else {
        // Encrypted by the bucket's default, or under a Bucket Key: the context does not name a
        // trail.
        return Ruling::Silent;
    };
    let trails = &expected.places.trails;
    match named {
        None => Ruling::Wrong(ContextMismatch::NoTrail {
            named: text.to_owned(),
        }),
        Some(_) if trails.is_empty() => Ruling::Silent,
        Some(arn) if trails.contains(arn) => Ruling::Valid("the trail is a configured one"),
        Some(_) => Ruling::Wrong(ContextMismatch::OtherTrail {
            named: text.to_owned(),
            configured: trails.clone(),
        }),
    }
}

/// Rule 1, if no trail is configured: the bucket holds digests of the trail, by home Region and
/// name. `known` are the chains next to the object. If there are none, nothing can be said.
pub(crate) fn trail_is_known(trail: &TrailArn, known: &[Chain]) -> Ruling<ContextMismatch> {
    let is = |chain: &Chain| chain.trail == trail.name && chain.home_region == trail.home_region;
    if known.is_empty() {
        return Ruling::Silent;
    }
    if known.iter().any(is) {
        return Ruling::Valid("the trail delivers digests to the bucket");
    }
    Ruling::Wrong(ContextMismatch::TrailWithoutDigests {
        named: trail.clone(),
        known: known.to_vec(),
    })
}

/// Rule 2: `aws:s3:arn` names one of our buckets, in one of the four documented forms, and agrees
/// with itself and with the trail.
pub(crate) fn object(
    event: &KmsEvent<'_>,
    trail: Option<&TrailArn>,
    named: Option<&ContextObject<'_>>,
    expected: &Expected,
) -> Ruling<ContextMismatch> {
    let (Some(object), Some(text)) = (named, event.object.as_deref()) else {
        return Ruling::Wrong(ContextMismatch::NoObject {
            named: event.object.as_deref().map(str::to_owned),
        });
    };
    let named = || text.to_owned();
    let places = &expected.places;
    if !object.ours {
        return Ruling::Wrong(ContextMismatch::OtherBucket {
            named: named(),
            log_buckets: places.log_buckets.clone(),
        });
    }
    let partition = trail.or(places.trails.first()).map(TrailArn::partition);
    let well_formed = !matches!(
        object.target,
        ContextTarget::Unknown | ContextTarget::InconsistentLogFile(_)
    );
    if !well_formed || partition.is_some_and(|partition| partition != object.partition) {
        return Ruling::Wrong(ContextMismatch::InconsistentObject { named: named() });
    }
    match (trail, object.single_account()) {
        (Some(trail), Some(account)) if trail.account != *account => {
            Ruling::Wrong(ContextMismatch::OtherAccount {
                named: named(),
                account: trail.account.clone(),
            })
        }
        _ => Ruling::Valid("the object is the trail's, and its path agrees with itself"),
    }
}
