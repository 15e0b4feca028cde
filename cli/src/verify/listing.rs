//! The chains of a folder, by the names of their digest files.

use super::counters::VerifyCounters;
use super::job::Job;
use super::no_digests::check_no_log_files;
use futures::future::join;
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal::bucket::discovery::{self, ChainDigests};
use trailseal::bucket::wanted::Wanted;
use trailseal::finding::Report;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::Chain;
use trailseal::names::region_folder::RegionFolder;

/// The steps, in days, of the search for the newest digest before the requested time. They grow, so
/// that a chain that stopped years ago costs few requests. The last one covers everything.
const EARLIER: [Option<i64>; 3] = [Some(31), Some(366), None];

/// Returns the chains of a folder, or none if the folder cannot be listed.
pub(super) async fn list_chains(
    job: &Job,
    folder: &RegionFolder,
) -> Option<BTreeMap<Chain, ChainDigests>> {
    let plan = &job.plan;
    let (listed, before) = join(
        discovery::digests(job.store(), folder, &plan.wanted),
        earlier(job, folder, &EARLIER[..1], plan.wanted.from),
    )
    .await;
    VerifyCounters::add(&job.counters().folders_listed, 1);
    let discovery::FoundDigests {
        mut chains,
        misnamed,
    } = match listed {
        Ok(found) => found,
        Err(error) => {
            let mut report = Report::new();
            folder.cannot_list(&mut report, error);
            job.take(report);
            return None;
        }
    };
    let misnamed = misnamed
        .into_iter()
        .filter(|key| plan.target.part.selects_misnamed(key));
    stream::iter(misnamed)
        .for_each_concurrent(plan.concurrency, |key| {
            let at = ObjectLocation::new(folder.bucket.clone(), key);
            async move { job.take(plan.digests.validate(&at).await) }
        })
        .await;
    let before = match before {
        (before, Some(back_to)) if chains.is_empty() && before.is_empty() => {
            earlier(job, folder, &EARLIER[1..], Some(back_to)).await.0
        }
        (before, _) => before,
    };
    let no_digests = chains.is_empty() && before.is_empty();
    // For a chain without digests in the requested time, finds out when they stopped.
    for (chain, newest) in before {
        let known = &mut chains.entry(chain).or_default().hourly;
        if known.is_empty() {
            known.insert(newest);
        }
    }
    if no_digests && plan.wanted.trails.is_empty() && !job.interrupted() {
        check_no_log_files(job, folder).await;
    }
    Some(chains)
}

/// Returns the newest digest of each chain before a time, and how far back the search went. It goes
/// back by these steps until there is a digest.
async fn earlier(
    job: &Job,
    folder: &RegionFolder,
    steps: &[Option<i64>],
    before: Option<Timestamp>,
) -> (BTreeMap<Chain, Timestamp>, Option<Timestamp>) {
    let mut newest = BTreeMap::new();
    let mut end = before;
    for days in steps {
        let Some(until) = end else { break };
        let back = days.map(|days| SignedDuration::from_hours(24 * days));
        let earlier = Wanted {
            from: back.and_then(|back| until.checked_sub(back).ok()),
            to: Some(until),
            ..job.plan.wanted.clone()
        };
        match discovery::digests(job.store(), folder, &earlier).await {
            Ok(found) => {
                for (chain, digests) in found.chains {
                    let before = digests.hourly.range(..=until).next_back();
                    if let Some(last) = before {
                        newest.insert(chain, *last);
                    }
                }
            }
            Err(error) => {
                let mut report = Report::new();
                folder.cannot_list(&mut report, error);
                job.take(report);
                break;
            }
        }
        if !newest.is_empty() {
            break;
        }
        end = earlier.from;
    }
    (newest, end)
}
