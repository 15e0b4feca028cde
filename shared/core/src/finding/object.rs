//! The findings about objects that remain unreadable, with their sentences.
//!
//! The tests are in `tests/tests/stories.rs` and `tests/tests/kms`.

use super::redrive::redrive;
use super::{Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use crate::world::Cause;
use std::borrow::Cow;

/// The kinds of findings about unreadable objects, each with a word for the reason. The objects of a
/// folder that are unreadable for one reason are one incident.
const DENIED: (FindingKind, &str) = (FindingKind::ObjectUnreadableDenied, "denied");
const KEY: (FindingKind, &str) = (FindingKind::ObjectUnreadableDenied, "key");
const REGION: (FindingKind, &str) = (FindingKind::ObjectUnreadableDenied, "Region");
const CREDENTIALS: (FindingKind, &str) = (FindingKind::ObjectUnreadableDenied, "credentials");
const ARCHIVED: (FindingKind, &str) = (FindingKind::ObjectArchived, "archived");

/// `object-unreadable-denied` or `object-archived`: nothing can be said about `subject`, because
/// the object at `at` cannot be read. `None` for a request that may work a moment later.
#[must_use]
pub(super) fn unreadable(
    scope: &Scope,
    at: &ObjectLocation,
    subject: &str,
    cause: &Cause,
) -> Option<Finding> {
    let (kind, what) = match cause {
        Cause::Denied(_) => DENIED,
        Cause::KeyUnusable(_) => KEY,
        Cause::RegionDisabled(_) => REGION,
        Cause::Credentials(..) => CREDENTIALS,
        Cause::Archived(_) => ARCHIVED,
        Cause::Absent(_)
        | Cause::Unavailable(_)
        | Cause::NotYet
        | Cause::MayHaveExpired(_)
        | Cause::TooLarge(_)
        | Cause::Interrupted
        | Cause::Failed(_) => return None,
    };
    let message = format!("Trailseal cannot check {subject}: {cause}.");
    let mut finding = of_folder((kind, what), scope, at, subject, message)
        .with_evidence("a readable object", cause.to_string());
    finding.remedy = remedy(cause).map(Cow::Borrowed);
    Some(finding)
}

/// Returns a finding about an object. One mistake, in a key's policy for example, makes every object
/// of a folder unreadable. That is one incident.
fn of_folder(
    (kind, what): (FindingKind, &str),
    scope: &Scope,
    at: &ObjectLocation,
    subject: &str,
    message: String,
) -> Finding {
    let folder = format!("{} {what}", at.region_folder());
    Finding::new(kind, scope.clone(), at.clone(), message).about(folder, subject)
}

/// Returns the all-clears of an object that can be read again, for each reason for which it may have
/// been unreadable. `subject` is the object, or what it led to. `message` says what is known.
pub(super) fn readable(
    scope: &Scope,
    at: &ObjectLocation,
    subject: &str,
    message: &str,
) -> impl Iterator<Item = Finding> {
    [DENIED, KEY, REGION, CREDENTIALS, ARCHIVED]
        .map(|reason| of_folder(reason, scope, at, subject, String::new()).into_all_clear(message))
        .into_iter()
}

/// Returns what the owner of a function does about an object that remains unreadable, if the cause
/// is not a missing permission.
pub(super) fn remedy(cause: &Cause) -> Option<&'static str> {
    match cause {
        Cause::KeyUnusable(_) => Some(redrive!(
            "Nobody can read what this KMS key encrypts while the key is disabled or scheduled for deletion. Enable the key or cancel its deletion (aws kms enable-key, aws kms cancel-key-deletion), find out who changed it (DisableKey, ScheduleKeyDeletion), then "
        )),
        Cause::RegionDisabled(_) => Some(redrive!(
            "This account has not opted in to the Region, so CloudTrail does not list the Region's public keys for it. In an account that has opted in, save them with the command `trailseal keys`, name the file in the stack's parameter PinnedKeys (TRAILSEAL_PINNED_KEYS), then "
        )),
        Cause::Credentials(..) => Some(redrive!(
            "AWS did not accept the function's own credentials: this is not about the object. Check that the function's role exists and that no AWS_ACCESS_KEY_ID is set in the function's environment, deploy the stack again, then "
        )),
        Cause::Denied(_)
        | Cause::Archived(_)
        | Cause::Absent(_)
        | Cause::Unavailable(_)
        | Cause::NotYet
        | Cause::MayHaveExpired(_)
        | Cause::TooLarge(_)
        | Cause::Interrupted
        | Cause::Failed(_) => None,
    }
}
