//! A reference to an event, to find it again.
//!
//! The tests are in `tests/tests/kms/`.

use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt;

/// A reference to an event, to find it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventReference {
    /// `GenerateDataKey`, `Decrypt`, ….
    pub name: Cow<'static, str>,
    /// The event's ID.
    pub id: String,
    /// The time of the call.
    pub time: Option<Timestamp>,
}

impl fmt::Display for EventReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the KMS call {} (event ID {}", self.name, self.id)?;
        if let Some(time) = self.time {
            write!(f, ", {time}")?;
        }
        f.write_str(")")
    }
}
