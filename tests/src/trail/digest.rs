//! The digest document, its exact bytes and its signature.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::gzip;
use super::keys::Signer;
use super::object::SHA256_WITH_RSA;

/// A digest document, its fields in CloudTrail's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestDocument {
    /// The account whose activity the log files contain.
    pub aws_account_id: String,
    /// The start of the range of delivery times.
    pub digest_start_time: String,
    /// The end of the range of delivery times.
    pub digest_end_time: String,
    /// The bucket that CloudTrail writes the digest to.
    #[serde(rename = "digestS3Bucket")]
    pub digest_s3_bucket: String,
    /// The key that CloudTrail writes the digest to.
    #[serde(rename = "digestS3Object")]
    pub digest_s3_object: String,
    /// The name of the signing key.
    pub digest_public_key_fingerprint: String,
    /// `SHA256withRSA`.
    pub digest_signature_algorithm: String,
    /// The newest event in the listed log files.
    pub newest_event_time: Option<String>,
    /// The oldest event in the listed log files.
    pub oldest_event_time: Option<String>,
    /// The predecessor's bucket.
    #[serde(rename = "previousDigestS3Bucket")]
    pub previous_digest_s3_bucket: Option<String>,
    /// The predecessor's key.
    #[serde(rename = "previousDigestS3Object")]
    pub previous_digest_s3_object: Option<String>,
    /// The SHA-256 of the predecessor, inflated, in hex.
    pub previous_digest_hash_value: Option<String>,
    /// `SHA-256`.
    pub previous_digest_hash_algorithm: Option<String>,
    /// The predecessor's signature in hex.
    pub previous_digest_signature: Option<String>,
    /// The log files delivered in the range.
    pub log_files: Vec<LogEntry>,
}

/// One log file in a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// The log file's bucket.
    #[serde(rename = "s3Bucket")]
    pub s3_bucket: String,
    /// The log file's key.
    #[serde(rename = "s3Object")]
    pub s3_object: String,
    /// The SHA-256 of the log file, inflated, in hex.
    pub hash_value: String,
    /// `SHA-256`.
    pub hash_algorithm: String,
    /// The newest event in it.
    pub newest_event_time: String,
    /// The oldest event in it.
    pub oldest_event_time: String,
}

/// A document in its final bytes, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The gzipped document.
    pub body: Bytes,
    /// The SHA-256 of the inflated document in hex.
    pub sha256: String,
    /// The signature in hex.
    pub signature: String,
}

impl DigestDocument {
    /// Returns the document as CloudTrail writes it: compact JSON with escaped slashes.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("plain data")
            .replace('/', r"\/")
    }

    /// Returns the string to sign, for a document whose inflated bytes have the hash.
    pub fn signing_string(&self, sha256: &str) -> String {
        format!(
            "{}\n{}/{}\n{sha256}\n{}",
            self.digest_end_time,
            self.digest_s3_bucket,
            self.digest_s3_object,
            self.previous_digest_signature.as_deref().unwrap_or("null")
        )
    }

    /// Writes the fingerprint of the signer's key into the document, serializes it, and signs it.
    pub fn seal(&mut self, signer: &Signer) -> Sealed {
        self.digest_public_key_fingerprint
            .clone_from(&signer.fingerprint);
        let json = self.to_json();
        let sha256 = sha256_hex(json.as_bytes());
        Sealed {
            body: gzip::compress(json.as_bytes()),
            signature: signer.key.sign(self.signing_string(&sha256).as_bytes()),
            sha256,
        }
    }

    /// Makes the document name another as its predecessor.
    pub(crate) fn link_to(&mut self, previous: &DigestDocument, sealed: &Sealed) {
        self.previous_digest_s3_bucket = Some(previous.digest_s3_bucket.clone());
        self.previous_digest_s3_object = Some(previous.digest_s3_object.clone());
        self.previous_digest_hash_value = Some(sealed.sha256.clone());
        self.previous_digest_hash_algorithm = Some("SHA-256".into());
        self.previous_digest_signature = Some(sealed.signature.clone());
    }

    /// Returns a document without a predecessor, log files or a key.
    pub(crate) fn empty(account: &str, range: [String; 2], bucket: &str, key: String) -> Self {
        let [start, end] = range;
        Self {
            aws_account_id: account.to_owned(),
            digest_start_time: start,
            digest_end_time: end,
            digest_s3_bucket: bucket.to_owned(),
            digest_s3_object: key,
            digest_public_key_fingerprint: String::new(),
            digest_signature_algorithm: SHA256_WITH_RSA.into(),
            newest_event_time: None,
            oldest_event_time: None,
            previous_digest_s3_bucket: None,
            previous_digest_s3_object: None,
            previous_digest_hash_value: None,
            previous_digest_hash_algorithm: None,
            previous_digest_signature: None,
            log_files: Vec::new(),
        }
    }

    /// Lists the log files, and the range of their event times.
    pub(crate) fn list(&mut self, entries: Vec<LogEntry>) {
        let newest = entries.iter().map(|entry| &entry.newest_event_time).max();
        let oldest = entries.iter().map(|entry| &entry.oldest_event_time).min();
        self.newest_event_time = newest.cloned();
        self.oldest_event_time = oldest.cloned();
        self.log_files = entries;
    }
}

/// Returns the SHA-256 in lowercase hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Returns the whole seconds from one moment to a later one.
pub(crate) fn seconds_between(from: Timestamp, to: Timestamp) -> u32 {
    u32::try_from(to.as_second() - from.as_second()).expect("a later moment, within a century")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::KeySchedule;

    fn document() -> DigestDocument {
        let range = ["2026-01-15T11:00:00Z", "2026-01-15T12:00:00Z"].map(str::to_owned);
        DigestDocument::empty("111122223333", range, "b", "AWSLogs/k.json.gz".into())
    }

    #[test]
    fn a_starting_digest_is_written_as_cloudtrail_writes_it() {
        let mut document = document();
        document.digest_public_key_fingerprint = "f00d".into();
        assert_eq!(
            document.to_json(),
            concat!(
                r#"{"awsAccountId":"111122223333","digestStartTime":"2026-01-15T11:00:00Z","#,
                r#""digestEndTime":"2026-01-15T12:00:00Z","digestS3Bucket":"b","#,
                r#""digestS3Object":"AWSLogs\/k.json.gz","digestPublicKeyFingerprint":"f00d","#,
                r#""digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"#,
                r#""oldestEventTime":null,"previousDigestS3Bucket":null,"#,
                r#""previousDigestS3Object":null,"previousDigestHashValue":null,"#,
                r#""previousDigestHashAlgorithm":null,"previousDigestSignature":null,"#,
                r#""logFiles":[]}"#
            )
        );
    }

    #[test]
    fn the_signing_string_has_four_lines_and_no_newline_at_its_end() {
        let mut document = document();
        assert_eq!(
            document.signing_string("c0ffee"),
            "2026-01-15T12:00:00Z\nb/AWSLogs/k.json.gz\nc0ffee\nnull"
        );
        document.previous_digest_signature = Some("abcd".into());
        assert!(document.signing_string("c0ffee").ends_with("c0ffee\nabcd"));
    }

    #[test]
    fn the_hash_is_over_the_inflated_bytes() {
        let signer = KeySchedule::default().signer("us-east-1", 0);
        let mut document = document();
        let sealed = document.seal(&signer);
        assert_eq!(document.digest_public_key_fingerprint, signer.fingerprint);
        assert_eq!(sealed.sha256, sha256_hex(&gzip::inflate(&sealed.body)));
        assert_eq!(sealed.signature.len(), 512);
    }
}
