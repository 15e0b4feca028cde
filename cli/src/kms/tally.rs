//! The combined results of all log files.

use super::subject::KmsSubject;
use crate::advice::advice;
use crate::output::finding::{Advice, advice_on};
use crate::report::{CannotTell, MAX_KEPT, Outcome};
use indicatif::HumanCount;
use jiff::{SignedDuration, Timestamp};
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use trailseal::check::digest::OVERDUE_AFTER;
use trailseal::check::kms_events::KmsReport;
use trailseal::finding::{Counts, Finding, FindingKind, Obstacle, Scope};
use trailseal::kms::review::Explanation;
use trailseal::world::{Cause, CredentialTrouble, StoreError};

/// The advice if AWS refuses.
const DENIED: &str = "Allow your user or role s3:ListBucket and s3:GetObject on the bucket, and kms:Decrypt, kms:DescribeKey and kms:GetKeyPolicy on the trail's key. Then run the command again.";

/// The advice if a Region does not know the account.
const REGION_DISABLED: &str = "The KMS key is in a Region that is not enabled for the account. Run the command with the credentials of an account for which it is enabled.";

/// The numbers of log files by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct KmsTotals {
    /// All log files that were read.
    pub(super) log_files: u64,
    /// Log files with KMS events.
    pub(super) with_kms_events: u64,
    /// Log files with KMS events that a rule is about.
    pub(super) judged: u64,
    /// All KMS events, regardless of whose they are.
    pub(super) kms_events: u64,
    /// Deliveries whose digests were not checked.
    pub(super) waiting: u64,
}

/// A log file that was judged.
pub(super) struct KmsEntry {
    /// The log file.
    pub(super) subject: KmsSubject,
    /// The verdict on it.
    pub(super) outcome: Outcome,
    /// The number of its KMS events.
    pub(super) kms_events: u64,
    /// The number of times that each rule was applied.
    pub(super) rules: BTreeMap<&'static str, Counts>,
    /// The explanation of each rule.
    pub(super) explanations: Vec<Explanation>,
    /// The findings that no earlier log file had.
    pub(super) findings: Vec<Finding>,
    /// The reasons why something could not be verified.
    pub(super) reasons: Vec<String>,
}

/// Sums over all log files.
pub(super) struct KmsTally {
    pub(super) totals: KmsTotals,
    pub(super) rules: BTreeMap<&'static str, Counts>,
    pub(super) findings_by_kind: BTreeMap<FindingKind, u64>,
    pub(super) advice: Advice,
    pub(super) findings_left_out: u64,
    pub(super) cannot_tell_left_out: u64,
    cannot_tell: Vec<CannotTell>,
    /// The troubles with the credentials. Each is reported once.
    credentials: BTreeSet<CredentialTrouble>,
    findings: usize,
    /// Hashes of the ids of all findings. A finding that occurs twice counts once.
    ids: HashSet<u64>,
    hasher: RandomState,
    now: Timestamp,
}

impl KmsTally {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            totals: KmsTotals::default(),
            rules: BTreeMap::new(),
            findings_by_kind: BTreeMap::new(),
            advice: Advice::new(),
            findings_left_out: 0,
            cannot_tell_left_out: 0,
            cannot_tell: Vec::new(),
            credentials: BTreeSet::new(),
            findings: 0,
            ids: HashSet::new(),
            hasher: RandomState::new(),
            now,
        }
    }

    /// Records the result for a log file.
    pub(super) fn take(&mut self, subject: KmsSubject, judged: KmsReport) -> KmsEntry {
        let KmsReport {
            report,
            waiting,
            explanations,
        } = judged;
        let kms_events = report.counts.kms_events.unwrap_or_default();
        let totals = &mut self.totals;
        totals.log_files += 1;
        totals.kms_events += kms_events;
        totals.with_kms_events += u64::from(kms_events > 0);
        totals.judged += u64::from(!explanations.is_empty());
        totals.waiting += u64::try_from(waiting.len()).unwrap_or(u64::MAX);
        for (rule, count) in &report.rules {
            self.rules.entry(rule).or_default().merge(*count);
        }
        let scope = Scope::of_log_file(&subject.key, &[]);
        let mut findings = report.findings;
        let mut reasons = Vec::new();
        for obstacle in report.obstacles {
            match self.stays(&subject, obstacle) {
                Ok(finding) => findings.push(finding),
                Err(error) => {
                    reasons.push(match &error.cause {
                        // The same text for all log files, regardless of the failed action.
                        cause @ Cause::Credentials(..) => cause.to_string(),
                        _ => error.to_string(),
                    });
                    self.add_cannot_tell(&error, &scope);
                }
            }
        }
        let outcome = if !findings.is_empty() {
            Outcome::Finding
        } else if !reasons.is_empty() {
            Outcome::CannotTell
        } else {
            Outcome::Valid
        };
        findings.retain(|finding| self.is_new(finding));
        KmsEntry {
            subject,
            outcome,
            kms_events,
            rules: report.rules,
            explanations,
            findings,
            reasons,
        }
    }

    /// Returns the finding if something did not arrive within its time limit, otherwise the reason
    /// why it could not be verified.
    fn stays(&self, subject: &KmsSubject, obstacle: Obstacle) -> Result<Finding, StoreError> {
        let age: SignedDuration = self.now.duration_since(subject.key.time);
        match (obstacle.if_it_stays, &obstacle.error.cause) {
            // The digest files of the trail that a call names.
            (Some(finding), Cause::NotYet) if age > OVERDUE_AFTER => Ok(finding),
            _ => Err(obstacle.error),
        }
    }

    /// Counts a finding. Returns whether to report it: it is new, and there are not too many.
    fn is_new(&mut self, finding: &Finding) -> bool {
        // The log files of one folder under one other key are one incident, and each of them is
        // reported.
        let object = (finding.kind == FindingKind::LogFileEncryptionChanged)
            .then(|| finding.object.to_string());
        let id = self.hasher.hash_one((finding.id().to_string(), object));
        if !self.ids.insert(id) {
            return false;
        }
        *self.findings_by_kind.entry(finding.kind).or_default() += 1;
        self.advice.insert(advice_on(finding));
        if self.findings >= MAX_KEPT {
            self.findings_left_out += 1;
            return false;
        }
        self.findings += 1;
        true
    }

    /// Records an error that hides log files.
    pub(super) fn unseen(&mut self, error: &StoreError) {
        self.add_cannot_tell(error, &Scope::default());
    }

    /// Returns whether the credentials no longer work for any request.
    pub(super) fn is_signed_out(&self) -> bool {
        let mut troubles = self.credentials.iter();
        troubles.any(|trouble| trouble.is_of_all_requests())
    }

    fn add_cannot_tell(&mut self, error: &StoreError, scope: &Scope) {
        // One statement on credentials, regardless of how many requests are refused.
        if let Cause::Credentials(trouble, _) = error.cause
            && !self.credentials.insert(trouble)
        {
            return;
        }
        if self.cannot_tell.len() >= MAX_KEPT {
            self.cannot_tell_left_out += 1;
            return;
        }
        self.cannot_tell.push(CannotTell {
            subject: error.subject.clone(),
            account: scope.account.clone(),
            region: scope.region.clone(),
            trail: None,
            reason: error.to_string(),
            advice: match &error.cause {
                Cause::Denied(_) => DENIED,
                Cause::RegionDisabled(_) => REGION_DISABLED,
                cause => advice(cause),
            }
            .to_owned(),
        });
    }

    /// Returns what could not be verified.
    pub(super) fn cannot_tell(&self) -> &[CannotTell] {
        &self.cannot_tell
    }

    /// Returns the number of findings.
    pub(super) fn found(&self) -> u64 {
        self.findings_by_kind.values().sum()
    }

    /// Returns whether there was no log file to judge.
    pub(super) fn is_empty(&self) -> bool {
        self.totals.log_files == 0
    }

    /// Returns the overall verdict.
    pub(super) fn verdict(&self, interrupted: bool) -> Outcome {
        if self.found() > 0 {
            Outcome::Finding
        } else if interrupted || !self.cannot_tell.is_empty() {
            Outcome::CannotTell
        } else {
            Outcome::Valid
        }
    }
}

/// Counters that the progress display reads during the work.
#[derive(Debug, Default)]
pub(super) struct KmsProgress {
    log_files: AtomicU64,
    kms_events: AtomicU64,
    findings: AtomicU64,
}

impl KmsProgress {
    /// Stores the current counts.
    pub(super) fn count(&self, tally: &KmsTally) {
        for (counter, count) in [
            (&self.log_files, tally.totals.log_files),
            (&self.kms_events, tally.totals.kms_events),
            (&self.findings, tally.found()),
        ] {
            counter.store(count, Ordering::Relaxed);
        }
    }

    /// Returns a line such as `45,678 log files, 1,234 KMS events, 850 files/s`.
    pub(super) fn line(&self, elapsed: Duration) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let log_files = read(&self.log_files);
        if log_files == 0 {
            return "searching for log files".to_owned();
        }
        let mut parts = vec![
            format!("{} log files", HumanCount(log_files)),
            format!("{} KMS events", HumanCount(read(&self.kms_events))),
            format!(
                "{} files/s",
                HumanCount(log_files / elapsed.as_secs().max(1))
            ),
        ];
        let findings = read(&self.findings);
        if findings > 0 {
            parts.push(format!("{} findings", HumanCount(findings)));
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailseal::names::location::ObjectLocation;

    /// They are one incident for people who are alerted. A user of the command sees each of them.
    #[test]
    fn each_log_file_with_other_encryption_is_reported_once() {
        let mut tally = KmsTally::new(Timestamp::UNIX_EPOCH);
        let finding = |kind, key: &str| {
            let object = ObjectLocation::new("amzn-s3-demo-bucket", key);
            Finding::for_tests(kind, Scope::default(), object, "m").about("the same", key)
        };
        let changed = FindingKind::LogFileEncryptionChanged;
        assert!(tally.is_new(&finding(changed, "a")));
        assert!(tally.is_new(&finding(changed, "b")));
        assert!(!tally.is_new(&finding(changed, "a")));
        let reader = FindingKind::KmsUnlistedReader;
        assert!(tally.is_new(&finding(reader, "a")));
        assert!(!tally.is_new(&finding(reader, "b")));
    }
}
