//! The events to which the rules apply, by the origin of the call.
//!
//! The tests are in `tests/tests/kms/foreign.rs`.

use super::calls::writes_replica;
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::expected::Expected;
use crate::kms::key_name::{is_same_or_related, same_key};
use crate::names::ids::{AccountId, TrailArn};
use crate::world::Encryption;
use std::collections::BTreeSet;

/// Returns whether an event is about our trail or our log files, so that rules 1 to 8 apply to it.
///
/// Other trails share account, Region and perhaps the key with ours. `trail` is the trail that the
/// context names, if that is a trail's ARN.
pub(crate) fn is_ours(
    event: &KmsEvent<'_>,
    trail: Option<&TrailArn>,
    named: Option<&ContextObject<'_>>,
    expected: &Expected,
) -> bool {
    let trails = &expected.places.trails;
    trail.is_some_and(|trail| trails.contains(trail))
        || named
            .is_some_and(|named| named.ours && (event.trail.is_some() || named.names_log_file()))
}

/// The decision whether a call counts for and against our trail and its log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It counts: CloudTrail called, or the key is the trail's.
    Ours,
    /// It does not count: the key is not the trail's, and its owner may state any encryption
    /// context.
    Foreign,
    /// It counts if the object that it names is encrypted under its key.
    Open,
}

/// Returns whether a call counts, by its key. `known`: the trail's keys if none is configured.
///
/// The caller chooses the encryption context, and anybody may state anything with their own key.
/// But a data key is bound to its KMS key: data that is encrypted under one key cannot be an object
/// that is encrypted under another.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-generatedatakey.html> (the key among the
/// resources).
pub(crate) fn standing(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    expected: &Expected,
    known: &BTreeSet<String>,
) -> Standing {
    if event.is_cloudtrails {
        return Standing::Ours;
    }
    // Anybody may be refused a key, in any context.
    if event.failed() {
        return Standing::Foreign;
    }
    // A call that succeeded has its key's ARN among its resources. If the key is unknown, the worst
    // case is assumed.
    let Some(key) = event.key_arn() else {
        return Standing::Ours;
    };
    let keys = &expected.key_arns;
    if keys.is_empty() {
        return if known.iter().any(|known| same_key(known, key)) {
            Standing::Ours
        } else if writes_replica(event, named) {
            // Nothing is reported about it, whichever key the object is under.
            Standing::Foreign
        } else {
            Standing::Open
        };
    }
    if keys.iter().any(|ours| is_same_or_related(key, ours)) {
        Standing::Ours
    } else {
        Standing::Foreign
    }
}

/// Returns the same for a call that names an object with these headers.
pub(crate) fn standing_by_object(event: &KmsEvent<'_>, object: &Encryption) -> Standing {
    let key = event.key_named().unwrap_or_default();
    if object.kms_key().is_some_and(|header| same_key(header, key)) {
        Standing::Ours
    } else {
        Standing::Foreign
    }
}

/// Returns whether a key may be looked up, by the account in its ARN: that of the log buckets, or
/// of a configured key. A name without an account belongs to our own account. If no account is
/// known to be ours, any account may be.
pub(crate) fn is_of_our_accounts(key: &str, expected: &Expected) -> bool {
    fn account_in(arn: &str) -> Option<&str> {
        arn.starts_with("arn:").then(|| arn.split(':').nth(4))?
    }
    let configured = expected.key_arns.iter().filter_map(|arn| account_in(arn));
    let owner = expected.places.bucket_owner.as_ref().map(AccountId::as_str);
    let mut ours = configured.chain(owner).peekable();
    match account_in(key) {
        Some(account) if ours.peek().is_some() => ours.any(|ours| ours == account),
        _ => true,
    }
}
