//! A finding as it is published.

use super::{Finding, Severity};
use jiff::Timestamp;
use serde::Serialize;

/// The schema of a finding's JSON form.
pub const SCHEMA: &str = "trailseal.finding/1";

/// A finding with what the caller knows: when it was made, and by which function and version.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StampedFinding<'a> {
    schema: &'static str,
    id: String,
    severity: Severity,
    #[serde(flatten)]
    finding: &'a Finding,
    advice: &'a str,
    detected_at: Timestamp,
    function: &'a str,
    version: &'static str,
}

/// The reporter of findings, and the time.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The reporter's name: that of a function, such as `digest-validator`, or of a command, such
    /// as `trailseal verify`.
    pub function: &'a str,
    /// The time of the detection.
    pub detected_at: Timestamp,
    // A pointer, so that a function does not hold the advice of the command.
    advice: fn(&Finding) -> &str,
}

impl<'a> Stamp<'a> {
    /// Returns the stamp of a Lambda function: the advice is for somebody who is woken up by an
    /// alert.
    #[must_use]
    pub fn by_function(function: &'a str, detected_at: Timestamp) -> Self {
        Self {
            function,
            detected_at,
            advice: Finding::advice,
        }
    }

    /// Returns the stamp of the command: the advice is for somebody who runs it.
    #[must_use]
    pub fn by_command(function: &'a str, detected_at: Timestamp) -> Self {
        Self {
            function,
            detected_at,
            advice: Finding::command_advice,
        }
    }

    /// Returns the finding as it is published.
    #[must_use]
    pub fn stamp(self, finding: &'a Finding) -> StampedFinding<'a> {
        StampedFinding {
            schema: SCHEMA,
            id: finding.id().to_string(),
            severity: finding.severity(),
            finding,
            advice: (self.advice)(finding),
            detected_at: self.detected_at,
            function: self.function,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}
