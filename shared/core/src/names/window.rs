//! A range of time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A range of time that nothing covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The start; unknown if no earlier digest remains.
    pub from: Option<Timestamp>,
    /// The end.
    pub to: Timestamp,
}
