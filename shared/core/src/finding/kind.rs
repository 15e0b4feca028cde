//! A kind of finding as a name, in texts and JSON.

use super::catalog::FindingKind;
use serde::{Serialize, Serializer};
use std::fmt;

impl FindingKind {
    /// Returns the kind with this name, if it exists.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.as_str() == name)
    }

    /// Returns whether a finding of this kind says only that an object remains unreadable: the
    /// verdict on it is "could not verify".
    #[must_use]
    pub const fn says_unread(self) -> bool {
        matches!(self, Self::ObjectUnreadableDenied | Self::ObjectArchived)
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
