//! What a call changes, and what that weakens.
//!
//! The tests are in `tests/tests/kms/weakening/`.

use super::action::WatchedAction;
use super::call::WatchedCall;
use super::effect::{Effect, Guarded};
use super::target::{self, Target};
use super::{bucket, key, trail};

/// Returns the trail, bucket or key that the call changes, if its record names one.
#[must_use]
pub fn target_of(call: &WatchedCall<'_>) -> Option<Target> {
    match call.action {
        WatchedAction::StopLogging
        | WatchedAction::DeleteTrail
        | WatchedAction::UpdateTrail
        | WatchedAction::PutEventSelectors => target::trail(call),
        WatchedAction::DisableKey
        | WatchedAction::ScheduleKeyDeletion
        | WatchedAction::DeleteImportedKeyMaterial
        | WatchedAction::PutKeyPolicy => target::key(call),
        _ => target::bucket(call),
    }
}

/// Returns the call's effect on its target, which is one of ours. AWS carried it out.
#[must_use]
pub fn effect_of(call: &WatchedCall<'_>, target: &Target, guarded: &Guarded<'_>) -> Effect {
    match target {
        Target::Trail(_) => trail::effect(call, guarded),
        Target::Key(_) => key::effect(call),
        Target::Bucket(name) => bucket::effect(call, name, guarded),
    }
}
