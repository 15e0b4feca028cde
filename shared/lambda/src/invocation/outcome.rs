//! The answer to a person who invokes a function manually.

use super::publisher::stamped;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use trailseal::event::Unrelated;
use trailseal::finding::{Report, Stamp, Verdict};
use trailseal::names::location::ObjectLocation;

/// The answer to an invocation that is not a batch.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) outcomes: Vec<Outcome>,
    /// How many messages in the event were unrelated, by their kind.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) unrelated: BTreeMap<Unrelated, u64>,
}

/// The result for one object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    object: String,
    verdict: Verdict,
    valid: usize,
    findings: Value,
    cannot_tell: Vec<String>,
}

impl Outcome {
    pub(super) fn of(
        object: &ObjectLocation,
        verdict: Verdict,
        report: &Report,
        stamp: Stamp<'_>,
    ) -> Self {
        let findings = report.findings.iter();
        let obstacles = report.obstacles.iter();
        Self {
            object: object.to_string(),
            verdict,
            valid: report.valid,
            findings: findings.map(|finding| stamped(finding, stamp)).collect(),
            cannot_tell: obstacles.map(|o| o.error.to_string()).collect(),
        }
    }
}
