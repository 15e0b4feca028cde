//! The findings about the settings that protect the log buckets, and about what keeps Trailseal from
//! seeing them, with their sentences.

use super::{Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use serde::{Deserialize, Serialize};

/// Something that is wrong with a log bucket or with the stack, for as long as it lasts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "condition")]
pub enum GuardCondition {
    /// A setting of a bucket protects less than it did.
    Weaker {
        /// The bucket.
        bucket: String,
        /// The name of the setting.
        setting: String,
        /// The recorded setting, in words.
        was: String,
        /// The setting now, in words.
        is: String,
    },
    /// A lifecycle rule lets files expire before their retention ends.
    ExpiresTooSoon {
        /// The bucket.
        bucket: String,
        /// The ID of the rule.
        rule: String,
        /// The age in days at which objects expire.
        days: u32,
        /// The age in days that log files must reach.
        retention_days: u64,
    },
    /// S3 does not send the bucket's events to EventBridge.
    EventsOff {
        /// The bucket.
        bucket: String,
    },
    /// A setting of a bucket was readable, and access is denied now.
    Unreadable {
        /// The bucket.
        bucket: String,
        /// The name of the setting.
        setting: String,
    },
    /// CloudTrail does not deliver the files of a trail, or not to a log bucket.
    TrailOff {
        /// The ARN of the trail.
        trail: String,
        /// What is wrong, in words.
        state: String,
    },
    /// An EventBridge rule of the stack does not send events.
    RuleOff {
        /// The name of the rule.
        rule: String,
        /// Its state, in words.
        state: String,
    },
    /// A topic has no confirmed subscription.
    NoSubscriber {
        /// The ARN of the topic.
        topic: String,
        /// The number of subscriptions that wait for confirmation.
        pending: usize,
    },
    /// A dead-letter queue holds messages.
    Parked {
        /// The URL of the queue.
        queue: String,
    },
}

use GuardCondition::{
    EventsOff, ExpiresTooSoon, NoSubscriber, Parked, RuleOff, TrailOff, Unreadable, Weaker,
};

/// What to do about a weaker setting.
const RESTORE_SETTING: &str = "Find out who changed the setting: look for the bucket's Put… and Delete… calls in CloudTrail's event history (aws cloudtrail lookup-events) in the bucket's Region. If nobody planned it, treat it as an attack, and restore the setting. If there is no such call, and an ID such as AROA… or AIDA… replaced the ARN in a bucket policy, somebody deleted this role or user. If it was created again, write its ARN into the policy again. Otherwise, remove it from the policy. If somebody planned the change, and no other finding about a setting is open, delete the record watch/guard.json in the evidence bucket. Trailseal then records and accepts the current settings of all log buckets. The incident stays open: acknowledge it (trailseal ack).";

/// What to do about a trail that does not deliver.
const RESTORE_TRAIL: &str = "Find out who did this: look for StopLogging, UpdateTrail and DeleteTrail calls in CloudTrail's event history in the trail's account and home Region, and for PutBucketPolicy calls in that of the bucket's account and Region. The event history also has events that no trail delivers. If nobody planned it, treat it as an attack, and make the trail right again (aws cloudtrail start-logging, aws cloudtrail update-trail --enable-log-file-validation). If CloudTrail cannot deliver, correct the bucket policy or the KMS key policy. If the trail was ended on purpose, add it to the stack's parameter EndedTrails.";

/// What to do if the stack's parameters no longer name something.
const WHO_TOOK_IT_OUT: &str = "Nothing, if you changed the stack's parameters. Otherwise, find out who did: look for UpdateStack and UpdateFunctionConfiguration calls in CloudTrail's event history.";

/// Returns the subject of a condition about a setting.
#[must_use]
pub fn setting_subject(bucket: &str, setting: &str) -> String {
    format!("{bucket} {setting}")
}

/// Returns the subject of a condition about the retention.
#[must_use]
pub fn retention_subject(bucket: &str) -> String {
    format!("{bucket} retention")
}

/// Returns when a rule deletes objects. A rule with a date counts as 0 days.
fn age(days: u32) -> String {
    match days {
        0 => "on a fixed date".to_owned(),
        days => format!("after {days} days"),
    }
}

impl GuardCondition {
    /// Returns what the condition is about. Conditions about one subject exclude each other, or are
    /// occurrences of one incident.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Weaker {
                bucket, setting, ..
            } => setting_subject(bucket, setting),
            ExpiresTooSoon { bucket, .. } => retention_subject(bucket),
            EventsOff { bucket } => format!("{bucket} events"),
            Unreadable { bucket, setting } => format!("{bucket} unreadable {setting}"),
            TrailOff { trail, .. } => trail.clone(),
            RuleOff { rule, .. } => rule.clone(),
            NoSubscriber { topic, .. } => topic.clone(),
            Parked { queue } => queue.clone(),
        }
    }

    /// Returns `bucket-guard-weakened` or `monitoring-impaired`. `record` is the document with the
    /// recorded settings: the object of a finding that is not about a bucket.
    #[must_use]
    pub fn finding(&self, record: &ObjectLocation) -> Finding {
        let kind = match self {
            Weaker { .. } | ExpiresTooSoon { .. } => FindingKind::BucketGuardWeakened,
            _ => FindingKind::MonitoringImpaired,
        };
        let object = match self.bucket() {
            Some(bucket) => ObjectLocation::new(bucket, ""),
            None => record.clone(),
        };
        let (expected, actual) = self.evidence();
        Finding::new(kind, Scope::default(), object, self.message())
            .with_evidence(expected, actual.clone())
            .about(self.subject(), actual)
            .with_advice(self.advice())
    }

    /// Returns the bucket that the condition is about.
    pub(crate) fn bucket(&self) -> Option<&str> {
        match self {
            Weaker { bucket, .. }
            | ExpiresTooSoon { bucket, .. }
            | EventsOff { bucket }
            | Unreadable { bucket, .. } => Some(bucket),
            TrailOff { .. } | RuleOff { .. } | NoSubscriber { .. } | Parked { .. } => None,
        }
    }

    /// Returns what is wrong.
    fn message(&self) -> String {
        match self {
            Weaker {
                bucket, setting, ..
            } => format!(
                "A setting that protects the log files in the bucket {bucket} is weaker than it was, or changed: {setting}."
            ),
            ExpiresTooSoon {
                bucket,
                rule,
                days,
                retention_days,
            } => format!(
                "The lifecycle rule `{rule}` of the bucket {bucket} deletes objects {}. Log files must be kept for {retention_days} days.",
                age(*days)
            ),
            EventsOff { bucket } => format!(
                "S3 does not send the events of the bucket {bucket} to EventBridge. Until it does, Trailseal finds changed and deleted files hours or days later."
            ),
            Unreadable { bucket, setting } => format!(
                "S3 denies Trailseal access to a setting of the bucket {bucket}: {setting}. Trailseal cannot find out whether somebody weakens it."
            ),
            TrailOff { trail, state } => format!(
                "CloudTrail does not deliver log files and digests of the trail {trail} as it should: {state}."
            ),
            RuleOff { rule, state } => format!(
                "The EventBridge rule {rule} does not send events to Trailseal: {state}. Until it does, Trailseal finds what happens in the log buckets hours or days later, or not at all."
            ),
            NoSubscriber { topic, .. } => format!(
                "Nobody receives what the topic {topic} publishes: it has no confirmed subscription."
            ),
            Parked { queue } => format!(
                "The dead-letter queue {queue} holds messages that Trailseal could not process."
            ),
        }
    }

    /// Returns what to do.
    fn advice(&self) -> &'static str {
        match self {
            Weaker { .. } => RESTORE_SETTING,
            ExpiresTooSoon { .. } => {
                "Disable the rule or raise its number of days before it deletes log files (aws s3api put-bucket-lifecycle-configuration). Find out who wrote the rule: look for PutBucketLifecycle and PutBucketLifecycleConfiguration calls in CloudTrail's event history. If log files may expire earlier, change the stack's parameter LogFileRetentionDays."
            }
            EventsOff { .. } => {
                "Turn the events on again: on the bucket's Properties tab in the S3 console, under Event notifications, edit Amazon EventBridge and choose On. Find out who turned them off: look for PutBucketNotification calls in CloudTrail's event history. Then run trailseal verify for the time without events."
            }
            Unreadable { .. } => {
                "Find out who changed the bucket policy or the role of the function settings-monitor, and give the function its permissions back: correct the bucket policy, or deploy the stack again."
            }
            TrailOff { .. } => RESTORE_TRAIL,
            RuleOff { .. } => {
                "Enable the rule (aws events enable-rule), or deploy the stack again if the rule or its target is missing. Find out who changed it: look for DisableRule, DeleteRule, RemoveTargets and PutRule calls in CloudTrail's event history. Then run trailseal verify for the time without events."
            }
            NoSubscriber { .. } => {
                "Subscribe somebody to the topic, and confirm the subscription (aws sns subscribe, aws sns confirm-subscription with --authenticate-on-unsubscribe true). If it is the alert topic, read the findings that nobody received: they are in the evidence bucket, under incidents/."
            }
            Parked { .. } => {
                "The queue's name says what is in it. FindingsDeadLetterQueue: nobody received an alert about these findings, so read them now (aws sqs receive-message). WatchdogDeadLetterQueue and SettingsMonitorDeadLetterQueue: these only start the hourly work, so delete them after you corrected the cause. ExporterDeadLetterQueue: people received these alerts, but an output such as Security Hub did not. Any other queue: these are events of objects that Trailseal has not verified, and its name contains the name of the function. To find the cause, search the function's log for the messages \"the message could not be processed\". Correct it, and move events and findings back to their queue (aws sqs start-message-move-task). Messages expire after at most 14 days in the dead-letter queue."
            }
        }
    }

    /// Returns the all-clear of the condition.
    #[must_use]
    pub fn all_clear(&self, record: &ObjectLocation) -> Finding {
        let why = match self {
            Weaker {
                bucket, setting, ..
            } => format!(
                "The setting of the bucket {bucket} protects the log files as before: {setting}."
            ),
            ExpiresTooSoon { bucket, .. } => format!(
                "No lifecycle rule of the bucket {bucket} deletes log files before the end of their retention any more."
            ),
            EventsOff { bucket } => {
                format!("S3 sends the events of the bucket {bucket} to EventBridge again.")
            }
            Unreadable { bucket, setting } => {
                format!("Trailseal can read the setting of the bucket {bucket} again: {setting}.")
            }
            TrailOff { trail, .. } => {
                format!("CloudTrail delivers the log files and digests of the trail {trail} again.")
            }
            RuleOff { rule, .. } => format!("The EventBridge rule {rule} sends events again."),
            NoSubscriber { topic, .. } => {
                format!("The topic {topic} has a confirmed subscription again.")
            }
            Parked { queue } => format!("The dead-letter queue {queue} is empty."),
        };
        self.finding(record).into_all_clear(why)
    }

    /// Returns the end of the condition, for something that Trailseal no longer looks at.
    #[must_use]
    pub fn all_clear_unwatched(&self, record: &ObjectLocation) -> Finding {
        let what = self.bucket().map(str::to_owned);
        let what = what.unwrap_or_else(|| self.subject());
        let why = format!(
            "Trailseal no longer checks {what}, because the stack's parameters do not name it. The problem may still exist."
        );
        let all_clear = self.finding(record).into_all_clear(why);
        all_clear.with_advice(WHO_TOOK_IT_OUT)
    }

    /// Returns what was expected, and what is.
    fn evidence(&self) -> (String, String) {
        match self {
            Weaker { was, is, .. } => (was.clone(), is.clone()),
            ExpiresTooSoon {
                rule,
                days,
                retention_days,
                ..
            } => (
                format!("log files are kept for {retention_days} days"),
                format!("rule `{rule}` deletes objects {}", age(*days)),
            ),
            EventsOff { .. } => (
                "events are sent to EventBridge".to_owned(),
                "no EventBridge configuration".to_owned(),
            ),
            Unreadable { .. } => (
                "a readable setting".to_owned(),
                "access is denied".to_owned(),
            ),
            TrailOff { state, .. } => (
                "a trail that logs, with log file validation, and delivers to a log bucket"
                    .to_owned(),
                state.clone(),
            ),
            RuleOff { state, .. } => ("an enabled rule with a target".to_owned(), state.clone()),
            NoSubscriber { pending, .. } => (
                "at least one confirmed subscription".to_owned(),
                format!("confirmed subscriptions: 0; waiting for confirmation: {pending}"),
            ),
            Parked { .. } => ("no messages".to_owned(), "messages are parked".to_owned()),
        }
    }
}
