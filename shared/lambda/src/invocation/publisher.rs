//! Sends the findings, keeps the record, and settles the pending deliveries.

use super::check::Record;
use super::check_metrics::CheckMetrics;
use super::item_error::ItemError;
use super::verified::Verified;
use crate::queue::ports::{Ports, SendFindings as _};
use futures::future;
use futures::stream::{self, StreamExt as _};
use serde_json::Value;
use trailseal::alert::findings_message;
use trailseal::check::pending::PendingUpdate;
use trailseal::finding::{Finding, Stamp};
use trailseal::receipt::{self, Receipt};

/// How many documents of the evidence bucket are settled at the same time.
const SETTLED_AT_ONCE: usize = 16;

/// The queue of findings and the evidence bucket.
pub(crate) struct Publisher<P: Ports> {
    pub(crate) findings: P::Findings,
    pub(crate) evidence: P::Evidence,
    /// The bucket for findings that a message has no room for, if there is one.
    pub(crate) evidence_bucket: Option<String>,
    /// The metrics of the objects that were checked.
    pub(crate) metrics: CheckMetrics,
}

impl<P: Ports> Publisher<P> {
    /// Sends the findings and all-clears to the alerter.
    ///
    /// A finding is of the time when the check ended, and an all-clear of the time when it began: what
    /// the check saw may have changed since then, so an all-clear must not end what another check
    /// found in the meantime.
    pub(super) async fn publish(
        &self,
        found: Verified<'_>,
        begun: Stamp<'_>,
        stamp: Stamp<'_>,
    ) -> Result<(), ItemError> {
        let Verified {
            object,
            verdict,
            report,
            ..
        } = found;
        for finding in &report.findings {
            tracing::warn!(finding = %stamped(finding, stamp), "finding");
        }
        for all_clear in &report.all_clears {
            tracing::info!(all_clear = %stamped(all_clear, begun), "all-clear");
        }
        tracing::info!(
            object = ?object.to_string(),
            verdict = ?verdict,
            valid = report.valid,
            findings = report.findings.len(),
            cannot_tell = report.obstacles.len(),
            "checked"
        );
        self.metrics.add(found, stamp);
        let bucket = self.evidence_bucket.as_deref();
        let findings = findings_message::compose(&report.findings, stamp, bucket);
        let all_clears = findings_message::compose(&report.all_clears, begun, bucket);
        for message in findings.into_iter().chain(all_clears) {
            self.findings
                .send(&message)
                .await
                .map_err(ItemError::Findings)?;
        }
        Ok(())
    }

    /// Keeps the receipts of the objects of one event, and what else belongs to the record of their
    /// checks.
    pub(super) async fn keep(&self, record: Record, receipts: &[Receipt]) -> Result<(), ItemError> {
        let evidence = &self.evidence;
        let kept = match record {
            Record::LogFiles => {
                let kept = receipts
                    .iter()
                    .map(|receipt| receipt::keep_of_log_file(evidence, receipt));
                future::join_all(kept).await.into_iter().collect()
            }
            Record::Digests => receipt::keep(evidence, receipts).await,
            Record::Chains => receipt::keep_with_heads(evidence, receipts).await,
            Record::None => Ok(()),
        };
        kept.map_err(ItemError::Record)
    }

    /// A document that is not removed here is settled again with the next digest.
    pub(super) async fn settle(&self, updates: Vec<PendingUpdate>) {
        let mut results = stream::iter(updates)
            .map(|what| self.settle_one(what))
            .buffer_unordered(SETTLED_AT_ONCE);
        while results.next().await.is_some() {}
    }

    async fn settle_one(&self, what: PendingUpdate) {
        if let Err(error) = what.run(&self.evidence).await {
            tracing::warn!(error = ?error.to_string(), "a settled delivery could not be removed from the evidence bucket: the next digest settles it again");
        }
    }
}

/// Returns a finding in the form in which it is sent.
pub(super) fn stamped(finding: &Finding, stamp: Stamp<'_>) -> Value {
    serde_json::to_value(stamp.stamp(finding)).unwrap_or_default()
}
