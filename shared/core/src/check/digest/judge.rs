//! Whether a digest is where CloudTrail delivered it, and what CloudTrail signed.

use super::DigestVerifier;
use super::fetch::FetchedDigest;
use super::rejection::{Rejection, unsigned_copy};
use super::signed_digest::SignedDigest;
use super::signing_key::signing_period;
use crate::finding::{DigestReference, Finding, FindingKind, Report, Scope};
use crate::format::digest::{DigestError, UnverifiedDigest};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::signature::{self, AuthenticDigest};
use crate::world::{Absence, ListPublicKeys, ReadObject};

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Reads a digest and verifies its location and signature.
    pub(in crate::check) async fn authenticate(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
    ) -> Result<AuthenticDigest, Rejection> {
        match self.fetch(at).await {
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

    /// Location, algorithm, key and signature, in this order: the first that fails is the
    /// finding.
    pub(in crate::check) async fn judge(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        fetched: FetchedDigest,
    ) -> Result<AuthenticDigest, Rejection> {
        let scope = self.scope(key);
        let finding = |kind, message: String| {
            Finding::new(kind, scope.clone(), at.clone(), message)
                .with_digest(DigestReference::by_key(at, Some(key)))
        };
        let reject = |finding: Finding| Err(Rejection::Finding(Box::new(finding)));
        let FetchedDigest {
            content, metadata, ..
        } = fetched;
        let digest = match content {
            Ok(digest) => digest,
            Err(error) => return reject(not_a_digest(&error, finding)),
        };
        let finding = |kind, message: String| {
            finding(kind, message).with_digest(DigestReference::of(at, &digest))
        };
        if let Some(moved) = self.moved(at, &digest, &scope) {
            return reject(moved);
        }
        if let Err(error) = metadata.check_algorithm() {
            return reject(not_a_digest(&error, finding));
        }
        let (Some(signature), Some(_)) = (&metadata.signature, &metadata.signature_algorithm)
        else {
            if self.places.bare_copy {
                return Err(Rejection::CannotTell(unsigned_copy(at)));
            }
            return reject(
                finding(
                    FindingKind::DigestSignatureMissing,
                    "The digest's metadata holds no signature, which CloudTrail always stores with it.".to_owned(),
                )
                .with_evidence(
                    "metadata entries signature and signature-algorithm",
                    match (&metadata.signature, &metadata.signature_algorithm) {
                        (None, None) => "neither",
                        (Some(_), None) => "signature alone",
                        _ => "signature-algorithm alone",
                    },
                ),
            );
        };
        let Some(period) = signing_period(key, &metadata, &self.places) else {
            return reject(
                finding(
                    FindingKind::DigestMalformed,
                    "The backfill digest's metadata does not say when, after its end, it was generated.".to_owned(),
                )
                .with_evidence(
                    "an RFC 3339 time in metadata entry backfill-generation-timestamp",
                    metadata.backfill_generated.as_deref().unwrap_or("none"),
                ),
            );
        };
        let (public_key, out_of_period) = self
            .public_key(key, &digest.key_fingerprint, period, finding)
            .await?;
        let digest_reference = DigestReference::of(at, &digest);
        let hash = digest.hash;
        match signature::verify(digest, signature, &public_key) {
            Ok(digest) => Ok(digest.noting_period(out_of_period)),
            Err(error) => reject(
                Finding::new(
                    FindingKind::DigestSignatureInvalid,
                    scope.clone(),
                    at.clone(),
                    format!("The digest is not what CloudTrail signed: {error}."),
                )
                .with_digest(digest_reference)
                .with_evidence(
                    format!(
                        "a signature by key {} over content with SHA-256 {hash}",
                        public_key.fingerprint
                    ),
                    format!(
                        "signature {}",
                        signature.chars().take(2048).collect::<String>()
                    ),
                ),
            ),
        }
    }

    /// A digest says where it was delivered: anywhere else it is a copy.
    pub(super) fn moved(
        &self,
        at: &ObjectLocation,
        digest: &UnverifiedDigest,
        scope: &Scope,
    ) -> Option<Finding> {
        let original = ObjectLocation::new(self.places.original_of(&at.bucket), at.key.clone());
        let stays = if self.places.bare_copy {
            digest.location.key == original.key
        } else {
            digest.location == original
        };
        (!stays).then(|| {
            Finding::new(
                FindingKind::DigestMoved,
                scope.clone(),
                at.clone(),
                "The digest says that it was delivered elsewhere: this is a copy, or another digest was put in this one's place.",
            )
            .with_digest(DigestReference::of(at, digest))
            .with_evidence(at.to_string(), digest.location.to_string())
        })
    }

    pub(in crate::check) fn check_account(&self, signed: SignedDigest<'_>, report: &mut Report) {
        let SignedDigest { at, key, .. } = signed;
        let digest = signed.content();
        let account = key.chain.folder.account.as_str();
        if digest.account != account {
            report.findings.push(
                Finding::new(
                    FindingKind::DigestMalformed,
                    self.scope(key),
                    at.clone(),
                    "The digest's awsAccountId is not the account it was delivered for.",
                )
                .with_digest(signed.reference())
                .with_evidence(account, digest.account.clone()),
            );
        }
    }
}

fn not_a_digest(
    error: &DigestError,
    finding: impl FnOnce(FindingKind, String) -> Finding,
) -> Finding {
    match error {
        DigestError::AlgorithmUnsupported {
            field,
            value,
            supported,
        } => finding(
            FindingKind::DigestAlgorithmUnsupported,
            format!("The digest names an algorithm that CloudTrail does not use: its {field} is `{value}`."),
        )
        .with_evidence(*supported, value.clone()),
        error => finding(
            FindingKind::DigestMalformed,
            format!("The object is no digest: {error}."),
        )
        .with_evidence("one gzip member holding a digest document", error.to_string()),
    }
}
