//! One check of a digest, as its receipt states it.

use super::span::PeriodSpan;
use crate::check::log_file::LogFileTally;
use crate::finding::Verdict;
use crate::names::sha256::Sha256;
use crate::names::text::clip_visibly;
use crate::receipt::{NamedFinding, Receipt};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The maximum number of findings of a receipt that are kept.
const MAX_FINDINGS: usize = 5;

/// The maximum number of obstacles of a receipt that are kept.
const MAX_REASONS: usize = 3;

/// The maximum length in characters of a text of a receipt that is kept.
const MAX_CHARS: usize = 1_100;

/// The maximum time that a digest covers. CloudTrail writes one for each hour.
const LONGEST: SignedDuration = SignedDuration::from_hours(25);

/// A check of a digest.
#[derive(Debug, Clone)]
pub(super) struct SeenCheck {
    pub(super) at: Timestamp,
    pub(super) verdict: Verdict,
    /// The hash of the digest's content, if CloudTrail signed it.
    pub(super) signed: Option<Sha256>,
    /// The range that it states, if CloudTrail signed it, and if it ends when its name says.
    pub(super) range: Option<PeriodSpan>,
    pub(super) log_files: Option<LogFileTally>,
    pub(super) findings: Vec<NamedFinding>,
    pub(super) reasons: Vec<String>,
    /// The key of the document that has the receipt.
    pub(super) document: Arc<str>,
}

impl SeenCheck {
    /// Returns the check of a receipt of the digest that ends at `end` by its name. `document` is the
    /// key of the document that has the receipt.
    pub(super) fn of(receipt: Receipt, end: Timestamp, document: Arc<str>) -> Self {
        let digest = receipt.digest.filter(|digest| digest.signed);
        let range = digest.as_ref().and_then(|digest| {
            let range = PeriodSpan::new(digest.start_time?, digest.end_time?)?;
            let is_hourly = !digest.backfill
                && range.to == end
                && range.to.duration_since(range.from) <= LONGEST;
            is_hourly.then_some(range)
        });
        let signed = digest.and_then(|digest| Sha256::from_hex(&digest.sha256?));
        let more = receipt.findings.len().saturating_sub(MAX_FINDINGS);
        let more = more.saturating_add(receipt.findings_left_out);
        let mut findings = receipt.findings;
        findings.truncate(MAX_FINDINGS);
        let mut reasons = receipt.cannot_tell;
        reasons.truncate(MAX_REASONS);
        let mut reasons: Vec<String> = reasons.into_iter().map(clipped).collect();
        if more > 0 {
            reasons.push(format!("{more} more findings are in the receipt"));
        }
        Self {
            at: receipt.checked_at,
            verdict: receipt.verdict,
            signed,
            range,
            log_files: receipt.log_files,
            findings: findings.into_iter().map(clipped_finding).collect(),
            reasons,
            document,
        }
    }

    /// Returns whether the check was decided.
    pub(super) fn is_decided(&self) -> bool {
        matches!(self.verdict, Verdict::Valid | Verdict::Finding)
    }
}

fn clipped(text: String) -> String {
    clip_visibly(text, MAX_CHARS)
}

/// Returns a finding of a receipt with texts of a limited length.
pub(super) fn clipped_finding(finding: NamedFinding) -> NamedFinding {
    NamedFinding {
        id: clip_visibly(finding.id, 64),
        kind: clip_visibly(finding.kind, 64),
        object: clipped(finding.object),
    }
}
