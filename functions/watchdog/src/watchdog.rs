//! The function and everything that it acts through.

use jiff::Timestamp;
use trailseal::check::digest::DigestVerifier;
use trailseal::finding::{Report, Stamp};
use trailseal::names::seconds::whole_second;
use trailseal::watch::WatchSettings;
use trailseal::world::{
    ListAfter, ListEvidence, ListObjects, ListPublicKeys, ListStored, ReadObject, ReplaceEvidence,
    SignCheckpoint, StoreError, StoreLog,
};
use trailseal_aws::{CheckpointKey, CloudTrailKeys, EvidenceBucket, Limited, S3Objects};
use trailseal_lambda::config::WatchdogConfig;
use trailseal_lambda::queue::ports::{SendEvent, SendFindings};
use trailseal_lambda::queue::{EventQueue, FindingsQueue};
use trailseal_lambda::{Startup, send_report};

/// The function's name, as it appears in findings.
pub(crate) const FUNCTION: &str = "watchdog";

/// Everything that the function acts through.
pub(crate) trait Ports: Send + Sync + 'static {
    /// The log buckets.
    type Store: ReadObject + ListObjects + ListAfter + 'static;
    /// `CloudTrail`'s keys.
    type Keys: ListPublicKeys + 'static;
    /// Receipts, chain heads, what the function remembers, and the evidence log.
    type Evidence: ListEvidence + ReplaceEvidence + ListStored + StoreLog + 'static;
    /// The key that signs checkpoints of the evidence log.
    type Signer: SignCheckpoint + 'static;
    /// The queue of findings.
    type Findings: SendFindings + 'static;
    /// The queue of a function that verifies digests.
    type Events: SendEvent + 'static;
}

/// The buckets and queues of the stack.
pub(crate) struct Stack;

impl Ports for Stack {
    type Store = Limited<S3Objects>;
    type Keys = CloudTrailKeys;
    type Evidence = EvidenceBucket;
    type Signer = CheckpointKey;
    type Findings = FindingsQueue;
    type Events = EventQueue;
}

/// Looks at every chain once an hour.
pub(crate) struct Watchdog<P: Ports> {
    pub(crate) digests: DigestVerifier<P::Store, P::Keys>,
    pub(crate) evidence: P::Evidence,
    pub(crate) findings: P::Findings,
    pub(crate) validator: P::Events,
    pub(crate) verifier: P::Events,
    pub(crate) settings: WatchSettings,
    /// The key and the name of the evidence log; `None` if there is none.
    pub(crate) log: Option<(P::Signer, String)>,
    /// Where checkpoints are copied to, if anywhere.
    pub(crate) copies: Option<P::Evidence>,
}

impl Watchdog<Stack> {
    /// Returns the function in its stack.
    pub(crate) fn new(
        startup: &Startup,
        config: WatchdogConfig,
        digests: DigestVerifier<Limited<S3Objects>, CloudTrailKeys>,
    ) -> Self {
        let queue = |url| EventQueue::new(&startup.sdk, url);
        Self {
            digests,
            evidence: startup.evidence(),
            findings: startup.findings(),
            validator: queue(config.digest_validator_queue_url),
            verifier: queue(config.log_verifier_queue_url),
            settings: config.settings,
            log: config
                .log
                .map(|log| (CheckpointKey::new(&startup.sdk, log.key_arn), log.name)),
            copies: config
                .checkpoint_bucket
                .map(|bucket| EvidenceBucket::new(&startup.sdk, Some(bucket))),
        }
    }
}

impl<P: Ports> Watchdog<P> {
    /// Sends the findings and all-clears of a report to the alerter.
    ///
    /// # Errors
    /// [`StoreError`]: the queue may not have accepted all of them.
    pub(crate) async fn publish(&self, report: &Report, now: Timestamp) -> Result<(), StoreError> {
        let stamp = Stamp::by_function(FUNCTION, whole_second(now));
        let bucket = Some(self.settings.evidence_bucket.as_str());
        send_report(&self.findings, report, stamp, bucket).await
    }
}
