//! KMS keys.

use super::error::regional_error;
use super::regions::ByRegion;
use aws_config::{Region, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeySpec, KeyState, KeyUsageType};
use jiff::Timestamp;
use trailseal::world::{Cause, DescribeKey, KeyDescription, ReadKeyPolicy, StoreError};

/// Calls `kms:DescribeKey` and `kms:GetKeyPolicy`, in the Region that a key's ARN names.
#[derive(Debug)]
pub struct KmsKeys {
    config: SdkConfig,
    clients: ByRegion<Client>,
}

impl KmsKeys {
    /// Sends requests with the credentials of `config`; for bare key IDs, in its Region.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
            clients: ByRegion::default(),
        }
    }
}

impl KmsKeys {
    /// Returns a client, and its Region: the one that an ARN names, otherwise `region`, otherwise
    /// the program's own.
    fn client(
        &self,
        key: &str,
        region: Option<&trailseal::names::ids::Region>,
    ) -> (Client, String) {
        let region = key
            .split(':')
            .nth(3)
            .and_then(|region| trailseal::names::ids::Region::new(region).ok())
            .as_ref()
            .or(region)
            .map(|region| Region::new(region.to_string()))
            .or_else(|| self.config.region().cloned());
        let name = region
            .as_ref()
            .map_or("", |region| region.as_ref())
            .to_owned();
        let client = self.clients.client(&name, || {
            let config = aws_sdk_kms::config::Builder::from(&self.config)
                .region(region)
                .build();
            Client::from_conf(config)
        });
        (client, name)
    }
}

impl DescribeKey for KmsKeys {
    async fn describe_key(
        &self,
        key: &str,
        region: Option<&trailseal::names::ids::Region>,
    ) -> Result<KeyDescription, StoreError> {
        let (client, region) = self.client(key, region);
        let metadata = client
            .describe_key()
            .key_id(key)
            .send()
            .await
            .map_err(|error| regional_error("describe the KMS key", key, &region, &error))?
            .key_metadata
            .ok_or_else(|| StoreError {
                action: "describe the KMS key",
                subject: key.to_owned(),
                cause: Cause::Failed("the answer of KMS does not contain its metadata".to_owned()),
            })?;
        let or_unknown = |text: Option<&str>| text.unwrap_or("unknown").to_owned();
        Ok(KeyDescription {
            spec: or_unknown(metadata.key_spec.as_ref().map(KeySpec::as_str)),
            usage: or_unknown(metadata.key_usage.as_ref().map(KeyUsageType::as_str)),
            state: or_unknown(metadata.key_state.as_ref().map(KeyState::as_str)),
            expires: metadata
                .valid_to
                .and_then(|time| Timestamp::from_second(time.secs()).ok()),
            arn: metadata.arn.unwrap_or_else(|| key.to_owned()),
        })
    }
}

impl ReadKeyPolicy for KmsKeys {
    async fn key_policy(&self, key_arn: &str) -> Result<String, StoreError> {
        const ACTION: &str = "read the policy of the KMS key";
        let (client, region) = self.client(key_arn, None);
        let answer = client
            .get_key_policy()
            .key_id(key_arn)
            // The only policy that a key has.
            .policy_name("default")
            .send()
            .await
            .map_err(|error| regional_error(ACTION, key_arn, &region, &error))?;
        answer.policy.ok_or_else(|| StoreError {
            action: ACTION,
            subject: key_arn.to_owned(),
            cause: Cause::Failed("the answer of KMS does not contain it".to_owned()),
        })
    }
}
