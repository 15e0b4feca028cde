//! The common state of a verification: its plan, and the collector of its findings.

use super::collector::Collector;
use super::counters::VerifyCounters;
use super::plan::Plan;
use super::tally::ChainTally;
use crate::report::CannotTell;
use crate::source::Objects;
use std::sync::Arc;
use tokio::sync::Semaphore;
use trailseal::finding::{Report, Scope};
use trailseal::world::StoreError;
use trailseal_aws::Limited;

/// A verification in progress.
pub(super) struct Job {
    pub(super) plan: Plan,
    pub(super) collector: Arc<Collector>,
    /// Permits for digests that are held.
    pub(super) held: Arc<Semaphore>,
    /// Permits for log files in progress. A log file that waits for its turn costs next to nothing.
    pub(super) under_way: Arc<Semaphore>,
}

impl Job {
    /// Returns the source's objects.
    pub(super) fn store(&self) -> &Arc<Limited<Objects>> {
        self.plan.digests.store()
    }

    /// Returns the counters that the progress display reads.
    pub(super) fn counters(&self) -> &VerifyCounters {
        &self.collector.counters
    }

    /// Returns whether somebody asked the run to end, or nobody reads its output.
    pub(super) fn interrupted(&self) -> bool {
        if self.collector.is_broken() {
            self.store().close();
        }
        self.store().is_closed()
    }

    /// Records a finished chain.
    pub(super) fn done(&self, tally: ChainTally) {
        if !tally.is_empty() {
            self.collector.chain(tally.report(&self.plan.wanted));
        }
    }

    /// Records a report: findings, and what could not be verified.
    pub(super) fn take(&self, report: Report) {
        for finding in &report.findings {
            self.collector.finding(finding);
        }
        for obstacle in report.obstacles {
            let scope = obstacle
                .if_it_stays
                .map(|finding| finding.scope)
                .unwrap_or_default();
            self.collector.cannot_tell(&obstacle.error, &scope);
        }
    }

    /// Returns an answer of the store. Records the reason for a failure, and returns none.
    pub(super) fn answer<T>(&self, answer: Result<T, StoreError>, scope: &Scope) -> Option<T> {
        answer
            .inspect_err(|error| self.collector.cannot_tell(error, scope))
            .ok()
    }

    /// Records that something was not checked, and that its verdict is open.
    pub(super) fn not_looked_at(&self, reason: impl Into<String>) {
        let what = "trails that were not checked";
        self.collector
            .unverified(CannotTell::of_run(what, reason, ""));
    }

    /// Records that a check ended without a verdict, which should not happen.
    pub(super) fn crashed(&self, subject: &str) {
        self.collector.unverified(CannotTell::of_run(
            subject,
            "a check ended without a verdict: this is an error in Trailseal",
            "Report the error, with the text that the command wrote to standard error.",
        ));
    }
}
