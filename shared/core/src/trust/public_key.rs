//! CloudTrail's public keys, as `ListPublicKeys` returns them, or as saved from it.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PublicKey.html>.

use crate::format::saved::{self, SavedError};
use crate::names::ids::Region;
use crate::names::text::clip;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use md5::Digest as _;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// The maximum number of keys read from one saved response: 34 Regions × ten years of months,
/// twice.
pub const MAX_SAVED_KEYS: usize = 10_000;

/// The maximum time after its end at which a digest may be signed. Captured digests are signed
/// about half an hour late. A delivery that catches up after an outage takes hours.
const SIGNING_DELAY: SignedDuration = SignedDuration::from_hours(24);

/// The maximum error of the clock in a backfill digest's `backfill-generation-timestamp`. The AWS
/// CLI allows the same.
const BACKFILL_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// The reason why a public key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Neither a PKCS#1 `RSAPublicKey` nor a `SubjectPublicKeyInfo`.
    #[error(
        "the public key {fingerprint} is not an RSA key of at least 2048 bits, in PKCS#1 or SubjectPublicKeyInfo form"
    )]
    Encoding {
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// The text is not a `list-public-keys` response.
    #[error(
        "not a list-public-keys response (`aws cloudtrail list-public-keys --output json`): {0}"
    )]
    Response(String),
    /// The bytes are not JSON documents.
    #[error(
        "not a list-public-keys response (`aws cloudtrail list-public-keys --output json`): {0}"
    )]
    File(#[from] SavedError),
    /// A key is not the one that its entry names.
    #[error(
        "the value of the public key with the fingerprint {said} is that of another key, {fingerprint}: somebody changed it after CloudTrail listed it, so save the keys again"
    )]
    Fingerprint {
        /// The fingerprint in the entry.
        said: String,
        /// The MD5 of the value.
        fingerprint: String,
    },
}

/// A range of time in which a digest may have been signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningPeriod {
    /// The start.
    pub from: Timestamp,
    /// The end.
    pub to: Timestamp,
}

impl SigningPeriod {
    /// Returns when an hourly digest that ends at `end` was signed: in its own hour, or some time
    /// after.
    #[must_use]
    pub fn of_hourly(end: Timestamp) -> Self {
        let hour = SignedDuration::from_hours(1);
        Self {
            from: end.saturating_sub(hour).unwrap_or(Timestamp::MIN),
            to: end.saturating_add(SIGNING_DELAY).unwrap_or(Timestamp::MAX),
        }
    }

    /// Returns when a backfill digest was signed: when it was generated, according to its metadata.
    #[must_use]
    pub fn of_backfill(generated: Timestamp) -> Self {
        Self {
            from: generated
                .saturating_sub(BACKFILL_TOLERANCE)
                .unwrap_or(Timestamp::MIN),
            to: generated
                .saturating_add(BACKFILL_TOLERANCE)
                .unwrap_or(Timestamp::MAX),
        }
    }
}

/// A CloudTrail public key.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// Lower-case hex MD5 of the DER value. It names the key, and proves nothing.
    pub fingerprint: String,
    /// The start of its validity.
    pub valid_from: Timestamp,
    /// The end of its validity.
    pub valid_to: Timestamp,
    /// The Region it signs for, if known.
    pub region: Option<Region>,
    der: Arc<[u8]>,
    rsa: Arc<ParsedPublicKey>,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            fingerprint: _,
            valid_from,
            valid_to,
            region,
            der,
            rsa: _,
        } = self;
        (der, valid_from, valid_to, region)
            == (
                &other.der,
                &other.valid_from,
                &other.valid_to,
                &other.region,
            )
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    /// Reads a key from its DER value, in PKCS#1 or `SubjectPublicKeyInfo` form.
    ///
    /// # Errors
    /// [`PublicKeyError::Encoding`] if it is neither.
    pub fn from_der(
        der: &[u8],
        valid_from: Timestamp,
        valid_to: Timestamp,
        region: Option<Region>,
    ) -> Result<Self, PublicKeyError> {
        let fingerprint = hex::encode(md5::Md5::digest(der));
        let rsa = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| {
            PublicKeyError::Encoding {
                fingerprint: fingerprint.clone(),
            }
        })?;
        Ok(Self {
            fingerprint,
            valid_from,
            valid_to,
            region,
            der: der.into(),
            rsa: Arc::new(rsa),
        })
    }

    /// Returns the key as CloudTrail lists it: DER, in PKCS#1 or `SubjectPublicKeyInfo` form.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns whether the key made `signature` over `message`: RSASSA-PKCS1-v1_5 with SHA-256.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.signed_hash(&digest(&SHA256, message), signature)
    }

    /// Returns whether the key made `signature` over a message with this SHA-256.
    fn signed_hash(&self, hash: &Digest, signature: &[u8]) -> bool {
        self.rsa.verify_digest_sig(hash, signature).is_ok()
    }

    fn valid_in(&self, period: SigningPeriod) -> bool {
        self.valid_from <= period.to && period.from <= self.valid_to
    }
}

/// The result of looking up a fingerprint in a set of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLookup {
    /// The key, which was valid when the digest was signed.
    Found(PublicKey),
    /// The key, which was not valid then.
    OutsideValidity(PublicKey),
    /// No such key.
    Unknown,
}

impl IntoIterator for KeySet {
    type Item = PublicKey;
    type IntoIter = std::vec::IntoIter<PublicKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter()
    }
}

/// Public keys, in the order in which they were added, and found by fingerprint: CloudTrail changes
/// its key often, so that a trail of some years has hundreds.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<PublicKey>,
    /// The positions of the keys, by fingerprint. Several entries may have the same one.
    positions: HashMap<String, Vec<usize>>,
}

impl KeySet {
    /// Returns whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the first key that does not state its Region, and therefore applies to every Region.
    #[must_use]
    pub fn without_region(&self) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.region.is_none())
    }

    /// Adds keys that are not in the set yet.
    pub fn extend(&mut self, keys: impl IntoIterator<Item = PublicKey>) {
        for key in keys {
            if !self.with(&key.fingerprint).any(|known| *known == key) {
                let positions = self.positions.entry(key.fingerprint.clone()).or_default();
                positions.push(self.keys.len());
                self.keys.push(key);
            }
        }
    }

    /// Returns the keys with a fingerprint, in lower case.
    fn with(&self, fingerprint: &str) -> impl Iterator<Item = &PublicKey> {
        let positions = self.positions.get(fingerprint).into_iter().flatten();
        positions.filter_map(|position| self.keys.get(*position))
    }

    /// Looks a key up for a digest of `region` signed in `period`.
    #[must_use]
    pub fn find(&self, region: &Region, fingerprint: &str, period: SigningPeriod) -> KeyLookup {
        let mut outside = KeyLookup::Unknown;
        for key in self.with(&fingerprint.to_ascii_lowercase()) {
            if key.region.as_ref().is_none_or(|r| r == region) {
                if key.valid_in(period) {
                    return KeyLookup::Found(key.clone());
                }
                outside = KeyLookup::OutsideValidity(key.clone());
            }
        }
        outside
    }

    /// Reads saved `aws cloudtrail list-public-keys` responses: one, several in a row, or lists of
    /// only their keys, in UTF-8 or UTF-16. Times may be numbers (seconds since 1970) or RFC 3339
    /// texts. An entry may state its `Region`.
    ///
    /// # Errors
    /// [`PublicKeyError`] if the bytes are something else, if a key in them is not an RSA key, or
    /// if one has another fingerprint than its entry states.
    pub fn from_saved_response(bytes: &[u8]) -> Result<Self, PublicKeyError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Response {
            public_key_list: Vec<SavedKey>,
        }
        let text = saved::text(bytes)?;
        let mut keys = Self::default();
        let mut count = 0_usize;
        for document in saved::documents(&text)? {
            let entries = if document.get().starts_with('[') {
                saved::read::<Vec<SavedKey>>(document)?
            } else {
                saved::read::<Response>(document)?.public_key_list
            };
            count = count.saturating_add(entries.len());
            if count > MAX_SAVED_KEYS {
                return Err(PublicKeyError::Response(format!(
                    "it has more than {MAX_SAVED_KEYS} keys"
                )));
            }
            for entry in entries {
                keys.extend([entry.read()?]);
            }
        }
        Ok(keys)
    }
}

/// A key of a saved response.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedKey {
    value: String,
    validity_start_time: SavedTime,
    validity_end_time: SavedTime,
    fingerprint: Option<String>,
    region: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SavedTime {
    Seconds(f64),
    Text(Timestamp),
}

impl SavedKey {
    fn read(self) -> Result<PublicKey, PublicKeyError> {
        let invalid = |error: &dyn std::fmt::Display| PublicKeyError::Response(error.to_string());
        let der = STANDARD
            .decode(self.value)
            .map_err(|error| invalid(&error))?;
        let region = self
            .region
            .map(|region| Region::new(&region))
            .transpose()
            .map_err(|error| invalid(&error))?;
        let (from, to) = (&self.validity_start_time, &self.validity_end_time);
        let key = PublicKey::from_der(&der, from.timestamp()?, to.timestamp()?, region)?;
        match self.fingerprint {
            Some(said) if !key.fingerprint.eq_ignore_ascii_case(&said) => {
                Err(PublicKeyError::Fingerprint {
                    said: clip(&said, 200).to_owned(),
                    fingerprint: key.fingerprint,
                })
            }
            _ => Ok(key),
        }
    }
}

impl SavedTime {
    fn timestamp(&self) -> Result<Timestamp, PublicKeyError> {
        match self {
            Self::Text(time) => Ok(*time),
            Self::Seconds(seconds) => SignedDuration::try_from_secs_f64(*seconds)
                .and_then(Timestamp::from_duration)
                .map_err(|error| PublicKeyError::Response(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests;
