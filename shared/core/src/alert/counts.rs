//! The number of findings, by kind, account and Region.

use super::entry::AlertEntry;
use super::sent_finding::SentFinding;
use crate::finding::Severity;
use crate::names::printable::printable;
use crate::names::text::clip;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of counts in the JSON form.
pub(super) const MAX_IN_JSON: usize = 50;

/// The maximum length of an example in characters. Fifty of them, four times over, leave room for
/// findings.
const MAX_EXAMPLE_CHARS: usize = 200;

/// The number of findings of one kind in one account and Region.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FindingCount<'a> {
    pub(super) severity: Severity,
    pub(super) kind: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    #[serde(rename = "count")]
    pub(super) findings: u64,
    /// The start of the location of one of the objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) example: String,
}

fn example(finding: &SentFinding) -> String {
    let place = printable(&finding.object.to_string());
    clip(&place, MAX_EXAMPLE_CHARS).to_owned()
}

/// Returns the counts: the largest of each kind first, the most severe kinds first; then the
/// others.
pub(super) fn of<'a>(entries: &'a [AlertEntry<'_>]) -> Vec<FindingCount<'a>> {
    let mut by_place: BTreeMap<(&str, Option<&str>, Option<&str>), FindingCount<'a>> =
        BTreeMap::new();
    for entry in entries {
        let finding = entry.finding();
        let (kind, account) = (finding.kind.as_str(), finding.account.as_deref());
        let region = finding.region.as_deref();
        let count = by_place
            .entry((kind, account, region))
            .or_insert_with(|| FindingCount {
                severity: finding.severity,
                kind,
                account,
                region,
                findings: 0,
                example: example(finding),
            });
        count.findings = count.findings.saturating_add(entry.count());
    }
    let mut counts: Vec<FindingCount<'a>> = by_place.into_values().collect();
    counts.sort_by_key(|count| (Reverse(count.severity), Reverse(count.findings)));
    let mut kinds = BTreeSet::new();
    let (mut first, others): (Vec<_>, Vec<_>) = counts
        .into_iter()
        .partition(|count| kinds.insert(count.kind));
    first.extend(others);
    first
}
