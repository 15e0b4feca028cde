//! The findings about objects that remain unreadable, with their sentences.
//!
//! The tests are in `tests/tests/stories.rs` and `tests/tests/kms`.

use super::redrive::redrive;
use super::{Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use crate::world::Cause;
use std::borrow::Cow;

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
        Cause::Denied(_) => (FindingKind::ObjectUnreadableDenied, "denied"),
        Cause::KeyUnusable(_) => (FindingKind::ObjectUnreadableDenied, "key"),
        Cause::RegionDisabled(_) => (FindingKind::ObjectUnreadableDenied, "Region"),
        Cause::Credentials(..) => (FindingKind::ObjectUnreadableDenied, "credentials"),
        Cause::Archived(_) => (FindingKind::ObjectArchived, "archived"),
        Cause::Absent(_)
        | Cause::Unavailable(_)
        | Cause::NotYet
        | Cause::MayHaveExpired(_)
        | Cause::TooLarge(_)
        | Cause::Interrupted
        | Cause::Failed(_) => return None,
    };
    // One mistake, in a key's policy for example, makes every object of a folder unreadable. That
    // is one incident.
    let mut finding = Finding::new(
        kind,
        scope.clone(),
        at.clone(),
        format!("Trailseal cannot check {subject}: {cause}."),
    )
    .with_evidence("a readable object", cause.to_string())
    .about(format!("{} {what}", at.region_folder()), subject);
    finding.remedy = remedy(cause).map(Cow::Borrowed);
    Some(finding)
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
