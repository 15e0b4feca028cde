//! When one setting of a bucket protects its files less than another.

use crate::names::sha256::Sha256;
use crate::world::{Lifecycle, ObjectLock, Policy, PublicAccess, Replication, Versioning};
use serde_json::Value;
use std::collections::BTreeSet;

/// The maximum length in bytes of a bucket policy that is compared statement by statement: "Bucket
/// policies are limited to 20 KB in size".
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>
const MAX_POLICY_BYTES: usize = 20 * 1024;

/// A setting that protects the files of a bucket.
pub(super) trait Setting: Clone {
    /// The name of the setting in findings.
    const NAME: &'static str;

    /// Returns whether this setting protects less than `was`.
    fn is_weaker_than(&self, was: &Self) -> bool;

    /// Returns what was and what is, for people.
    fn difference(&self, was: &Self) -> (String, String);
}

impl Setting for Versioning {
    const NAME: &'static str = "versioning";

    fn is_weaker_than(&self, was: &Self) -> bool {
        was.enabled && !self.enabled
    }

    fn difference(&self, was: &Self) -> (String, String) {
        let text = |setting: &Self| {
            if setting.enabled {
                "versioning is enabled"
            } else {
                "versioning is suspended or was never enabled"
            }
        };
        (text(was).to_owned(), text(self).to_owned())
    }
}

impl Setting for ObjectLock {
    const NAME: &'static str = "Object Lock";

    fn is_weaker_than(&self, was: &Self) -> bool {
        self.days < was.days || (was.compliance && !self.compliance)
    }

    fn difference(&self, was: &Self) -> (String, String) {
        let text = |lock: &Self| match (lock.days, lock.compliance) {
            (0, _) => "no default retention".to_owned(),
            (days, true) => format!("a default retention of {days} days in compliance mode"),
            (days, false) => format!("a default retention of {days} days in governance mode"),
        };
        (text(was), text(self))
    }
}

impl Lifecycle {
    /// Returns the lowest age at which a rule lets a current object expire, and the lowest number of
    /// days after which one deletes an earlier version.
    fn soonest(&self) -> (Option<u32>, Option<u32>) {
        let rules = || self.rules.iter();
        (
            rules().filter_map(|rule| rule.days).min(),
            rules().filter_map(|rule| rule.noncurrent_days).min(),
        )
    }

    /// Returns the rules for people.
    fn text(&self) -> String {
        let rules = self.rules.iter().map(|rule| {
            let days =
                |days: Option<u32>| days.map_or("never".to_owned(), |d| format!("after {d} days"));
            format!(
                "rule `{}` for `{}*`: objects expire {}, earlier versions {}",
                rule.id,
                rule.prefix,
                days(rule.days),
                days(rule.noncurrent_days)
            )
        });
        let rules: Vec<String> = rules.collect();
        if rules.is_empty() {
            "nothing expires".to_owned()
        } else {
            rules.join("; ")
        }
    }
}

impl Setting for Lifecycle {
    const NAME: &'static str = "lifecycle rules";

    fn is_weaker_than(&self, was: &Self) -> bool {
        let sooner = |is: Option<u32>, was: Option<u32>| match (is, was) {
            (Some(is), Some(was)) => is < was,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let (is, was) = (self.soonest(), was.soonest());
        sooner(is.0, was.0) || sooner(is.1, was.1)
    }

    fn difference(&self, was: &Self) -> (String, String) {
        (was.text(), self.text())
    }
}

impl Setting for PublicAccess {
    const NAME: &'static str = "Block Public Access";

    fn is_weaker_than(&self, was: &Self) -> bool {
        was.blocked
            .iter()
            .any(|switch| !self.blocked.contains(switch))
    }

    fn difference(&self, was: &Self) -> (String, String) {
        let text = |setting: &Self| match setting.blocked.as_slice() {
            [] => "all switches are off".to_owned(),
            on => format!("on: {}", on.join(", ")),
        };
        (text(was), text(self))
    }
}

impl Policy {
    /// Returns the statements, each as JSON with sorted names. A policy that cannot be read counts as
    /// one statement.
    fn statements(&self) -> BTreeSet<String> {
        if self.json.is_empty() {
            return BTreeSet::new();
        }
        let policy = (self.json.len() <= MAX_POLICY_BYTES)
            .then(|| serde_json::from_str::<Value>(&self.json).ok())
            .flatten();
        let statements = policy.as_ref().and_then(|policy| policy.get("Statement"));
        match statements {
            Some(Value::Array(statements)) => statements.iter().map(Value::to_string).collect(),
            Some(statement) => BTreeSet::from([statement.to_string()]),
            None => BTreeSet::from([self.json.clone()]),
        }
    }
}

impl Setting for Policy {
    const NAME: &'static str = "bucket policy";

    /// Whether a policy allows more than another is not decided here: any change counts.
    fn is_weaker_than(&self, was: &Self) -> bool {
        self.statements() != was.statements()
    }

    fn difference(&self, was: &Self) -> (String, String) {
        let (old, new) = (was.statements(), self.statements());
        let only = |these: &BTreeSet<String>, others: &BTreeSet<String>| {
            let only: Vec<&str> = these.difference(others).map(String::as_str).collect();
            only.join(", ")
        };
        let text = |policy: &Self, statements: String| {
            let hash = Sha256::of(policy.json.as_bytes());
            if statements.is_empty() {
                format!("policy with SHA-256 {hash}")
            } else {
                format!("policy with SHA-256 {hash}; only it has: {statements}")
            }
        };
        (text(was, only(&old, &new)), text(self, only(&new, &old)))
    }
}

impl Setting for Replication {
    const NAME: &'static str = "replication";

    fn is_weaker_than(&self, was: &Self) -> bool {
        was.destinations
            .iter()
            .any(|(rule, to)| self.destinations.get(rule) != Some(to))
    }

    fn difference(&self, was: &Self) -> (String, String) {
        let text = |replication: &Self| {
            let rules = replication.destinations.iter();
            let rules: Vec<String> = rules
                .map(|(id, to)| format!("rule `{id}` to {to}"))
                .collect();
            if rules.is_empty() {
                "no enabled rule".to_owned()
            } else {
                rules.join("; ")
            }
        };
        (text(was), text(self))
    }
}
