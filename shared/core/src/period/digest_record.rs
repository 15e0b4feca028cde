//! The checks of one digest, and what they say together.

use super::coverage::{self, Coverage};
use super::lost_receipts::{LostReceipts, MAX_LOST};
use super::report::{ChainId, HourState};
use super::seen_check::SeenCheck;
use super::span::PeriodSpan;
use crate::finding::Verdict;
use crate::names::sha256::Sha256;
use crate::receipt::NamedFinding;
use crate::watch::{VALIDATOR, VERIFIER};
use jiff::{SignedDuration, Timestamp};

/// The maximum number of receipts of one digest.
const MAX_CHECKS: usize = 1_000;

/// The maximum number of receipts of a digest that are named.
const MAX_NAMED: usize = MAX_LOST;

/// The receipts of one digest.
#[derive(Debug, Clone)]
pub(super) struct DigestRecord {
    /// The end of its hour, by its name.
    pub(super) end: Timestamp,
    /// The trail of its name, without its place.
    pub(super) named: ChainId,
    /// The chain; unknown if no receipt of it can be read.
    pub(super) chain: Option<ChainId>,
    /// The digest's location.
    pub(super) object: Option<String>,
    pub(super) is_backfill: bool,
    pub(super) validated: Vec<SeenCheck>,
    pub(super) verified: Vec<SeenCheck>,
    pub(super) lost: LostReceipts,
    /// Receipts that were left out because there are too many.
    pub(super) left_out: bool,
}

/// What the receipts of a digest say together.
#[derive(Debug, Clone)]
pub(super) struct JudgedDigest {
    pub(super) span: PeriodSpan,
    /// Whether CloudTrail signed the range.
    pub(super) is_signed: bool,
    pub(super) log_files: u64,
    pub(super) result: DigestResult,
}

/// The result for a digest.
#[derive(Debug, Clone)]
pub(super) enum DigestResult {
    Verified {
        first_at: Timestamp,
        last_at: Timestamp,
    },
    Not {
        state: HourState,
        findings: Vec<NamedFinding>,
        reasons: Vec<String>,
    },
}

impl DigestResult {
    /// Returns the result that something could not be verified.
    pub(super) fn cannot_tell(reason: impl Into<String>) -> Self {
        Self::Not {
            state: HourState::CannotTell,
            findings: Vec::new(),
            reasons: vec![reason.into()],
        }
    }

    fn of(state: HourState, checks: &[&SeenCheck], reason: Option<String>) -> Self {
        let findings = checks.iter().flat_map(|check| check.findings.clone());
        let reasons = checks.iter().flat_map(|check| check.reasons.clone());
        Self::Not {
            state,
            findings: findings.collect(),
            reasons: reason.into_iter().chain(reasons).collect(),
        }
    }
}

/// Returns whether a time is in the hour that ends at `end`, as the end of a digest of this hour is.
pub(super) fn in_hour_until(end: Timestamp, time: Timestamp) -> bool {
    let before = end.duration_since(time);
    before >= SignedDuration::ZERO && before < SignedDuration::from_hours(1)
}

impl DigestRecord {
    /// Returns the record of a digest that ends at `end`, by its name, and that has no receipts yet.
    pub(super) fn new(end: Timestamp, named: ChainId) -> Self {
        Self {
            end,
            named,
            chain: None,
            object: None,
            is_backfill: false,
            validated: Vec::new(),
            verified: Vec::new(),
            lost: LostReceipts::default(),
            left_out: false,
        }
    }

    /// Adds a check.
    pub(super) fn add(&mut self, function: &str, check: SeenCheck) {
        let checks = match function {
            VALIDATOR => &mut self.validated,
            VERIFIER => &mut self.verified,
            _ => return,
        };
        if checks.len() < MAX_CHECKS {
            checks.push(check);
        } else {
            self.left_out = true;
        }
    }

    /// Returns whether CloudTrail signed it, so that its chain exists.
    pub(super) fn is_signed(&self) -> bool {
        let mut checks = self.validated.iter().chain(&self.verified);
        !self.is_backfill && checks.any(|check| check.range.is_some())
    }

    /// Returns the keys of its receipts: first those that cannot be used, and not more than twenty.
    pub(super) fn receipts(&self) -> Vec<String> {
        let checks = self.validated.iter().chain(&self.verified);
        let read = checks.map(|check| check.document.to_string());
        let lost = self.lost.keys().map(str::to_owned);
        lost.chain(read).take(MAX_NAMED).collect()
    }

    /// Returns what its receipts say together.
    pub(super) fn judge(&self) -> Option<JudgedDigest> {
        let checks = self.validated.iter().chain(&self.verified);
        let stated = checks.filter_map(|check| {
            let is_valid = check.verdict == Verdict::Valid;
            Some((is_valid, check.at, check.range?))
        });
        let stated = stated.max_by_key(|(is_valid, at, _)| (*is_valid, *at));
        // An object that CloudTrail did not sign may state any range. Its name has the end of one.
        let by_name = || {
            let start = self.end.checked_sub(SignedDuration::from_hours(1)).ok()?;
            PeriodSpan::new(start, self.end)
        };
        let span = match stated {
            Some((_, _, range)) => range,
            None => by_name()?,
        };
        let (result, log_files) = self.result(stated.is_some());
        Some(JudgedDigest {
            span,
            is_signed: stated.is_some(),
            log_files,
            result,
        })
    }

    fn result(&self, is_signed: bool) -> (DigestResult, u64) {
        if let Some(lost) = self.lost_result() {
            return (lost, 0);
        }
        let validated: Vec<&SeenCheck> = self.validated.iter().collect();
        let verified: Vec<&SeenCheck> = self.verified.iter().collect();
        let decided = validated.iter().filter(|check| check.is_decided());
        let newest = decided.max_by_key(|check| (check.at, check.verdict == Verdict::Finding));
        let Some(newest) = newest.copied() else {
            return (undecided(&validated, &verified), 0);
        };
        if newest.verdict == Verdict::Finding {
            // Both functions report the same about the digest itself.
            return (DigestResult::of(HourState::Finding, &[newest], None), 0);
        }
        let Some(content) = newest
            .signed
            .filter(|_| is_signed && newest.range.is_some())
        else {
            let why = "the receipt does not say that CloudTrail signed the range of the digest";
            return (DigestResult::cannot_tell(why), 0);
        };
        let valid = validated
            .iter()
            .filter(|check| check.verdict == Verdict::Valid && check.signed == Some(content));
        let first_at = valid.map(|check| check.at).min().unwrap_or(newest.at);
        log_files(content, first_at, newest.at, &verified)
    }

    /// Returns the result if a receipt was deleted, changed, or could not be read: nobody knows what
    /// it said.
    fn lost_result(&self) -> Option<DigestResult> {
        if self.left_out {
            let why = format!("the digest has more than {MAX_CHECKS} receipts of one function");
            return Some(DigestResult::cannot_tell(why));
        }
        let state = if self.lost.are_findings() {
            HourState::Finding
        } else {
            HourState::CannotTell
        };
        (!self.lost.is_empty()).then(|| DigestResult::Not {
            state,
            findings: Vec::new(),
            reasons: self.lost.reasons(),
        })
    }
}

/// Returns the result if no receipt of `digest-validator` has a decision.
fn undecided(validated: &[&SeenCheck], verified: &[&SeenCheck]) -> DigestResult {
    let found: Vec<&SeenCheck> = verified
        .iter()
        .filter(|check| check.verdict == Verdict::Finding)
        .copied()
        .collect();
    if !found.is_empty() {
        return DigestResult::of(HourState::Finding, &found, None);
    }
    let reason = validated
        .is_empty()
        .then(|| format!("no receipt of {VALIDATOR}"));
    DigestResult::of(HourState::CannotTell, validated, reason)
}

/// Returns the result for a valid digest with this content, by the receipts of `log-verifier`.
fn log_files(
    content: Sha256,
    first_at: Timestamp,
    last_at: Timestamp,
    checks: &[&SeenCheck],
) -> (DigestResult, u64) {
    let is_part = |check: &&&SeenCheck| check.signed == Some(content) && check.log_files.is_some();
    let parts: Vec<&SeenCheck> = checks.iter().filter(is_part).copied().collect();
    let newest_valid = parts.iter().filter(|part| part.verdict == Verdict::Valid);
    let newest_valid = newest_valid.map(|part| part.at).max();
    // What was found about other content, or about no list of log files, stands until the log files
    // of this content are verified later.
    let others = checks.iter().filter(|check| !is_part(check));
    let others: Vec<&SeenCheck> = others
        .filter(|check| check.verdict == Verdict::Finding && Some(check.at) >= newest_valid)
        .copied()
        .collect();
    if !others.is_empty() {
        return (DigestResult::of(HourState::Finding, &others, None), 0);
    }
    let because = |state, verdict, reason: Option<String>| {
        let of_verdict = checks.iter().filter(|check| check.verdict == verdict);
        let of_verdict: Vec<&SeenCheck> = of_verdict.copied().collect();
        (DigestResult::of(state, &of_verdict, reason), 0)
    };
    match coverage::join(&parts) {
        Coverage::Valid {
            first_at: first,
            last_at: last,
            listed,
        } => {
            let first_at = first_at.max(first);
            let last_at = last_at.min(last).max(first_at);
            (DigestResult::Verified { first_at, last_at }, listed)
        }
        Coverage::Finding => because(HourState::Finding, Verdict::Finding, None),
        Coverage::CannotTell => because(HourState::CannotTell, Verdict::CannotTell, None),
        Coverage::Contradiction => {
            let why = format!("the receipts of {VERIFIER} contradict each other");
            (DigestResult::cannot_tell(why), 0)
        }
        Coverage::Missing(from, until) => {
            let reason = if parts.is_empty() {
                format!("no receipt of {VERIFIER} about this content of the digest")
            } else {
                format!(
                    "no receipt of {VERIFIER} about the log files {from} to {until} of the list, counted from 0"
                )
            };
            because(HourState::CannotTell, Verdict::CannotTell, Some(reason))
        }
    }
}
