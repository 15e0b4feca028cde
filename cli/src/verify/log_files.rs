//! The log files that a digest lists: as many at a time as requests are allowed. The progress file
//! records those that are verified.

use super::counters::VerifyCounters;
use super::job::Job;
use super::outcomes::DigestOutcomes;
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

/// Verifies the log files of a settled digest.
pub(super) async fn verify_log_files(
    job: &Arc<Job>,
    settled: SettledDigest,
    _held: Option<OwnedSemaphorePermit>,
) -> DigestOutcomes {
    let mut outcomes = DigestOutcomes::of(&settled);
    if let Some(digest) = settled.authentic {
        verify_list(job, &settled.at, digest, &mut outcomes).await;
    }
    VerifyCounters::add(&job.counters().digests, 1);
    outcomes
}

async fn verify_list(
    job: &Arc<Job>,
    at: &ObjectLocation,
    digest: AuthenticDigest,
    outcomes: &mut DigestOutcomes,
) {
    let hash = digest.digest().hash;
    let of = digest.digest().log_files.len();
    let resume = job.plan.resume.as_deref();
    let done = resume.and_then(|resume| resume.done(hash, of));
    if let Some(done) = done {
        reuse_results(job, done, outcomes);
    }
    let scope = Arc::new(job.plan.digests.scope(&outcomes.key));
    let listed_in = Arc::new(DigestReference::of(at, digest.digest()));
    let digest = Arc::new(digest);
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
            outcomes.log_files.cannot_tell += 1;
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
fn reuse_results(job: &Job, done: &Done, outcomes: &mut DigestOutcomes) {
    let counters = job.counters();
    outcomes.log_files.valid += done.count();
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
    outcomes: &mut DigestOutcomes,
) -> bool {
    let report = &verified.report;
    if report.obstacles.iter().any(is_interrupted) {
        // The log file was not checked.
        outcomes.log_files.cannot_tell += 1;
        return false;
    }
    let counters = job.counters();
    VerifyCounters::add(&counters.log_files, 1);
    VerifyCounters::add(&counters.bytes, verified.inflated_bytes);
    outcomes.bytes += verified.inflated_bytes;
    job.collector.form(verified.form, &verified.at);
    if !report.findings.is_empty() {
        outcomes.log_files.finding += 1;
    } else if report.obstacles.is_empty() {
        outcomes.log_files.valid += 1;
        return true;
    } else {
        outcomes.log_files.cannot_tell += 1;
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
