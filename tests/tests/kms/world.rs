//! A generated trail in memory, checked log file by log file and settled digest by digest.

use crate::case::at;
use serde_json::Value;
use std::collections::BTreeMap;
use std::future::pending;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::check::kms_events::{KmsChecker, KmsReport};
use trailseal::check::pending::{self, PendingOverview, Settlement};
use trailseal::finding::{Finding, FindingKind, Report};
use trailseal::kms::expected::Expected;
use trailseal::kms::readers::{ReaderRule, Readers};
use trailseal::trust::public_key::KeySet;
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::{Object, Trail};

/// A trail and what it is compared with.
pub struct World {
    pub trail: Trail,
    pub memory: Memory,
    pub expected: Expected,
}

impl World {
    /// Returns the trail as delivered, with a healthy key; the trail and the key are configured.
    pub fn new(trail: Trail) -> Self {
        let mut memory = Memory::of(&trail);
        let kms = trail.spec.kms.clone().expect("a trail under a key");
        memory.describe_keys(&kms);
        let expected = Expected {
            places: places(&trail),
            key_arns: vec![kms.key_arn.clone()],
            ..Expected::default()
        };
        Self {
            trail,
            memory,
            expected,
        }
    }

    pub fn listing_readers(mut self, rules: &[&str]) -> Self {
        let rules = rules.iter().map(|rule| ReaderRule::parse(rule).unwrap());
        self.expected.readers = Readers::new(rules.collect(), Vec::new());
        self
    }

    /// Makes the first check, of a log file, as `kms-context-checker` makes it.
    pub async fn look(&self, log: &Object) -> Report {
        let checker = KmsChecker::new(&self.memory, &self.memory, self.expected.clone());
        let KmsReport {
            mut report,
            waiting,
            ..
        } = checker.check(&at(log)).await;
        let not_kept = pending::keep(&&self.memory, &at(log), waiting, log.delivered_at)
            .await
            .unwrap();
        report.absorb(not_kept);
        report
    }

    /// Makes the second check: settles what waits for a digest, as `log-verifier` does.
    pub async fn settle(&self, digest: &Object) -> Report {
        let settlement = self.settlement(digest).await;
        for what in settlement.updates {
            what.run(&&self.memory).await.unwrap();
        }
        settlement.report
    }

    /// Does the same, without making the updates.
    pub async fn settlement(&self, digest: &Object) -> Settlement {
        self.settlement_until(digest, pending()).await
    }

    /// Does the same, until `stop` resolves.
    pub async fn settlement_until(
        &self,
        digest: &Object,
        stop: impl Future<Output = ()> + Send,
    ) -> Settlement {
        let places = self.expected.places.clone();
        let keys = KeyRing::new(&self.memory, KeySet::default());
        let digests = DigestVerifier::new(&self.memory, keys, places);
        let progress = digests.verify_log_files(&at(digest), 0, 8, pending()).await;
        let signed = progress.digest.expect("a digest that CloudTrail signed");
        let overview = PendingOverview::list(&&self.memory).await.unwrap();
        let evidence = &self.memory;
        let evidence = overview.of(&evidence);
        pending::settle(&digests, &evidence, &at(digest), &signed, stop)
            .await
            .unwrap()
    }

    pub async fn look_at_all(&self) -> Report {
        let mut report = Report::new();
        for log in &self.trail.log_files {
            report.absorb(self.look(&log.object).await);
        }
        report
    }

    /// Settles every digest, oldest delivery first.
    pub async fn settle_all(&self) -> Report {
        let mut report = Report::new();
        for digest in self.digests() {
            report.absorb(self.settle(&digest).await);
        }
        report
    }

    /// Returns the digests in the order of their delivery.
    pub fn digests(&self) -> Vec<Object> {
        let mut digests: Vec<_> = self
            .trail
            .digests
            .iter()
            .map(|it| it.object.clone())
            .collect();
        digests.sort_by_key(|digest| digest.delivered_at);
        digests
    }

    /// Returns the pending deliveries, by document: the keys of log files and the times of their
    /// deliveries.
    pub fn waiting(&self) -> BTreeMap<String, Vec<(String, jiff::Timestamp)>> {
        let documents = self.memory.evidence("pending/");
        let deliveries = documents.into_iter().map(|(name, document)| {
            let document: Value = serde_json::from_str(&document).unwrap();
            let deliveries = document["deliveries"].as_array().unwrap().iter();
            let deliveries = deliveries.map(|delivery| {
                let time = delivery["time"].as_str().unwrap().parse().unwrap();
                (delivery["key"].as_str().unwrap().to_owned(), time)
            });
            (name, deliveries.collect())
        });
        deliveries.collect()
    }

    pub fn waits_for(&self, log: &Object) -> bool {
        self.waiting()
            .values()
            .flatten()
            .any(|(key, _)| *key == log.key)
    }
}

pub fn reported(findings: &[Finding]) -> Vec<(FindingKind, &str)> {
    let reported = findings.iter();
    reported
        .map(|finding| (finding.kind, finding.object.key.as_str()))
        .collect()
}

#[track_caller]
pub fn assert_nothing(report: &Report) {
    assert!(
        report.findings.is_empty() && report.obstacles.is_empty(),
        "{report:#?}"
    );
}
