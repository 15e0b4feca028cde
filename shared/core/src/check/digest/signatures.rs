//! The signatures by which a digest is judged: its own, and those that other digests state.

use super::DigestVerifier;
use super::fetch::FetchedDigest;
use super::rejection::{Rejection, unsigned_copy};
use crate::finding::digest as finding;
use crate::finding::{FindingKind, Report};
use crate::format::digest::DigestMetadata;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::signature::AuthenticDigest;
use crate::world::{ListPublicKeys, ReadObject};

/// A signature that another digest states.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignatureFromAnother<'a> {
    /// The signature, in hex.
    pub(super) signature: &'a str,
    /// Indicates whether the digest that states it is CloudTrail's.
    pub(super) is_vouched_for: bool,
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Judges a digest by its own signature, and by those that others state, in their order. Adds
    /// any problem to `report`.
    pub(super) async fn judge_by_all(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        mut fetched: FetchedDigest,
        given: &[SignatureFromAnother<'_>],
        report: &mut Report,
    ) -> Option<AuthenticDigest> {
        let is_unsigned = self.places.is_copy() && fetched.metadata.signature.is_none();
        // In a copy, the only signature of its own is the one that somebody provides.
        let is_given = self.places.is_copy() && !is_unsigned;
        let is_vouched_for = given.iter().any(|given| given.is_vouched_for);
        let mut given = given.iter();
        // A copy on disk has no signature of its own. The statement of a later digest is all there
        // is.
        let mut is_authoritative = true;
        if is_unsigned && let Some(given) = given.next() {
            fetched.metadata = DigestMetadata::signed(given.signature);
            is_authoritative = given.is_vouched_for;
        }
        let own = fetched.metadata.clone();
        let others: Vec<DigestMetadata> = given
            .map(|given| DigestMetadata::signed(given.signature))
            .filter(|other| !other.is_same(&own))
            .collect();
        let content = (!others.is_empty()).then(|| fetched.content.clone());
        let (form, object) = (fetched.form, fetched.object.clone());
        let mut found = match self.judge(at, key, fetched).await {
            Ok(digest) => return Some(digest),
            Err(Rejection::CannotTell(error)) => {
                report.cannot_tell(error, &self.scope(key), at);
                return None;
            }
            Err(Rejection::Finding(found)) => found,
        };
        let mut authentic = None;
        if let Some(content) = content {
            for metadata in others {
                let fetched = FetchedDigest {
                    content: content.clone(),
                    metadata,
                    form,
                    object: object.clone(),
                };
                authentic = self.judge(at, key, fetched).await.ok();
                if authentic.is_some() {
                    break;
                }
            }
        }
        let is_invalid = found.kind == FindingKind::DigestSignatureInvalid;
        if is_given && is_invalid {
            if authentic.is_some() {
                // The digest is verified: the provided signature belongs to another one.
                self.given.contradict(&at.key);
                return authentic;
            }
            if !is_vouched_for {
                *found = finding::given_signature_invalid(*found);
            }
        }
        if is_authoritative || !is_invalid {
            report.findings.push(*found);
        } else if authentic.is_none() {
            // The signatures are in digests that are not CloudTrail's themselves.
            report.cannot_tell(unsigned_copy(at), &self.scope(key), at);
        }
        authentic
    }
}
