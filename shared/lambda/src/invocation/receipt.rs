//! A receipt: what was checked about one object, when, and with which result.

use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use trailseal::finding::{Counts, KmsCounts, Report, Stamp, Verdict};
use trailseal::names::location::ObjectLocation;
use trailseal::names::sha256::Sha256;

/// The schema of a receipt.
pub(super) const SCHEMA: &str = "trailseal.receipt/1";

/// The maximum length of an object key that a receipt is named after: S3 accepts 1,024 bytes.
const MAX_NAMED_AFTER: usize = 800;

/// The maximum number of findings, and of obstacles, that a receipt names.
const MAX_NAMED: usize = 1_000;

/// The content of a receipt.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Receipt<'a> {
    schema: &'static str,
    object: &'a ObjectLocation,
    verdict: Verdict,
    /// How many digests and log files were found valid.
    valid: usize,
    /// How many times each rule was applied, and with which results.
    rules: &'a BTreeMap<&'static str, Counts>,
    /// The counts of KMS events and of deliveries.
    counts: KmsCounts,
    findings: Vec<NamedFinding<'a>>,
    cannot_tell: Vec<String>,
    /// How many findings and obstacles are not named.
    findings_left_out: usize,
    cannot_tell_left_out: usize,
    checked_at: Timestamp,
    function: &'a str,
    version: &'static str,
}

/// A finding by its name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NamedFinding<'a> {
    id: String,
    kind: &'a str,
    object: String,
}

impl<'a> Receipt<'a> {
    /// Returns the receipt for a report on `object`.
    pub(super) fn of(object: &'a ObjectLocation, report: &'a Report, stamp: Stamp<'a>) -> Self {
        let findings = report.findings.iter().take(MAX_NAMED);
        let obstacles = report.obstacles.iter().take(MAX_NAMED);
        Self {
            schema: SCHEMA,
            object,
            verdict: report.verdict(),
            valid: report.valid,
            rules: &report.rules,
            counts: report.counts,
            findings: findings
                .map(|finding| NamedFinding {
                    id: finding.id().to_string(),
                    kind: finding.kind.as_str(),
                    object: finding.object.to_string(),
                })
                .collect(),
            cannot_tell: obstacles.map(|o| o.error.to_string()).collect(),
            findings_left_out: report.findings.len().saturating_sub(MAX_NAMED),
            cannot_tell_left_out: report.obstacles.len().saturating_sub(MAX_NAMED),
            checked_at: stamp.detected_at,
            function: stamp.function,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Returns the receipt's key, which is named after the function and the object.
    pub(super) fn key(&self) -> String {
        let ObjectLocation { bucket, key, .. } = self.object;
        let folder = format!("receipts/{}", self.function);
        if key.len() <= MAX_NAMED_AFTER {
            format!("{folder}/{bucket}/{key}.json")
        } else {
            format!("{folder}/{bucket}/{}.json", Sha256::of(key.as_bytes()))
        }
    }

    /// Returns the receipt as JSON.
    pub(super) fn document(&self) -> String {
        // Texts, times and lists: it contains nothing that JSON cannot represent.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailseal::finding::Scope;
    use trailseal::world::{Cause, StoreError};

    #[test]
    fn a_receipt_has_a_key_that_s3_accepts_for_any_object_name() {
        let stamp = Stamp::by_function("kms-context-checker", Timestamp::UNIX_EPOCH);
        let report = Report::new();
        for key in ["AWSLogs/x.json.gz".to_owned(), "k".repeat(1024)] {
            let object = ObjectLocation::new("b".repeat(63), key);
            assert!(Receipt::of(&object, &report, stamp).key().len() <= 1024);
        }
    }

    #[test]
    fn a_receipt_counts_what_it_does_not_name() {
        use trailseal::finding::{Finding, FindingKind, Verdict};
        let stamp = Stamp::by_function("log-verifier", Timestamp::UNIX_EPOCH);
        let object = ObjectLocation::new("amzn-s3-demo-bucket", "k");
        for (count, named, left_out) in [(0, 0, 0), (1_000, 1_000, 0), (1_002, 1_000, 2)] {
            let kind = FindingKind::LogFileMissing;
            let finding = Finding::for_tests(kind, Scope::default(), object.clone(), "gone");
            let mut report = Report::of(vec![finding; count]);
            for _ in 0..count {
                let error = StoreError {
                    action: "read",
                    subject: object.to_string(),
                    cause: Cause::Unavailable("throttled".to_owned()),
                };
                report.cannot_tell(error, &Scope::default(), &object);
            }
            let receipt = Receipt::of(&object, &report, stamp).document();
            let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
            assert_eq!(receipt["verdict"] == "finding", count > 0);
            assert_eq!(report.verdict() == Verdict::Valid, count == 0);
            for (name, left) in [
                ("findings", "findingsLeftOut"),
                ("cannotTell", "cannotTellLeftOut"),
            ] {
                assert_eq!(receipt[name].as_array().unwrap().len(), named);
                assert_eq!(receipt[left], left_out);
            }
        }
    }

    #[test]
    fn a_receipt_is_not_valid_if_a_rule_could_not_be_applied() {
        let stamp = Stamp::by_function("log-verifier", Timestamp::UNIX_EPOCH);
        let object = ObjectLocation::new("amzn-s3-demo-bucket", "k");
        let mut report = Report::new();
        report.rules.entry("witness").or_default().cannot_tell = 1;
        let receipt = Receipt::of(&object, &report, stamp).document();
        let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
        assert_eq!(receipt["verdict"], "cannot-tell");
    }

    #[test]
    fn a_receipt_records_what_could_not_be_verified() {
        let stamp = Stamp::by_function("kms-context-checker", Timestamp::UNIX_EPOCH);
        let object = ObjectLocation::new("amzn-s3-demo-bucket", "k");
        let mut report = Report::new();
        let error = StoreError {
            action: "read",
            subject: "s3://amzn-s3-demo-bucket/k".to_owned(),
            cause: Cause::Unavailable("throttled".to_owned()),
        };
        report.cannot_tell(error, &Scope::default(), &object);
        let receipt = Receipt::of(&object, &report, stamp).document();
        let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
        assert_eq!(receipt["verdict"], "cannot-tell");
        assert_eq!(
            receipt["cannotTell"][0],
            "cannot read s3://amzn-s3-demo-bucket/k: the request failed and may succeed later: throttled"
        );
    }
}
