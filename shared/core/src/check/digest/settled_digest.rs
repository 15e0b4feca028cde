//! A digest of a walk, with everything that was found out about it.

use super::signed_digest::SignedDigest;
use crate::finding::Report;
use crate::format::form::Form;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::signature::AuthenticDigest;
use jiff::Timestamp;
use std::sync::Arc;

/// A digest, and everything that was found out about it.
#[derive(Debug)]
pub struct SettledDigest {
    /// The location of the digest.
    pub at: ObjectLocation,
    /// The content of its key.
    pub key: DigestKey,
    /// The start of the time it covers: as it states, if CloudTrail signed it, otherwise an hour
    /// before its end.
    pub start: Timestamp,
    /// The findings about it and about its link to its predecessor. An empty report means valid.
    pub report: Report,
    /// Its content, if CloudTrail signed it. Its object may still be damaged: then the report says
    /// so.
    pub authentic: Option<Arc<AuthenticDigest>>,
    /// Indicates whether it starts a chain that has no earlier digest.
    pub starts_first_chain: bool,
    /// The form that it was read in.
    pub form: Form,
}

impl SettledDigest {
    /// Returns the digest, if CloudTrail signed it.
    pub(super) fn signed(&self) -> Option<SignedDigest<'_>> {
        let authentic = self.authentic.as_deref()?;
        Some(SignedDigest {
            at: &self.at,
            key: &self.key,
            authentic,
        })
    }
}
