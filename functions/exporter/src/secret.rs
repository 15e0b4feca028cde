//! The secret that signs webhooks, in Secrets Manager.
//!
//! A parameter of the template, even one that `CloudFormation` does not show (`NoEcho`), would end in
//! a variable of the function, which everybody may read who may read the function's configuration.

use crate::ports::KnowSecrets;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;
use trailseal::export::webhook::Secrets;
use trailseal::world::{Cause, StoreError};
use trailseal_aws::store_error;

/// The time for which a secret is not read again: a new one signs soon after it is stored.
const KNOWN_FOR: Duration = Duration::from_mins(5);

const ACTION: &str = "read the secret";

/// A secret of Secrets Manager. It is never shown.
pub(crate) struct WebhookSecret {
    manager: Client,
    arn: String,
    known: Mutex<Option<(Instant, Arc<Secrets>)>>,
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSecret({})", self.arn)
    }
}

impl WebhookSecret {
    /// Returns the secret with an ARN.
    pub(crate) fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            manager: Client::new(config),
            arn,
            known: Mutex::new(None),
        }
    }

    async fn read(&self) -> Result<Arc<Secrets>, StoreError> {
        let value = self.manager.get_secret_value().secret_id(&self.arn);
        let value = value.send().await;
        let value = value.map_err(|error| store_error(ACTION, &self.arn, &error))?;
        let text = value.secret_string().unwrap_or_default();
        let secrets = Secrets::read(text).map_err(|error| StoreError {
            action: ACTION,
            subject: self.arn.clone(),
            cause: Cause::Failed(error.to_string()),
        })?;
        Ok(Arc::new(secrets))
    }
}

impl KnowSecrets for WebhookSecret {
    async fn secrets(&self) -> Result<Arc<Secrets>, StoreError> {
        let mut known = self.known.lock().await;
        if let Some((read_at, secrets)) = known.as_ref()
            && read_at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(secrets));
        }
        match (self.read().await, known.as_ref()) {
            (Ok(secrets), _) => {
                *known = Some((Instant::now(), Arc::clone(&secrets)));
                Ok(secrets)
            }
            (Err(error), Some((_, secrets))) if matches!(error.cause, Cause::Unavailable(_)) => {
                tracing::warn!(error = ?error.to_string(), "the secret could not be read again: the one that is known signs");
                Ok(Arc::clone(secrets))
            }
            (Err(error), _) => Err(error),
        }
    }
}
