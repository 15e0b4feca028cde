//! The selection of a chain's digest files to read.

use super::counters::VerifyCounters;
use super::job::Job;
use jiff::{SignedDuration, Timestamp};
use trailseal::bucket::discovery::ChainDigests;
use trailseal::bucket::selection::DELIVERY;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{Chain, DigestKey, DigestSeries};
use trailseal::names::region_folder::RegionFolder;

/// The maximum number of digests after the requested time that are tried to find one that
/// CloudTrail signed.
const MAX_LATER_DIGESTS: usize = 48;

/// Returns the digest files of a chain to read, newest first: the requested ones, those after them
/// up to one that CloudTrail signed, and the one before.
pub(super) async fn to_read(
    job: &Job,
    folder: &RegionFolder,
    chain: &Chain,
    digests: &ChainDigests,
    unlisted: bool,
) -> Vec<(DigestSeries, Timestamp)> {
    let plan = &job.plan;
    let reached = |end: &&Timestamp| plan.is_named(chain, DigestSeries::Hourly, **end);
    let backfill: Vec<Timestamp> = digests
        .backfill
        .iter()
        .rev()
        .filter(|end| plan.is_named(chain, DigestSeries::Backfill, **end))
        .copied()
        .collect();
    let count = digests.hourly.iter().filter(reached).count() + backfill.len();
    VerifyCounters::add(
        &job.counters().digests_known,
        u64::try_from(count).unwrap_or(0),
    );
    let later = later_digests(job, folder, chain, digests, unlisted).await;
    let in_time = digests.hourly.iter().rev().filter(reached).copied();
    let is_earlier = |end: &&Timestamp| !reached(end) && !plan.is_later(chain, **end);
    let earlier = digests.hourly.iter().rev().find(is_earlier);
    later
        .into_iter()
        .rev()
        .chain(in_time)
        .chain(earlier.copied())
        .map(|end| (DigestSeries::Hourly, end))
        .chain(
            backfill
                .into_iter()
                .map(|end| (DigestSeries::Backfill, end)),
        )
        .collect()
}

/// Returns the digests after the requested time, oldest first, up to one that CloudTrail signed,
/// which shows whether any before it is missing. Names prove nothing: anybody may put an object
/// there.
async fn later_digests(
    job: &Job,
    folder: &RegionFolder,
    chain: &Chain,
    digests: &ChainDigests,
    unlisted: bool,
) -> Vec<Timestamp> {
    let plan = &job.plan;
    // Log files of the last hours may be listed this late.
    let reach = plan.wanted.to.filter(|_| unlisted).and_then(|to| {
        to.checked_add(DELIVERY + SignedDuration::from_hours(1))
            .ok()
    });
    let mut later_digests = Vec::new();
    let mut proven = false;
    for end in digests.hourly.iter().copied() {
        if !plan.is_later(chain, end) {
            continue;
        }
        let enough = proven && reach.is_none_or(|reach| end > reach);
        if enough || later_digests.len() >= MAX_LATER_DIGESTS || job.interrupted() {
            break;
        }
        later_digests.push(end);
        // In a copy on disk, a digest is verified by the one after it: all are read.
        if !plan.medium.is_copy() && !proven {
            let key = DigestKey::of(chain.clone(), DigestSeries::Hourly, end);
            let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
            let read = plan.digests.read_digest(at, key).await;
            proven = plan.digests.is_authentic(&read).await;
        }
    }
    later_digests
}
