//! From the environment to a running function that checks objects.

use crate::config::{self, Config, ConfigError, ListsError, PinnedError};
use crate::invocation::{
    Check, CheckMetrics, Publisher, Resender, Run, Service, Stack, UnrelatedMessages, Work,
    WorkService, answer, answer_work,
};
use crate::queue::{FindingsQueue, OwnQueue};
use aws_config::SdkConfig;
use jiff::SignedDuration;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::key_ring::KeyRing;
use trailseal::kms::expected::Expected;
use trailseal_aws::{CloudTrailKeys, EvidenceBucket, Limited, RequestPlaces, S3Objects};

/// How many objects a function opens at the same time at first: S3 answers in about 20 ms, so that a
/// thousand files take a third of a second, plus the time to inflate them.
const FIRST_OBJECTS: usize = 64;

/// How many objects a function keeps open at the same time, at most. Their number grows while that
/// makes the work faster, as for a replica in a far Region.
const OPEN_OBJECTS: usize = 256;

/// The reason why a function does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A list of the evidence bucket cannot be used.
    #[error(transparent)]
    List(#[from] ListsError),
    /// The pinned keys cannot be used.
    #[error("the pinned keys that TRAILSEAL_PINNED_KEYS names cannot be used: {0}")]
    Pinned(#[from] PinnedError),
}

/// The configuration that every checking function starts with.
#[derive(Debug)]
pub struct Startup {
    /// The configuration.
    pub config: Config,
    /// The SDK's configuration.
    pub sdk: SdkConfig,
    /// How many bytes of objects were read.
    bytes_read: Arc<AtomicU64>,
}

/// Digests in S3, signed by CloudTrail's keys.
pub(crate) type S3Digests = DigestVerifier<Limited<S3Objects>, CloudTrailKeys>;

impl Startup {
    /// Sets up logging and reads the configuration.
    ///
    /// # Errors
    /// [`StartError`] naming every variable that is wrong.
    pub async fn from_environment() -> Result<Self, StartError> {
        super::logging::start();
        let sdk = trailseal_aws::sdk_config();
        let lists = config::read_lists(&sdk).await?;
        let variable = |name: &str| std::env::var(name).ok();
        let config = Config::read(|name| lists.get(name).cloned().or_else(|| variable(name)))?;
        Ok(Self {
            config,
            sdk,
            bytes_read: Arc::default(),
        })
    }

    /// Returns the objects of the log buckets.
    #[must_use]
    pub fn objects(&self) -> S3Objects {
        let owner = self.config.places.bucket_owner.clone();
        S3Objects::new(&self.sdk, owner).counting(Arc::clone(&self.bytes_read))
    }

    /// Returns the evidence bucket.
    #[must_use]
    pub fn evidence(&self) -> EvidenceBucket {
        EvidenceBucket::new(&self.sdk, self.config.evidence_bucket.clone())
            .locking(self.config.evidence_lock)
    }

    /// Returns for how long log files and digests are kept, if that is stated.
    #[must_use]
    pub fn retention(&self) -> Option<SignedDuration> {
        let days = i64::try_from(self.config.retention_days?).ok()?;
        Some(SignedDuration::from_hours(days.saturating_mul(24)))
    }

    /// Returns what the KMS events of log files are compared with.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            places: self.config.places.clone(),
            key_arns: self.config.kms_key_arns.clone(),
            readers: self.config.readers.clone(),
            enclave_images: self.config.enclave_images.clone(),
            retention_days: self.config.retention_days,
        }
    }

    /// Returns the verifier of the digests in the log buckets, with CloudTrail's keys and the
    /// pinned ones.
    ///
    /// # Errors
    /// [`StartError`] if the pinned keys cannot be read or trusted.
    pub async fn digests(&self) -> Result<S3Digests, StartError> {
        let config = &self.config;
        let pinned = config::read_pinned_keys(
            &self.sdk,
            config.pinned_keys.as_ref(),
            config.pinned_keys_sha256,
            config.places.bucket_owner.as_ref(),
        )
        .await?;
        let keys = KeyRing::new(CloudTrailKeys::new(&self.sdk), pinned).pinned_where_refused();
        let places = RequestPlaces::growing(FIRST_OBJECTS, OPEN_OBJECTS);
        let objects = self.objects().with_places(Arc::clone(&places));
        let store = Limited::new(objects, places);
        Ok(DigestVerifier::new(store, keys, self.config.places.clone()))
    }

    /// Returns the queue of findings.
    #[must_use]
    pub fn findings(&self) -> FindingsQueue {
        let url = self.config.findings_queue_url.clone();
        FindingsQueue::new(&self.sdk, url, self.evidence())
    }

    /// Answers invocations with `work` until Lambda ends the process.
    ///
    /// # Errors
    /// The errors of the Lambda runtime.
    pub async fn serve_work<W: Work>(self, work: W) -> Result<(), lambda_runtime::Error> {
        let resender = Resender {
            queue: OwnQueue::new(
                &self.sdk,
                self.config.queue_url,
                self.config.dead_letter_queue_url,
            ),
            max_receives: self.config.max_receives,
        };
        let service = Arc::new(WorkService::<W, Stack>::new(work, resender));
        lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
            let service = Arc::clone(&service);
            async move {
                let run = Run::of(&event.context);
                answer_work(service, event.payload, run).await
            }
        }))
        .await
    }

    /// Answers invocations with `check` until Lambda ends the process.
    ///
    /// # Errors
    /// The errors of the Lambda runtime.
    pub async fn serve<C: Check>(self, check: C) -> Result<(), lambda_runtime::Error> {
        let evidence = self.evidence();
        let findings = self.findings();
        let Config {
            queue_url,
            dead_letter_queue_url,
            ..
        } = self.config;
        let service = Arc::new(Service::<C, Stack> {
            check,
            places: self.config.places,
            is_history: self.config.is_history,
            publisher: Publisher {
                findings,
                evidence,
                evidence_bucket: self.config.evidence_bucket.filter(|_| C::MANY_FINDINGS),
                metrics: CheckMetrics::default(),
            },
            resender: Resender {
                queue: OwnQueue::new(&self.sdk, queue_url, dead_letter_queue_url),
                max_receives: self.config.max_receives,
            },
            unrelated: UnrelatedMessages::default(),
            bytes_read: self.bytes_read,
        });
        lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
            let service = Arc::clone(&service);
            async move {
                let run = Run::of(&event.context);
                answer(service, event.payload, run).await
            }
        }))
        .await
    }
}
