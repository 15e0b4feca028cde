//! The entries of the catalog for a kind of finding.

use super::catalog::FindingKind;
use super::row::{DigestStep, Severity};
use serde::{Serialize, Serializer};
use std::fmt;

impl FindingKind {
    /// Returns the stable name in JSON, subjects and filter policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// Returns the kind with this name, if it exists.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.as_str() == name)
    }

    /// Returns how bad a finding of this kind is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.row().severity
    }

    /// Returns what the kind means, for a reader who never saw a digest.
    #[must_use]
    pub const fn means(self) -> &'static str {
        self.row().means
    }

    /// Returns how the finding is established.
    #[must_use]
    pub const fn established(self) -> &'static str {
        self.row().established
    }

    /// Returns which object a finding of this kind names.
    #[must_use]
    pub const fn object(self) -> &'static str {
        self.row().object
    }

    /// Returns what to do next, for somebody who is woken up by the alert.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.row().advice
    }

    /// Returns what to do next, for somebody who runs the command.
    #[must_use]
    pub fn command_advice(self) -> &'static str {
        let row = self.row();
        row.command_advice.unwrap_or(row.advice)
    }

    /// Returns the step of a digest's check that the kind belongs to; `None` for any other kind.
    #[must_use]
    pub const fn step(self) -> Option<DigestStep> {
        self.row().step
    }

    /// Returns whether there is one finding, whatever is in the object's place: missing or
    /// unreadable.
    pub(super) const fn is_once(self) -> bool {
        self.row().once
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
