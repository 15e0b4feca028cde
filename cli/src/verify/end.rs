//! The ends of chains: whether another folder or bucket continues a chain, whether its trail was
//! ended on purpose, and what is reported otherwise.

use super::chains::KnownChains;
use super::job::Job;
use super::plan::Medium;
use super::tally::ChainTally;
use super::uncovered::cannot_verify;
use crate::report::Outcome;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal::bucket::discovery::{self, MARGIN};
use trailseal::bucket::selection::DELIVERY;
use trailseal::bucket::wanted::Wanted;
use trailseal::check::chain_end::{
    ChainSuccessor, EndVerdict, PendingEnd, Sibling, find_successor, judge,
};
use trailseal::check::digest::is_overdue;
use trailseal::finding::{Finding, Scope};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{Chain, DigestKey, DigestSeries};

/// CloudTrail delivers log files within about five minutes of an API call, on average
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>). A log
/// file delivered later than this after the end of a digest file belongs to another hour.
const DELIVERED_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// Checks the time after the newest digest file that CloudTrail signed. Returns none if another
/// folder or bucket continues the chain.
pub(super) async fn check_end(
    job: &Job,
    tally: &mut ChainTally,
    newest: Timestamp,
    gap: (Timestamp, Timestamp),
    siblings: &[Sibling],
) -> Option<PendingEnd> {
    let scope = Scope::of_region_folder(&tally.folder);
    let until = gap.1.max(newest.saturating_add(MARGIN).unwrap_or(newest));
    let source = &job.plan.digests;
    let found = Box::pin(find_successor(
        source,
        &tally.chain,
        newest,
        until,
        siblings,
    ))
    .await;
    let successor = job.answer(found, &scope).flatten();
    if let Some(successor) = &successor
        && successor.is_linked
    {
        tally.end = Some(continues_in(successor));
        return None;
    }
    // Existing log files contradict an end that the chain itself does not explain.
    let grace = match successor {
        Some(_) => Some(DELIVERED_WITHIN),
        None if job.plan.ended.iter().any(|one| one.names(&tally.chain)) => Some(DELIVERY),
        None => None,
    };
    let has_log_files = match grace {
        Some(grace) => has_later_log_files(job, tally, newest, grace, until).await,
        None => false,
    };
    Some(PendingEnd {
        chain: tally.chain.clone(),
        newest,
        gap,
        has_siblings: !siblings.is_empty(),
        has_log_files,
        successor,
    })
}

/// Returns whether the chain's folder holds log files that were delivered more than `grace` after
/// `end`. Returns true if nobody can look, because there may be some.
async fn has_later_log_files(
    job: &Job,
    tally: &ChainTally,
    end: Timestamp,
    grace: SignedDuration,
    until: Timestamp,
) -> bool {
    let Ok(from) = end.checked_add(grace) else {
        return false;
    };
    if from >= until {
        return false;
    }
    let wanted = Wanted {
        from: Some(from),
        to: Some(until),
        ..Wanted::default()
    };
    let holds = discovery::holds_log_files(job.store(), &tally.folder, &wanted).await;
    let scope = Scope::of_region_folder(&tally.folder);
    job.answer(holds, &scope).unwrap_or(true)
}

/// Gives the verdict on the ends of chains that no later digest file of the same chain explains.
pub(super) fn settle_ends(job: &Job, chains: &KnownChains) {
    let (pending, newest) = chains.take_pending();
    for (mut tally, end) in pending {
        if job.interrupted() {
            tally.worst = tally.worst.max(Outcome::CannotTell);
        } else {
            settle_end(job, &mut tally, end, &newest);
        }
        job.done(tally);
    }
}

fn settle_end(
    job: &Job,
    tally: &mut ChainTally,
    mut end: PendingEnd,
    newest: &BTreeMap<Chain, Timestamp>,
) {
    if end.gap.0 >= end.gap.1 {
        let latest = newest.values().max().copied().unwrap_or(end.gap.1);
        if !is_overdue(end.newest, latest) {
            return;
        }
        end.gap.1 = latest;
    }
    // If other trails deliver to the same folder, or are not checked, nobody knows which trail
    // delivered a log file.
    let is_company = |(chain, last): (&Chain, &Timestamp)| {
        *chain != end.chain
            && chain.folder == end.chain.folder
            && chain.region == end.chain.region
            && *last > end.newest
    };
    if end.has_log_files && (!job.plan.wanted.trails.is_empty() || newest.iter().any(is_company)) {
        end.has_log_files = false;
        if end.successor.is_some() {
            tally.unverified(None);
            let what = format!(
                "its digest files end at {}, but the bucket contains log files that this trail or another one delivered later",
                end.newest
            );
            cannot_verify(job, tally, &what);
        }
    }
    if let Some(successor) = end.successor.as_ref().filter(|_| !end.has_log_files) {
        if successor.from > end.gap.0 {
            let gap = (end.gap.0, successor.from.min(end.gap.1));
            report_overdue(job, tally, end.newest, gap, &[]);
        }
        tally.end = Some(continues_in(successor));
        return;
    }
    match judge("--ended", &job.plan.ended, &end, newest) {
        EndVerdict::Explained(words) => {
            tally.end = Some(format!("ended on purpose (--ended {words})"));
        }
        EndVerdict::Open(reasons) => {
            report_overdue(job, tally, end.newest, end.gap, &reasons);
        }
    }
}

/// Reports that no digest file follows the newest one.
fn report_overdue(
    job: &Job,
    tally: &mut ChainTally,
    newest: Timestamp,
    (from, to): (Timestamp, Timestamp),
    reasons: &[String],
) {
    let key = DigestKey::of(tally.chain.clone(), DigestSeries::Hourly, newest);
    let at = ObjectLocation::new(tally.folder.bucket.clone(), key.to_string());
    let mut finding: Finding = job.plan.digests.overdue(&at, &key, from, to);
    if !reasons.is_empty() {
        let actual = finding.actual.clone().unwrap_or_default();
        finding.actual = Some(format!("{actual}; {}", reasons.join("; ")));
    }
    if job.plan.medium == Medium::PartialCopy {
        job.collector.record_end_of_copy(&finding.scope, from, to);
        tally.unverified(finding.window);
    } else if job.collector.finding(&finding) {
        tally.window_of(&finding);
    }
}

fn continues_in(successor: &ChainSuccessor) -> String {
    format!("continues in {}", successor.at)
}
