//! The log files that a digest lists: as many at a time as requests are allowed, and what is
//! verified is noted in the file of progress.

use super::collector::Progress;
use super::engine::{Engine, Outcomes, outcome_of};
use super::resume::{Done, Resume};
use crate::report::Counts;
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use trailseal::check::digest::SettledDigest;
use trailseal::check::log_file::VerifiedLogFile;
use trailseal::finding::{DigestReference, Scope};
use trailseal::names::location::ObjectLocation;
use trailseal::trust::signature::AuthenticDigest;

impl Engine {
    /// Verifies the log files of a settled digest.
    pub(super) async fn log_files(
        self: Arc<Self>,
        settled: SettledDigest,
        _held: Option<OwnedSemaphorePermit>,
    ) -> Outcomes {
        let own = outcome_of(&settled);
        let progress = &self.collector.progress;
        let mut outcomes = Outcomes {
            time: (settled.start, settled.key.end_time),
            own,
            log_files: Counts::default(),
            bytes: 0,
            key: settled.key,
        };
        if let Some(digest) = settled.authentic {
            self.verify_list(&settled.at, digest, &mut outcomes).await;
        }
        Progress::add(&progress.digests, 1);
        outcomes
    }

    async fn verify_list(
        self: &Arc<Self>,
        at: &ObjectLocation,
        digest: AuthenticDigest,
        outcomes: &mut Outcomes,
    ) {
        let hash = digest.digest().hash;
        let of = digest.digest().log_files.len();
        let resume = self.plan.resume.as_deref();
        let done = resume.and_then(|resume| resume.done(hash, of));
        if let Some(done) = done {
            self.take_over(done, outcomes);
        }
        let scope = Arc::new(self.plan.digests.scope(&outcomes.key));
        let listed_in = Arc::new(DigestReference::of(at, digest.digest()));
        let digest = Arc::new(digest);
        let to_do: Vec<usize> = (0..of)
            .zip(&digest.digest().log_files)
            .filter(|(position, file)| {
                self.plan.part.takes_log_file(&file.location.key)
                    && !done.is_some_and(|done| done.holds(*position))
            })
            .map(|(position, _)| position)
            .collect();
        let mut files = stream::iter(to_do)
            .map(|position| {
                let engine = Arc::clone(self);
                let (digest, scope, listed_in) = (
                    Arc::clone(&digest),
                    Arc::clone(&scope),
                    Arc::clone(&listed_in),
                );
                async move {
                    // Never closed.
                    let _turn = Arc::clone(&engine.under_way).acquire_owned().await.ok();
                    let verified = tokio::spawn(async move {
                        let file = digest.digest().log_files.get(position)?;
                        let digests = &engine.plan.digests;
                        Some(digests.verify_log_file(file, &scope, &listed_in).await)
                    });
                    (position, verified.await)
                }
            })
            .buffer_unordered(self.plan.concurrency);
        while let Some((position, verified)) = files.next().await {
            let Ok(Some(verified)) = verified else {
                outcomes.log_files.cannot_tell += 1;
                self.crashed(&listed_in.key);
                continue;
            };
            if self.take_verified(&verified, &scope, outcomes)
                && let Some(resume) = resume
            {
                resume.note(hash, of, position, verified.inflated_bytes);
            }
        }
        self.check_progress_is_kept();
    }

    /// Takes over what an earlier run found valid.
    fn take_over(&self, done: &Done, outcomes: &mut Outcomes) {
        let progress = &self.collector.progress;
        outcomes.log_files.valid += done.count();
        outcomes.bytes += done.bytes;
        Progress::add(&progress.log_files, done.count());
        Progress::add(&progress.resumed, done.count());
        Progress::add(&progress.bytes, done.bytes);
    }

    /// Takes what a log file came to. Whether it is valid.
    fn take_verified(
        &self,
        verified: &VerifiedLogFile,
        scope: &Scope,
        outcomes: &mut Outcomes,
    ) -> bool {
        let report = &verified.report;
        if self.interrupted() && !report.obstacles.is_empty() {
            // Not looked at.
            outcomes.log_files.cannot_tell += 1;
            return false;
        }
        let progress = &self.collector.progress;
        Progress::add(&progress.log_files, 1);
        Progress::add(&progress.bytes, verified.inflated_bytes);
        outcomes.bytes += verified.inflated_bytes;
        self.collector.form(verified.form, &verified.at);
        if !report.findings.is_empty() {
            outcomes.log_files.finding += 1;
        } else if report.obstacles.is_empty() {
            outcomes.log_files.valid += 1;
            return true;
        } else {
            outcomes.log_files.cannot_tell += 1;
        }
        for finding in &report.findings {
            self.collector.finding(finding);
        }
        for obstacle in &report.obstacles {
            self.collector.cannot_tell(&obstacle.error, scope);
        }
        false
    }

    /// Says, once, that progress is no longer kept.
    fn check_progress_is_kept(&self) {
        let resume = self.plan.resume.as_deref();
        if let Some(not_kept) = resume.and_then(Resume::not_kept) {
            self.collector.not_told(not_kept);
        }
    }
}
