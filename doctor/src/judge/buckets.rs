//! The log buckets: they are where and whose they should be, they send events, and the functions
//! may read them.

use super::remedies::or_do;
use crate::access::{AccessPolicy, AccessRequest, Truth};
use crate::command::{add_to_bucket_policy, aws, switch_on_events};
use crate::parts::FUNCTIONS;
use crate::ports::BucketPlace;
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trailseal::names::object_key::{DIGEST_FOLDER, LOG_FOLDER, ROOT_FOLDER};
use trailseal::world::{BucketSettings, StoreError};

/// What the functions need to read the objects of a log bucket.
const OBJECTS: [&str; 4] = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketVersions",
];

/// What `settings-monitor` needs to read the settings of a log bucket, besides its policy, which S3 returns
/// only to the account that owns the bucket.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html>
pub(crate) const SETTINGS: [&str; 6] = [
    "s3:GetBucketNotification",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
];

/// Returns the check of a bucket's place and owner.
pub(crate) fn place(stack: &Stack, bucket: &str, found: &Result<BucketPlace, StoreError>) -> Check {
    const CHECK: &str = "log bucket";
    let owner = stack.bucket_owner();
    let wrong = |detail: String, steps: &str| {
        Check::wrong(CHECK, bucket, detail, vec![Remedy::Do(steps.to_owned())])
    };
    match found {
        Ok(BucketPlace::Here(region)) if region == stack.region.as_str() => Check::ok(
            CHECK,
            bucket,
            format!("account {owner} owns it, and it is in {region}"),
        ),
        Ok(BucketPlace::Here(region)) => wrong(
            format!(
                "it is in {region}: its events do not reach the rules in {}",
                stack.region
            ),
            "deploy the stack in the Region of the bucket; or forward the bucket's events to the default event bus of the stack's Region",
        ),
        Ok(BucketPlace::OtherOwner) => wrong(
            format!("account {owner} does not own it: S3 refuses the functions' requests"),
            "set the parameter LogBucketOwner to the account that owns the bucket, if that is right, and deploy the stack again",
        ),
        Ok(BucketPlace::Missing) => wrong(
            "it does not exist".to_owned(),
            "correct the parameter LogBuckets, and deploy the stack again",
        ),
        Err(error) => Check::unread(
            CHECK,
            bucket,
            error,
            &["s3:ListBucket"],
            &stack.bucket_arn(bucket),
        ),
    }
}

/// Returns the checks of a bucket's settings.
pub(crate) fn settings(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Vec<Check> {
    let mut checks = vec![
        events(stack, bucket, &settings.events),
        versioning(stack, bucket, settings),
        object_lock(stack, bucket, settings),
    ];
    checks.extend(lifecycle(stack, bucket, settings));
    checks.push(policy(stack, bucket, settings));
    checks
}

fn events(stack: &Stack, bucket: &str, events: &Result<bool, StoreError>) -> Check {
    const CHECK: &str = "events";
    match events {
        Ok(true) => Check::ok(CHECK, bucket, "S3 sends its events to EventBridge"),
        Ok(false) => Check::wrong(
            CHECK,
            bucket,
            "S3 does not send its events to EventBridge: no new file is verified",
            or_do(
                switch_on_events(bucket, &stack.region),
                "enable the bucket's events to EventBridge",
            ),
        ),
        Err(error) => unread(stack, CHECK, bucket, error, "s3:GetBucketNotification"),
    }
}

/// Returns the check of a bucket's versioning.
pub(crate) fn versioning(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Check {
    const CHECK: &str = "versioning";
    match &settings.versioning {
        Ok(versioning) if versioning.enabled => Check::ok(CHECK, bucket, "it is enabled"),
        Ok(_) => {
            let words = [
                "s3api",
                "put-bucket-versioning",
                "--bucket",
                bucket,
                "--versioning-configuration",
                "Status=Enabled",
            ];
            let command = aws(&words, &stack.region);
            let detail = "it is suspended or was never enabled: nothing that is deleted or overwritten can be restored";
            Check::wrong(CHECK, bucket, detail, or_do(command, "enable versioning"))
        }
        Err(error) => unread(stack, CHECK, bucket, error, "s3:GetBucketVersioning"),
    }
}

/// Object Lock is advice: whether files may be deleted at all is for the owner to decide.
fn object_lock(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Check {
    const CHECK: &str = "Object Lock";
    match &settings.object_lock {
        Ok(lock) if lock.days == 0 => {
            let detail = "it has no default retention. With one, nobody could delete files for some time; Trailseal does not need it";
            Check::ok(CHECK, bucket, detail)
        }
        Ok(lock) => {
            let mode = if lock.compliance {
                "compliance"
            } else {
                "governance"
            };
            let detail = format!("files are kept for {} days, in {mode} mode", lock.days);
            Check::ok(CHECK, bucket, detail)
        }
        Err(error) => unread(
            stack,
            CHECK,
            bucket,
            error,
            "s3:GetBucketObjectLockConfiguration",
        ),
    }
}

/// Returns the check of the lifecycle rules, if it is stated how long files must be kept.
fn lifecycle(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Option<Check> {
    const CHECK: &str = "lifecycle";
    let days = stack.number("LogFileRetentionDays", 0);
    if days == 0 {
        return None;
    }
    Some(match &settings.lifecycle {
        Ok(lifecycle) => {
            let early = lifecycle
                .rules
                .iter()
                .filter(|rule| rule.days.is_some_and(|it| it < days));
            let early: Vec<&str> = early.map(|rule| rule.id.as_str()).collect();
            if early.is_empty() {
                Check::ok(
                    CHECK,
                    bucket,
                    format!("no rule deletes files before {days} days"),
                )
            } else {
                let detail = format!(
                    "rules delete files before {days} days: {}",
                    early.join(", ")
                );
                let steps = "change the rules, or the parameter LogFileRetentionDays";
                Check::wrong(CHECK, bucket, detail, vec![Remedy::Do(steps.to_owned())])
            }
        }
        Err(error) => unread(stack, CHECK, bucket, error, "s3:GetLifecycleConfiguration"),
    })
}

/// What the policy of a bucket does to the requests of the functions.
#[derive(Debug, Default)]
struct Refusals {
    /// The statements that deny requests, and those that may.
    denying: BTreeSet<String>,
    possibly: BTreeSet<String>,
    /// The roles that no statement allows what they need.
    not_allowed: BTreeSet<String>,
}

fn policy(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Check {
    const CHECK: &str = "bucket policy";
    let json = match &settings.policy {
        Ok(policy) => &policy.json,
        Err(error) if stack.bucket_owner() != stack.account && !error.cause.is_refusal() => {
            let owner = stack.bucket_owner();
            let detail = format!(
                "S3 returns it only to account {owner}, which owns the bucket: compare it with docs/organizations.md"
            );
            return Check::cannot_tell(CHECK, bucket, detail);
        }
        Err(error) => return unread(stack, CHECK, bucket, error, "s3:GetBucketPolicy"),
    };
    let policy = match AccessPolicy::of_resource(json) {
        Ok(policy) => policy,
        Err(problem) => return Check::cannot_tell(CHECK, bucket, problem),
    };
    let refusals = refusals(stack, bucket, &policy);
    if !refusals.denying.is_empty() {
        let names = joined(&refusals.denying);
        let steps = format!(
            "add this condition to the statements {names}: {}",
            json!({"ArnNotLike": {"aws:PrincipalArn": stack.roles_pattern()}})
        );
        let detail = format!("statements deny what the functions do: {names}");
        return Check::wrong(CHECK, bucket, detail, vec![Remedy::Do(steps)]);
    }
    // In the account of the stack, the policies of the roles allow what they need.
    if stack.bucket_owner() != stack.account && !refusals.not_allowed.is_empty() {
        let statement = statement(stack, bucket, &policy);
        let detail = format!(
            "it does not let these roles of the stack's account read: {}",
            joined(&refusals.not_allowed)
        );
        let command = add_to_bucket_policy(bucket, !json.is_empty(), &statement, &stack.region);
        let owner = stack.bucket_owner();
        let steps = format!("use credentials of the account {owner} for the command");
        let remedies = [Remedy::Statement(statement.to_string()), Remedy::Do(steps)];
        return Check::wrong(CHECK, bucket, detail, remedies.to_vec()).with(command);
    }
    if !refusals.possibly.is_empty() {
        let detail = format!(
            "whether these statements deny what the functions do depends on conditions that are not known here: {}",
            joined(&refusals.possibly)
        );
        return Check::cannot_tell(CHECK, bucket, detail);
    }
    Check::ok(CHECK, bucket, "it lets the functions read")
}

fn refusals(stack: &Stack, bucket: &str, policy: &AccessPolicy) -> Refusals {
    let mut refusals = Refusals::default();
    let arn = stack.bucket_arn(bucket);
    let object = |folder: &str| {
        let account = &stack.account;
        let region = &stack.region;
        format!("{arn}/{ROOT_FOLDER}/{account}/{folder}/{region}/2026/01/15/name.json.gz")
    };
    for part in FUNCTIONS {
        let Some(name) = stack.resource(part.role) else {
            continue;
        };
        let mut requests = Vec::new();
        if part.reads_digests {
            requests.push(("s3:GetObject", object(DIGEST_FOLDER)));
        }
        if part.reads_log_files {
            requests.push(("s3:GetObject", object(LOG_FOLDER)));
        }
        if !requests.is_empty() {
            requests.push(("s3:ListBucket", arn.clone()));
        }
        if part.reads_settings {
            requests.extend(SETTINGS.map(|action| (action, arn.clone())));
        }
        for (action, resource) in requests {
            let account = stack.account.as_str();
            let request = AccessRequest::of_role(&stack.role_arn(name), account, action, resource)
                .with("aws:ResourceAccount", stack.bucket_owner().as_str());
            let ruling = policy.ruling(&request);
            match ruling.denied {
                Truth::Yes => refusals.denying.extend(ruling.deniers),
                Truth::Unknown => refusals.possibly.extend(ruling.deniers),
                Truth::No => {}
            }
            if ruling.allowed == Truth::No {
                refusals.not_allowed.insert(name.to_owned());
            }
        }
    }
    refusals
}

/// Returns the statement that lets the functions of a stack in another account read a log bucket.
fn statement(stack: &Stack, bucket: &str, policy: &AccessPolicy) -> Value {
    let arn = stack.bucket_arn(bucket);
    let actions = [&OBJECTS[..], &SETTINGS].concat();
    json!({
        "Sid": policy.free_sid("Trailseal"),
        "Effect": "Allow",
        "Principal": {"AWS": stack.root_arn()},
        "Action": actions,
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"ArnLike": {"aws:PrincipalArn": stack.roles_pattern()}},
    })
}

/// Returns the check of a setting that could not be read.
pub(crate) fn unread(
    stack: &Stack,
    check: &'static str,
    bucket: &str,
    error: &StoreError,
    action: &str,
) -> Check {
    Check::unread(check, bucket, error, &[action], &stack.bucket_arn(bucket))
}

fn joined(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
