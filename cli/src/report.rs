//! What a verification came to, as every output format shows it. `docs/verification-json.md`
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

/// The most findings, and the most unreadable objects, that a report holds: counts go on, and
/// `--format ndjson` writes every one.
pub(crate) const MAX_KEPT: usize = 10_000;

/// A whole verification.
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
    /// What of the source was verified.
    pub(crate) subject: ReportSubject,
    /// Where the public keys came from, as a sentence's end: `CloudTrail (ListPublicKeys)`, `the
    /// file keys.json`.
    pub(crate) keys: String,
    /// The stretch of time that was asked for.
    pub(crate) requested: Range,
    /// When the verification began.
    #[serde(serialize_with = "trailseal::names::seconds::serialize")]
    pub(crate) started_at: Timestamp,
    /// When it ended.
    #[serde(serialize_with = "trailseal::names::seconds::serialize")]
    pub(crate) finished_at: Timestamp,
    /// Whether it was interrupted: what was not reached is not in it.
    pub(crate) interrupted: bool,
    /// The one word for it all.
    pub(crate) verdict: Outcome,
    /// What a copy on disk is; none for a bucket.
    pub(crate) copy: Option<copy::CopyReport>,
    /// Sums over all chains.
    pub(crate) totals: VerificationTotals,
    /// Each chain, in the order of account, Region, trail.
    pub(crate) chains: Vec<ChainReport>,
    /// How many findings there are of each kind, also of those left out.
    pub(crate) findings_by_kind: BTreeMap<String, u64>,
    /// The findings, the most severe first, [`MAX_KEPT`] at most.
    pub(crate) findings: Vec<FindingReport>,
    /// How many findings are left out.
    pub(crate) findings_left_out: u64,
    /// What could not be looked at, [`MAX_KEPT`] at most.
    pub(crate) cannot_tell: Vec<CannotTell>,
    /// How many of those are left out.
    pub(crate) cannot_tell_left_out: u64,
}

/// What of a source was verified.
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
    /// What is verified of a named part of a trail.
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

/// A stretch of time, open where an end is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Range {
    /// Begin.
    pub(crate) from: Option<Timestamp>,
    /// End.
    pub(crate) to: Option<Timestamp>,
}

/// The three outcomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// Everything that was asked for is as CloudTrail delivered it.
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
    /// How many chains there are.
    pub(crate) chains: u64,
    /// Hourly and backfill digests that are there.
    pub(crate) digests: Counts,
    /// Hourly digests that are gone, as far as it is known how many.
    pub(crate) digests_missing: u64,
    /// Log files that digests list.
    pub(crate) log_files: Counts,
    /// Log files in the bucket that no digest lists; none where they were not looked for.
    pub(crate) unlisted: Option<u64>,
    /// Inflated bytes of log files that were hashed.
    pub(crate) bytes: u64,
    /// Log files taken from a resume file as verified before.
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
    /// What stands before `AWSLogs`, where anything does.
    pub(crate) prefix: Option<String>,
    /// The organization, for an organization trail.
    pub(crate) organization: Option<String>,
    /// The account whose events are recorded.
    pub(crate) account: String,
    /// Where the events happened.
    pub(crate) region: String,
    /// The trail's name.
    pub(crate) trail: String,
    /// The trail's home Region.
    pub(crate) home_region: String,
    /// The one word for the chain.
    pub(crate) verdict: Outcome,
    /// Its hourly and backfill digests that are there.
    pub(crate) digests: Counts,
    /// Its hourly digests that are gone, as far as it is known how many.
    pub(crate) digests_missing: u64,
    /// The log files its digests list.
    pub(crate) log_files: Counts,
    /// Inflated bytes of log files that were hashed.
    pub(crate) bytes: u64,
    /// What every stretch of time came to, oldest first, without overlaps; neighbours differ in
    /// state. Time that is in none was not asked for.
    pub(crate) coverage: Vec<Stretch>,
    /// Why the chain ends before the time asked for does, where that is explained.
    pub(crate) end: Option<String>,
}

/// A stretch of time of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stretch {
    /// Begin.
    pub(crate) from: Timestamp,
    /// End.
    pub(crate) to: Timestamp,
    /// What it came to.
    pub(crate) state: Outcome,
    /// How many digests cover it; none where they are missing.
    pub(crate) digests: u64,
    /// How many log files those list.
    pub(crate) log_files: u64,
}

/// Something that could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CannotTell {
    /// The object, or what else it is about.
    pub(crate) subject: String,
    /// The account, where known.
    pub(crate) account: Option<String>,
    /// The Region, where known.
    pub(crate) region: Option<String>,
    /// The trail, where known.
    pub(crate) trail: Option<String>,
    /// Why not.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) advice: String,
}

impl CannotTell {
    /// Something of this scope.
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

    /// Something of no account, Region or trail.
    pub(crate) fn of_run(
        subject: impl Into<String>,
        reason: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::of(subject, &Scope::default(), reason, advice)
    }
}

pub(crate) mod copy;
mod finding;
pub(crate) mod valid_time;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod schema;
