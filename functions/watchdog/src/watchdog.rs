//! The function and everything that it acts through.

use jiff::Timestamp;
use trailseal::alert::findings_message;
use trailseal::check::digest::DigestVerifier;
use trailseal::finding::{Report, Stamp};
use trailseal::names::seconds::whole_second;
use trailseal::watch::WatchSettings;
use trailseal::world::{
    ListAfter, ListEvidence, ListObjects, ListPublicKeys, ListStored, ReadBucketSettings,
    ReadObject, ReadTrailStatus, ReplaceEvidence, SignCheckpoint, StoreError, StoreLog,
};
use trailseal_aws::{
    CheckpointKey, CloudTrailKeys, EvidenceBucket, Limited, S3Objects, TrailsByRole,
};
use trailseal_lambda::Startup;
use trailseal_lambda::config::WatchdogConfig;
use trailseal_lambda::queue::ports::{LookAtStack, SendEvent, SendFindings};
use trailseal_lambda::queue::{EventQueue, FindingsQueue, StackParts};

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
    /// The settings of the log buckets.
    type Settings: ReadBucketSettings + 'static;
    /// The trails themselves.
    type Trails: ReadTrailStatus + 'static;
    /// The rules, topics and dead-letter queues of the stack.
    type Parts: LookAtStack + 'static;
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
    type Settings = S3Objects;
    type Trails = TrailsByRole;
    type Parts = StackParts;
}

/// Looks at every chain once an hour.
pub(crate) struct Watchdog<P: Ports> {
    pub(crate) digests: DigestVerifier<P::Store, P::Keys>,
    pub(crate) evidence: P::Evidence,
    pub(crate) findings: P::Findings,
    pub(crate) validator: P::Events,
    pub(crate) verifier: P::Events,
    pub(crate) settings: WatchSettings,
    pub(crate) settings_of: P::Settings,
    pub(crate) stack: P::Parts,
    /// `None` if no role may read them.
    pub(crate) trails: Option<P::Trails>,
    /// The key and the name of the evidence log; `None` if there is none.
    pub(crate) log: Option<(P::Signer, String)>,
    /// Where checkpoints are copied to, if anywhere.
    pub(crate) copies: Option<P::Evidence>,
    /// For how many days log files must be kept, if that is stated.
    pub(crate) retention_days: Option<u64>,
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
            settings_of: startup.objects(),
            stack: StackParts::new(&startup.sdk, config.parts),
            trails: config
                .trail_role
                .map(|role| TrailsByRole::new(&startup.sdk, role)),
            log: config
                .log
                .map(|log| (CheckpointKey::new(&startup.sdk, log.key_arn), log.name)),
            copies: config
                .checkpoint_bucket
                .map(|bucket| EvidenceBucket::new(&startup.sdk, Some(bucket))),
            retention_days: startup.config.retention_days,
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
        let text = |finding| serde_json::to_string(&stamp.stamp(finding)).unwrap_or_default();
        for finding in &report.findings {
            tracing::warn!(finding = %text(finding), "finding");
        }
        for all_clear in &report.all_clears {
            tracing::info!(all_clear = %text(all_clear), "all-clear");
        }
        let bucket = Some(self.settings.evidence_bucket.as_str());
        let lists = [&report.findings, &report.all_clears];
        let compose = |list: &Vec<_>| findings_message::compose(list, stamp, bucket);
        for message in lists.into_iter().flat_map(compose) {
            self.findings.send(&message).await?;
        }
        Ok(())
    }
}
