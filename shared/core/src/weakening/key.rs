//! The effect of a call on the trail's key.

use super::action::WatchedAction;
use super::call::WatchedCall;
use super::effect::Effect;
use super::setting::{count, text};
use crate::format::policy::{covered_actions, covers_services, names_cloudtrail, statements_of};
use serde_json::Value;

/// The calls that encrypt a log file under a key.
const ENCRYPTING: [&str; 1] = ["kms:GenerateDataKey"];

/// The days after which KMS deletes a key, if the caller does not say how many.
///
/// Rule: <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
const DEFAULT_WINDOW: u64 = 30;

pub(super) fn effect(call: &WatchedCall<'_>) -> Effect {
    match call.action {
        WatchedAction::DisableKey => Effect::weakens(
            "the key is disabled: CloudTrail cannot deliver log files under it, and nobody can read the existing ones",
        ),
        WatchedAction::ScheduleKeyDeletion => {
            let days = count(call.request.get("pendingWindowInDays")).unwrap_or(DEFAULT_WINDOW);
            Effect::Weakens(vec![format!(
                "the key cannot be used from now on, and AWS KMS deletes it after {days} days: CloudTrail cannot deliver log files under it, and once it is deleted, nobody can ever read the existing ones"
            )])
        }
        WatchedAction::DeleteImportedKeyMaterial => Effect::weakens(
            "the key has no key material: CloudTrail cannot deliver log files under it, and nobody can read the existing ones",
        ),
        _ => policy(text(call.request.get("policy"))),
    }
}

/// Returns the effect of a new key policy. A policy that lets CloudTrail encrypt for too many
/// trails is the finding `kms-policy-open`, when CloudTrail uses the key.
///
/// Rule: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html>
fn policy(policy: Option<&str>) -> Effect {
    let Some(policy) = policy else {
        return Effect::Unclear("the record does not contain the key's new policy");
    };
    let statements = serde_json::from_str(policy).map(statements_of);
    let Ok(Ok(statements)) = statements else {
        return Effect::Unclear("the key's new policy cannot be read");
    };
    let gives = |statement: &Value| {
        let principal = statement.get("Principal");
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && (names_cloudtrail(principal) || covers_services(principal))
            && covered_actions(statement, &ENCRYPTING).next().is_some()
    };
    if statements.iter().any(gives) {
        Effect::Harmless("the key's new policy lets CloudTrail encrypt")
    } else {
        Effect::weakens(
            "the key's new policy does not give cloudtrail.amazonaws.com kms:GenerateDataKey: CloudTrail cannot deliver log files under the key",
        )
    }
}
