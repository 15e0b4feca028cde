//! The result of a verification, as every output format shows it. `docs/verification-json.md`
//! documents its JSON form.

pub(crate) use finding::FindingReport;

use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use trailseal::bucket::selection::Part;
use trailseal::finding::Scope;

pub(crate) use trailseal::finding::Counts;

/// The schema of the JSON form.
pub(crate) const SCHEMA: &str = "trailseal.verification/1";

/// The maximum number of findings, and of unreadable objects, in a report. Counts continue beyond
/// it, and `--format ndjson` writes every one.
pub(crate) const MAX_KEPT: usize = 10_000;

/// The report of a verification.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verification {
    /// [`SCHEMA`].
    pub(crate) schema: &'static str,
    /// Trailseal's version.
    pub(crate) version: &'static str,
    /// The command line.
    pub(crate) command: Vec<String>,
    /// `s3://bucket/prefix`, or the directory's path.
    pub(crate) source: String,
    /// The part of the source that was verified.
    pub(crate) subject: ReportSubject,
    /// The source of the public keys, worded as the end of a sentence:
    /// `CloudTrail (ListPublicKeys)`, `the file keys.json`.
    pub(crate) keys: String,
    /// The requested range of time.
    pub(crate) requested: Range,
    /// The time when the verification started.
    #[serde(serialize_with = "trailseal::names::seconds::serialize")]
    pub(crate) started_at: Timestamp,
    /// The time when it ended.
    #[serde(serialize_with = "trailseal::names::seconds::serialize")]
    pub(crate) finished_at: Timestamp,
    /// Whether it was interrupted. The report then leaves out what the run did not reach.
    pub(crate) interrupted: bool,
    /// The overall verdict.
    pub(crate) verdict: Outcome,
    /// The description of a copy on disk; none for a bucket.
    pub(crate) copy: Option<copy::CopyReport>,
    /// Sums over all chains.
    pub(crate) totals: VerificationTotals,
    /// Each chain, in the order of account, Region, trail.
    pub(crate) chains: Vec<ChainReport>,
    /// The number of findings of each kind, including those left out.
    pub(crate) findings_by_kind: BTreeMap<String, u64>,
    /// The findings, the most severe first, at most [`MAX_KEPT`].
    pub(crate) findings: Vec<FindingReport>,
    /// The number of findings that are left out.
    pub(crate) findings_left_out: u64,
    /// What could not be verified, at most [`MAX_KEPT`] entries.
    pub(crate) cannot_tell: Vec<CannotTell>,
    /// The number of those that are left out.
    pub(crate) cannot_tell_left_out: u64,
}

/// The part of a source that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReportSubject {
    /// Digest files and log files.
    Everything,
    /// The digest files of a folder, and the log files that they list.
    DigestFiles,
    /// The log files of a folder.
    LogFiles,
    /// One digest file, and the log files that it lists.
    DigestFile,
    /// One log file.
    LogFile,
}

impl ReportSubject {
    /// Returns the subject for a named part of a trail.
    pub(crate) fn of(part: &Part) -> Self {
        match part {
            Part::Everything | Part::Elsewhere(_) => Self::Everything,
            Part::Digests(_) => Self::DigestFiles,
            Part::LogFiles(_) => Self::LogFiles,
            Part::Digest(_) => Self::DigestFile,
            Part::LogFile(_) => Self::LogFile,
        }
    }
}

/// A range of time. A missing end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Range {
    /// The start.
    pub(crate) from: Option<Timestamp>,
    /// The end.
    pub(crate) to: Option<Timestamp>,
}

/// The three outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// Everything that was requested is as CloudTrail delivered it.
    Valid,
    /// Not everything could be checked, and nothing wrong was seen.
    CannotTell,
    /// Something was done to the trail.
    Finding,
}

/// Sums over all chains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationTotals {
    /// The number of chains.
    pub(crate) chains: u64,
    /// Hourly and backfill digests that exist.
    pub(crate) digests: Counts,
    /// Hourly digests that are missing, as far as their number is known.
    pub(crate) digests_missing: u64,
    /// Log files that digests list.
    pub(crate) log_files: Counts,
    /// Log files in the bucket that no digest lists; none if the run did not look for them.
    pub(crate) unlisted: Option<u64>,
    /// Inflated bytes of the log files that were hashed.
    pub(crate) bytes: u64,
    /// Log files that a resume file records as verified before.
    pub(crate) resumed: u64,
    /// Requests made, or files opened.
    pub(crate) requests: u64,
}

/// A chain: account × Region × trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChainReport {
    /// The bucket.
    pub(crate) bucket: String,
    /// The prefix before `AWSLogs`, if there is one.
    pub(crate) prefix: Option<String>,
    /// The organization, for an organization trail.
    pub(crate) organization: Option<String>,
    /// The account whose events are recorded.
    pub(crate) account: String,
    /// The Region in which the events occurred.
    pub(crate) region: String,
    /// The trail's name.
    pub(crate) trail: String,
    /// The trail's home Region.
    pub(crate) home_region: String,
    /// The verdict on the chain.
    pub(crate) verdict: Outcome,
    /// Its hourly and backfill digests that exist.
    pub(crate) digests: Counts,
    /// Its hourly digests that are missing, as far as their number is known.
    pub(crate) digests_missing: u64,
    /// The log files that its digests list.
    pub(crate) log_files: Counts,
    /// Inflated bytes of the log files that were hashed.
    pub(crate) bytes: u64,
    /// The verdict on every stretch of time, oldest first, without overlaps. Neighboring stretches
    /// differ in state. Time in none of them was not requested.
    pub(crate) coverage: Vec<Stretch>,
    /// The reason why the chain ends before the requested time does, if there is an explanation.
    pub(crate) end: Option<String>,
}

/// A stretch of time of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stretch {
    /// The start.
    pub(crate) from: Timestamp,
    /// The end.
    pub(crate) to: Timestamp,
    /// The verdict on it.
    pub(crate) state: Outcome,
    /// The number of digests that cover it; zero if they are missing.
    pub(crate) digests: u64,
    /// The number of log files that those digests list.
    pub(crate) log_files: u64,
}

/// Something that could not be verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CannotTell {
    /// The object, or another subject.
    pub(crate) subject: String,
    /// The account, if known.
    pub(crate) account: Option<String>,
    /// The Region, if known.
    pub(crate) region: Option<String>,
    /// The trail, if known.
    pub(crate) trail: Option<String>,
    /// The reason.
    pub(crate) reason: String,
    /// The advice.
    pub(crate) advice: String,
}

impl CannotTell {
    /// Returns something with this scope.
    pub(crate) fn of(
        subject: impl Into<String>,
        scope: &Scope,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            account: scope.account.clone(),
            region: scope.region.clone(),
            trail: scope.trail.clone(),
            reason: reason.into(),
            advice: advice.into(),
        }
    }

    /// Returns something without an account, Region or trail.
    pub(crate) fn of_run(
        subject: impl Into<String>,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::of(subject, &Scope::default(), reason, advice)
    }
}

pub(crate) mod auditor;
mod auditor_chain;
pub(crate) mod copy;
mod finding;
pub(crate) mod valid_time;

#[cfg(test)]
pub(crate) mod auditor_sample;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod schema;
