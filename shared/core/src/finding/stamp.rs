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
    advice: &'static str,
    detected_at: Timestamp,
    function: &'a str,
    version: &'static str,
}

/// The reporter of findings, and the time.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The function's name, as in the design: `digest-validator`, ….
    pub function: &'a str,
    /// The current time.
    pub detected_at: Timestamp,
}

impl<'a> Stamp<'a> {
    /// Returns whether the command reports, as `trailseal verify`.
    fn is_command(self) -> bool {
        self.function.starts_with("trailseal ")
    }

    /// Returns the finding as it is published.
    #[must_use]
    pub fn stamp(self, finding: &'a Finding) -> StampedFinding<'a> {
        StampedFinding {
            schema: SCHEMA,
            id: finding.id().to_string(),
            severity: finding.severity(),
            finding,
            advice: if self.is_command() {
                finding.kind.command_advice()
            } else {
                finding.advice()
            },
            detected_at: self.detected_at,
            function: self.function,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}
