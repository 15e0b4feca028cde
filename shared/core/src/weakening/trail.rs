//! The effect of a call on a trail.

use super::action::WatchedAction;
use super::call::WatchedCall;
use super::effect::{Effect, Guarded};
use super::selectors;
use super::setting::{text, truth};

pub(super) fn effect(call: &WatchedCall<'_>, guarded: &Guarded<'_>) -> Effect {
    match call.action {
        WatchedAction::StopLogging => {
            Effect::weakens("the trail records nothing until somebody starts its logging again")
        }
        WatchedAction::DeleteTrail => {
            Effect::weakens("the trail is deleted: it records nothing any longer")
        }
        WatchedAction::UpdateTrail => update(call, guarded),
        _ => selectors::effect(call),
    }
}

/// Judges the settings in the request, which are those that the caller changes or sets again.
///
/// Rule: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html>
fn update(call: &WatchedCall<'_>, guarded: &Guarded<'_>) -> Effect {
    if !call.request.is_object() {
        return Effect::Unclear("the record does not contain the trail's new settings");
    }
    let turns_off = |field: &str| truth(call.request.get(field)) == Some(false);
    let mut weaknesses = Vec::new();
    let bucket = text(call.request.get("s3BucketName"));
    if let Some(bucket) = bucket.filter(|bucket| !guarded.has_bucket(bucket)) {
        weaknesses.push(format!(
            "the trail delivers to the bucket {bucket}, which is not a configured log bucket"
        ));
    }
    if turns_off("enableLogFileValidation") {
        weaknesses.push(
            "log file validation is off: CloudTrail delivers no digests, so nobody can verify later log files".to_owned(),
        );
    }
    if turns_off("isMultiRegionTrail") {
        weaknesses.push("the trail records only its home Region, and no other Region".to_owned());
    }
    if turns_off("includeGlobalServiceEvents") {
        weaknesses.push(
            "the trail does not record the events of global services, such as IAM".to_owned(),
        );
    }
    // The console sends this setting for every trail. It changes something only for an organization
    // trail, whose log files are in a folder of the organization.
    if turns_off("isOrganizationTrail") && guarded.key.folder.organization.is_some() {
        weaknesses
            .push("the trail no longer records the other accounts of the organization".to_owned());
    }
    weaknesses.extend(key(call, guarded));
    Effect::of(weaknesses, "no new setting of the trail weakens it")
}

/// Returns what is weak about the key of a trail. An empty text ends the encryption.
///
/// Rule: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail-update-trail.html>
fn key(call: &WatchedCall<'_>, guarded: &Guarded<'_>) -> Option<String> {
    let field = |fields: &'static [&'static str]| {
        let mut fields = fields.iter();
        fields.find_map(|field| text(call.request.get(*field)))
    };
    let requested = field(&["kmsKeyId", "kMSKeyId"])?;
    if requested.is_empty() {
        let is_encrypted = guarded.is_encrypted || !guarded.key_arns.is_empty();
        return is_encrypted.then(|| {
            "log files are no longer encrypted under the trail's key, and KMS events no longer show their delivery".to_owned()
        });
    }
    // The request may name an alias. The response has the key's ARN.
    let arn = text(call.response.get("kmsKeyId")).unwrap_or(requested);
    let is_expected = guarded.key_arns.is_empty() || guarded.key_arns.iter().any(|key| key == arn);
    (!is_expected).then(|| {
        format!("log files are encrypted under the key {arn}, which is not a configured key")
    })
}
