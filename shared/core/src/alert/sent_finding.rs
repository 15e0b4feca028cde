//! A finding on its way to the `alerter`, and from there to people.

use crate::finding::{DigestReference, Severity};
use crate::names::location::ObjectLocation;
use crate::names::window::Window;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A finding as the `alerter` gets it, and as it goes out: `trailseal.finding/1` with its
/// occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentFinding {
    /// `trailseal.finding/1`.
    pub schema: String,
    /// Names the incident: 64 hex digits.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// `log-file-modified`, ….
    pub kind: String,
    /// The account whose events are recorded.
    pub account: Option<String>,
    /// Where the events happened.
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
    /// What should be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// One plain sentence.
    pub message: String,
    /// What to do next.
    pub advice: String,
    /// When it was found.
    pub detected_at: Timestamp,
    /// By which function.
    pub function: String,
    /// Of which version.
    pub version: String,
    /// Tells it from other findings of the incident: 16 hex digits.
    pub occurrence: String,
}
