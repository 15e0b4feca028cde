//! When one setting of a bucket protects its files less than another.

use crate::world::{ObjectLock, PublicAccess, Replication, Versioning};

/// A setting that protects the files of a bucket.
pub(super) trait Setting: Clone {
    /// The name of the setting in findings.
    const NAME: &'static str;

    /// Returns whether this setting protects the files of trails less than `was`. `roots` are the
    /// starts of the keys of these files, as far as they are known.
    fn is_weaker_than(&self, was: &Self, roots: &[&str]) -> bool;

    /// Returns what to record of this setting, which protects no less than `was`.
    fn recorded_after(self, _was: &Self, _roots: &[&str]) -> Self {
        self
    }

    /// Returns what was and what is, for people.
    fn difference(&self, was: &Self) -> (String, String);
}

impl Setting for Versioning {
    const NAME: &'static str = "versioning";

    fn is_weaker_than(&self, was: &Self, _: &[&str]) -> bool {
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

    fn is_weaker_than(&self, was: &Self, _: &[&str]) -> bool {
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

impl Setting for PublicAccess {
    const NAME: &'static str = "Block Public Access";

    fn is_weaker_than(&self, was: &Self, _: &[&str]) -> bool {
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

impl Setting for Replication {
    const NAME: &'static str = "replication";

    fn is_weaker_than(&self, was: &Self, _: &[&str]) -> bool {
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
