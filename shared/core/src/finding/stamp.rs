//! A finding as it goes out.

use super::{Finding, Severity};
use jiff::Timestamp;
use serde::Serialize;

/// The schema of a finding's JSON form.
pub const SCHEMA: &str = "trailseal.finding/1";

/// A finding with what the edge knows: when it was made, by which function and version.
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

/// Who reports findings, and when.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// The function's name, as in the design: `digest-validator`, ….
    pub function: &'a str,
    /// Now.
    pub detected_at: Timestamp,
}

impl<'a> Stamp<'a> {
    /// Whether the command reports, as `trailseal verify`.
    fn is_command(self) -> bool {
        self.function.starts_with("trailseal ")
    }

    /// The finding as it goes out.
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
