//! The log files that a digest lists: as many at a time as requests are allowed, and what is
//! verified is noted in the file of progress.

use super::collector::Progress;
use super::engine::{Engine, Outcomes, outcome_of};
use super::resume::Done;
use crate::report::{CannotTell, Counts};
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use trailseal::location::ObjectLocation;
use trailseal::signature::AuthenticDigest;
use trailseal::walk::{Settled, listed_in};

impl Engine {
    /// Verifies the log files of a settled digest.
    pub(super) async fn log_files(
        self: Arc<Self>,
        settled: Settled,
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
        let progress = &self.collector.progress;
        let hash = digest.digest().hash;
        if digest.digest().log_files.is_empty() {
            return;
        }
        if let Some(done) = self.plan.resume.as_ref().and_then(|r| r.done(hash)) {
            outcomes.log_files.valid = done.log_files;
            outcomes.bytes = done.bytes;
            Progress::add(&progress.log_files, done.log_files);
            Progress::add(&progress.resumed, done.log_files);
            Progress::add(&progress.bytes, done.bytes);
            return;
        }
        let scope = Arc::new(self.plan.digests.scope(&outcomes.key));
        let listed_in = Arc::new(listed_in(at, digest.digest()));
        let digest = Arc::new(digest);
        let mut files = stream::iter(0..digest.digest().log_files.len())
            .map(|index| {
                let engine = Arc::clone(self);
                let (digest, scope, listed_in) = (
                    Arc::clone(&digest),
                    Arc::clone(&scope),
                    Arc::clone(&listed_in),
                );
                async move {
                    // Never closed.
                    let _turn = Arc::clone(&engine.under_way).acquire_owned().await.ok();
                    tokio::spawn(async move {
                        let file = digest.digest().log_files.get(index)?;
                        let digests = &engine.plan.digests;
                        Some(digests.verify_log_file(file, &scope, &listed_in).await)
                    })
                    .await
                }
            })
            .buffer_unordered(self.plan.concurrency);
        while let Some(verified) = files.next().await {
            let Ok(Some(verified)) = verified else {
                outcomes.log_files.cannot_tell += 1;
                self.crashed(&listed_in.key);
                continue;
            };
            if self.interrupted() && !verified.report.obstacles.is_empty() {
                // Not looked at.
                outcomes.log_files.cannot_tell += 1;
                continue;
            }
            Progress::add(&progress.log_files, 1);
            Progress::add(&progress.bytes, verified.inflated_bytes);
            outcomes.bytes += verified.inflated_bytes;
            if !verified.report.findings.is_empty() {
                outcomes.log_files.finding += 1;
            } else if verified.report.obstacles.is_empty() {
                outcomes.log_files.valid += 1;
                continue;
            } else {
                outcomes.log_files.cannot_tell += 1;
            }
            for finding in &verified.report.findings {
                self.collector.finding(finding);
            }
            for obstacle in &verified.report.obstacles {
                self.collector.cannot_tell(&obstacle.error, &scope);
            }
        }
        let all = u64::try_from(digest.digest().log_files.len()).unwrap_or(u64::MAX);
        if outcomes.log_files.valid == all
            && let Some(resume) = &self.plan.resume
        {
            let done = Done {
                log_files: all,
                bytes: outcomes.bytes,
            };
            if let Err(error) = resume.note(hash, done) {
                self.collector.not_told(CannotTell {
                    subject: "the progress file".to_owned(),
                    account: None,
                    region: None,
                    trail: None,
                    reason: format!("progress cannot be kept: {error}"),
                    advice: "Make room, or leave --resume out.".to_owned(),
                });
            }
        }
    }
}
