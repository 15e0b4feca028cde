//! Checks whether a digest is where CloudTrail delivered it, and is what CloudTrail signed.

use super::DigestVerifier;
use super::fetch::FetchedDigest;
use super::rejection::{Rejection, unsigned_copy};
use super::signed_digest::SignedDigest;
use super::signing_key::signing_period;
use crate::finding::digest::{self as finding, DigestSubject};
use crate::finding::{DigestReference, Finding, Report};
use crate::format::digest::UnverifiedDigest;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::signature::{self, AuthenticDigest};
use crate::world::{Absence, ListPublicKeys, ReadObject, StoreError};

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Reads a digest and verifies its location and signature.
    pub(in crate::check) async fn authenticate(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
    ) -> Result<AuthenticDigest, Rejection> {
        let fetched = self.fetch(at).await;
        self.judge_fetched(at, key, fetched).await
    }

    /// Reads a digest, and returns it if CloudTrail signed it, by its own signature. Returns `None`
    /// if it is anything else, or does not exist: `digest-validator` reports that.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read, or its key could not be found out.
    pub async fn signed(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
    ) -> Result<Option<AuthenticDigest>, StoreError> {
        match self.authenticate(at, key).await {
            Ok(digest) => Ok(Some(digest)),
            Err(rejection) => rejection.into_result().map(|_| None),
        }
    }

    /// Verifies the location and signature of a digest that was read.
    pub(in crate::check) async fn judge_fetched(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        fetched: Result<FetchedDigest, StoreError>,
    ) -> Result<AuthenticDigest, Rejection> {
        match fetched {
            Ok(fetched) => self.judge(at, key, fetched).await,
            Err(error) => match error.absence() {
                None => Err(self.unread(at, key, error, None).await),
                Some(Absence::NotInCopy) => Err(Rejection::CannotTell(error)),
                Some(absence) => Err(Rejection::Finding(Box::new(
                    self.missing_on_arrival(at, key, absence),
                ))),
            },
        }
    }

    /// Checks location, algorithm, key and signature, in this order. The first check that fails is
    /// the finding.
    pub(in crate::check) async fn judge(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        fetched: FetchedDigest,
    ) -> Result<AuthenticDigest, Rejection> {
        let reject = |finding: Finding| Err(Rejection::Finding(Box::new(finding)));
        let scope = self.scope(key);
        let FetchedDigest {
            content, metadata, ..
        } = fetched;
        let digest = match content {
            Ok(digest) => digest,
            Err(error) => {
                let shown_by = DigestReference::by_key(at, Some(key));
                let subject = DigestSubject {
                    scope,
                    at,
                    shown_by,
                };
                return reject(finding::not_a_digest(subject, &error));
            }
        };
        let subject = DigestSubject {
            scope,
            at,
            shown_by: DigestReference::of(at, &digest),
        };
        if self.is_moved(at, &digest) {
            return reject(finding::moved(subject, &digest.location));
        }
        if let Err(error) = metadata.check_algorithm() {
            return reject(finding::not_a_digest(subject, &error));
        }
        let (Some(signature), Some(_)) = (&metadata.signature, &metadata.signature_algorithm)
        else {
            if self.places.is_copy() {
                return Err(Rejection::CannotTell(unsigned_copy(at)));
            }
            return reject(finding::signature_missing(subject, &metadata));
        };
        let Some(period) = signing_period(key, &metadata, &self.places) else {
            return reject(finding::not_generated(subject, &metadata));
        };
        let (public_key, out_of_period) = self
            .public_key(key, &digest.key_fingerprint, period, &subject)
            .await?;
        let hash = digest.hash;
        match signature::verify(digest, signature, &public_key) {
            Ok(digest) => Ok(digest.with_out_of_period(out_of_period)),
            Err(error) => reject(finding::signature_invalid(
                subject,
                &error,
                signature,
                &public_key,
                hash,
            )),
        }
    }

    /// Returns whether a digest is a copy: it states where it was delivered.
    pub(super) fn is_moved(&self, at: &ObjectLocation, digest: &UnverifiedDigest) -> bool {
        let original = ObjectLocation::new(self.places.original_of(&at.bucket), at.key.clone());
        if self.places.is_copy() {
            digest.location.key != original.key
        } else {
            digest.location != original
        }
    }

    /// Checks that a digest belongs to the account that its key names.
    pub(super) fn check_account(&self, signed: SignedDigest<'_>, report: &mut Report) {
        let account = &signed.key.chain.folder.account;
        let says = &signed.content().account;
        if *says != account.as_str() {
            let subject = signed.subject(&self.places.trails);
            let finding = finding::other_account(subject, account, says);
            report.findings.push(finding);
        }
    }
}
