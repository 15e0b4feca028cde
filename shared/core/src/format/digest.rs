//! The digest document, read but not trusted yet.
//!
//! Format: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>.

use crate::gzip::stream::GunzipError;
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::names::text::clip;
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Deserializer, de};
use std::collections::HashMap;
use std::fmt;

/// The maximum number of bytes to which a digest may inflate: room for 30,000 log files. CloudTrail
/// delivers some hundreds of log files an hour for a Region of a busy account.
pub const MAX_INFLATED_BYTES: u64 = 16 * 1024 * 1024;

/// The maximum size of a digest object in bytes. Compressed, the hashes and names of 30,000 log
/// files take two megabytes.
pub const MAX_OBJECT_BYTES: u64 = 4 * 1024 * 1024;

/// The maximum number of log files that a digest may list.
pub const MAX_LOG_FILES: usize = 100_000;

/// The maximum size in bytes of any name or value in a digest. An S3 key has at most 1,024 bytes,
/// an RSA-4096 signature 1,024 hex digits.
const MAX_TEXT_BYTES: usize = 2048;

const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";
const HASH_ALGORITHM: &str = "SHA-256";

/// The reason why bytes are not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The object is not one gzip member of acceptable size.
    #[error(transparent)]
    Gunzip(#[from] GunzipError),
    /// The object has more bytes than any digest.
    #[error("it has more than {MAX_OBJECT_BYTES} bytes")]
    ObjectTooLarge,
    /// It is not the JSON object of a digest.
    #[error("it is not a digest document: {0}")]
    Json(String),
    /// The fields contradict each other.
    #[error("it contradicts itself: {0}")]
    Inconsistent(&'static str),
    /// It names a hash or signature algorithm that CloudTrail does not document.
    #[error("its {field} is `{value}`")]
    AlgorithmUnsupported {
        /// The field that names the algorithm.
        field: &'static str,
        /// The value of the field.
        value: String,
        /// The supported value.
        supported: &'static str,
    },
}

/// A log file as a digest lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLogFile {
    /// The location of its delivery.
    pub location: ObjectLocation,
    /// SHA-256 of its inflated bytes.
    pub hash: Sha256,
}

/// The previous digest, as this one describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    /// The location of its delivery.
    pub location: ObjectLocation,
    /// SHA-256 of its inflated bytes.
    pub hash: Sha256,
    /// Its signature, in hex, as it is in its metadata.
    pub signature: String,
}

/// A digest whose signature is not verified: anybody may have written it.
///
/// Holds the hash of the inflated bytes it was read from. The document is never written again to be
/// hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedDigest {
    /// SHA-256 of the inflated bytes.
    pub hash: Sha256,
    /// The account whose events are recorded.
    pub account: String,
    /// The start of the range of delivery times.
    pub start_time: Timestamp,
    /// The end of the range of delivery times.
    pub end_time: Timestamp,
    /// The end as the document spells it. This text is signed.
    pub end_time_text: String,
    /// The location at which the digest states it was delivered.
    pub location: ObjectLocation,
    /// Names the key that signed it, and proves nothing.
    pub key_fingerprint: String,
    /// The previous digest; `None` in a starting digest.
    pub predecessor: Option<Predecessor>,
    /// The log files delivered in its range.
    pub log_files: Vec<ListedLogFile>,
}

impl UnverifiedDigest {
    /// Returns the start of the time whose log files it lists. A starting digest lists none: its
    /// range is the hour before log file validation or logging started.
    #[must_use]
    pub fn lists_from(&self) -> Timestamp {
        match self.predecessor {
            Some(_) => self.start_time,
            None => self.end_time,
        }
    }

    /// Reads the inflated bytes of a digest.
    ///
    /// Accepts unknown fields, because CloudTrail adds some. Refuses missing, duplicate or
    /// ill-typed known fields.
    ///
    /// # Errors
    /// [`DigestError`] if the bytes are not a digest.
    pub fn parse(inflated: &[u8]) -> Result<Self, DigestError> {
        let document: Document = serde_json::from_slice(inflated)
            .map_err(|error| DigestError::Json(error.to_string()))?;
        let supported = |field, value: &str, supported| {
            if value == supported {
                Ok(())
            } else {
                Err(DigestError::AlgorithmUnsupported {
                    field,
                    value: value.to_owned(),
                    supported,
                })
            }
        };
        supported(
            "digestSignatureAlgorithm",
            &document.digest_signature_algorithm.0,
            SIGNATURE_ALGORITHM,
        )?;
        let mut log_files = Vec::with_capacity(document.log_files.0.len());
        for file in document.log_files.0 {
            supported("hashAlgorithm", &file.hash_algorithm.0, HASH_ALGORITHM)?;
            log_files.push(ListedLogFile {
                location: ObjectLocation::new(file.s3_bucket.0, file.s3_object.0),
                hash: file.hash_value.0,
            });
        }
        let predecessor = match (
            document.previous_digest_s3_bucket,
            document.previous_digest_s3_object,
            document.previous_digest_hash_value,
            document.previous_digest_hash_algorithm,
            document.previous_digest_signature,
        ) {
            (None, None, None, None, None) => None,
            (Some(bucket), Some(key), Some(hash), Some(algorithm), Some(signature)) => {
                supported("previousDigestHashAlgorithm", &algorithm.0, HASH_ALGORITHM)?;
                Some(Predecessor {
                    location: ObjectLocation::new(bucket.0, key.0),
                    hash: hash.0,
                    signature: signature.0,
                })
            }
            _ => {
                return Err(DigestError::Inconsistent(
                    "some, but not all, of its previousDigest fields are null",
                ));
            }
        };
        let (start_time, end_time) = (document.digest_start_time, document.digest_end_time);
        if start_time.time >= end_time.time {
            return Err(DigestError::Inconsistent(
                "its digestStartTime is not before its digestEndTime",
            ));
        }
        Ok(Self {
            hash: Sha256::of(inflated),
            account: document.aws_account_id.0,
            start_time: start_time.time,
            end_time: end_time.time,
            end_time_text: end_time.text,
            location: ObjectLocation::new(document.digest_s3_bucket.0, document.digest_s3_object.0),
            key_fingerprint: document.digest_public_key_fingerprint.0,
            predecessor,
            log_files,
        })
    }
}

/// The user metadata that CloudTrail stores with a digest object. It is not signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestMetadata {
    /// The digest's signature, in hex.
    pub signature: Option<String>,
    /// The name of the signature algorithm.
    pub signature_algorithm: Option<String>,
    /// The time when a backfill digest was generated.
    pub backfill_generated: Option<String>,
}

impl DigestMetadata {
    /// Returns the metadata of a digest whose signature is known from another source.
    #[must_use]
    pub fn signed(signature: impl Into<String>) -> Self {
        Self {
            signature: Some(signature.into()),
            signature_algorithm: Some(SIGNATURE_ALGORITHM.to_owned()),
            backfill_generated: None,
        }
    }

    /// Returns whether both have the same signature, in hex of either case.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let signatures = match (&self.signature, &other.signature) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        };
        signatures && self.signature_algorithm == other.signature_algorithm
    }

    /// Reads CloudTrail's entries from an object's user metadata.
    #[must_use]
    pub fn from_user_metadata(metadata: &HashMap<String, String>) -> Self {
        // S3 stores the names in lower case.
        let entry = |name: &str| metadata.get(name).cloned();
        Self {
            signature: entry("signature"),
            signature_algorithm: entry("signature-algorithm"),
            backfill_generated: entry("backfill-generation-timestamp"),
        }
    }

    /// Checks whether the named algorithm is the one that CloudTrail documents.
    ///
    /// # Errors
    /// [`DigestError::AlgorithmUnsupported`] if it is another one. A missing name is accepted here,
    /// since a missing entry is a missing signature.
    pub fn check_algorithm(&self) -> Result<(), DigestError> {
        match &self.signature_algorithm {
            Some(algorithm) if algorithm != SIGNATURE_ALGORITHM => {
                Err(DigestError::AlgorithmUnsupported {
                    field: "signature-algorithm metadata",
                    value: clip(algorithm, 200).to_owned(),
                    supported: SIGNATURE_ALGORITHM,
                })
            }
            _ => Ok(()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    aws_account_id: Text,
    digest_start_time: Time,
    digest_end_time: Time,
    digest_s3_bucket: Text,
    digest_s3_object: Text,
    digest_public_key_fingerprint: Text,
    digest_signature_algorithm: Text,
    // Null in a starting digest, but present: without it, the document is not a CloudTrail digest.
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_s3_bucket: Option<Text>,
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_s3_object: Option<Text>,
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_hash_value: Option<Hash>,
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_hash_algorithm: Option<Text>,
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_signature: Option<Text>,
    log_files: LogFiles,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogFile {
    s3_bucket: Text,
    s3_object: Text,
    hash_value: Hash,
    hash_algorithm: Text,
}

/// A text of limited length.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > MAX_TEXT_BYTES {
            return Err(de::Error::custom(format_args!(
                "a value has more than {MAX_TEXT_BYTES} bytes"
            )));
        }
        Ok(Self(text))
    }
}

struct Hash(Sha256);

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        Sha256::from_hex(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom("a hash is not 64 hexadecimal digits"))
    }
}

/// A time as CloudTrail writes it in digests: only `YYYY-MM-DDTHH:MM:SSZ`.
struct Time {
    time: Timestamp,
    text: String,
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        let time = (text.len() == 20)
            .then(|| civil::DateTime::strptime("%Y-%m-%dT%H:%M:%SZ", &text).ok())
            .flatten()
            .and_then(|time| TimeZone::UTC.to_timestamp(time).ok())
            .ok_or_else(|| de::Error::custom("a time is not YYYY-MM-DDTHH:MM:SSZ"))?;
        Ok(Self { time, text })
    }
}

/// A list of log files of limited length.
struct LogFiles(Vec<LogFile>);

impl<'de> Deserialize<'de> for LogFiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = LogFiles;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of log files")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<LogFiles, A::Error> {
                let mut files = Vec::new();
                while let Some(file) = seq.next_element()? {
                    if files.len() == MAX_LOG_FILES {
                        return Err(de::Error::custom(format_args!(
                            "more than {MAX_LOG_FILES} log files are listed"
                        )));
                    }
                    files.push(file);
                }
                Ok(LogFiles(files))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

#[cfg(test)]
mod tests;
