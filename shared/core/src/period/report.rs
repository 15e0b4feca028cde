//! What the evidence bucket says about a period.

use super::open_incident::PeriodIncident;
use super::span::PeriodSpan;
use crate::evidence_log::{Cosigner, LogCheckpoint, LogFault, LogFinding};
use crate::finding::Verdict;
use crate::names::object_key::Chain;
use crate::receipt::{ChainName, NamedFinding};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The maximum number of findings about documents, of findings about other objects, and of
/// obstacles, that a report names.
const MAX_LISTED: usize = 10_000;

/// The result for a range of time of a chain, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HourState {
    /// `digest-validator` and `log-verifier` found the digest and all its log files valid.
    Verified,
    /// The first digest of the trail is later.
    BeforeTrail,
    /// The log may not have its receipts yet.
    NotLoggedYet,
    /// The first digest that was verified is later.
    BeforeWatch,
    /// The log has no receipt.
    NoReceipt,
    /// A receipt says that something could not be verified, or a receipt is missing.
    CannotTell,
    /// A receipt has findings, or a receipt was deleted or changed.
    Finding,
}

impl HourState {
    /// Returns the verdict on the range. Time before a trail existed has none.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Verified => Verdict::Valid,
            Self::BeforeTrail => Verdict::Ignored,
            Self::Finding => Verdict::Finding,
            Self::NotLoggedYet | Self::BeforeWatch | Self::NoReceipt | Self::CannotTell => {
                Verdict::CannotTell
            }
        }
    }
}

/// A chain in a bucket. A chain of which all receipts were deleted has no known place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainId {
    /// The account whose events are recorded.
    pub account: String,
    /// The Region in which the events occurred.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The trail's home Region.
    pub home_region: String,
    /// The bucket of its digests.
    pub bucket: Option<String>,
    /// The account's folder in the bucket.
    pub folder: Option<String>,
}

impl ChainId {
    /// Returns the chain in a bucket.
    pub(super) fn of(bucket: &str, chain: &Chain) -> Self {
        let ChainName {
            folder,
            account,
            region,
            trail,
            home_region,
        } = ChainName::from(chain);
        Self {
            account,
            region,
            trail,
            home_region,
            bucket: Some(bucket.to_owned()),
            folder: Some(folder),
        }
    }

    /// Returns the trail, account and Region of the chain, wherever its digests are.
    pub(super) fn without_place(&self) -> Self {
        Self {
            bucket: None,
            folder: None,
            ..self.clone()
        }
    }

    /// Returns whether the other one is the same trail, account and Region, perhaps elsewhere.
    pub(super) fn is_same_trail(&self, other: &Self) -> bool {
        self.account == other.account
            && self.region == other.region
            && self.trail == other.trail
            && self.home_region == other.home_region
    }
}

/// A version of a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The function.
    pub function: String,
    /// The version of Trailseal.
    pub version: String,
    /// The version of the Lambda function.
    pub function_version: String,
}

/// A range of time of a chain with one result. Neighbors differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodStretch {
    /// The range.
    pub span: PeriodSpan,
    /// The result.
    pub state: HourState,
    /// The number of digests that the result rests on.
    pub digests: u64,
    /// The number of log files that these digests list.
    pub log_files: u64,
}

/// The range of a digest that was verified with all its log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedSpan {
    /// The range.
    pub span: PeriodSpan,
    /// When all of it had been verified for the first time.
    pub first_at: Timestamp,
    /// All of it was verified at this time or later.
    pub last_at: Timestamp,
}

/// A range of time that was not verified, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodGap {
    /// The range.
    pub span: PeriodSpan,
    /// The result.
    pub state: HourState,
    /// The digest that it rests on: `s3://bucket/key`.
    pub object: Option<String>,
    /// The findings of its receipts.
    pub findings: Vec<NamedFinding>,
    /// Further reasons, in sentences without a full stop.
    pub reasons: Vec<String>,
    /// The keys of the receipts in the evidence bucket.
    pub receipts: Vec<String>,
}

/// A chain in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainPeriod {
    /// The chain.
    pub id: ChainId,
    /// The start of the first digest that was verified, if it is in the period or after it.
    pub watched_since: Option<Timestamp>,
    /// The results for the whole period, the oldest first.
    pub stretches: Vec<PeriodStretch>,
    /// The verified digests, the oldest first.
    pub verified: Vec<VerifiedSpan>,
    /// What was not verified, the oldest first; at most a thousand.
    pub gaps: Vec<PeriodGap>,
    /// The number of gaps that are left out.
    pub gaps_left_out: u64,
    /// The number of receipts of each build.
    pub builds: BTreeMap<Build, u64>,
}

impl ChainPeriod {
    /// Returns the number of seconds with a result.
    #[must_use]
    pub fn seconds(&self, state: HourState) -> u64 {
        let stretches = self.stretches.iter();
        let of_state = stretches.filter(|stretch| stretch.state == state);
        of_state.map(|stretch| stretch.span.seconds()).sum()
    }

    /// Returns the worst verdict of the period.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.stretches.iter().map(|stretch| stretch.state).max() {
            None | Some(HourState::BeforeTrail) => Verdict::Valid,
            Some(worst) => worst.verdict(),
        }
    }
}

/// A finding about an object that is not the digest of an hour: a planted object, a backfill digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFinding {
    /// The object that was checked: `s3://bucket/key`.
    pub checked: String,
    /// The finding.
    pub finding: NamedFinding,
    /// When the object was checked.
    pub checked_at: Timestamp,
    /// The key of the receipt.
    pub receipt: String,
}

/// What the evidence bucket says about a period.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodReport {
    /// The period.
    pub period: PeriodSpan,
    /// The checkpoint that everything rests on, if the key of the log signed it.
    pub checkpoint: Option<LogCheckpoint>,
    /// Those who cosigned it.
    pub cosigners: Vec<Cosigner>,
    /// Indicates whether the entries are those that were signed.
    pub is_signed: bool,
    /// The number of entries of the log that were read.
    pub entries: u64,
    /// When the newest round of the log was made.
    pub newest_round: Option<Timestamp>,
    /// The number of receipts of the period that are as the log names them.
    pub receipts: u64,
    /// The chains.
    pub chains: Vec<ChainPeriod>,
    /// The findings about other objects; at most ten thousand.
    pub other_findings: Vec<ObjectFinding>,
    /// The incidents that were open in the period, the oldest first.
    pub incidents: Vec<PeriodIncident>,
    /// The number of documents that are newer than the log.
    pub not_logged_yet: u64,
    /// The keys of some of them.
    pub not_logged_yet_named: Vec<String>,
    /// What is wrong with documents, or with the log; at most ten thousand.
    pub findings: Vec<LogFinding>,
    /// What could not be verified besides the hours; at most ten thousand.
    pub cannot_tell: Vec<String>,
    /// The number of findings and obstacles that are left out.
    pub left_out: u64,
}

impl PeriodReport {
    pub(super) fn new(period: PeriodSpan) -> Self {
        Self {
            period,
            checkpoint: None,
            cosigners: Vec::new(),
            is_signed: false,
            entries: 0,
            newest_round: None,
            receipts: 0,
            chains: Vec::new(),
            other_findings: Vec::new(),
            incidents: Vec::new(),
            not_logged_yet: 0,
            not_logged_yet_named: Vec::new(),
            findings: Vec::new(),
            cannot_tell: Vec::new(),
            left_out: 0,
        }
    }

    /// Returns the verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let is_worst = |verdict| self.chains.iter().any(|chain| chain.verdict() == verdict);
        if !self.findings.is_empty()
            || !self.other_findings.is_empty()
            || is_worst(Verdict::Finding)
        {
            Verdict::Finding
        } else if !self.is_signed
            || self.chains.is_empty()
            || !self.cannot_tell.is_empty()
            || self.left_out > 0
            || is_worst(Verdict::CannotTell)
        {
            Verdict::CannotTell
        } else {
            Verdict::Valid
        }
    }

    /// Adds a finding about a document or the log.
    pub(super) fn find(&mut self, fault: LogFault, key: &str, message: impl Into<String>) {
        let finding = LogFinding {
            fault,
            key: key.to_owned(),
            message: message.into(),
        };
        push(&mut self.findings, finding, &mut self.left_out);
    }

    /// Adds what could not be verified.
    pub(super) fn obstacle(&mut self, why: impl Into<String>) {
        push(&mut self.cannot_tell, why.into(), &mut self.left_out);
    }

    /// Adds a finding about an object that is not the digest of an hour.
    pub(super) fn find_other(&mut self, finding: ObjectFinding) {
        push(&mut self.other_findings, finding, &mut self.left_out);
    }
}

fn push<T>(list: &mut Vec<T>, item: T, left_out: &mut u64) {
    if list.len() < MAX_LISTED {
        list.push(item);
    } else {
        *left_out = left_out.saturating_add(1);
    }
}
