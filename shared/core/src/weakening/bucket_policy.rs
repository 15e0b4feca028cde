//! The effect of a new policy on a log bucket.
//!
//! Rules: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::call::WatchedCall;
use super::effect::{Effect, Guarded};
use super::setting::text;
use crate::format::policy::{
    covered_actions, covers_services, names_cloudtrail, statements_of, texts,
};
use crate::names::ids::AccountId;
use crate::names::wildcard::wildcard_matches;
use serde_json::Value;

/// The call with which CloudTrail delivers.
const DELIVERING: [&str; 1] = ["s3:PutObject"];

/// Calls that delete files or their versions, or weaken the bucket.
const DESTROYING: [&str; 13] = [
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:BypassGovernanceRetention",
    "s3:PutObjectRetention",
    "s3:DeleteBucket",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketVersioning",
    "s3:PutBucketNotification",
    "s3:PutReplicationConfiguration",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketObjectLockConfiguration",
];

/// The maximum number of names that one weakness lists.
const MAX_NAMED: usize = 5;

pub(super) fn effect(call: &WatchedCall<'_>, bucket: &str, guarded: &Guarded<'_>) -> Effect {
    let policy = call.request.get("bucketPolicy");
    let Some(policy) = policy.filter(|policy| policy.is_object()) else {
        return Effect::Unclear("the record does not contain the bucket's new policy");
    };
    let Ok(statements) = statements_of(policy.clone()) else {
        return Effect::Unclear("the bucket's new policy cannot be read");
    };
    let mut weaknesses = Vec::new();
    if !statements
        .iter()
        .any(|it| lets_deliver(it, bucket, guarded))
    {
        weaknesses.push(
            "the bucket's new policy does not give cloudtrail.amazonaws.com s3:PutObject for the trail's files: CloudTrail cannot deliver".to_owned(),
        );
    } else if statements
        .iter()
        .any(|it| stops_delivery(it, bucket, guarded))
    {
        weaknesses.push(
            "the bucket's new policy denies s3:PutObject to CloudTrail: it cannot deliver"
                .to_owned(),
        );
    }
    let owner = guarded.places.bucket_owner.as_ref();
    let owner = owner
        .map(AccountId::as_str)
        .or(call.recipient.as_deref())
        .unwrap_or_default();
    weaknesses.extend(statements.iter().filter_map(|it| opening(it, owner)));
    Effect::of(
        weaknesses,
        "the bucket's new policy lets CloudTrail deliver, and nobody from elsewhere delete",
    )
}

/// Returns what is weak about a bucket's policy: each statement that lets somebody from outside the
/// owner's account delete files or weaken the bucket.
///
/// # Errors
/// What is wrong with the policy.
pub fn openings(policy: &Value, owner: &AccountId) -> Result<Vec<String>, String> {
    let statements = statements_of(policy.clone())?;
    let found = statements
        .iter()
        .filter_map(|it| opening(it, owner.as_str()));
    Ok(found.collect())
}

fn is(statement: &Value, effect: &str) -> bool {
    text(statement.get("Effect")) == Some(effect)
}

/// Returns whether a statement lets CloudTrail deliver. Its conditions are not considered.
fn lets_deliver(statement: &Value, bucket: &str, guarded: &Guarded<'_>) -> bool {
    let principal = statement.get("Principal");
    is(statement, "Allow")
        && (names_cloudtrail(principal) || covers_services(principal))
        && covered_actions(statement, &DELIVERING).next().is_some()
        && covers_log_files(statement, bucket, guarded, true)
}

/// Returns whether a statement denies CloudTrail every delivery. One with a condition, such as the
/// usual one on `aws:SecureTransport`, denies only some calls.
fn stops_delivery(statement: &Value, bucket: &str, guarded: &Guarded<'_>) -> bool {
    let principal = statement.get("Principal");
    let others = statement.get("NotPrincipal");
    let is_meant = names_cloudtrail(principal)
        || covers_services(principal)
        || others.is_some_and(|not| !names_cloudtrail(Some(not)) && !covers_services(Some(not)));
    is(statement, "Deny")
        && is_meant
        && !has_condition(statement)
        && covered_actions(statement, &DELIVERING).next().is_some()
        && covers_log_files(statement, bucket, guarded, false)
}

fn has_condition(statement: &Value) -> bool {
    let condition = statement.get("Condition").and_then(Value::as_object);
    condition.is_some_and(|condition| !condition.is_empty())
}

/// Returns whether a statement is about the log file that records the call, in its own bucket. In
/// another bucket, and for a policy variable, the answer is `unless_known`.
fn covers_log_files(
    statement: &Value,
    bucket: &str,
    guarded: &Guarded<'_>,
    unless_known: bool,
) -> bool {
    let Some(resources) = statement.get("Resource") else {
        // `NotResource` is not evaluated.
        return unless_known;
    };
    if bucket != guarded.log_file.bucket {
        let all = format!(":::{bucket}/*");
        return unless_known || texts(resources).any(|it| it == "*" || it.ends_with(&all));
    }
    let partition = guarded.key.region.partition();
    let arn = format!("arn:{partition}:s3:::{bucket}/{}", guarded.log_file.key);
    texts(resources).any(|pattern| {
        if pattern.contains("${") {
            unless_known
        } else {
            wildcard_matches(pattern, &arn)
        }
    })
}

/// Returns what is weak about a statement that lets somebody from outside the owner's account
/// delete files or weaken the bucket. Its conditions are not considered: the author of the policy
/// can make them true.
fn opening(statement: &Value, owner: &str) -> Option<String> {
    if !is(statement, "Allow") {
        return None;
    }
    let outsiders = outsiders(statement, owner);
    if outsiders.is_empty() {
        return None;
    }
    let mut actions: Vec<&str> = covered_actions(statement, &DESTROYING).collect();
    if covers_services(statement.get("Principal")) && !has_condition(statement) {
        actions.splice(0..0, covered_actions(statement, &DELIVERING));
    }
    (!actions.is_empty()).then(|| {
        format!(
            "the bucket's new policy gives {} {}",
            some_of(&outsiders),
            some_of(&actions)
        )
    })
}

/// Returns the principals of a statement that are neither services nor of the owner's account.
fn outsiders<'a>(statement: &'a Value, owner: &str) -> Vec<&'a str> {
    if statement.get("NotPrincipal").is_some() {
        return vec!["everybody with some exceptions"];
    }
    match statement.get("Principal") {
        Some(Value::Object(kinds)) => kinds
            .iter()
            .filter(|(kind, _)| *kind != "Service")
            .flat_map(|(_, names)| texts(names))
            .filter(|name| !is_of_account(name, owner))
            .map(|name| if name == "*" { "everybody" } else { name })
            .collect(),
        Some(principal) if covers_services(Some(principal)) => vec!["everybody"],
        _ => Vec::new(),
    }
}

/// Returns whether a principal is an account, or the ARN of a principal in it. A deleted principal
/// is an ID, and nobody.
fn is_of_account(principal: &str, account: &str) -> bool {
    let is_id = principal.starts_with("AIDA") || principal.starts_with("AROA");
    is_id || principal == account || principal.split(':').nth(4) == Some(account)
}

/// Returns the first names of a list, and how many more there are.
fn some_of(names: &[&str]) -> String {
    let shown = names.get(..MAX_NAMED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(MAX_NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
