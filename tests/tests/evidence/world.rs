//! An evidence bucket that fills with receipts, hour by hour.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trailseal::evidence_log::{
    AppendError, Appended, LogAudit, LogCheckpoint, LogKey, LogReport, LogWriter,
};
use trailseal_tests::evidence::{EvidenceStore, LocalSigner};

/// The name of the log.
pub(crate) const NAME: &str = "amzn-s3-demo-bucket.s3.us-east-1.amazonaws.com/log";

/// When the first receipt is written.
pub(crate) fn start() -> Timestamp {
    "2026-01-15T00:30:00Z".parse().expect("a time")
}

/// An evidence bucket, and the key that signs its log.
pub(crate) struct World {
    pub(crate) store: EvidenceStore,
    pub(crate) signer: LocalSigner,
}

impl World {
    /// Returns an empty bucket.
    pub(crate) fn new() -> Self {
        Self {
            store: EvidenceStore::at(start()),
            signer: LocalSigner::new(7),
        }
    }

    /// Returns a copy of the world as it is now.
    pub(crate) fn copy(&self) -> Self {
        Self {
            store: self.store.copy(),
            signer: LocalSigner::new(7),
        }
    }

    /// Returns the key of the log.
    pub(crate) fn key(&self) -> LogKey {
        LogKey::of_log(NAME, self.signer.public()).expect("a key")
    }

    /// Appends once.
    pub(crate) async fn append(&self) -> Result<Appended, AppendError> {
        let writer = LogWriter {
            evidence: &self.store,
            signer: &self.signer,
            name: NAME,
            margin: SignedDuration::from_mins(10),
        };
        writer.append(self.store.now()).await
    }

    /// Appends until nothing is left.
    pub(crate) async fn append_all(&self) -> Appended {
        loop {
            let appended = self.append().await.expect("an append");
            if !appended.more {
                return appended;
            }
            self.store.wait(SignedDuration::from_secs(1));
        }
    }

    /// Writes the receipts of an hour: two for each of `chains` digests. Returns their keys.
    pub(crate) fn write_receipts(&self, chains: usize) -> Vec<String> {
        let now = self.store.now();
        let mut keys = Vec::new();
        for chain in 0..chains {
            for function in ["digest-validator", "log-verifier"] {
                let key = receipt_key(now, chain, function);
                self.store
                    .put(&key, receipt(now, chain, function).to_string());
                keys.push(key);
            }
        }
        keys
    }

    /// Lets an hour pass, in which the receipts of `chains` digests are written, and appends.
    pub(crate) async fn hour(&self, chains: usize) -> Appended {
        self.write_receipts(chains);
        self.store.wait(SignedDuration::from_mins(30));
        let appended = self.append_all().await;
        self.store.wait(SignedDuration::from_mins(30));
        appended
    }

    /// Audits the log.
    pub(crate) async fn audit(&self, earlier: &[LogCheckpoint]) -> LogReport {
        let key = self.key();
        let audit = LogAudit {
            evidence: &self.store,
            key: &key,
            earlier,
            cosigners: &[],
        };
        audit.run(|_| ()).await.expect("an audit")
    }

    /// Audits the log, and checks that nothing is wrong.
    pub(crate) async fn assert_valid(&self) -> LogReport {
        let report = self.audit(&[]).await;
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        assert!(report.cannot_tell.is_empty(), "{:#?}", report.cannot_tell);
        report
    }
}

/// Returns the key of a receipt.
pub(crate) fn receipt_key(at: Timestamp, chain: usize, function: &str) -> String {
    let day = at.strftime("%Y/%m/%d");
    let time = at.strftime("%Y%m%dT%H%M%SZ");
    let account = 111_122_223_333_usize + chain;
    format!(
        "receipts/{day}/{account}/us-east-1/{time}_management_us-east-1_0123456789abcdef/{function}-{time}-fedcba9876543210.json"
    )
}

/// Returns a receipt.
pub(crate) fn receipt(at: Timestamp, chain: usize, function: &str) -> Value {
    let account = (111_122_223_333_usize + chain).to_string();
    let folder = format!("AWSLogs/{account}/");
    json!({
        "schema": "trailseal.receipt/1",
        "object": {"bucket": "amzn-s3-demo-bucket", "key": format!("{folder}CloudTrail-Digest/us-east-1/x.json.gz")},
        "chain": {"folder": folder, "account": account, "region": "us-east-1", "trail": "management", "homeRegion": "us-east-1"},
        "digest": {"signed": true, "backfill": false, "logFiles": 3},
        "verdict": "valid", "valid": 1, "rules": {}, "counts": {}, "findings": [], "findingsLeftOut": 0,
        "cannotTell": [], "cannotTellLeftOut": 0, "checkedAt": at.to_string(), "function": function,
        "version": "0.1.0", "functionVersion": "$LATEST", "requestId": "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
    })
}
