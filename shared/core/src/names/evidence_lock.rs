//! The Object Lock of the evidence bucket: which documents nobody can delete, and for how long.
//!
//! The bucket has no default retention, because that would also lock what is removed as planned,
//! such as pending deliveries. Each request that writes a document sets the retention.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>

use jiff::{SignedDuration, Timestamp};

/// The folders and documents that are locked. Those that are replaced or removed as planned are not:
/// chain heads, pending deliveries, the newest checkpoint of the log, and the entries that an append
/// stages.
const LOCKED: [&str; 5] = [
    "receipts/",
    "incidents/",
    "log/batches/",
    "log/tile/",
    "log/public-key",
];

/// The time by which a retention is shorter, so that it never exceeds the days that a role may set,
/// whatever the clock of the function says.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// The maximum number of days: a hundred years, which is also the most that S3 accepts.
const MAX_DAYS: u16 = 36_500;

/// The retention mode of Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Nobody but those with a special permission can delete a version before its time is over.
    Governance,
    /// Nobody can delete a version before its time is over, not even the root user.
    Compliance,
}

impl LockMode {
    /// Reads the name of a mode, in any case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "governance" => Some(Self::Governance),
            "compliance" => Some(Self::Compliance),
            _ => None,
        }
    }
}

/// How the documents of the evidence bucket are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceLock {
    /// The mode.
    pub mode: LockMode,
    days: u16,
}

impl EvidenceLock {
    /// Returns the lock for a number of days, if it is at least 1 and at most a hundred years.
    #[must_use]
    pub fn new(mode: LockMode, days: u16) -> Option<Self> {
        let is_valid = (1..=MAX_DAYS).contains(&days);
        is_valid.then_some(Self { mode, days })
    }

    /// Returns until when a document that is written now is locked; `None` if it is not.
    #[must_use]
    pub fn retain_until(self, key: &str, now: Timestamp) -> Option<Timestamp> {
        let is_locked = LOCKED.iter().any(|locked| key.starts_with(locked));
        let retention = SignedDuration::from_hours(24 * i64::from(self.days)) - MARGIN;
        is_locked.then(|| now.saturating_add(retention).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_or_removed_is_not_locked() {
        let lock = EvidenceLock::new(LockMode::Governance, 2).unwrap();
        let now: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        let until: Timestamp = "2026-01-17T11:00:00Z".parse().unwrap();
        for (key, is_locked) in [
            ("receipts/2026/01/15/x.json", true),
            ("receipts/kms-context-checker/bucket/key/x.json", true),
            ("incidents/1.json", true),
            ("incidents/1/2.json", true),
            ("log/batches/0.json", true),
            ("log/tile/0/000", true),
            ("log/public-key", true),
            ("log/checkpoint", false),
            ("log/head.json", false),
            ("log/staged/0", false),
            ("pending/x.json", false),
            ("chains/x.json", false),
            ("watch/stack.json", false),
            ("findings/x.json", false),
        ] {
            let expected = is_locked.then_some(until);
            assert_eq!(lock.retain_until(key, now), expected, "{key}");
        }
    }

    #[test]
    fn a_lock_has_a_mode_and_at_least_a_day() {
        assert_eq!(
            LockMode::from_name("COMPLIANCE"),
            Some(LockMode::Compliance)
        );
        assert_eq!(LockMode::from_name("off"), None);
        for (days, is_valid) in [(0, false), (1, true), (36_500, true), (36_501, false)] {
            let lock = EvidenceLock::new(LockMode::Compliance, days);
            assert_eq!(lock.is_some(), is_valid, "{days}");
        }
    }
}
