//! From the environment to a running function.

use super::batch;
use super::item::Check;
use super::unrelated::UnrelatedMessages;
use crate::aws::{CloudTrailKeys, EvidenceBucket, FindingsQueue, Limited, OwnQueue, S3Objects};
use crate::config::{Config, ConfigError, PinnedKeys};
use crate::kms::rules::Expected;
use crate::location::ObjectLocation;
use crate::pinned_keys::KeyRing;
use crate::public_key::{KeySet, PublicKeyError};
use crate::store::{Body as _, ReadObject as _, StoreError};
use crate::validation::Digests;
use aws_config::SdkConfig;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The most bytes of a saved list-public-keys response: 10,000 keys take about 6 MB.
const MAX_PINNED_BYTES: usize = 16 * 1024 * 1024;

/// How many objects a function has open at once.
const OPEN_OBJECTS: usize = 64;

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The pinned keys cannot be read.
    #[error("TRAILSEAL_PINNED_KEYS: cannot read {path}: {source}")]
    PinnedFile {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The pinned keys cannot be read from S3.
    #[error("TRAILSEAL_PINNED_KEYS: {0}")]
    PinnedObject(#[from] StoreError),
    /// The pinned keys are larger than any.
    #[error("TRAILSEAL_PINNED_KEYS: more than {MAX_PINNED_BYTES} bytes")]
    PinnedTooLarge,
    /// The pinned keys are none.
    #[error("TRAILSEAL_PINNED_KEYS: {0}")]
    PinnedKeys(#[from] PublicKeyError),
    /// The response that is pinned has no key in it.
    #[error(
        "TRAILSEAL_PINNED_KEYS: the saved response holds no key: save it again for the time of the digests (aws cloudtrail list-public-keys --start-time …)"
    )]
    PinnedNone,
}

/// What every function starts with.
#[derive(Debug)]
pub struct Edge {
    /// The configuration.
    pub config: Config,
    /// The SDK's configuration.
    pub sdk: SdkConfig,
    /// How many bytes of objects are read.
    bytes_read: Arc<AtomicU64>,
}

/// Digests in S3, signed by CloudTrail's keys.
pub(crate) type S3Digests = Digests<Limited<S3Objects>, CloudTrailKeys>;

impl Edge {
    /// Sets logging up and reads the configuration.
    ///
    /// # Errors
    /// [`StartError`] naming every variable that is wrong.
    pub async fn from_environment() -> Result<Self, StartError> {
        lambda_runtime::tracing::init_default_subscriber();
        let config = Config::read(|name| std::env::var(name).ok())?;
        let sdk = crate::aws::sdk_config().await;
        Ok(Self {
            config,
            sdk,
            bytes_read: Arc::default(),
        })
    }

    /// The objects of the log buckets.
    #[must_use]
    pub fn objects(&self) -> S3Objects {
        let owner = self.config.places.bucket_owner.clone();
        S3Objects::new(&self.sdk, owner).counting(Arc::clone(&self.bytes_read))
    }

    /// The evidence bucket.
    #[must_use]
    pub fn evidence(&self) -> EvidenceBucket {
        EvidenceBucket::new(&self.sdk, self.config.evidence_bucket.clone())
    }

    /// What the KMS events of log files are held against.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            places: self.config.places.clone(),
            key_arns: self.config.kms_key_arns.clone(),
            readers: self.config.readers.clone(),
            enclave_images: self.config.enclave_images.clone(),
        }
    }

    /// The digests of the log buckets, with CloudTrail's keys and the pinned ones.
    ///
    /// # Errors
    /// [`StartError`] when the pinned keys cannot be had.
    pub async fn digests(&self) -> Result<S3Digests, StartError> {
        let keys = KeyRing::new(CloudTrailKeys::new(&self.sdk), self.pinned_keys().await?);
        let store = Limited::new(self.objects(), OPEN_OBJECTS);
        Ok(Digests::new(store, keys, self.config.places.clone()))
    }

    async fn pinned_keys(&self) -> Result<KeySet, StartError> {
        let json = match &self.config.pinned_keys {
            None => return Ok(KeySet::default()),
            Some(PinnedKeys::File(path)) => {
                std::fs::read(path).map_err(|source| StartError::PinnedFile {
                    path: path.clone(),
                    source,
                })?
            }
            Some(PinnedKeys::Object(at)) => self.read_pinned(at).await?,
        };
        let keys = KeySet::from_saved_response(&json)?;
        if keys.is_empty() {
            return Err(StartError::PinnedNone);
        }
        Ok(keys)
    }

    async fn read_pinned(&self, at: &ObjectLocation) -> Result<Vec<u8>, StartError> {
        let mut object = S3Objects::new(&self.sdk, None).read(at).await?;
        let mut json = Vec::new();
        while let Some(piece) = object.body.next().await? {
            if json.len().saturating_add(piece.len()) > MAX_PINNED_BYTES {
                return Err(StartError::PinnedTooLarge);
            }
            json.extend_from_slice(&piece);
        }
        Ok(json)
    }

    /// Answers invocations with `check` until Lambda ends the process.
    ///
    /// # Errors
    /// Those of the Lambda runtime.
    pub async fn serve<C: Check>(self, check: C) -> Result<(), lambda_runtime::Error> {
        let evidence = self.evidence();
        let queue = self.config.findings_queue_url;
        let findings = FindingsQueue::new(&self.sdk, queue, evidence.clone());
        let service = Arc::new(batch::Service {
            queue: OwnQueue::new(
                &self.sdk,
                self.config.queue_url,
                self.config.dead_letter_queue_url,
            ),
            evidence,
            check,
            findings,
            places: self.config.places,
            evidence_bucket: self.config.evidence_bucket,
            max_receives: self.config.max_receives,
            unrelated: UnrelatedMessages::default(),
            bytes_read: self.bytes_read,
        });
        lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
            let service = Arc::clone(&service);
            async move { batch::answer(service, event.payload, event.context.deadline()).await }
        }))
        .await
    }
}
