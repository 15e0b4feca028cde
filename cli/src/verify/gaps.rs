//! Every stretch of the time that was asked for is covered by digest files that CloudTrail signed, or
//! something is said about it.

use super::end::check_end;
use super::ended::PendingEnd;
use super::job::Job;
use super::plan::Medium;
use super::successor::Sibling;
use super::tally::ChainTally;
use super::uncovered::{cannot_verify, report_hole};
use trailseal::check::coverage::AskedTime;
use trailseal::check::digest::is_overdue;

/// Says something about every stretch of a chain's time that is neither covered nor accounted
/// for. An end that nothing in the bucket explains is returned: what the user says of it counts
/// when every chain is known.
pub(super) async fn check_covered(
    job: &Job,
    tally: &mut ChainTally,
    siblings: &[Sibling],
) -> Option<PendingEnd> {
    check_hourly(job, tally);
    let asked = AskedTime {
        from: job.plan.wanted.from,
        to: job.plan.wanted.to,
        expected_until: job.plan.expected_until,
    };
    let (from, to) = tally.accounted.due(asked, tally.oldest_is_authentic)?;
    let mut pending = None;
    for gap in tally.accounted.holes(from, to) {
        match tally.newest_authentic.filter(|newest| *newest <= gap.0) {
            // It may still come.
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
        // How far the copy goes is known when every chain is.
        pending = Box::pin(check_end(job, tally, newest, (newest, newest), siblings)).await;
    }
    pending
}

/// Says where only backfill digest files of a chain are there: the hourly ones are gone, and from
/// when on they should be there is not known.
fn check_hourly(job: &Job, tally: &mut ChainTally) {
    let is_known = tally.newest_authentic.is_some() || tally.accounted.begin().is_some();
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
