//! The order of the work: several folders of accounts and Regions at a time, their chains from the
//! newest digest to the oldest, and as many log files at a time as requests are allowed.

use super::absent::say_absent;
use super::chains::KnownChains;
use super::collector::Collector;
use super::counters::VerifyCounters;
use super::end::settle_ends;
use super::family::{families, verify_family};
use super::find::{Found, find};
use super::job::Job;
use super::limits::{FOLDERS, HELD};
use super::outside::unlisted_outside;
use super::plan::Plan;
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;
use tokio::sync::Semaphore;
use trailseal::names::region_folder::RegionFolder;

/// Runs the verification. Findings go to `collector`. Returns whether anything was found to verify.
pub(super) async fn verify(plan: Plan, collector: Arc<Collector>) -> bool {
    let Found {
        target,
        folders,
        reports,
    } = find(&plan.digests, &plan.wanted, plan.target).await;
    let job = Arc::new(Job {
        under_way: Arc::new(Semaphore::new(plan.concurrency)),
        plan: Plan { target, ..plan },
        collector,
        held: Arc::new(Semaphore::new(HELD)),
    });
    for unseen in &job.plan.unseen {
        job.not_looked_at(unseen.clone());
    }
    for report in reports {
        job.take(report);
    }
    let found = !folders.is_empty();
    let chains = Arc::new(KnownChains::default());
    verify_folders(&job, &chains, folders.clone()).await;
    settle_ends(&job, &chains);
    if !job.interrupted() {
        if found {
            say_absent(&job, &chains.all_matched());
        }
        let looked_into = if job.plan.unlisted {
            folders.as_slice()
        } else {
            &[]
        };
        unlisted_outside(&job, looked_into).await;
    }
    if !job.interrupted()
        && let Some(resume) = &job.plan.resume
        && let Err(error) = resume.complete()
    {
        job.not_looked_at(format!(
            "the progress file cannot be removed ({error}): remove it before the next run"
        ));
    }
    found
}

async fn verify_folders(job: &Arc<Job>, chains: &Arc<KnownChains>, folders: Vec<RegionFolder>) {
    let counters = job.counters();
    VerifyCounters::add(&counters.folders, u64::try_from(folders.len()).unwrap_or(0));
    stream::iter(families(folders))
        .for_each_concurrent(FOLDERS, |family| async move {
            let name = family
                .first()
                .map(RegionFolder::digests)
                .unwrap_or_default();
            let (of_task, chains) = (Arc::clone(job), Arc::clone(chains));
            let task = tokio::spawn(async move { verify_family(&of_task, &chains, family).await });
            if task.await.is_err() {
                job.crashed(&name);
            }
        })
        .await;
}
