//! The one word for what a check comes to.

use serde::Serialize;

/// The one word for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that was to be checked was, and is as CloudTrail left it.
    Valid,
    /// Something was done to the trail.
    Finding,
    /// Not everything could be checked, and nothing wrong was seen.
    CannotTell,
    /// There was nothing to check: the object is none of the trail's, or of another function's.
    Ignored,
}
