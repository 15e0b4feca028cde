//! One digest file: read, and checked in the order of the AWS CLI.

use super::claims::{Claims, NotAnObject};
use super::lines::Verdict;
use std::borrow::Cow;
use trailseal::format::digest::{
    DigestMetadata, MAX_INFLATED_BYTES, MAX_OBJECT_BYTES, UnverifiedDigest,
};
use trailseal::gzip::stream::{Gunzip, GunzipError};
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::DigestSeries;
use trailseal::names::sha256::Sha256;
use trailseal::trust::public_key::{KeyLookup, KeySet, PublicKey, SigningPeriod};
use trailseal::trust::signature::{AuthenticDigest, SignatureError, verify};
use trailseal::world::{Body as _, Object, ReadObject, StoreError, with_attempts};

const INVALID_FORMAT: &str = "invalid format";
const SIGNATURE_FAILED: &str = "signature verification failed";
/// The AWS CLI's words for log files.
pub(super) const TRAILING_DATA: &str = "unexpected data after end of compressed stream";
/// The object does not exist.
pub(super) const NOT_FOUND: &str = "not found";

/// The period for a signature made at any time.
pub(super) const ANY_TIME: SigningPeriod = SigningPeriod {
    from: jiff::Timestamp::MIN,
    to: jiff::Timestamp::MAX,
};

/// The bytes after the digest in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing.
    End,
    /// Bytes that are not part of it.
    Bytes,
}

/// The content of an object, as far as a digest is concerned.
#[derive(Debug)]
pub(super) enum DigestObject {
    /// A gzip member.
    Content {
        /// The inflated content.
        inflated: Vec<u8>,
        /// The metadata of the object.
        metadata: DigestMetadata,
        /// The bytes after the member.
        after: After,
    },
    /// Something else, or nothing that could be read.
    Nothing(Verdict),
}

/// Reads the digest at a place.
pub(super) async fn read<S: ReadObject>(store: &S, at: &ObjectLocation) -> DigestObject {
    match with_attempts(|| read_once(store, at)).await {
        Ok(object) => object,
        Err(error) => DigestObject::Nothing(unread(&error)),
    }
}

/// Returns the verdict on an object that could not be read.
pub(super) fn unread(error: &StoreError) -> Verdict {
    if error.absence().is_some() {
        Verdict::Invalid(NOT_FOUND.into())
    } else {
        Verdict::Unverified(error.cause.to_string())
    }
}

async fn read_once<S: ReadObject>(
    store: &S,
    at: &ObjectLocation,
) -> Result<DigestObject, StoreError> {
    let Object {
        metadata, mut body, ..
    } = store.read(at).await?;
    let mut gunzip = Gunzip::new(MAX_INFLATED_BYTES);
    let mut inflated = Vec::new();
    let mut taken = 0_u64;
    let mut after = After::End;
    while let Some(bytes) = body.next().await? {
        taken = taken.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if taken > MAX_OBJECT_BYTES {
            return Ok(invalid_format());
        }
        match gunzip.push(&bytes, |piece| inflated.extend_from_slice(piece)) {
            Ok(()) => {}
            Err(GunzipError::TrailingData) => {
                after = After::Bytes;
                break;
            }
            Err(_) => return Ok(invalid_format()),
        }
    }
    if gunzip.finish().is_err() {
        return Ok(invalid_format());
    }
    Ok(DigestObject::Content {
        inflated,
        metadata: DigestMetadata::from_user_metadata(&metadata),
        after,
    })
}

fn invalid_format() -> DigestObject {
    DigestObject::Nothing(Verdict::Invalid(INVALID_FORMAT.into()))
}

/// A digest whose location was checked, and whose signature is yet to be verified with a key.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    inflated: &'a [u8],
    claims: Claims,
    signature: &'a str,
    /// The name of the key that signed it.
    pub(super) fingerprint: String,
    /// The time at which a backfill digest says that it was generated.
    pub(super) generated: Option<&'a str>,
}

/// The reason why a digest is not valid, in the AWS CLI's words.
pub(super) type Reason = Cow<'static, str>;

impl<'a> Candidate<'a> {
    /// Checks everything that needs no key.
    ///
    /// # Errors
    /// [`Reason`].
    pub(super) fn of(
        inflated: &'a [u8],
        metadata: &'a DigestMetadata,
        at: &ObjectLocation,
        series: DigestSeries,
    ) -> Result<Self, Reason> {
        let claims = Claims::read(inflated).ok_or(INVALID_FORMAT)?;
        let (Some(signature), Some(_)) = (&metadata.signature, &metadata.signature_algorithm)
        else {
            return Err(SIGNATURE_FAILED.into());
        };
        let claims = claims.map_err(|NotAnObject(words)| words)?;
        let generated = match series {
            DigestSeries::Hourly => None,
            DigestSeries::Backfill => Some(
                metadata
                    .backfill_generated
                    .as_deref()
                    .ok_or(INVALID_FORMAT)?,
            ),
        };
        if !claims.are_complete() {
            return Err(INVALID_FORMAT.into());
        }
        if !claims.are_at(at) {
            return Err("has been moved from its original location".into());
        }
        Ok(Self {
            inflated,
            signature,
            fingerprint: claims.fingerprint()?,
            claims,
            generated,
        })
    }

    /// Verifies the signature, with a key that was valid when the signature was made.
    ///
    /// # Errors
    /// [`Reason`].
    pub(super) fn verify(
        self,
        keys: &KeySet,
        region: &Region,
        home_region: &Region,
        signed: impl FnOnce(&UnverifiedDigest) -> SigningPeriod,
    ) -> Result<AuthenticDigest, Reason> {
        let no_key = || {
            format!(
                "public key not found in region {home_region} for fingerprint {}",
                self.fingerprint
            )
        };
        let key = find(keys, region, &self.fingerprint).ok_or_else(no_key)?;
        // In the order in which Python checks them.
        if !self.signature.is_ascii() {
            return Err("string argument should contain only ASCII characters".into());
        }
        if !self.signature.len().is_multiple_of(2) {
            return Err("Odd-length string".into());
        }
        let signature = hex::decode(self.signature).map_err(|_| "Non-hexadecimal digit found")?;
        let Ok(digest) = UnverifiedDigest::parse(self.inflated) else {
            let hash = Sha256::of(self.inflated);
            let reason = if self.claims.are_signed(hash, &signature, &key) {
                INVALID_FORMAT
            } else {
                SIGNATURE_FAILED
            };
            return Err(reason.into());
        };
        let period = signed(&digest);
        let authentic =
            verify(digest, self.signature, &key).map_err(|_: SignatureError| SIGNATURE_FAILED)?;
        match keys.find(region, &self.fingerprint, period) {
            KeyLookup::Found(_) => Ok(authentic),
            KeyLookup::OutsideValidity(_) | KeyLookup::Unknown => Err(no_key().into()),
        }
    }
}

/// Returns the key with this name, regardless of its validity period.
pub(super) fn find(keys: &KeySet, region: &Region, fingerprint: &str) -> Option<PublicKey> {
    match keys.find(region, fingerprint, ANY_TIME) {
        KeyLookup::Found(key) | KeyLookup::OutsideValidity(key) => Some(key),
        KeyLookup::Unknown => None,
    }
}
