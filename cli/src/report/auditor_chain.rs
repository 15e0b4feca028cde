//! A chain in a report on a period.

use super::{Outcome, Stretch};
use jiff::Timestamp;
use serde::Serialize;
use trailseal::finding::Verdict;
use trailseal::period::{Build, ChainId, ChainPeriod, HourState, PeriodGap, VerifiedSpan};
use trailseal::receipt::NamedFinding;

/// How many seconds of a period have each result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorSeconds {
    pub(crate) period: u64,
    pub(crate) verified: u64,
    pub(crate) finding: u64,
    pub(crate) cannot_tell: u64,
    pub(crate) no_receipt: u64,
    pub(crate) not_logged_yet: u64,
    pub(crate) before_watch: u64,
    pub(crate) before_trail: u64,
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorChain {
    #[serde(flatten)]
    pub(crate) id: ChainId,
    pub(crate) verdict: Outcome,
    pub(crate) watched_since: Option<Timestamp>,
    pub(crate) seconds: AuditorSeconds,
    pub(crate) verified_by: Vec<AuditorBuild>,
    /// The result for each stretch of time, as in `trailseal.verification/1`.
    pub(crate) coverage: Vec<Stretch>,
    /// The hours that were verified, and when.
    pub(crate) verified: Vec<AuditorHour>,
    pub(crate) gaps: Vec<AuditorGap>,
    pub(crate) gaps_left_out: u64,
}

/// A version of a function, and how many receipts it wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AuditorBuild {
    #[serde(flatten)]
    pub(crate) build: Build,
    pub(crate) receipts: u64,
}

/// An hour that was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorHour {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) first_at: Timestamp,
    pub(crate) last_at: Timestamp,
}

/// Time that was not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorGap {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) reason: HourState,
    pub(crate) object: Option<String>,
    pub(crate) findings: Vec<NamedFinding>,
    pub(crate) reasons: Vec<String>,
    pub(crate) receipts: Vec<String>,
}

/// Returns the outcome of a verdict. Time before a trail existed is not a fault.
pub(crate) fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Valid | Verdict::Ignored => Outcome::Valid,
        Verdict::Finding => Outcome::Finding,
        Verdict::CannotTell => Outcome::CannotTell,
    }
}

impl AuditorSeconds {
    fn of(chain: &ChainPeriod) -> Self {
        Self {
            period: chain.stretches.iter().map(|it| it.span.seconds()).sum(),
            verified: chain.seconds(HourState::Verified),
            finding: chain.seconds(HourState::Finding),
            cannot_tell: chain.seconds(HourState::CannotTell),
            no_receipt: chain.seconds(HourState::NoReceipt),
            not_logged_yet: chain.seconds(HourState::NotLoggedYet),
            before_watch: chain.seconds(HourState::BeforeWatch),
            before_trail: chain.seconds(HourState::BeforeTrail),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.period, other.period);
        add(&mut self.verified, other.verified);
        add(&mut self.finding, other.finding);
        add(&mut self.cannot_tell, other.cannot_tell);
        add(&mut self.no_receipt, other.no_receipt);
        add(&mut self.not_logged_yet, other.not_logged_yet);
        add(&mut self.before_watch, other.before_watch);
        add(&mut self.before_trail, other.before_trail);
    }

    /// Returns the seconds that had to be verified.
    pub(crate) fn due(self) -> u64 {
        self.period.saturating_sub(self.before_trail)
    }

    /// Returns those of them that were not.
    pub(crate) fn not_verified(self) -> u64 {
        self.due().saturating_sub(self.verified)
    }
}

impl AuditorChain {
    pub(super) fn of(chain: ChainPeriod) -> Self {
        let coverage = coverage(&chain);
        let verified_by = chain.builds.iter().map(|(build, receipts)| AuditorBuild {
            build: build.clone(),
            receipts: *receipts,
        });
        Self {
            verdict: outcome(chain.verdict()),
            watched_since: chain.watched_since,
            seconds: AuditorSeconds::of(&chain),
            verified_by: verified_by.collect(),
            coverage,
            verified: chain
                .verified
                .iter()
                .copied()
                .map(AuditorHour::of)
                .collect(),
            gaps: chain.gaps.into_iter().map(AuditorGap::of).collect(),
            gaps_left_out: chain.gaps_left_out,
            id: chain.id,
        }
    }
}

/// Returns the stretches of a chain by outcome. Neighbors with one outcome become one.
fn coverage(chain: &ChainPeriod) -> Vec<Stretch> {
    let mut coverage: Vec<Stretch> = Vec::new();
    for stretch in &chain.stretches {
        if stretch.state == HourState::BeforeTrail {
            continue;
        }
        let state = outcome(stretch.state.verdict());
        match coverage.last_mut() {
            Some(last) if last.state == state && last.to == stretch.span.from => {
                last.to = stretch.span.to;
                last.digests = last.digests.saturating_add(stretch.digests);
                last.log_files = last.log_files.saturating_add(stretch.log_files);
            }
            _ => coverage.push(Stretch {
                from: stretch.span.from,
                to: stretch.span.to,
                state,
                digests: stretch.digests,
                log_files: stretch.log_files,
            }),
        }
    }
    coverage
}

impl AuditorHour {
    fn of(hour: VerifiedSpan) -> Self {
        Self {
            from: hour.span.from,
            to: hour.span.to,
            first_at: hour.first_at,
            last_at: hour.last_at,
        }
    }
}

impl AuditorGap {
    fn of(gap: PeriodGap) -> Self {
        Self {
            from: gap.span.from,
            to: gap.span.to,
            reason: gap.state,
            object: gap.object,
            findings: gap.findings,
            reasons: gap.reasons,
            receipts: gap.receipts,
        }
    }
}
