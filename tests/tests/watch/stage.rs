//! A trail in memory that is delivered and verified hour by hour, and the rounds over it.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::future::pending;
use std::slice::from_ref;
use trailseal::check::digest::{DigestVerifier, SeenDigest};
use trailseal::check::key_ring::KeyRing;
use trailseal::check::log_file::LogFileTally;
use trailseal::finding::{Finding, Report};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::places::Places;
use trailseal::receipt::{self, Receipt, ReceiptStamp, ReceiptSubject};
use trailseal::trust::public_key::KeySet;
use trailseal::watch::{
    AccountMemory, LostDigest, Totals, VerifyingFunction, WatchRound, WatchSettings, read_heads,
};
use trailseal_tests::memory::{Memory, places};
use trailseal_tests::trail::{DigestFile, Object, Trail, TrailSpec};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const EVIDENCE: &str = "amzn-s3-demo-evidence";

/// The result of a round over all accounts.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) findings: Vec<Finding>,
    pub(crate) all_clears: Vec<Finding>,
    pub(crate) lost: Vec<LostDigest>,
    pub(crate) totals: Totals,
}

impl Found {
    /// Returns the kinds and objects of the findings.
    pub(crate) fn found(&self) -> Vec<(&'static str, String)> {
        reported(&self.findings)
    }

    /// Returns the kinds and objects of the all-clears.
    pub(crate) fn cleared(&self) -> Vec<(&'static str, String)> {
        reported(&self.all_clears)
    }

    /// Returns the keys of the digests that are sent to functions, and the functions.
    pub(crate) fn sent(&self) -> Vec<(String, Vec<&'static str>)> {
        let lost = self.lost.iter();
        lost.map(|digest| {
            let functions = digest.functions.iter().copied();
            let functions = functions.map(VerifyingFunction::as_str).collect();
            (digest.at.key.clone(), functions)
        })
        .collect()
    }

    /// Fails if anything was found.
    #[track_caller]
    pub(crate) fn assert_quiet(&self, when: &str) {
        assert_eq!(self.found(), [], "{when}: {self:#?}");
        assert_eq!(self.cleared(), [], "{when}: {self:#?}");
        assert_eq!(self.sent(), [], "{when}: {self:#?}");
        assert_eq!(self.totals.unread, 0, "{when}");
    }
}

fn reported(findings: &[Finding]) -> Vec<(&'static str, String)> {
    let findings = findings.iter();
    findings
        .map(|finding| (finding.kind.as_str(), finding.object.key.clone()))
        .collect()
}

/// A trail that is delivered and verified hour by hour.
pub(crate) struct Stage {
    pub(crate) trail: Trail,
    pub(crate) memory: Memory,
    pub(crate) places: Places,
    pub(crate) settings: WatchSettings,
    /// What the rounds remember, by account.
    pub(crate) remembered: BTreeMap<String, AccountMemory>,
    delivered_until: Timestamp,
}

/// Returns a trail of one Region with few log files.
pub(crate) fn small() -> TrailSpec {
    TrailSpec {
        log_files_per_hour: 2..=2,
        records_per_file: 1..=2,
        ..TrailSpec::default()
    }
}

impl Stage {
    pub(crate) fn of(spec: TrailSpec) -> Self {
        let trail = spec.build();
        let mut memory = Memory::default();
        memory.publish_keys(&trail);
        Self {
            places: places(&trail),
            settings: WatchSettings {
                evidence_bucket: EVIDENCE.to_owned(),
                ..WatchSettings::default()
            },
            memory,
            remembered: BTreeMap::new(),
            delivered_until: Timestamp::MIN,
            trail,
        }
    }

    /// Returns the end of an hour of the trail.
    pub(crate) fn end(&self, hour: u32) -> Timestamp {
        let end = &self.digest(hour).document.digest_end_time;
        end.parse().unwrap()
    }

    pub(crate) fn digest(&self, hour: u32) -> &DigestFile {
        self.trail.digest(ACCOUNT, REGION, hour)
    }

    /// Returns the key of the digest of an hour.
    pub(crate) fn key(&self, hour: u32) -> String {
        self.digest(hour).object.key.clone()
    }

    pub(crate) fn verifier(&self) -> DigestVerifier<&Memory, &Memory> {
        DigestVerifier::new(
            &self.memory,
            KeyRing::new(&self.memory, KeySet::default()),
            self.places.clone(),
        )
    }

    /// Delivers everything that CloudTrail delivers until a time. Returns the new digests.
    pub(crate) fn deliver(&mut self, until: Timestamp) -> Vec<Object> {
        let mut digests = Vec::new();
        for object in self.trail.objects() {
            let (at, is_digest) = match classify(&object.key) {
                ObjectKind::Digest(key) => (key.end_time + SignedDuration::from_mins(30), true),
                ObjectKind::LogFile(key) => (key.time, false),
                other => panic!("{other:?}"),
            };
            if at > self.delivered_until && at <= until {
                self.memory.put(object.clone());
                digests.extend(is_digest.then(|| object.clone()));
            }
        }
        self.delivered_until = until;
        digests
    }

    /// Delivers everything until a time, and verifies it as the functions do.
    pub(crate) async fn pass(&mut self, until: Timestamp) {
        for digest in self.deliver(until) {
            self.validate(&digest, until).await;
            self.verify(&digest, until).await;
        }
    }

    /// Does what `digest-validator` does with a digest.
    pub(crate) async fn validate(&self, digest: &Object, now: Timestamp) {
        let at = ObjectLocation::new(&digest.bucket, &digest.key);
        let validated = self.verifier().validate_delivered(&at).await;
        let (report, seen) = (validated.report, validated.seen);
        let receipt = receipt("digest-validator", &at, &report, seen.as_ref(), None, now);
        let kept = receipt::keep_with_heads(&&self.memory, from_ref(&receipt)).await;
        kept.unwrap();
    }

    /// Does what `log-verifier` does with a digest.
    pub(crate) async fn verify(&self, digest: &Object, now: Timestamp) {
        let at = ObjectLocation::new(&digest.bucket, &digest.key);
        let progress = self.verifier().verify_log_files(&at, 0, 8, pending()).await;
        let (report, seen) = (progress.report, progress.seen);
        let tally = progress.log_files;
        let receipt = receipt("log-verifier", &at, &report, seen.as_ref(), tally, now);
        receipt::keep(&&self.memory, from_ref(&receipt))
            .await
            .unwrap();
    }

    /// Makes a round over all accounts.
    pub(crate) async fn round(&mut self, now: Timestamp) -> Found {
        let mut all = std::mem::take(&mut self.remembered);
        let memory = &self.memory;
        let heads = read_heads(&memory).await.unwrap();
        let digests = self.verifier();
        let round = WatchRound::new(&digests, &memory, &heads, &self.settings, now);
        let mut found = Found::default();
        for account in heads.accounts() {
            let remembered = all.entry(account.to_string()).or_default();
            let of_account = round.account(&account, remembered).await;
            // Whatever is reported is remembered before it is sent.
            for finding in &of_account.report.findings {
                let id = finding.id().to_string();
                let is_gap = finding.message.contains("continues at another place");
                let before = &of_account.before.conditions;
                let is_unlisted = finding.kind.as_str() == "log-file-unlisted";
                let is_remembered = before.keys().any(|name| name.starts_with(&id));
                assert!(is_gap || is_unlisted || is_remembered, "{finding:#?}");
            }
            let json = of_account.after.to_json();
            *remembered = AccountMemory::read(json.as_bytes()).unwrap();
            assert_eq!(*remembered, of_account.after);
            found.findings.extend(of_account.report.findings);
            found.all_clears.extend(of_account.report.all_clears);
            found.lost.extend(of_account.lost);
            found.totals.add(of_account.totals);
        }
        self.remembered = all;
        found
    }

    /// Changes the document of the only chain head.
    pub(crate) fn head(&self) -> (String, String) {
        let heads = self.memory.evidence("chains/");
        assert_eq!(heads.len(), 1, "{heads:#?}");
        heads.into_iter().next().unwrap()
    }
}

fn receipt(
    function: &str,
    at: &ObjectLocation,
    report: &Report,
    digest: Option<&SeenDigest>,
    log_files: Option<LogFileTally>,
    now: Timestamp,
) -> Receipt {
    let subject = ReceiptSubject {
        object: at,
        report,
        digest,
        log_files,
    };
    let stamp = ReceiptStamp {
        function,
        function_version: "1",
        request_id: "request",
        checked_at: now,
    };
    Receipt::of(subject, stamp)
}

/// Returns a time some minutes after another one.
pub(crate) fn after(time: Timestamp, minutes: i64) -> Timestamp {
    time + SignedDuration::from_mins(minutes)
}
