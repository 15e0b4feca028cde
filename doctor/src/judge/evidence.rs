//! The evidence bucket: protected as the template says, and what is in it is new.

use super::buckets::{unread, versioning};
use super::remedies::or_do;
use crate::access::{AccessPolicy, AccessRequest, Truth};
use crate::command::{add_to_bucket_policy, aws};
use crate::parts::FUNCTIONS;
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trailseal::weakening::openings;
use trailseal::world::{BucketSettings, StoreError};

/// The four switches of Block Public Access.
const SWITCHES: [&str; 4] = [
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
];

/// The maximum time since the last complete round of `watchdog`, which starts one every hour.
const ROUND_WITHIN: SignedDuration = SignedDuration::from_hours(2);

/// The maximum time since the newest checkpoint. A digest arrives every hour, some half an hour
/// late, and the next append adds its receipts.
const CHECKPOINT_WITHIN: SignedDuration = SignedDuration::from_hours(3);

/// Returns the checks of the evidence bucket's settings.
pub(crate) fn settings(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Vec<Check> {
    vec![
        versioning(stack, bucket, settings),
        public_access(stack, bucket, settings),
        policy(stack, bucket, settings),
    ]
}

fn public_access(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Check {
    const CHECK: &str = "Block Public Access";
    let found = match &settings.public_access {
        Ok(found) => found,
        Err(error) => return unread(stack, CHECK, bucket, error, "s3:GetBucketPublicAccessBlock"),
    };
    let off = SWITCHES
        .iter()
        .filter(|it| !found.blocked.iter().any(|on| on == *it));
    let off: Vec<&str> = off.copied().collect();
    if off.is_empty() {
        return Check::ok(CHECK, bucket, "all four switches are on");
    }
    let all = SWITCHES.map(|switch| format!("{switch}=true")).join(",");
    let words = [
        "s3api",
        "put-public-access-block",
        "--bucket",
        bucket,
        "--public-access-block-configuration",
        &all,
    ];
    let detail = format!("switches are off: {}", off.join(", "));
    Check::wrong(
        CHECK,
        bucket,
        detail,
        or_do(aws(&words, &stack.region), "block public access"),
    )
}

fn policy(stack: &Stack, bucket: &str, settings: &BucketSettings) -> Check {
    const CHECK: &str = "bucket policy";
    let json = match &settings.policy {
        Ok(policy) => &policy.json,
        Err(error) => return unread(stack, CHECK, bucket, error, "s3:GetBucketPolicy"),
    };
    let read = AccessPolicy::of_resource(json).and_then(|policy| {
        let document: Value =
            serde_json::from_str(json).unwrap_or_else(|_| json!({"Statement": []}));
        Ok((policy, openings(&document, &stack.account)?))
    });
    let (policy, openings) = match read {
        Ok(read) => read,
        Err(problem) => return Check::cannot_tell(CHECK, bucket, problem),
    };
    let (mut wrong, mut remedies) = (Vec::new(), Vec::new());
    for opening in openings {
        wrong.push(opening);
        let steps = "remove the statement from the policy (aws s3api get-bucket-policy, put-bucket-policy), and find out who added it";
        remedies.push(Remedy::Do(steps.to_owned()));
    }
    remedies.dedup();
    if !requires_tls(stack, bucket, &policy) {
        wrong.push("it accepts requests without TLS".to_owned());
        let statement = tls_only(stack, bucket, &policy);
        remedies.push(Remedy::Statement(statement.to_string()));
        let command = add_to_bucket_policy(bucket, !json.is_empty(), &statement, &stack.region);
        remedies.extend(command);
    }
    if wrong.is_empty() {
        return Check::ok(
            CHECK,
            bucket,
            "it requires TLS, and nobody from outside the account may delete",
        );
    }
    Check::wrong(CHECK, bucket, wrong.join("; "), remedies)
}

fn requires_tls(stack: &Stack, bucket: &str, policy: &AccessPolicy) -> bool {
    let arn = stack.bucket_arn(bucket);
    let account = stack.account.as_str();
    let role = stack.role_arn("anybody");
    let requests = [
        ("s3:ListBucket", arn.clone()),
        ("s3:GetObject", format!("{arn}/x")),
    ];
    requests.into_iter().all(|(action, resource)| {
        let request = AccessRequest::of_role(&role, account, action, resource);
        let plain = request.with("aws:SecureTransport", "false");
        policy.ruling(&plain).denied == Truth::Yes
    })
}

fn tls_only(stack: &Stack, bucket: &str, policy: &AccessPolicy) -> Value {
    let arn = stack.bucket_arn(bucket);
    json!({
        "Sid": policy.free_sid("TlsOnly"),
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

/// Returns the check of the last complete round of `watchdog`.
pub(crate) fn watchdog(
    stack: &Stack,
    completed: &Result<Option<Timestamp>, StoreError>,
    now: Timestamp,
) -> Check {
    let what = Recent {
        check: "watchdog",
        subject: stack.resource("Watchdog").unwrap_or("watchdog"),
        what: "round",
        was: "its last complete round ended",
        within: ROUND_WITHIN,
        queue: "WatchdogQueue",
        message: r#"{"watch":{}}"#,
    };
    what.judge(stack, completed, now)
}

/// Returns the check of the last complete look of `settings-monitor`.
pub(crate) fn settings_monitor(
    stack: &Stack,
    completed: &Result<Option<Timestamp>, StoreError>,
    now: Timestamp,
) -> Check {
    let what = Recent {
        check: "settings-monitor",
        subject: stack
            .resource("SettingsMonitor")
            .unwrap_or("settings-monitor"),
        what: "look",
        was: "its last complete look began",
        within: ROUND_WITHIN,
        queue: "SettingsMonitorQueue",
        message: r#"{"settings":{}}"#,
    };
    what.judge(stack, completed, now)
}

/// Returns the check of the newest checkpoint of the evidence log.
pub(crate) fn checkpoint(
    stack: &Stack,
    written: &Result<Option<Timestamp>, StoreError>,
    now: Timestamp,
) -> Check {
    let what = Recent {
        check: "evidence log",
        subject: stack.resource("EvidenceBucket").unwrap_or("evidence log"),
        what: "checkpoint",
        was: "its newest checkpoint was written",
        within: CHECKPOINT_WITHIN,
        queue: "WatchdogQueue",
        message: r#"{"append":{}}"#,
    };
    what.judge(stack, written, now)
}

/// Something that a function does once an hour.
struct Recent<'a> {
    check: &'static str,
    subject: &'a str,
    what: &'static str,
    was: &'static str,
    within: SignedDuration,
    /// The function's queue.
    queue: &'static str,
    /// The message that makes the function do it now.
    message: &'static str,
}

impl Recent<'_> {
    fn judge(
        &self,
        stack: &Stack,
        found: &Result<Option<Timestamp>, StoreError>,
        now: Timestamp,
    ) -> Check {
        let last = match found {
            Ok(last) => *last,
            Err(error) => {
                let bucket = stack.resource("EvidenceBucket").unwrap_or_default();
                let objects = format!("{}/*", stack.bucket_arn(bucket));
                return Check::unread(self.check, self.subject, error, &["s3:GetObject"], &objects);
            }
        };
        let (was, what) = (self.was, self.what);
        let hours = self.within.as_hours();
        let detail = match last {
            Some(last) if now.duration_since(last) <= self.within => {
                return Check::ok(self.check, self.subject, format!("{was} at {last}"));
            }
            Some(last) => format!("{was} at {last}, more than {hours} hours ago"),
            None if stack.age(now).is_none_or(|age| age < self.within) => {
                let detail = format!("there is no {what} yet: the stack is new");
                return Check::cannot_tell(self.check, self.subject, detail);
            }
            None => format!("there is no {what}"),
        };
        let queue = stack.resource(self.queue).unwrap_or_default();
        let words = [
            "sqs",
            "send-message",
            "--queue-url",
            queue,
            "--message-body",
            self.message,
        ];
        let of_queue = FUNCTIONS.iter().find(|part| part.queue == self.queue);
        let program = of_queue.map_or("the function", |part| part.program);
        let steps = format!(
            "search the log of {program} for errors and warnings. The next command makes it try now"
        );
        let remedies = vec![Remedy::Do(steps)];
        Check::wrong(self.check, self.subject, detail, remedies).with(aws(&words, &stack.region))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::stack::sample;
    use trailseal::world::{Lifecycle, ObjectLock, Policy, PublicAccess, Replication, Versioning};

    const BUCKET: &str = "trailseal-evidencebucket-1abc2def3ghi";

    fn healthy() -> BucketSettings {
        let stack = sample::stack(&[]);
        let none = AccessPolicy::of_resource("").unwrap();
        let json = json!({"Statement": [tls_only(&stack, BUCKET, &none)]}).to_string();
        BucketSettings {
            events: Ok(false),
            versioning: Ok(Versioning { enabled: true }),
            object_lock: Ok(ObjectLock::default()),
            lifecycle: Ok(Lifecycle::default()),
            public_access: Ok(PublicAccess {
                blocked: SWITCHES.map(str::to_owned).to_vec(),
            }),
            policy: Ok(Policy { json }),
            replication: Ok(Replication::default()),
        }
    }

    fn wrong(found: &BucketSettings) -> Vec<&'static str> {
        let checks = settings(&sample::stack(&[]), BUCKET, found).into_iter();
        let wrong = checks.filter(|it| it.status == Status::Wrong);
        wrong.map(|it| it.check).collect()
    }

    #[test]
    fn each_protection_of_the_evidence_is_judged() {
        assert_eq!(wrong(&healthy()), [""; 0]);
        let suspended = BucketSettings {
            versioning: Ok(Versioning { enabled: false }),
            ..healthy()
        };
        assert_eq!(wrong(&suspended), ["versioning"]);
        let public = BucketSettings {
            public_access: Ok(PublicAccess {
                blocked: vec![SWITCHES[0].to_owned()],
            }),
            ..healthy()
        };
        assert_eq!(wrong(&public), ["Block Public Access"]);
        let without = BucketSettings {
            policy: Ok(Policy::default()),
            ..healthy()
        };
        assert_eq!(wrong(&without), ["bucket policy"]);
        let mut open: Value = serde_json::from_str(&healthy().policy.unwrap().json).unwrap();
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:*", "Resource": "*"});
        open["Statement"].as_array_mut().unwrap().push(statement);
        let open = BucketSettings {
            policy: Ok(Policy {
                json: open.to_string(),
            }),
            ..healthy()
        };
        assert_eq!(wrong(&open), ["bucket policy"]);
    }

    #[test]
    fn a_round_is_at_most_two_hours_old() {
        let time = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = time("2026-01-15T12:00:00Z");
        let status = |last: Option<&str>| {
            let mut stack = sample::stack(&[]);
            stack.created = Some(time("2026-01-15T00:00:00Z"));
            watchdog(&stack, &Ok(last.map(time)), now).status
        };
        assert_eq!(status(Some("2026-01-15T10:00:00Z")), Status::Ok);
        assert_eq!(status(Some("2026-01-15T09:59:59Z")), Status::Wrong);
        assert_eq!(status(None), Status::Wrong);
        let mut new = sample::stack(&[]);
        new.created = Some(time("2026-01-15T10:30:00Z"));
        assert_eq!(watchdog(&new, &Ok(None), now).status, Status::CannotTell);
        let old = checkpoint(&new, &Ok(Some(time("2026-01-15T08:59:59Z"))), now);
        let Some(Remedy::Run(command)) = old.remedies.last() else {
            panic!("{old:?}");
        };
        assert!(
            command.ends_with(r#"--message-body '{"append":{}}' --region us-east-1"#),
            "{command}"
        );
    }
}
