//! The JSON form of an alert.

use super::counts::{self, FindingCount};
use super::entry::AlertEntry;
use super::incident;
use super::sent_finding::SentFinding;
use crate::finding::Severity;
use crate::names::printable::json_for_queue;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// The schema of an alert's JSON form.
pub const SCHEMA: &str = "trailseal.alert/1";

/// The maximum number of accounts and Regions that a message lists for filter policies.
const MAX_LISTED: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertDocument<'a> {
    schema: &'static str,
    #[serde(flatten)]
    head: &'a AlertHead<'a>,
    counts: &'a [FindingCount<'a>],
    #[serde(skip_serializing_if = "is_zero")]
    counts_left_out: usize,
    findings: &'a [ListedFinding<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOut<'a>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// The fields that filter policies use.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlertHead<'a> {
    pub(super) severity: Severity,
    pub(super) kinds: BTreeSet<&'a str>,
    pub(super) accounts: BTreeSet<&'a str>,
    pub(super) regions: BTreeSet<&'a str>,
    pub(super) count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedFinding<'a> {
    #[serde(flatten)]
    pub(super) finding: &'a SentFinding,
    pub(super) incident: IncidentState<'a>,
}

/// The state of a finding's incident, as the message reports it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IncidentState<'a> {
    #[serde(rename = "state")]
    name: &'static str,
    first_seen: Timestamp,
    last_seen: Timestamp,
    occurrences: u64,
    new: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_alert: Option<Timestamp>,
    document: &'a str,
    /// The location of the occurrences that were held back until the next update.
    #[serde(skip_serializing_if = "Option::is_none")]
    waited: Option<String>,
}

#[derive(Serialize, Clone, Copy)]
pub(super) struct LeftOut<'a> {
    pub(super) count: u64,
    #[serde(rename = "wholeList")]
    pub(super) whole_list: &'a str,
}

pub(super) fn head<'a>(entries: &'a [AlertEntry<'_>], severity: Severity) -> AlertHead<'a> {
    let findings = || entries.iter().map(AlertEntry::finding);
    let some = |values: BTreeSet<&'a str>| values.into_iter().take(MAX_LISTED).collect();
    AlertHead {
        severity,
        kinds: findings().map(|finding| finding.kind.as_str()).collect(),
        accounts: some(findings().filter_map(|f| f.account.as_deref()).collect()),
        regions: some(findings().filter_map(|f| f.region.as_deref()).collect()),
        count: entries
            .iter()
            .map(AlertEntry::count)
            .fold(0, u64::saturating_add),
    }
}

pub(super) fn document_of(entry: &AlertEntry<'_>, evidence_bucket: &str) -> String {
    format!(
        "s3://{evidence_bucket}/{}",
        incident::key(&entry.incident.id)
    )
}

pub(super) fn listed<'a>(entry: &AlertEntry<'a>, document: &'a str) -> ListedFinding<'a> {
    ListedFinding {
        finding: entry.finding(),
        incident: state(entry, document),
    }
}

pub(super) fn state<'a>(entry: &AlertEntry<'_>, document: &'a str) -> IncidentState<'a> {
    let incident = entry.incident;
    IncidentState {
        name: entry.notice.as_str(),
        first_seen: incident.first_seen,
        last_seen: incident.last_seen,
        occurrences: incident.occurrences,
        new: incident.unpublished(),
        last_alert: incident.published_at,
        document,
        waited: entry
            .waited
            .then(|| {
                document
                    .strip_suffix(".json")
                    .map(|stem| format!("{stem}/"))
            })
            .flatten(),
    }
}

pub(super) fn document(
    head: &AlertHead<'_>,
    counts: &[FindingCount<'_>],
    findings: &[ListedFinding<'_>],
    left_out: Option<LeftOut<'_>>,
) -> String {
    let (some, others) = counts
        .split_at_checked(counts::MAX_IN_JSON)
        .unwrap_or((counts, &[]));
    let document = AlertDocument {
        schema: SCHEMA,
        head,
        counts: some,
        counts_left_out: others.len(),
        findings,
        left_out,
    };
    // Text, times and lists: JSON can hold everything in it.
    json_for_queue(serde_json::to_string(&document).unwrap_or_default())
}
