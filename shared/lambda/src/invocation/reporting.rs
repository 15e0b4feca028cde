//! Sends what a function reports that is not about one object.

use super::publisher::stamped;
use crate::queue::ports::SendFindings;
use trailseal::alert::findings_message;
use trailseal::finding::{Report, Stamp};
use trailseal::world::StoreError;

/// Sends the findings of a report to the alerter, and its all-clears after them. `evidence_bucket` is
/// the bucket for findings that a message has no room for; without it, they are several messages.
///
/// # Errors
/// [`StoreError`]: the queue may not have accepted all of them.
pub async fn send_report<F: SendFindings>(
    findings: &F,
    report: &Report,
    stamp: Stamp<'_>,
    evidence_bucket: Option<&str>,
) -> Result<(), StoreError> {
    for finding in &report.findings {
        tracing::warn!(finding = %stamped(finding, stamp), "finding");
    }
    for all_clear in &report.all_clears {
        tracing::info!(all_clear = %stamped(all_clear, stamp), "all-clear");
    }
    let lists = [&report.findings, &report.all_clears];
    let compose = |list: &Vec<_>| findings_message::compose(list, stamp, evidence_bucket);
    for message in lists.into_iter().flat_map(compose) {
        findings.send(&message).await?;
    }
    Ok(())
}
