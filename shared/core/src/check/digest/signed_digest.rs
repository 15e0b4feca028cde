//! A digest that CloudTrail signed, with its location.

use crate::finding::digest::DigestSubject;
use crate::finding::{DigestReference, Scope};
use crate::format::digest::UnverifiedDigest;
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::signature::AuthenticDigest;

/// A digest that CloudTrail signed, with its location.
#[derive(Debug, Clone, Copy)]
pub(in crate::check) struct SignedDigest<'a> {
    pub(in crate::check) at: &'a ObjectLocation,
    pub(in crate::check) key: &'a DigestKey,
    pub(in crate::check) authentic: &'a AuthenticDigest,
}

impl<'a> SignedDigest<'a> {
    /// Returns its content.
    pub(in crate::check) fn content(self) -> &'a UnverifiedDigest {
        self.authentic.digest()
    }

    /// Returns the reference by which findings name it.
    pub(in crate::check) fn reference(self) -> DigestReference {
        DigestReference::of(self.at, self.content())
    }

    /// Returns the subject of findings about it. `trails` are the configured ones.
    pub(in crate::check) fn subject(self, trails: &[TrailArn]) -> DigestSubject<'a> {
        DigestSubject {
            scope: Scope::of_chain(&self.key.chain, trails),
            at: self.at,
            shown_by: self.reference(),
        }
    }
}
