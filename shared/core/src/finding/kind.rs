//! What the catalogue says of a kind of finding.

use super::catalog::FindingKind;
use super::row::{DigestStep, Severity};
use serde::{Serialize, Serializer};
use std::fmt;

impl FindingKind {
    /// The stable name in JSON, subjects and filter policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The kind of this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.as_str() == name)
    }

    /// How bad a finding of this kind is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.row().severity
    }

    /// What it means, to a reader who never saw a digest.
    #[must_use]
    pub const fn means(self) -> &'static str {
        self.row().means
    }

    /// How it is established.
    #[must_use]
    pub const fn established(self) -> &'static str {
        self.row().established
    }

    /// Which object a finding of this kind names.
    #[must_use]
    pub const fn object(self) -> &'static str {
        self.row().object
    }

    /// What to do next, for somebody who is woken by it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.row().advice
    }

    /// The same for somebody who runs the command.
    #[must_use]
    pub fn command_advice(self) -> &'static str {
        let row = self.row();
        row.command_advice.unwrap_or(row.advice)
    }

    /// The step of a digest's check that it is about; none if it is about something else.
    #[must_use]
    pub const fn step(self) -> Option<DigestStep> {
        self.row().step
    }

    /// Whether it is so once, whatever there is in the object's place: what is gone or unreadable.
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
