//! A receipt: what was checked about one object, when, by whom, and with which result.
//!
//! `docs/receipts.md` describes the document.

use super::places;
use crate::check::digest::SeenDigest;
use crate::check::log_file::LogFileTally;
use crate::finding::{Counts, Finding, KmsCounts, Report, Verdict};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, DigestSeries, ObjectKind, classify};
use crate::names::text::{clip, clip_visibly};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema of a receipt.
const SCHEMA: &str = "trailseal.receipt/1";

/// The maximum number of receipts in one document.
pub const MAX_TOGETHER: usize = 1_000;

/// The maximum number of findings, and of obstacles, that a receipt names.
const MAX_NAMED: usize = 1_000;

/// The maximum length in characters of an object's location, and of an obstacle. Both may quote
/// what anybody wrote.
const MAX_TEXT_CHARS: usize = 1_100;

/// The maximum length in characters of a fingerprint, an algorithm, a version, and an ID.
const MAX_WORD_CHARS: usize = 200;

/// The maximum size in bytes of a receipt that is read. If every character is escaped, the longest
/// receipt that is written has 14 MB.
pub const MAX_RECEIPT_BYTES: usize = 16 * 1024 * 1024;

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    schema: String,
    /// The object that was checked.
    pub object: ReceiptObject,
    /// The chain that the object's key names, if it is a digest's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<ChainName>,
    /// The digest, as far as it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<ReceiptDigest>,
    /// The verdict.
    pub verdict: Verdict,
    /// How many digests and log files were found valid.
    pub valid: usize,
    /// The part of the digest's log files that was verified, and with which results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_files: Option<LogFileTally>,
    /// How many times each rule was applied, and with which results.
    pub rules: BTreeMap<String, Counts>,
    /// The other counts.
    pub counts: KmsCounts,
    /// The findings, at most a thousand.
    pub findings: Vec<NamedFinding>,
    /// How many findings are not named.
    pub findings_left_out: usize,
    /// What could not be verified, and why; at most a thousand sentences.
    pub cannot_tell: Vec<String>,
    /// How many obstacles are not named.
    pub cannot_tell_left_out: usize,
    /// The time of the check, in whole seconds.
    pub checked_at: Timestamp,
    /// The function that made the check.
    pub function: String,
    /// The version of Trailseal.
    pub version: String,
    /// The version of the Lambda function.
    pub function_version: String,
    /// The ID of the invocation.
    pub request_id: String,
}

/// An object, in the version that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptObject {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// The version, if the bucket keeps versions and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The `ETag`, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e_tag: Option<String>,
}

/// The chain of a digest, without its bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainName {
    /// The account's folder: `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/`.
    pub folder: String,
    /// The account whose events are recorded.
    pub account: String,
    /// The Region in which the events occurred.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The trail's home Region.
    pub home_region: String,
}

impl From<&Chain> for ChainName {
    fn from(chain: &Chain) -> Self {
        Self {
            folder: chain.folder.to_string(),
            account: chain.folder.account.to_string(),
            region: chain.region.to_string(),
            trail: chain.trail.to_string(),
            home_region: chain.home_region.to_string(),
        }
    }
}

/// A digest, as far as it could be read. Anybody may have written what it says, unless it is
/// `signed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptDigest {
    /// Indicates whether CloudTrail signed it.
    pub signed: bool,
    /// Indicates whether it is a backfill digest by its name, which is not part of the hourly chain.
    pub backfill: bool,
    /// SHA-256 of the inflated content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The start of its range, as it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// The end of its range, as it states; otherwise as its name states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// The fingerprint of the key that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<String>,
    /// The algorithm of the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_algorithm: Option<String>,
    /// How many log files it lists, as it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_files: Option<usize>,
}

/// A finding by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedFinding {
    /// The ID, as it is published.
    pub id: String,
    /// The kind.
    pub kind: String,
    /// The object that the finding is about.
    pub object: String,
}

impl From<&Finding> for NamedFinding {
    fn from(finding: &Finding) -> Self {
        Self {
            id: finding.id().to_string(),
            kind: finding.kind.to_string(),
            object: clip_visibly(finding.object.to_string(), MAX_TEXT_CHARS),
        }
    }
}

/// The subject of a receipt: an object, and everything that was found out about it.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptSubject<'a> {
    /// The object that was checked.
    pub object: &'a ObjectLocation,
    /// The findings, obstacles and counts.
    pub report: &'a Report,
    /// The digest, if the object is one and could be read.
    pub digest: Option<&'a SeenDigest>,
    /// The verified part of the digest's log files.
    pub log_files: Option<LogFileTally>,
}

/// The function that checked an object, and when.
#[derive(Debug, Clone, Copy)]
pub struct ReceiptStamp<'a> {
    /// The function's name, as in findings.
    pub function: &'a str,
    /// The version of the Lambda function.
    pub function_version: &'a str,
    /// The ID of the invocation.
    pub request_id: &'a str,
    /// The time, in whole seconds.
    pub checked_at: Timestamp,
}

/// The reason why bytes are not a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It is larger than any receipt.
    #[error("it has more than {MAX_RECEIPT_BYTES} bytes")]
    TooLarge,
    /// It is not the JSON object of a receipt.
    #[error("it is not a receipt: {0}")]
    Json(String),
    /// It has this schema, which belongs to another version.
    #[error("its schema is `{0}`, not `{SCHEMA}`")]
    UnknownSchema(String),
    /// It has this number of receipts.
    #[error("it has {0} receipts, and a document has 1 to {MAX_TOGETHER}")]
    Number(usize),
}

impl Receipt {
    /// Returns the receipt for what was found out about an object.
    #[must_use]
    pub fn of(subject: ReceiptSubject<'_>, stamp: ReceiptStamp<'_>) -> Self {
        let ReceiptSubject {
            object,
            report,
            digest,
            log_files,
        } = subject;
        let findings = report.findings.iter().take(MAX_NAMED);
        let obstacles = report.obstacles.iter().take(MAX_NAMED);
        let named = match classify(&object.key) {
            ObjectKind::Digest(key) => Some(key),
            _ => None,
        };
        let word = |text: &str| clip(text, MAX_WORD_CHARS).to_owned();
        Self {
            schema: SCHEMA.to_owned(),
            object: ReceiptObject {
                bucket: object.bucket.clone(),
                key: object.key.clone(),
                // The event may name another version than the one that was read.
                version_id: match digest {
                    Some(seen) => seen.version_id.as_deref().map(word),
                    None => object.version_id.as_deref().map(word),
                },
                e_tag: digest.and_then(|seen| seen.e_tag.as_deref()).map(word),
            },
            chain: named.as_ref().map(|key| ChainName::from(&key.chain)),
            digest: digest.map(|seen| {
                let stated = seen.stated.as_ref();
                let by_name = named.as_ref().map(|key| key.end_time);
                ReceiptDigest {
                    signed: seen.is_signed,
                    backfill: named
                        .as_ref()
                        .is_some_and(|key| key.series == DigestSeries::Backfill),
                    sha256: seen.sha256.map(|hash| hash.to_string()),
                    start_time: stated.map(|stated| stated.start_time),
                    end_time: stated.map(|stated| stated.end_time).or(by_name),
                    key_fingerprint: stated.map(|stated| word(&stated.key_fingerprint)),
                    signature_algorithm: seen.signature_algorithm.as_deref().map(word),
                    log_files: stated.map(|stated| stated.log_files),
                }
            }),
            verdict: verdict(report),
            valid: report.valid,
            log_files,
            rules: report
                .rules
                .iter()
                .map(|(rule, counts)| ((*rule).to_owned(), *counts))
                .collect(),
            counts: report.counts,
            findings: findings.map(NamedFinding::from).collect(),
            findings_left_out: report.findings.len().saturating_sub(MAX_NAMED),
            cannot_tell: obstacles
                .map(|obstacle| clip_visibly(obstacle.error.to_string(), MAX_TEXT_CHARS))
                .collect(),
            cannot_tell_left_out: report.obstacles.len().saturating_sub(MAX_NAMED),
            checked_at: stamp.checked_at,
            function: word(stamp.function),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            function_version: word(stamp.function_version),
            request_id: word(stamp.request_id),
        }
    }

    /// Reads a receipt.
    ///
    /// # Errors
    /// [`ReceiptError`] if the bytes are not one.
    pub fn read(document: &[u8]) -> Result<Self, ReceiptError> {
        if document.len() > MAX_RECEIPT_BYTES {
            return Err(ReceiptError::TooLarge);
        }
        let receipt: Self = serde_json::from_slice(document)
            .map_err(|error| ReceiptError::Json(clip_visibly(error.to_string(), MAX_WORD_CHARS)))?;
        receipt.of_known_schema()
    }

    /// Returns the receipt, if it has the schema of a receipt.
    ///
    /// # Errors
    /// [`ReceiptError::UnknownSchema`] otherwise.
    pub(super) fn of_known_schema(self) -> Result<Self, ReceiptError> {
        if self.schema == SCHEMA {
            Ok(self)
        } else {
            let schema = clip(&self.schema, MAX_WORD_CHARS).to_owned();
            Err(ReceiptError::UnknownSchema(schema))
        }
    }

    /// Returns the receipt as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text, times and lists: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the key of a digest's receipt, which is stored as `json`.
    #[must_use]
    pub fn key_of_digest(&self, json: &str) -> String {
        let ReceiptObject { bucket, key, .. } = &self.object;
        places::of_digest(bucket, key, &self.function, self.checked_at, json)
    }

    /// Returns the key of a log file's receipt, which is stored as `json`.
    #[must_use]
    pub fn key_of_log_file(&self, json: &str) -> String {
        let ReceiptObject { bucket, key, .. } = &self.object;
        places::of_log_file(bucket, key, &self.function, self.checked_at, json)
    }
}

/// Returns the verdict that is on record. The findings that the last try raises about unreadable
/// objects say only that something is not verified.
fn verdict(report: &Report) -> Verdict {
    let is_only_unread = report
        .findings
        .iter()
        .all(|finding| finding.kind.says_unread());
    match report.verdict() {
        Verdict::Finding if is_only_unread => Verdict::CannotTell,
        verdict => verdict,
    }
}
