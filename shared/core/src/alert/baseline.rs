//! The baseline: findings that somebody has reviewed, and that nobody is alerted about again.
//!
//! The history of a bucket may hold damage of years. Each of these findings would be an alert on
//! the first night. `trailseal baseline` writes them down, with the reviewer and the reason, and the
//! `alerter` does not publish them. They stay in logs and receipts.

use super::incident::is_id;
use super::sent_finding::SentFinding;
use crate::finding::Severity;
use crate::names::location::ObjectLocation;
use crate::names::window::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema of the document.
pub const SCHEMA: &str = "trailseal.baseline/1";

/// Where the document is in the evidence bucket.
pub const KEY: &str = "config/baseline.json";

/// The maximum size of the document in bytes.
pub const MAX_BASELINE_BYTES: usize = 16 * 1024 * 1024;

/// The maximum number of findings in the document.
pub const MAX_KNOWN: usize = 10_000;

/// A finding that somebody has reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownFinding {
    /// The ID of the finding: 64 hex digits.
    pub id: String,
    /// The occurrence: what exactly was found.
    pub occurrence: String,
    /// The kind, such as `digest-missing`.
    pub kind: String,
    /// How bad it was.
    pub severity: Severity,
    /// The damaged, missing or suspicious object.
    pub object: ObjectLocation,
    /// The time that was left uncovered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Why nobody needs an alert about it.
    pub reason: String,
    /// Who says so.
    pub reviewer: String,
    /// Since when.
    pub reviewed_at: Timestamp,
}

impl KnownFinding {
    /// Returns whether a finding is this one: the same thing, no worse. A window that has grown, or
    /// other content, is not.
    fn is(&self, found: &SentFinding) -> bool {
        let is_within = match (&self.window, &found.window) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(known), Some(found)) => {
                // Without a start, a window reaches back to the start of the chain.
                let starts_within = match (known.from, found.from) {
                    (None, _) => true,
                    (Some(_), None) => false,
                    (Some(known), Some(found)) => known <= found,
                };
                starts_within && found.to <= known.to
            }
        };
        !found.all_clear
            && self.kind == found.kind
            && self.occurrence == found.occurrence
            && self.severity >= found.severity
            && is_within
    }
}

/// The findings that somebody has reviewed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<String, Vec<KnownFinding>>,
}

#[derive(Serialize, Deserialize)]
struct BaselineDocument {
    schema: String,
    findings: Vec<KnownFinding>,
}

/// The reason why a document is not a baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not JSON, or has other fields.
    #[error("it is not a document of the schema {SCHEMA}: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It has another schema.
    #[error("its schema is not {SCHEMA}")]
    Schema,
    /// It has too many findings.
    #[error("it has {0} findings, but may have at most {MAX_KNOWN}")]
    TooMany(usize),
    /// A finding has no ID, no reason or no reviewer.
    #[error(
        "a finding of the kind {0} has no ID of 64 hexadecimal digits, no reason or no reviewer"
    )]
    NotReviewed(String),
}

impl Baseline {
    /// Reads a document.
    ///
    /// # Errors
    /// [`BaselineError`] if any part of it is wrong: nothing of it counts then.
    pub fn read(json: &[u8]) -> Result<Self, BaselineError> {
        let document: BaselineDocument = serde_json::from_slice(json)?;
        if document.schema != SCHEMA {
            return Err(BaselineError::Schema);
        }
        let mut baseline = Self::default();
        for finding in document.findings {
            baseline.add(finding)?;
        }
        Ok(baseline)
    }

    /// Adds a finding, unless it is there already.
    ///
    /// # Errors
    /// [`BaselineError`] if nobody has reviewed it, or there are too many.
    pub fn add(&mut self, finding: KnownFinding) -> Result<(), BaselineError> {
        if !is_id(&finding.id)
            || finding.reason.trim().is_empty()
            || finding.reviewer.trim().is_empty()
        {
            return Err(BaselineError::NotReviewed(finding.kind));
        }
        if self.len() >= MAX_KNOWN {
            return Err(BaselineError::TooMany(self.len().saturating_add(1)));
        }
        let known = self.known.entry(finding.id.clone()).or_default();
        let is_same = |known: &KnownFinding| {
            known.occurrence == finding.occurrence && known.window == finding.window
        };
        if !known.iter().any(is_same) {
            known.push(finding);
        }
        Ok(())
    }

    /// Returns the number of findings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.values().map(Vec::len).sum()
    }

    /// Returns whether there is no finding.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Returns the reviewed finding that a finding is, if there is one.
    #[must_use]
    pub fn known(&self, found: &SentFinding) -> Option<&KnownFinding> {
        let known = self.known.get(&found.id)?;
        known.iter().find(|known| known.is(found))
    }

    /// Returns the document, in the order of IDs.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document = BaselineDocument {
            schema: SCHEMA.to_owned(),
            findings: self.known.values().flatten().cloned().collect(),
        };
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::received::{Received, read};
    use crate::alert::sample::{composed, found};

    fn sent() -> SentFinding {
        let finding = found(1, 10).with_window(window(Some(10), 12));
        let body = composed(&[finding], None)[0].body.clone();
        match read(body.as_bytes()).unwrap() {
            Received::Findings(mut findings) => findings.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn hour(hour: i8) -> Timestamp {
        format!("2026-01-15T{hour:02}:00:00Z").parse().unwrap()
    }

    fn window(from: Option<i8>, to: i8) -> Window {
        Window {
            from: from.map(hour),
            to: hour(to),
        }
    }

    fn reviewed(found: &SentFinding) -> KnownFinding {
        KnownFinding {
            id: found.id.clone(),
            occurrence: found.occurrence.clone(),
            kind: found.kind.clone(),
            severity: found.severity,
            object: found.object.clone(),
            window: found.window,
            reason: "The trail was stopped for maintenance.".to_owned(),
            reviewer: "Jane Doe".to_owned(),
            reviewed_at: hour(20),
        }
    }

    fn of(known: KnownFinding) -> Baseline {
        let mut baseline = Baseline::default();
        baseline.add(known).unwrap();
        baseline
    }

    #[test]
    fn a_known_finding_is_covered_and_nothing_worse_or_other_is() {
        let baseline = of(reviewed(&sent()));
        assert!(baseline.known(&sent()).is_some());
        let smaller = SentFinding {
            window: Some(window(Some(11), 12)),
            ..sent()
        };
        assert!(baseline.known(&smaller).is_some());
        for (what, other) in [
            (
                "id",
                SentFinding {
                    id: "0".repeat(64),
                    ..sent()
                },
            ),
            (
                "kind",
                SentFinding {
                    kind: "log-file-modified".to_owned(),
                    ..sent()
                },
            ),
            (
                "occurrence",
                SentFinding {
                    occurrence: "0".repeat(16),
                    ..sent()
                },
            ),
            (
                "all-clear",
                SentFinding {
                    all_clear: true,
                    ..sent()
                },
            ),
            (
                "earlier",
                SentFinding {
                    window: Some(window(Some(9), 12)),
                    ..sent()
                },
            ),
            (
                "later",
                SentFinding {
                    window: Some(window(Some(10), 13)),
                    ..sent()
                },
            ),
            (
                "no start",
                SentFinding {
                    window: Some(window(None, 12)),
                    ..sent()
                },
            ),
        ] {
            assert_eq!(baseline.known(&other), None, "{what}");
        }
        let milder = KnownFinding {
            severity: Severity::Low,
            ..reviewed(&sent())
        };
        assert_eq!(of(milder).known(&sent()), None);
        let without_window = KnownFinding {
            window: None,
            ..reviewed(&sent())
        };
        assert_eq!(of(without_window).known(&sent()), None);
    }

    #[test]
    fn a_document_is_read_as_it_is_written_or_refused() {
        let baseline = of(reviewed(&sent()));
        let json = baseline.to_json();
        assert_eq!(Baseline::read(json.as_bytes()).unwrap(), baseline);
        for (from, to, error) in [
            ("Jane Doe", " ", "no reviewer"),
            ("The trail was stopped for maintenance.", "", "no reason"),
            (&sent().id[..8], "../../..", "no ID"),
            ("baseline/1", "baseline/2", "schema"),
            ("\"kind\"", "\"sort\"", "not a document"),
        ] {
            let changed = json.replacen(from, to, 1);
            assert_ne!(changed, json);
            let refused = Baseline::read(changed.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(error), "{refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_baseline_or_an_error(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = Baseline::read(&bytes);
        }
    }
}
