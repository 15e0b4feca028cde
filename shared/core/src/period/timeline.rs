//! The hours of a chain: which digest each of them rests on.

use super::digest_record::{DigestResult, JudgedDigest};
use super::report::{HourState, PeriodStretch, VerifiedSpan};
use super::span::PeriodSpan;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What time without a digest means in a chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings {
    /// The period.
    pub(super) period: PeriodSpan,
    /// The start of the first digest that was verified, if it is in the period or after it.
    pub(super) since: Option<Timestamp>,
    /// What the time before that is.
    pub(super) before: HourState,
    /// The time from which on the log may not have the receipts.
    pub(super) logged_until: Timestamp,
}

/// A range of time that has one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) span: PeriodSpan,
    pub(super) state: HourState,
    /// The number of the digest that it rests on, in the order of their ends.
    pub(super) digest: Option<usize>,
}

/// Returns the rank of a digest where several cover a time: the worst of those that CloudTrail
/// signed. Only where none is signed do other objects count, whose range is only that of their name.
fn rank(digest: &JudgedDigest) -> (bool, HourState) {
    let state = match &digest.result {
        DigestResult::Verified { .. } => HourState::Verified,
        DigestResult::Not { state, .. } => *state,
    };
    (digest.is_signed, state)
}

/// Returns the pieces of the period, the oldest first and without gaps.
pub(super) fn pieces(digests: &[JudgedDigest], around: Surroundings) -> Vec<Piece> {
    let period = around.period;
    let mut edges: Vec<(Timestamp, bool, usize)> = Vec::new();
    let mut cuts: BTreeSet<Timestamp> = [period.from, period.to].into();
    let others = around.since.into_iter().chain([around.logged_until]);
    cuts.extend(others.filter(|at| *at > period.from && *at < period.to));
    for (number, digest) in digests.iter().enumerate() {
        if let Some(span) = digest.span.within(period) {
            edges.push((span.from, true, number));
            edges.push((span.to, false, number));
            cuts.extend([span.from, span.to]);
        }
    }
    edges.sort_unstable();
    let mut edges = edges.into_iter().peekable();
    let mut active: BTreeSet<((bool, HourState), usize)> = BTreeSet::new();
    let mut pieces: Vec<Piece> = Vec::new();
    let cuts: Vec<Timestamp> = cuts.into_iter().collect();
    for cut in cuts.windows(2) {
        let [from, to] = *cut else { continue };
        while let Some((_, starts, number)) = edges.next_if(|(at, ..)| *at <= from) {
            let Some(digest) = digests.get(number) else {
                continue;
            };
            if starts {
                active.insert((rank(digest), number));
            } else {
                active.remove(&(rank(digest), number));
            }
        }
        let (state, digest) = match active.last() {
            Some(((_, state), number)) => (*state, Some(*number)),
            None => (uncovered(from, around), None),
        };
        let span = PeriodSpan { from, to };
        match pieces.last_mut() {
            Some(last) if last.state == state && last.digest == digest => last.span.to = to,
            _ => pieces.push(Piece {
                span,
                state,
                digest,
            }),
        }
    }
    pieces
}

fn uncovered(from: Timestamp, around: Surroundings) -> HourState {
    if around.since.is_some_and(|since| from < since) {
        around.before
    } else if from >= around.logged_until {
        HourState::NotLoggedYet
    } else {
        HourState::NoReceipt
    }
}

/// Joins neighbors with the same result.
pub(super) fn stretches(pieces: &[Piece], digests: &[JudgedDigest]) -> Vec<PeriodStretch> {
    let mut stretches: Vec<PeriodStretch> = Vec::new();
    for piece in pieces {
        let digest = piece.digest.and_then(|number| digests.get(number));
        let files = digest.map_or(0, |digest| digest.log_files);
        let counted = u64::from(digest.is_some());
        match stretches.last_mut() {
            Some(last) if last.state == piece.state => {
                last.span.to = piece.span.to;
                last.digests = last.digests.saturating_add(counted);
                last.log_files = last.log_files.saturating_add(files);
            }
            _ => stretches.push(PeriodStretch {
                span: piece.span,
                state: piece.state,
                digests: counted,
                log_files: files,
            }),
        }
    }
    stretches
}

/// Returns the verified ones.
pub(super) fn verified(pieces: &[Piece], digests: &[JudgedDigest]) -> Vec<VerifiedSpan> {
    let verified = pieces.iter().filter_map(|piece| {
        let DigestResult::Verified { first_at, last_at } = digests.get(piece.digest?)?.result
        else {
            return None;
        };
        Some(VerifiedSpan {
            span: piece.span,
            first_at,
            last_at,
        })
    });
    verified.collect()
}
