//! The log files that a digest lists: as many at a time as requests are allowed. The progress file
//! records those that are verified.

use super::counters::VerifyCounters;
use super::job::Job;
use super::outcomes::LogFileOutcomes;
use super::resume::{Done, Resume};
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use trailseal::check::digest::SettledDigest;
use trailseal::check::log_file::VerifiedLogFile;
use trailseal::finding::{DigestReference, Obstacle, Scope};
use trailseal::names::location::ObjectLocation;
use trailseal::trust::signature::AuthenticDigest;
use trailseal::world::Cause;

/// Verifies the log files of a digest, as far as it is settled: its content is certain. The digest
/// is held until they are done.
pub(super) fn verify_log_files(
    job: &Arc<Job>,
    digest: &SettledDigest,
    held: Option<OwnedSemaphorePermit>,
) -> impl Future<Output = LogFileOutcomes> + Send + use<> {
    let job = Arc::clone(job);
    let (at, key) = (digest.at.clone(), digest.key.clone());
    let authentic = digest.authentic.clone();
    async move {
        let _held = held;
        let mut outcomes = LogFileOutcomes::default();
        if let Some(digest) = authentic {
            let scope = job.plan.digests.scope(&key);
            verify_list(&job, &at, scope, digest, &mut outcomes).await;
        }
        VerifyCounters::add(&job.counters().digests, 1);
        outcomes
    }
}

async fn verify_list(
    job: &Arc<Job>,
    at: &ObjectLocation,
    scope: Scope,
    digest: Arc<AuthenticDigest>,
    outcomes: &mut LogFileOutcomes,
) {
    let hash = digest.digest().hash;
    let of = digest.digest().log_files.len();
    let resume = job.plan.resume.as_deref();
    let done = resume.and_then(|resume| resume.done(hash, of));
    if let Some(done) = done {
        reuse_results(job, done, outcomes);
    }
    let scope = Arc::new(scope);
    let listed_in = Arc::new(DigestReference::of(at, digest.digest()));
    let to_do: Vec<usize> = (0..of)
        .zip(&digest.digest().log_files)
        .filter(|(position, file)| {
            job.plan.target.part.selects_log_file(&file.location.key)
                && !done.is_some_and(|done| done.holds(*position))
        })
        .map(|(position, _)| position)
        .collect();
    let mut files = stream::iter(to_do)
        .map(|position| {
            let job = Arc::clone(job);
            let (digest, scope, listed_in) = (
                Arc::clone(&digest),
                Arc::clone(&scope),
                Arc::clone(&listed_in),
            );
            async move {
                // The semaphore is never closed.
                let _turn = Arc::clone(&job.under_way).acquire_owned().await.ok();
                let verified = tokio::spawn(async move {
                    let file = digest.digest().log_files.get(position)?;
                    let digests = &job.plan.digests;
                    Some(digests.verify_log_file(file, &scope, &listed_in).await)
                });
                (position, verified.await)
            }
        })
        .buffer_unordered(job.plan.concurrency);
    while let Some((position, verified)) = files.next().await {
        let Ok(Some(verified)) = verified else {
            outcomes.counts.cannot_tell += 1;
            job.crashed(&listed_in.key);
            continue;
        };
        if record_verified(job, &verified, &scope, outcomes)
            && let Some(resume) = resume
        {
            resume.note(hash, of, position, verified.inflated_bytes);
        }
    }
    check_progress_is_kept(job);
}

/// Adopts the log files that an earlier run found valid.
fn reuse_results(job: &Job, done: &Done, outcomes: &mut LogFileOutcomes) {
    let counters = job.counters();
    outcomes.counts.valid += done.count();
    outcomes.bytes += done.bytes;
    VerifyCounters::add(&counters.log_files, done.count());
    VerifyCounters::add(&counters.resumed, done.count());
    VerifyCounters::add(&counters.bytes, done.bytes);
}

/// Records the verdict on a log file. Returns whether it is valid.
fn record_verified(
    job: &Job,
    verified: &VerifiedLogFile,
    scope: &Scope,
    outcomes: &mut LogFileOutcomes,
) -> bool {
    let report = &verified.report;
    if report.obstacles.iter().any(is_interrupted) {
        // The log file was not checked.
        outcomes.counts.cannot_tell += 1;
        return false;
    }
    let counters = job.counters();
    VerifyCounters::add(&counters.log_files, 1);
    VerifyCounters::add(&counters.bytes, verified.inflated_bytes);
    outcomes.bytes += verified.inflated_bytes;
    job.collector.form(verified.form, &verified.at);
    if !report.findings.is_empty() {
        outcomes.counts.finding += 1;
    } else if report.obstacles.is_empty() {
        outcomes.counts.valid += 1;
        return true;
    } else {
        outcomes.counts.cannot_tell += 1;
    }
    for finding in &report.findings {
        job.collector.finding(finding);
    }
    for obstacle in &report.obstacles {
        job.collector.cannot_tell(&obstacle.error, scope);
    }
    false
}

/// Reports, once, that progress is no longer saved.
fn check_progress_is_kept(job: &Job) {
    let resume = job.plan.resume.as_deref();
    if let Some(not_kept) = resume.and_then(Resume::not_kept) {
        job.collector.unverified(not_kept);
    }
}
/// Returns whether something was not checked because the run was interrupted.
fn is_interrupted(obstacle: &Obstacle) -> bool {
    obstacle.error.cause == Cause::Interrupted
}
