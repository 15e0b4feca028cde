//! The complete list of findings, which an alert may name.

use super::document::{ListedFinding, SCHEMA, document_of, state};
use super::entry::AlertEntry;
use super::incident;
use super::sent_finding::SentFinding;
use crate::names::sha256::Sha256;
use jiff::Timestamp;
use serde::Serialize;

/// The complete list of findings, for the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeList {
    /// The object's key.
    pub key: String,
    /// Its content: an alert document with every finding.
    pub document: String,
}

impl WholeList {
    /// Returns the list in an incident's folder, which is published later.
    #[must_use]
    pub fn waiting(self, incident: &str, now: Timestamp) -> Self {
        let (_, name) = self.key.rsplit_once('/').unwrap_or_default();
        Self {
            key: format!(
                "{}{}_{name}",
                incident::folder(incident),
                now.strftime("%Y%m%dT%H%M%SZ")
            ),
            ..self
        }
    }
}

/// Writes the complete list of findings, each with the entry of its incident. A message may name
/// the list.
#[must_use]
pub fn whole_list(
    findings: &[(&SentFinding, AlertEntry<'_>)],
    evidence_bucket: &str,
    now: Timestamp,
) -> WholeList {
    #[derive(Serialize)]
    struct ListDocument<'a> {
        schema: &'static str,
        count: usize,
        findings: Vec<ListedFinding<'a>>,
    }
    let documents: Vec<String> = findings
        .iter()
        .map(|(_, entry)| document_of(entry, evidence_bucket))
        .collect();
    let findings = findings.iter().zip(&documents);
    let findings: Vec<ListedFinding<'_>> = findings
        .map(|((finding, entry), document)| ListedFinding {
            finding,
            incident: state(entry, document),
        })
        .collect();
    let document = serde_json::to_string(&ListDocument {
        schema: SCHEMA,
        count: findings.len(),
        findings,
    });
    // Text, times and lists: JSON can hold everything in it.
    let document = document.unwrap_or_default();
    WholeList {
        key: format!(
            "alerts/{}/{}.json",
            now.strftime("%Y/%m/%d"),
            Sha256::of(document.as_bytes())
        ),
        document,
    }
}
