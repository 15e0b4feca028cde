//! Every stretch of the time that was asked for is covered by digest files that CloudTrail signed, or
//! something is said about it.

use super::end::check_end;
use super::ended::PendingEnd;
use super::job::Job;
use super::plan::Medium;
use super::successor::Sibling;
use super::tally::ChainTally;
use super::uncovered::{cannot_verify, report_hole};
use jiff::Timestamp;
use trailseal::check::digest::OVERDUE_AFTER;

/// Says something about every stretch of a chain's time that is neither covered nor accounted
/// for. An end that nothing in the bucket explains is returned: what the user says of it counts
/// when every chain is known.
pub(super) async fn check_covered(
    job: &Job,
    tally: &mut ChainTally,
    siblings: &[Sibling],
) -> Option<PendingEnd> {
    check_hourly(job, tally);
    let (from, to) = time_to_cover(job, tally)?;
    let mut pending = None;
    for gap in tally.coverage.unaccounted(from, to) {
        match tally.newest_authentic.filter(|newest| *newest <= gap.0) {
            // It may still come.
            Some(_) if job.plan.now.duration_since(gap.0) <= OVERDUE_AFTER => {}
            Some(newest) => {
                pending = Box::pin(check_end(job, tally, newest, gap, siblings)).await;
            }
            None => report_hole(job, tally, gap.0, gap.1),
        }
    }
    if compares_ends(job)
        && pending.is_none()
        && let Some(newest) = tally.newest_authentic
    {
        // How far the copy goes is known when every chain is.
        pending = Box::pin(check_end(job, tally, newest, (newest, newest), siblings)).await;
    }
    pending
}

/// Says where only backfill digest files of a chain are there: the hourly ones are gone, and from
/// when on they should be there is not known.
fn check_hourly(job: &Job, tally: &mut ChainTally) {
    let is_known = tally.newest_authentic.is_some() || tally.coverage.first_accounted().is_some();
    if is_known || job.plan.wanted.from.is_some() || tally.digests.total() == 0 {
        return;
    }
    tally.unverified(None);
    let reason = "only backfill digest files of it are there, and none of the hourly ones";
    cannot_verify(job, tally, reason);
}

/// Whether nobody says up to when a copy on disk that holds everything goes: then its chains tell.
fn compares_ends(job: &Job) -> bool {
    job.plan.medium == Medium::WholeCopy && job.plan.expected_until.is_none()
}

/// The time that a chain's digest files should cover. None where there is none.
fn time_to_cover(job: &Job, tally: &ChainTally) -> Option<(Timestamp, Timestamp)> {
    let wanted = &job.plan.wanted;
    let until = job.plan.expected_until.or(wanted.to);
    let coverage = &tally.coverage;
    let (first, last) = match (coverage.first_accounted(), coverage.last_accounted()) {
        (Some(first), Some(last)) => (first, last),
        // Only names, of digests beside the time asked for, that are not CloudTrail's.
        _ => match (wanted.from, until) {
            (Some(from), Some(to)) => (from, to),
            (None, Some(to)) => (to, to),
            _ => return None,
        },
    };
    // The oldest digest's own link says what was before it.
    let from = match wanted.from {
        Some(from) if tally.oldest_is_authentic => from.max(first),
        Some(from) => from,
        None => first,
    };
    Some((from, job.plan.expected_until.unwrap_or(last)))
}
