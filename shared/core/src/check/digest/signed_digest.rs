//! A digest that CloudTrail signed, with where it is.

use crate::finding::DigestReference;
use crate::format::digest::UnverifiedDigest;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::signature::AuthenticDigest;

/// A digest that CloudTrail signed, with where it is.
#[derive(Debug, Clone, Copy)]
pub(in crate::check) struct SignedDigest<'a> {
    pub(in crate::check) at: &'a ObjectLocation,
    pub(in crate::check) key: &'a DigestKey,
    pub(in crate::check) authentic: &'a AuthenticDigest,
}

impl<'a> SignedDigest<'a> {
    /// What it says.
    pub(in crate::check) fn content(self) -> &'a UnverifiedDigest {
        self.authentic.digest()
    }

    /// How findings name it.
    pub(in crate::check) fn reference(self) -> DigestReference {
        DigestReference::of(self.at, self.content())
    }
}
