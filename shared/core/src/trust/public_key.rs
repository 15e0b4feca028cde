//! CloudTrail's public keys, as `ListPublicKeys` answers or as saved from it.
//!
//! Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PublicKey.html>.

use crate::format::saved::{self, SavedError};
use crate::names::ids::Region;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use md5::Digest as _;
use serde::Deserialize;
use std::sync::Arc;

/// The most keys read from one saved response: 34 Regions × ten years of months, twice.
pub const MAX_SAVED_KEYS: usize = 10_000;

/// How long after its end a digest may be signed. Captured digests are signed about half an hour
/// late; delivery that catches up after an outage takes hours.
const SIGNING_DELAY: SignedDuration = SignedDuration::from_hours(24);

/// How far the clock of a backfill digest's `backfill-generation-timestamp` may be off; the AWS
/// CLI allows as much.
const BACKFILL_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// Why a public key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Neither a PKCS#1 `RSAPublicKey` nor a `SubjectPublicKeyInfo`.
    #[error(
        "the public key {fingerprint} is no RSA key of at least 2048 bits, in PKCS#1 or SubjectPublicKeyInfo form"
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
    /// The bytes are no JSON documents.
    #[error(
        "not a list-public-keys response (`aws cloudtrail list-public-keys --output json`): {0}"
    )]
    File(#[from] SavedError),
    /// A key is not the one that its entry names.
    #[error(
        "the value of the public key {said} is that of another key, {fingerprint}: it was changed after CloudTrail gave it"
    )]
    Fingerprint {
        /// What the entry says.
        said: String,
        /// The MD5 of the value.
        fingerprint: String,
    },
}

/// A stretch of time in which a digest may have been signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningPeriod {
    /// Begin.
    pub from: Timestamp,
    /// End.
    pub to: Timestamp,
}

impl SigningPeriod {
    /// When an hourly digest that ends at `end` was signed: in its own hour, or some time after.
    #[must_use]
    pub fn of_hourly(end: Timestamp) -> Self {
        let hour = SignedDuration::from_hours(1);
        Self {
            from: end.saturating_sub(hour).unwrap_or(Timestamp::MIN),
            to: end.saturating_add(SIGNING_DELAY).unwrap_or(Timestamp::MAX),
        }
    }

    /// When a backfill digest was signed: when it was generated, as its metadata says.
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
    /// Lower-case hex MD5 of the DER value. Names the key, proves nothing.
    pub fingerprint: String,
    /// Begin of its validity.
    pub valid_from: Timestamp,
    /// End of its validity.
    pub valid_to: Timestamp,
    /// The Region it signs for, where that is known.
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
    /// A key from its DER value, in PKCS#1 or `SubjectPublicKeyInfo` form.
    ///
    /// # Errors
    /// [`PublicKeyError::Encoding`] when it is neither.
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

    /// The key as CloudTrail lists it: DER, in PKCS#1 or `SubjectPublicKeyInfo` form.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the key made `signature` over `message`: RSASSA-PKCS1-v1_5 with SHA-256.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.signed_hash(&digest(&SHA256, message), signature)
    }

    /// Whether the key made `signature` over a message with this SHA-256.
    fn signed_hash(&self, hash: &Digest, signature: &[u8]) -> bool {
        self.rsa.verify_digest_sig(hash, signature).is_ok()
    }

    fn valid_in(&self, period: SigningPeriod) -> bool {
        self.valid_from <= period.to && period.from <= self.valid_to
    }
}

/// What a set of keys knows of a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLookup {
    /// The key, valid when the digest was signed.
    Found(PublicKey),
    /// The key, but it was not valid then.
    OutsideValidity(PublicKey),
    /// No such key.
    Unknown,
}

impl IntoIterator for KeySet {
    type Item = PublicKey;
    type IntoIter = std::vec::IntoIter<PublicKey>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Public keys by fingerprint.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first key that does not say its Region, and so holds for every Region.
    #[must_use]
    pub fn without_region(&self) -> Option<&PublicKey> {
        self.0.iter().find(|key| key.region.is_none())
    }

    /// Adds keys that are not there yet.
    pub fn extend(&mut self, keys: impl IntoIterator<Item = PublicKey>) {
        for key in keys {
            if !self.0.contains(&key) {
                self.0.push(key);
            }
        }
    }

    /// Looks a key up for a digest of `region` signed in `period`.
    #[must_use]
    pub fn find(&self, region: &Region, fingerprint: &str, period: SigningPeriod) -> KeyLookup {
        let mut outside = KeyLookup::Unknown;
        for key in &self.0 {
            let for_region = key.region.as_ref().is_none_or(|r| r == region);
            if for_region && key.fingerprint.eq_ignore_ascii_case(fingerprint) {
                if key.valid_in(period) {
                    return KeyLookup::Found(key.clone());
                }
                outside = KeyLookup::OutsideValidity(key.clone());
            }
        }
        outside
    }

    /// Reads saved `aws cloudtrail list-public-keys` responses: one, several one after the other, or
    /// lists of their keys alone, in UTF-8 or UTF-16. Times may be numbers (seconds since 1970) or
    /// RFC 3339 texts; an entry may say its `Region`.
    ///
    /// # Errors
    /// [`PublicKeyError`] when the bytes are something else, when a key in them is no RSA key, or
    /// when one has another fingerprint than its entry says.
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
                    said: said.chars().take(200).collect(),
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
mod tests {
    use super::*;

    /// Two keys that AWS documents, in PKCS#1 and in `SubjectPublicKeyInfo` form.
    const PUBLISHED: &[u8] = include_bytes!("../../testdata/list-public-keys.json");

    /// Keys that CloudTrail used, from AWS's documentation.
    const OF_2015: &[u8] = include_bytes!("../../testdata/list-public-keys-2015.json");

    /// Signatures that CloudTrail made, from the sample digests in AWS's documentation, each with the
    /// SHA-256 of what was signed.
    const SIGNATURES_OF_2015: &[u8] = include_bytes!("../../testdata/signatures-2015.json");

    #[test]
    fn signatures_of_cloudtrail_verify_under_its_real_key_and_no_other() {
        let vectors: serde_json::Value = serde_json::from_slice(SIGNATURES_OF_2015).unwrap();
        let name = vectors["key"].as_str().unwrap();
        let keys = KeySet::from_saved_response(OF_2015).unwrap();
        let vectors = vectors["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 2);
        for vector in vectors {
            let signature = hex::decode(vector["signature"].as_str().unwrap()).unwrap();
            let mut hash = hex::decode(vector["sha256OfSignedText"].as_str().unwrap()).unwrap();
            let made = |key: &PublicKey, hash: &[u8], signature: &[u8]| {
                key.signed_hash(&Digest::import_less_safe(hash, &SHA256).unwrap(), signature)
            };
            let makers: Vec<&str> = keys
                .0
                .iter()
                .filter(|key| made(key, &hash, &signature))
                .map(|key| key.fingerprint.as_str())
                .collect();
            assert_eq!(makers, [name]);
            let key = keys.0.iter().find(|key| key.fingerprint == name).unwrap();
            let mut other = signature.clone();
            other[0] ^= 1;
            assert!(!made(key, &hash, &other));
            hash[31] ^= 1;
            assert!(!made(key, &hash, &signature));
        }
    }

    #[test]
    fn real_keys_have_the_fingerprints_that_cloudtrail_gave_them() {
        let saved: serde_json::Value = serde_json::from_slice(OF_2015).unwrap();
        let keys = KeySet::from_saved_response(OF_2015).unwrap().0;
        let entries = saved["PublicKeyList"].as_array().unwrap();
        assert_eq!(keys.len(), entries.len());
        for (key, entry) in keys.iter().zip(entries) {
            assert_eq!(key.fingerprint, entry["Fingerprint"].as_str().unwrap());
            assert_eq!(STANDARD.encode(key.der()), entry["Value"].as_str().unwrap());
            let validity = key.valid_to.duration_since(key.valid_from);
            assert_eq!(validity, SignedDuration::from_hours(30 * 24));
        }
        // PKCS#1 begins with the modulus, `SubjectPublicKeyInfo` with the algorithm.
        let pkcs1 = |key: &&PublicKey| key.der().get(4) == Some(&0x02);
        assert_eq!(keys.iter().filter(pkcs1).count(), 3);
    }

    #[test]
    fn a_key_that_names_no_region_is_pointed_out() {
        let keys = KeySet::from_saved_response(PUBLISHED).unwrap();
        assert_eq!(keys.without_region(), keys.0.first());
        let named = String::from_utf8_lossy(PUBLISHED)
            .replace("\"Value\"", "\"Region\":\"eu-west-1\",\"Value\"");
        let keys = KeySet::from_saved_response(named.as_bytes()).unwrap();
        assert_eq!(keys.without_region(), None);
    }

    fn period(from: &str, to: &str) -> SigningPeriod {
        SigningPeriod {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    #[test]
    fn published_keys_of_both_encodings_are_read_and_named_as_aws_names_them() {
        let keys: Vec<PublicKey> = KeySet::from_saved_response(PUBLISHED)
            .unwrap()
            .into_iter()
            .collect();
        let fingerprints: Vec<&str> = keys.iter().map(|k| k.fingerprint.as_str()).collect();
        assert_eq!(
            fingerprints,
            [
                "8eba5db5bea9b640d1c96a77256fe7f2",
                "31e8b5433410dfb61a9dc45cc65b22ff",
                "28f6b7a258b62ece75008b18eaffc92b"
            ]
        );
        assert_eq!(keys[0].valid_from.to_string(), "2015-07-08T01:04:01Z");
        assert_eq!(keys[2].valid_from.to_string(), "2026-09-05T17:06:29Z");
    }

    #[test]
    fn a_key_is_found_in_its_time_and_region_only() {
        let keys = KeySet::from_saved_response(PUBLISHED).unwrap();
        let region = Region::new("us-east-1").unwrap();
        let name = "28F6B7A258B62ECE75008B18EAFFC92B";
        let find = |from, to| keys.find(&region, name, period(from, to));
        assert!(matches!(
            find("2026-09-20T00:00:00Z", "2026-09-20T01:00:00Z"),
            KeyLookup::Found(_)
        ));
        assert!(matches!(
            find("2026-09-05T16:00:00Z", "2026-09-05T17:06:29Z"),
            KeyLookup::Found(_)
        ));
        assert!(matches!(
            find("2026-09-05T16:00:00Z", "2026-09-05T17:06:28Z"),
            KeyLookup::OutsideValidity(_)
        ));
        assert!(matches!(
            find("2026-10-05T17:06:30Z", "2026-10-06T17:06:30Z"),
            KeyLookup::OutsideValidity(_)
        ));
        let text = String::from_utf8_lossy(PUBLISHED)
            .replace("\"Value\"", "\"Region\":\"eu-west-1\",\"Value\"");
        let elsewhere = KeySet::from_saved_response(text.as_bytes()).unwrap();
        assert_eq!(
            elsewhere.find(
                &region,
                name,
                period("2026-09-20T00:00:00Z", "2026-09-20T01:00:00Z")
            ),
            KeyLookup::Unknown
        );
    }

    #[test]
    fn other_texts_are_no_response() {
        for json in [
            "",
            "{}",
            "[{}]",
            "PUBLICKEYLIST\t8eba5db5bea9b640d1c96a77256fe7f2\t1436317441.0",
            r#"{"PublicKeyList":[{"Value":"?","ValidityStartTime":1,"ValidityEndTime":2}]}"#,
            r#"{"PublicKeyList":[{"Value":"AAAA","ValidityStartTime":1,"ValidityEndTime":2}]}"#,
            r#"{"PublicKeyList":[{"Value":"","ValidityStartTime":1e300,"ValidityEndTime":2}]}"#,
        ] {
            assert!(
                KeySet::from_saved_response(json.as_bytes()).is_err(),
                "{json}"
            );
        }
    }

    #[test]
    fn keys_are_read_in_every_shape_that_tools_save_them_in() {
        let published: serde_json::Value = serde_json::from_slice(PUBLISHED).unwrap();
        let list = published["PublicKeyList"].as_array().unwrap();
        let one = |key| serde_json::json!({ "PublicKeyList": [key] }).to_string();
        let each: Vec<String> = list.iter().map(one).collect();
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain(String::from_utf8_lossy(PUBLISHED).encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let expected = KeySet::from_saved_response(PUBLISHED).unwrap().0;
        assert_eq!(expected.len(), 3);
        for bytes in [
            serde_json::to_vec(list).unwrap(),
            each.concat().into_bytes(),
            each.join("\n").into_bytes(),
            each.join("\r\n\u{feff}").into_bytes(),
            [PUBLISHED, PUBLISHED].concat(),
            ["\u{feff}".as_bytes(), PUBLISHED].concat(),
            utf16,
        ] {
            let keys = KeySet::from_saved_response(&bytes).unwrap().0;
            assert_eq!(keys, expected, "{}", String::from_utf8_lossy(&bytes));
        }
        for nothing in ["[]", r#"{"PublicKeyList":[]}"#] {
            assert!(
                KeySet::from_saved_response(nothing.as_bytes())
                    .unwrap()
                    .is_empty()
            );
        }
    }

    #[test]
    fn a_value_under_the_fingerprint_of_another_key_is_refused() {
        let mut published: serde_json::Value = serde_json::from_slice(PUBLISHED).unwrap();
        published["PublicKeyList"][0]["Value"] = published["PublicKeyList"][1]["Value"].clone();
        let error = KeySet::from_saved_response(published.to_string().as_bytes()).unwrap_err();
        assert!(
            matches!(error, PublicKeyError::Fingerprint { .. }),
            "{error}"
        );
        published["PublicKeyList"][0]["Fingerprint"] = serde_json::Value::Null;
        assert!(KeySet::from_saved_response(published.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn the_bound_on_keys_is_on_all_responses_together() {
        let published: serde_json::Value = serde_json::from_slice(PUBLISHED).unwrap();
        let key = &published["PublicKeyList"][0];
        let of = |count: usize| serde_json::to_string(&vec![key; count]).unwrap();
        let most = of(MAX_SAVED_KEYS);
        assert!(KeySet::from_saved_response(most.as_bytes()).is_ok());
        let error = KeySet::from_saved_response(format!("{most}{}", of(1)).as_bytes());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("more than 10000 keys")
        );
    }
}
