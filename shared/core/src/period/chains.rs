//! The digests of each chain, and the chains that have none.

use super::digest_record::{DigestRecord, DigestResult, JudgedDigest};
use super::report::{Build, ChainId, ChainPeriod, HourState, PeriodGap};
use super::span::PeriodSpan;
use super::timeline::{self, Piece, Surroundings};
use crate::finding::FindingKind;
use crate::names::object_key::{ObjectKind, classify};
use crate::receipt::NamedFinding;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The maximum number of gaps of a chain that are named.
const MAX_GAPS: usize = 1_000;

/// The maximum number of gaps of all chains that are named.
const MAX_ALL_GAPS: usize = 100_000;

/// What is known about a chain.
#[derive(Debug, Default)]
pub(super) struct ChainParts {
    /// Its digests.
    pub(super) records: Vec<DigestRecord>,
    /// The start of the first digest that was verified, as the head of the chain says.
    pub(super) since: Option<Timestamp>,
    /// Whether the log has receipts of it from before the period.
    pub(super) is_known_before: bool,
    /// The number of receipts of each build.
    pub(super) builds: BTreeMap<Build, u64>,
}

impl ChainParts {
    /// Returns whether the chain exists: anybody can write an object that is named like a digest of
    /// a chain that does not.
    pub(super) fn exists(&self) -> bool {
        let mut records = self.records.iter();
        self.since.is_some()
            || self.is_known_before
            || records.any(|record| record.is_signed() || !record.lost.is_empty())
    }
}

/// What is the same for all chains.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChainContext {
    pub(super) period: PeriodSpan,
    /// The time from which on the log may not have the receipts.
    pub(super) logged_until: Timestamp,
    /// Whether the entries of the log are those that were signed.
    pub(super) is_signed: bool,
}

/// A range of time, and what it rests on.
struct Source<'a> {
    judged: JudgedDigest,
    record: &'a DigestRecord,
    /// The object, if a finding of the record is about another digest.
    pointed: Option<String>,
}

/// Returns the hours of a chain. `named` is the number of gaps of the chains before it.
pub(super) fn period_of(
    id: ChainId,
    parts: ChainParts,
    context: ChainContext,
    named: usize,
) -> ChainPeriod {
    let ChainParts {
        records,
        since,
        is_known_before,
        builds,
    } = parts;
    let mut sources = Vec::new();
    for record in &records {
        let Some(mut judged) = record.judge() else {
            continue;
        };
        if !context.is_signed && matches!(judged.result, DigestResult::Verified { .. }) {
            judged.result = DigestResult::cannot_tell(
                "the log that names its receipts is not the one that was signed",
            );
        }
        sources.extend(pointed(record, &judged));
        sources.push(Source {
            judged,
            record,
            pointed: None,
        });
    }
    sources.sort_by_key(|source| (source.judged.span.to, source.pointed.is_some()));
    let digests: Vec<JudgedDigest> = sources.iter().map(|it| it.judged.clone()).collect();
    let signed = digests.iter().filter(|digest| digest.is_signed);
    let first = signed.min_by_key(|digest| digest.span.from);
    let since = match (since, first) {
        (Some(since), Some(first)) => Some(since.min(first.span.from)),
        (since, _) => since,
    };
    // Without a head, and if there are older receipts, nothing says that the chain was not watched.
    let since = since.filter(|since| !is_known_before && *since > context.period.from);
    let is_start = first.is_some_and(|first| Some(first.span.from) == since && started(first));
    let around = Surroundings {
        period: context.period,
        since,
        before: if is_start {
            HourState::BeforeTrail
        } else {
            HourState::BeforeWatch
        },
        logged_until: context.logged_until,
    };
    let pieces = timeline::pieces(&digests, around);
    let gaps = pieces.iter().filter(|piece| is_gap(piece.state));
    let most = MAX_GAPS.min(MAX_ALL_GAPS.saturating_sub(named));
    let gaps_left_out = gaps.clone().count().saturating_sub(most);
    ChainPeriod {
        id,
        watched_since: since,
        stretches: timeline::stretches(&pieces, &digests),
        verified: timeline::verified(&pieces, &digests),
        gaps: gaps.take(most).map(|piece| gap(piece, &sources)).collect(),
        gaps_left_out: u64::try_from(gaps_left_out).unwrap_or(u64::MAX),
        builds,
    }
}

fn is_gap(state: HourState) -> bool {
    !matches!(state, HourState::Verified | HourState::BeforeTrail)
}

/// Returns whether the digest is the first one of its chain, as CloudTrail signed it.
fn started(digest: &JudgedDigest) -> bool {
    let DigestResult::Not { findings, .. } = &digest.result else {
        return false;
    };
    let mut findings = findings.iter();
    findings.any(|finding| finding.kind == FindingKind::ChainStarted.as_str())
}

/// Returns the hours of other digests of the chain that findings of a digest are about, such as the
/// missing digest that it names.
fn pointed<'a>(record: &'a DigestRecord, judged: &JudgedDigest) -> Vec<Source<'a>> {
    let DigestResult::Not {
        state: HourState::Finding,
        findings,
        ..
    } = &judged.result
    else {
        return Vec::new();
    };
    let about = findings.iter().filter_map(|finding| {
        let span = hour_of(record, finding)?;
        let judged = JudgedDigest {
            span,
            is_signed: false,
            log_files: 0,
            result: DigestResult::Not {
                state: HourState::Finding,
                findings: vec![finding.clone()],
                reasons: Vec::new(),
            },
        };
        Some(Source {
            judged,
            record,
            pointed: Some(finding.object.clone()),
        })
    });
    about.collect()
}

/// Returns the hour of the other digest of the same chain that a finding is about.
fn hour_of(record: &DigestRecord, finding: &NamedFinding) -> Option<PeriodSpan> {
    if record.object.as_ref() == Some(&finding.object) {
        return None;
    }
    let (bucket, key) = finding.object.strip_prefix("s3://")?.split_once('/')?;
    let ObjectKind::Digest(key) = classify(key) else {
        return None;
    };
    if record.chain.as_ref() != Some(&ChainId::of(bucket, &key.chain)) {
        return None;
    }
    let start = key
        .end_time
        .checked_sub(SignedDuration::from_hours(1))
        .ok()?;
    PeriodSpan::new(start, key.end_time)
}

fn gap(piece: &Piece, sources: &[Source<'_>]) -> PeriodGap {
    let source = piece.digest.and_then(|number| sources.get(number));
    let (findings, reasons) = match source.map(|source| &source.judged.result) {
        Some(DigestResult::Not {
            findings, reasons, ..
        }) => (findings.clone(), reasons.clone()),
        _ => (Vec::new(), Vec::new()),
    };
    let object = source.and_then(|source| source.pointed.clone().or(source.record.object.clone()));
    PeriodGap {
        span: piece.span,
        state: piece.state,
        object,
        findings,
        reasons,
        receipts: source.map_or_else(Vec::new, |source| source.record.receipts()),
    }
}
