//! The check that digest files signed by CloudTrail cover every stretch of the requested time, or
//! that something is reported about it.

use super::end::check_end;
use super::job::Job;
use super::plan::Medium;
use super::tally::ChainTally;
use super::uncovered::{cannot_verify, report_hole};
use trailseal::check::chain_end::{PendingEnd, Sibling};
use trailseal::check::coverage::RequestedTime;
use trailseal::check::digest::is_overdue;

/// Reports every stretch of a chain's time that is neither covered nor accounted for. Returns an
/// end that nothing in the bucket explains: the user's explanations are applied when every chain is
/// known.
pub(super) async fn check_covered(
    job: &Job,
    tally: &mut ChainTally,
    siblings: &[Sibling],
) -> Option<PendingEnd> {
    check_hourly(job, tally);
    let asked = RequestedTime {
        from: job.plan.wanted.from,
        to: job.plan.wanted.to,
        expected_until: job.plan.expected_until,
    };
    let (from, to) = tally.accounted.due(asked, tally.oldest_is_authentic)?;
    let mut pending = None;
    for gap in tally.accounted.holes(from, to) {
        match tally.newest_authentic.filter(|newest| *newest <= gap.0) {
            // A digest file may still arrive.
            Some(_) if !is_overdue(gap.0, job.plan.now) => {}
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
        // The end of the copy is known when every chain is.
        pending = Box::pin(check_end(job, tally, newest, (newest, newest), siblings)).await;
    }
    pending
}

/// Reports a chain of which only backfill digest files exist: the hourly ones are missing, and the
/// time from which they should exist is not known.
fn check_hourly(job: &Job, tally: &mut ChainTally) {
    let is_known = tally.newest_authentic.is_some() || tally.accounted.start().is_some();
    if is_known || job.plan.wanted.from.is_some() || tally.digests.total() == 0 {
        return;
    }
    tally.unverified(None);
    let reason = "it has backfill digest files only, and no hourly ones";
    cannot_verify(job, tally, reason);
}

/// Returns whether nobody says up to when a complete copy on disk goes: then its chains show it.
fn compares_ends(job: &Job) -> bool {
    job.plan.medium == Medium::WholeCopy && job.plan.expected_until.is_none()
}
