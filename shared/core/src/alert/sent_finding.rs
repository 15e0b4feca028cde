//! A finding on its way to the `alerter`, and from there to people.

use crate::finding::{DigestReference, Severity};
use crate::names::location::ObjectLocation;
use crate::names::window::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A finding as the `alerter` receives it, and as it is published: `trailseal.finding/1` with its
/// occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentFinding {
    /// `trailseal.finding/1`.
    pub schema: String,
    /// The ID of the incident: 64 hex digits.
    pub id: String,
    /// The severity of the finding.
    pub severity: Severity,
    /// `log-file-modified`, ….
    pub kind: String,
    /// The account whose events are recorded.
    pub account: Option<String>,
    /// The Region in which the events occurred.
    pub region: Option<String>,
    /// The trail.
    pub trail: Option<String>,
    /// The trail's home Region.
    pub home_region: Option<String>,
    /// The damaged, missing or suspicious object itself.
    pub object: ObjectLocation,
    /// The digest involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestReference>,
    /// The time left uncovered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The expected state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The actual state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// One plain sentence.
    pub message: String,
    /// Indicates whether it ends the incident.
    #[serde(default, skip_serializing_if = "crate::finding::is_false")]
    pub all_clear: bool,
    /// Indicates whether an all-clear ends every occurrence of the incident.
    #[serde(default, skip_serializing_if = "crate::finding::is_false")]
    pub ends_incident: bool,
    /// The advice: what to do next.
    pub advice: String,
    /// The time when it was found.
    pub detected_at: Timestamp,
    /// The function that found it.
    pub function: String,
    /// The version of the function.
    pub version: String,
    /// Distinguishes it from other findings of the incident: 16 hex digits.
    pub occurrence: String,
}

impl SentFinding {
    /// Returns the place of a finding among those of one incident. Of a finding and an all-clear of
    /// the same second, the finding is the later one: at worst, an incident stays open.
    #[must_use]
    pub fn order(&self) -> (Timestamp, bool) {
        (self.detected_at, !self.all_clear)
    }
}
