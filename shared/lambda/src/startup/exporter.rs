//! From the environment to a running `exporter`.

use super::batches::{AnswerBatch, serve_batches};
use crate::config::{ConfigError, ExporterConfig};
use crate::queue::OwnQueue;
use aws_config::SdkConfig;
use lambda_runtime::Error;
use trailseal_aws::EvidenceBucket;

/// The configuration that the `exporter` starts with.
#[derive(Debug)]
pub struct ExporterStartup {
    /// The configuration.
    pub config: ExporterConfig,
    /// The SDK's configuration.
    pub sdk: SdkConfig,
}

impl ExporterStartup {
    /// Sets up logging and reads the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] naming every variable that is wrong.
    pub fn from_environment() -> Result<Self, ConfigError> {
        super::logging::start();
        let config = ExporterConfig::read(|name| std::env::var(name).ok())?;
        let sdk = trailseal_aws::sdk_config();
        Ok(Self { config, sdk })
    }

    /// Returns the evidence bucket, for reading.
    #[must_use]
    pub fn evidence(&self) -> EvidenceBucket {
        EvidenceBucket::new(&self.sdk, Some(self.config.evidence_bucket.clone()))
    }

    /// Returns the function's own queue and its dead-letter queue.
    #[must_use]
    pub fn queue(&self) -> OwnQueue {
        let config = &self.config;
        let url = Some(config.queue_url.clone());
        OwnQueue::new(&self.sdk, url, Some(config.dead_letter_queue_url.clone()))
    }

    /// Answers batches with `handler` until Lambda ends the process.
    ///
    /// # Errors
    /// The errors of the Lambda runtime.
    pub async fn serve(handler: impl AnswerBatch) -> Result<(), Error> {
        serve_batches(handler).await
    }
}
