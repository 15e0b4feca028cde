//! A stretch of time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A stretch of time that nothing covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Begin; unknown where no earlier digest is left.
    pub from: Option<Timestamp>,
    /// End.
    pub to: Timestamp,
}
