//! The link of a digest to its predecessor.

use super::DigestVerifier;
use super::hole::MissingPredecessor;
use super::signed_digest::SignedDigest;
use crate::finding::Report;
use crate::finding::chain as finding;
use crate::finding::digest::DigestSubject;
use crate::format::digest::{DigestError, DigestMetadata, Predecessor, UnverifiedDigest};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::chain;
use crate::world::{ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::Timestamp;

/// A predecessor as it was read.
pub(super) struct ReadPredecessor<'a> {
    pub(super) at: &'a ObjectLocation,
    pub(super) content: &'a Result<UnverifiedDigest, DigestError>,
    /// The signature in its metadata.
    pub(super) signature: Option<&'a str>,
}

/// A predecessor that could not be read.
struct UnreadPredecessor<'a> {
    at: &'a ObjectLocation,
    key: &'a DigestKey,
    named: &'a Predecessor,
    /// The ends of existing digests of its folder, oldest first, as far as they are known.
    known: &'a [Timestamp],
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Checks the link to the predecessor. `known` are the ends of existing digests of the chain,
    /// oldest first, as far as they are known.
    pub(super) async fn check_predecessor(
        &self,
        signed: SignedDigest<'_>,
        named: &Predecessor,
        known: &[Timestamp],
        report: &mut Report,
    ) {
        let SignedDigest { at, key, .. } = signed;
        let scope = self.scope(key);
        let Some(predecessor_key) = chain::predecessor_key(key, named) else {
            let subject = signed.subject(&self.places.trails);
            let finding = finding::no_predecessor(subject, &named.location);
            report.findings.push(finding);
            return;
        };
        let predecessor_at = ObjectLocation::new(
            self.places.actual_of(&named.location.bucket, &at.bucket),
            named.location.key.clone(),
        );
        let mut fetched = match self.fetch(&predecessor_at).await {
            Ok(fetched) => fetched,
            Err(error) => {
                let same_folder =
                    predecessor_at.bucket == at.bucket && predecessor_key.chain == key.chain;
                let predecessor = UnreadPredecessor {
                    at: &predecessor_at,
                    key: &predecessor_key,
                    named,
                    known: if same_folder { known } else { &[] },
                };
                self.report_unread_predecessor(signed, &predecessor, error, report)
                    .await;
                return;
            }
        };
        if self.places.is_copy() {
            fetched.metadata = DigestMetadata::signed(&named.signature);
        }
        let read = ReadPredecessor {
            at: &predecessor_at,
            content: &fetched.content,
            signature: fetched.metadata.signature.as_deref(),
        };
        if !self.compare(signed, named, &read, report) {
            return;
        }
        match self.judge(&predecessor_at, &predecessor_key, fetched).await {
            Ok(digest) => {
                let predecessor = SignedDigest {
                    at: &predecessor_at,
                    key: &predecessor_key,
                    authentic: &digest,
                };
                let out_of_period = self.key_out_of_period(predecessor);
                report.findings.extend(out_of_period);
            }
            Err(rejection) => rejection.add_to(report, &scope, &predecessor_at),
        }
    }

    /// Reports that the predecessor of a digest cannot be read.
    async fn report_unread_predecessor(
        &self,
        signed: SignedDigest<'_>,
        predecessor: &UnreadPredecessor<'_>,
        error: StoreError,
        report: &mut Report,
    ) {
        let UnreadPredecessor {
            at,
            key,
            named,
            known,
        } = *predecessor;
        let scope = self.scope(signed.key);
        match error.absence() {
            // The trail was moved: no available copy holds its older digests.
            Some(_) if !self.places.holds(&named.location.bucket) => {
                report.cannot_tell(error, &scope, &named.location);
            }
            Some(absence) => {
                let missing = MissingPredecessor {
                    at,
                    key,
                    absence,
                    known,
                };
                self.report_missing_predecessor(&missing, signed, report)
                    .await;
            }
            None => {
                let successor = signed.reference();
                let successor = Some((&successor, named.signature.as_str()));
                let rejection = self.unread(at, key, error, successor).await;
                rejection.add_to(report, &scope, at);
            }
        }
    }

    /// Compares a predecessor with what its successor states about it. Returns whether it is the
    /// one that its successor signed.
    pub(super) fn compare(
        &self,
        signed: SignedDigest<'_>,
        named: &Predecessor,
        predecessor: &ReadPredecessor<'_>,
        report: &mut Report,
    ) -> bool {
        let subject = || DigestSubject {
            scope: self.scope(signed.key),
            at: predecessor.at,
            shown_by: signed.reference(),
        };
        let content = match predecessor.content {
            Ok(content) => content,
            Err(error) => {
                let finding = finding::destroyed(subject(), named, error);
                report.findings.push(finding);
                return false;
            }
        };
        if let Some(difference) = chain::difference(named, content.hash, predecessor.signature) {
            let finding = finding::modified(subject(), difference);
            report.findings.push(finding);
            return false;
        }
        report.findings.extend(finding::gap(
            signed.subject(&self.places.trails),
            chain::meeting(content, signed.authentic),
            signed.content(),
            content,
            predecessor.at,
        ));
        true
    }
}
