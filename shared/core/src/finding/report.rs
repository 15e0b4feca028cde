//! The result of a check: findings, obstacles, and the verdict.

use super::counts::Counts;
use super::kms_counts::KmsCounts;
use super::verdict::Verdict;
use super::{Finding, Scope, object};
use crate::names::location::ObjectLocation;
use crate::names::places::BucketRole;
use crate::world::{Absence, Cause, StoreError};
use std::collections::BTreeMap;

/// The result of one check of one object.
#[derive(Debug, Default)]
pub struct Report {
    /// The findings: what was done to the trail.
    pub findings: Vec<Finding>,
    /// The all-clears: incidents that end, because what was found is right again.
    pub all_clears: Vec<Finding>,
    /// The obstacles: what could not be checked, and why.
    pub obstacles: Vec<Obstacle>,
    /// What was looked at besides the object, as [`Report::cannot_tell_of`] names it.
    pub looked_at: Vec<String>,
    /// Indicates whether another check settles what is still open after the last try: it is then
    /// dropped.
    pub is_left_to_others: bool,
    /// The number of digests and log files that are valid.
    pub valid: usize,
    /// Indicates whether anything was checked at all. A folder marker, for example, needs no check.
    pub checked: bool,
    /// The number of applications of each rule for each outcome, by the rule's name.
    pub rules: BTreeMap<&'static str, Counts>,
    /// The counts of KMS events and of deliveries.
    pub counts: KmsCounts,
}

/// Something that could not be checked, and why.
#[derive(Debug)]
pub struct Obstacle {
    /// The failed request.
    pub error: StoreError,
    /// The finding to raise if it remains like that; `None` for a request that may work a moment
    /// later.
    pub if_it_stays: Option<Finding>,
}

impl Report {
    /// Returns a report on something that is checked. Nothing is found yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            checked: true,
            ..Self::default()
        }
    }

    /// Returns a report that has only findings.
    #[must_use]
    pub fn of(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            ..Self::new()
        }
    }

    /// Returns the verdict of the report. "Could not verify" is never valid, whether an object
    /// could not be checked or a rule could not be applied to the end.
    ///
    /// Only the [`Report::obstacles`] are worth another try.
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
        self.all_clears.extend(other.all_clears);
        self.obstacles.extend(other.obstacles);
        self.looked_at.extend(other.looked_at);
        self.valid += other.valid;
        self.checked |= other.checked;
        for (rule, count) in other.rules {
            self.rules.entry(rule).or_default().merge(count);
        }
        self.counts.merge(other.counts);
    }

    /// Ends the tries: raises what has remained open, or leaves it to another check. Nothing is then
    /// known about the object, and nothing is wrong with it.
    pub fn give_up(&mut self) {
        if self.is_left_to_others {
            self.obstacles.clear();
            self.checked = !self.findings.is_empty();
        }
        let obstacles = self.obstacles.iter_mut();
        let stays = obstacles.filter_map(|obstacle| obstacle.if_it_stays.take());
        self.findings.extend(stays);
    }

    /// Adds an object that could not be checked.
    pub fn cannot_tell(&mut self, error: StoreError, scope: &Scope, object: &ObjectLocation) {
        self.cannot_tell_of(error, scope, object, &object.to_string());
    }

    /// Adds an object that does not exist, with the finding to raise if it remains missing.
    ///
    /// S3 replicates in any order: in a replica, an object that a digest names may arrive after it.
    /// A copy on disk may hold only a part of the bucket.
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

    /// Adds another thing that could not be checked, `subject`, with the object that led to it.
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
