//! The findings about one digest, with their sentences.
//!
//! The tests are in `tests/tests/stories.rs`: each kind is found in a trail to which one thing was
//! done.

use super::{ArchivedMisfit, DigestReference, Finding, FindingKind, Scope};
use crate::format::digest::{DigestError, DigestMetadata};
use crate::names::ids::{AccountId, Region, TrailArn};
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::names::text::clip;
use crate::names::window::Window;
use crate::trust::public_key::{PublicKey, SigningPeriod};
use crate::trust::signature::{OutOfPeriod, SignatureError};
use crate::world::Absence;

/// The longest signature that a finding quotes.
const MAX_SIGNATURE_CHARS: usize = 2048;

/// The subject of a finding about a digest.
#[derive(Debug, Clone)]
pub struct DigestSubject<'a> {
    /// The chain.
    pub scope: Scope,
    /// The digest to which something was done.
    pub at: &'a ObjectLocation,
    /// The digest that shows it: the digest itself, or its successor.
    pub shown_by: DigestReference,
}

impl DigestSubject<'_> {
    pub(super) fn finding(self, kind: FindingKind, message: impl Into<String>) -> Finding {
        Finding::new(kind, self.scope, self.at.clone(), message).with_digest(self.shown_by)
    }
}

/// `digest-malformed` or `digest-algorithm-unsupported`: the reason why the object is not a digest.
#[must_use]
pub fn not_a_digest(subject: DigestSubject<'_>, error: &DigestError) -> Finding {
    match error {
        DigestError::AlgorithmUnsupported {
            field,
            value,
            supported,
        } => subject
            .finding(
                FindingKind::DigestAlgorithmUnsupported,
                format!("The digest names an algorithm that CloudTrail does not use: its {field} is `{value}`."),
            )
            .with_evidence(*supported, value.clone()),
        error => subject
            .finding(
                FindingKind::DigestMalformed,
                format!("The object is not a valid digest: {error}."),
            )
            .with_evidence("one gzip member holding a digest document", error.to_string()),
    }
}

/// `digest-malformed`: the time when a backfill digest was generated is unknown.
#[must_use]
pub fn not_generated(subject: DigestSubject<'_>, metadata: &DigestMetadata) -> Finding {
    subject
        .finding(
            FindingKind::DigestMalformed,
            "The backfill digest's metadata does not say when, after its end, it was generated.",
        )
        .with_evidence(
            "an RFC 3339 time in metadata entry backfill-generation-timestamp",
            metadata.backfill_generated.as_deref().unwrap_or("none"),
        )
}

/// `digest-malformed`: a digest belongs to another account than its key states.
#[must_use]
pub fn other_account(subject: DigestSubject<'_>, expected: &AccountId, actual: &str) -> Finding {
    subject
        .finding(
            FindingKind::DigestMalformed,
            "The digest's awsAccountId is not the account it was delivered for.",
        )
        .with_evidence(expected.as_str(), actual)
}

/// `digest-moved`: the digest states that it was delivered to `says`.
#[must_use]
pub fn moved(subject: DigestSubject<'_>, says: &ObjectLocation) -> Finding {
    let at = subject.at.to_string();
    subject
        .finding(
            FindingKind::DigestMoved,
            "The digest states that it was delivered elsewhere. This object is a copy, or another digest is in the place of the original.",
        )
        .with_evidence(at, says.to_string())
}

/// `digest-signature-missing`.
#[must_use]
pub fn signature_missing(subject: DigestSubject<'_>, metadata: &DigestMetadata) -> Finding {
    subject
        .finding(
            FindingKind::DigestSignatureMissing,
            "The digest's metadata has no signature. CloudTrail always stores one.",
        )
        .with_evidence(
            "metadata entries signature and signature-algorithm",
            match (&metadata.signature, &metadata.signature_algorithm) {
                (None, None) => "neither",
                (Some(_), None) => "signature alone",
                _ => "signature-algorithm alone",
            },
        )
}

/// `digest-signature-invalid`: `signature` is not a signature by `key` over content with this hash.
#[must_use]
pub fn signature_invalid(
    subject: DigestSubject<'_>,
    error: &SignatureError,
    signature: &str,
    key: &PublicKey,
    hash: Sha256,
) -> Finding {
    let signature = clip(signature, MAX_SIGNATURE_CHARS);
    subject
        .finding(
            FindingKind::DigestSignatureInvalid,
            format!("The digest is not what CloudTrail signed: {error}."),
        )
        .with_evidence(
            format!(
                "a signature by key {} over content with SHA-256 {hash}",
                key.fingerprint
            ),
            format!("signature {signature}"),
        )
}

/// `digest-signature-invalid`, for a digest whose signature was given, where no later digest states
/// its signature.
#[must_use]
pub fn given_signature_invalid(invalid: Finding) -> Finding {
    Finding {
        message: "The signature that was given for the digest (--signatures, --signature) is not a signature of this content. Either the digest was changed after CloudTrail signed it, or the signature is that of another digest: compare it with the one in the object's metadata (aws s3api head-object).".to_owned(),
        ..invalid
    }
}

/// `digest-key-unknown`.
#[must_use]
pub fn key_unknown(
    subject: DigestSubject<'_>,
    region: &Region,
    period: SigningPeriod,
    fingerprint: &str,
) -> Finding {
    subject
        .finding(
            FindingKind::DigestKeyUnknown,
            format!("The digest names a key that CloudTrail does not list for {region}."),
        )
        .with_evidence(
            expected_key(region, period),
            format!("fingerprint {fingerprint}"),
        )
}

/// `digest-key-out-of-period`.
#[must_use]
pub fn key_out_of_period(
    subject: DigestSubject<'_>,
    region: &Region,
    out_of_period: &OutOfPeriod,
) -> Finding {
    let OutOfPeriod { key, signed } = out_of_period;
    subject
        .finding(
            FindingKind::DigestKeyOutOfPeriod,
            "The digest's signature is right, but CloudTrail lists its key for another time than the digest's.",
        )
        .with_evidence(
            expected_key(region, *signed),
            format!(
                "key {}, valid from {} to {}",
                key.fingerprint, key.valid_from, key.valid_to
            ),
        )
}

/// Returns the description of the key that should have signed a digest.
fn expected_key(region: &Region, SigningPeriod { from, to }: SigningPeriod) -> String {
    format!("a public key of CloudTrail in {region}, valid between {from} and {to}")
}

/// `digest-missing`: a digest was delivered, according to its event or a listing.
#[must_use]
pub fn gone(subject: DigestSubject<'_>, window: Window, absence: Absence) -> Finding {
    subject
        .finding(
            FindingKind::DigestMissing,
            "CloudTrail delivered the digest, and it is now missing. Nobody can verify the log files of its hour.",
        )
        .with_window(window)
        .with_evidence("the digest that the S3 event names", absence.to_string())
}

/// `digest-modified`: an archived object is not the digest that CloudTrail delivered.
#[must_use]
pub fn replaced_in_archive(subject: DigestSubject<'_>, misfit: &ArchivedMisfit) -> Finding {
    subject
        .finding(
            FindingKind::DigestModified,
            "After delivery, the digest was replaced by an object in an archive storage class, whose content cannot be read.",
        )
        .with_evidence(misfit.expected(), misfit.actual())
}

/// `digest-trail-unexpected`: one incident for the chain in `place`.
#[must_use]
pub fn trail_unexpected(
    subject: DigestSubject<'_>,
    home_region: &Region,
    expected: &[TrailArn],
    place: String,
) -> Finding {
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    let trail = subject.scope.trail.clone().unwrap_or_default();
    subject
        .finding(
            FindingKind::DigestTrailUnexpected,
            "A trail that is not one of the expected trails delivers digests to this bucket.",
        )
        .with_evidence(
            format!("a digest of {}", expected.join(", ")),
            format!("a digest of {trail}, whose home Region is {home_region}"),
        )
        .about(place, "")
}
