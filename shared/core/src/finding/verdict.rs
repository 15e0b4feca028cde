//! The verdict of a check.

use serde::{Deserialize, Serialize};

/// The verdict of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything was checked completely, and is as CloudTrail delivered it.
    Valid,
    /// Something was done to the trail.
    Finding,
    /// Not everything could be checked, and nothing wrong was seen.
    CannotTell,
    /// There was nothing to check: the object does not belong to the trail, or it belongs to
    /// another function.
    Ignored,
}
