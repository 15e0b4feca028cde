//! From the environment to a running `alerter`.

use super::batches::{AnswerBatch, serve_batches};
use crate::config::{AlerterConfig, ConfigError};
use crate::queue::{AlertTopic, FindingsQueue};
use aws_config::SdkConfig;
use lambda_runtime::Error;
use trailseal_aws::EvidenceBucket;

/// The configuration that the `alerter` starts with.
#[derive(Debug)]
pub struct AlerterStartup {
    /// The configuration.
    pub config: AlerterConfig,
    /// The SDK's configuration.
    sdk: SdkConfig,
}

impl AlerterStartup {
    /// Sets up logging and reads the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] naming every variable that is wrong.
    pub fn from_environment() -> Result<Self, ConfigError> {
        super::logging::start();
        let config = AlerterConfig::read(|name| std::env::var(name).ok())?;
        let sdk = trailseal_aws::sdk_config();
        Ok(Self { config, sdk })
    }

    /// Returns the topic that alerts people.
    #[must_use]
    pub fn topic(&self) -> AlertTopic {
        AlertTopic::new(&self.sdk, self.config.alert_topic_arn.clone())
    }

    /// Returns the evidence bucket.
    #[must_use]
    pub fn evidence(&self) -> EvidenceBucket {
        EvidenceBucket::new(&self.sdk, Some(self.config.evidence_bucket.clone()))
            .locking(self.config.evidence_lock)
    }

    /// Returns the queue of findings.
    #[must_use]
    pub fn queue(&self) -> FindingsQueue {
        let url = self.config.findings_queue_url.clone();
        FindingsQueue::new(&self.sdk, url, self.evidence())
    }

    /// Answers batches with `handler` until Lambda ends the process.
    ///
    /// # Errors
    /// The errors of the Lambda runtime.
    pub async fn serve(self, handler: impl AnswerBatch) -> Result<(), Error> {
        serve_batches(handler).await
    }
}
