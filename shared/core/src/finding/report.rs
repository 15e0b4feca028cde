//! What a check comes to: findings, what could not be looked at, and the verdict.

use super::{Finding, Scope, object};
use crate::names::location::ObjectLocation;
use crate::names::places::BucketRole;
use crate::world::{Absence, Cause, StoreError};
use serde::Serialize;
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
    pub rules: BTreeMap<&'static str, RuleCount>,
    /// What else was counted.
    pub counts: BTreeMap<&'static str, u64>,
}

/// How often a rule was applied, and to what end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleCount {
    /// Everything is as it should be.
    pub valid: u64,
    /// Something was found.
    pub finding: u64,
    /// It could not be said.
    pub cannot_tell: u64,
}

impl RuleCount {
    /// Adds one application of the rule.
    pub fn add(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::Valid => &mut self.valid,
            Verdict::Finding => &mut self.finding,
            Verdict::CannotTell => &mut self.cannot_tell,
            Verdict::Ignored => return,
        };
        *count = count.saturating_add(1);
    }
}

/// A thing that could not be looked at, and why.
#[derive(Debug)]
pub struct Obstacle {
    /// What failed.
    pub error: StoreError,
    /// The finding to raise if it stays so; none for what may work a moment later.
    pub if_it_stays: Option<Finding>,
}

/// The one word for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that was to be checked was, and is as CloudTrail left it.
    Valid,
    /// Something was done to the trail.
    Finding,
    /// Not everything could be checked, and nothing wrong was seen.
    CannotTell,
    /// There was nothing to check: the object is none of the trail's, or of another function's.
    Ignored,
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
            let sum = self.rules.entry(rule).or_default();
            sum.valid = sum.valid.saturating_add(count.valid);
            sum.finding = sum.finding.saturating_add(count.finding);
            sum.cannot_tell = sum.cannot_tell.saturating_add(count.cannot_tell);
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
