//! An evidence bucket that fills with receipts, hour by hour.

use jiff::{SignedDuration, Timestamp};
use trailseal::evidence_log::{
    AppendError, Appended, LogAudit, LogCheckpoint, LogKey, LogReport, LogWriter,
};
use trailseal_tests::evidence::{EvidenceStore, LocalSigner, receipt, receipt_key};

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
