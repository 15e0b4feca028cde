//! What a check comes to: findings, what could not be looked at, and the verdict.

use super::counts::Counts;
use super::verdict::Verdict;
use super::{Finding, Scope, object};
use crate::names::location::ObjectLocation;
use crate::names::places::BucketRole;
use crate::world::{Absence, Cause, StoreError};
use std::collections::BTreeMap;

/// What one check of one object came to.
#[derive(Debug, Default)]
pub struct Report {
    /// What was done to the trail.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub obstacles: Vec<Obstacle>,
    /// How many digests and log files were found valid.
    pub valid: usize,
    /// Whether anything was checked at all: a folder marker, say, is nothing to check.
    pub checked: bool,
    /// How often each rule was applied, and to what end, by the rule's name.
    pub rules: BTreeMap<&'static str, Counts>,
    /// What else was counted.
    pub counts: BTreeMap<&'static str, u64>,
}

/// A thing that could not be looked at, and why.
#[derive(Debug)]
pub struct Obstacle {
    /// What failed.
    pub error: StoreError,
    /// The finding to raise if it stays so; none for what may work a moment later.
    pub if_it_stays: Option<Finding>,
}

impl Report {
    /// A report on something that is checked; nothing is found yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            checked: true,
            ..Self::default()
        }
    }

    /// A report of findings alone.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            ..Self::new()
        }
    }

    /// The report's one word. Not being able to tell is never valid: neither where something could
    /// not be looked at, nor where a rule could not be applied to the end.
    ///
    /// Only what could not be looked at ([`Report::obstacles`]) is worth another try.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let is_open = || self.rules.values().any(|count| count.cannot_tell > 0);
        if !self.findings.is_empty() {
            Verdict::Finding
        } else if !self.obstacles.is_empty() || is_open() {
            Verdict::CannotTell
        } else if self.checked {
            Verdict::Valid
        } else {
            Verdict::Ignored
        }
    }

    /// Adds another report to this one.
    pub fn absorb(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.obstacles.extend(other.obstacles);
        self.valid += other.valid;
        self.checked |= other.checked;
        for (rule, count) in other.rules {
            self.rules.entry(rule).or_default().merge(count);
        }
        for (name, count) in other.counts {
            let sum = self.counts.entry(name).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// Adds an object that could not be looked at.
    pub fn cannot_tell(&mut self, error: StoreError, scope: &Scope, object: &ObjectLocation) {
        self.cannot_tell_of(error, scope, object, &object.to_string());
    }

    /// Adds an object that is not there, with what is found if that stays so.
    ///
    /// S3 replicates in any order: in a replica, what a digest names may come after it. A copy on
    /// disk may hold a part of the bucket only.
    pub fn absent(&mut self, finding: Finding, absence: Absence, bucket: BucketRole) {
        let action = match (absence, bucket) {
            (Absence::NotInCopy, _) => "read",
            (_, BucketRole::Replica) => "find in the replica",
            (_, BucketRole::Original) => {
                self.findings.push(finding);
                return;
            }
        };
        self.obstacles.push(Obstacle {
            error: StoreError {
                action,
                subject: finding.object.to_string(),
                cause: Cause::Absent(absence),
            },
            if_it_stays: Some(finding),
        });
    }

    /// Adds something else that could not be looked at, `subject`, with the object that led to it.
    pub fn cannot_tell_of(
        &mut self,
        error: StoreError,
        scope: &Scope,
        at: &ObjectLocation,
        subject: &str,
    ) {
        let if_it_stays = object::unreadable(scope, at, subject, &error.cause);
        self.obstacles.push(Obstacle { error, if_it_stays });
    }
}
