//! CloudTrail's public keys.

use super::error::regional_error;
use super::regions::ByRegion;
use aws_config::SdkConfig;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use jiff::Timestamp;
use trailseal::names::ids::Region;
use trailseal::trust::public_key::{PublicKey, SigningPeriod};
use trailseal::world::{ListPublicKeys, StoreError};

/// Calls `cloudtrail:ListPublicKeys` in each digest's own Region.
#[derive(Debug)]
pub struct CloudTrailKeys {
    config: SdkConfig,
    clients: ByRegion<Client>,
}

impl CloudTrailKeys {
    /// Sends requests with the credentials of `config`, in any Region.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
            clients: ByRegion::default(),
        }
    }
}

impl ListPublicKeys for CloudTrailKeys {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        let client = self.clients.client(region.as_str(), || {
            let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
                .region(aws_config::Region::new(region.to_string()))
                .build();
            Client::from_conf(config)
        });
        // CloudTrail is not asked about the future.
        let to = period.to.min(Timestamp::now()).max(period.from);
        // All keys of the range arrive in one answer; the service ignores its `NextToken`.
        let output = client
            .list_public_keys()
            .start_time(DateTime::from_secs(period.from.as_second()))
            .end_time(DateTime::from_secs(to.as_second()))
            .send()
            .await
            .map_err(|error| {
                let action = "list CloudTrail's public keys in";
                regional_error(action, region.as_str(), region.as_str(), &error)
            })?;
        let mut keys = Vec::new();
        for key in output.public_key_list.unwrap_or_default() {
            let (Some(value), Some(from), Some(to)) =
                (key.value, key.validity_start_time, key.validity_end_time)
            else {
                continue;
            };
            let (Ok(from), Ok(to)) = (
                Timestamp::from_second(from.secs()),
                Timestamp::from_second(to.secs()),
            ) else {
                continue;
            };
            match PublicKey::from_der(value.as_ref(), from, to, Some(region.clone())) {
                Ok(key) => keys.push(key),
                // A key that is not an RSA key signs no digest that could be verified.
                Err(error) => {
                    tracing::warn!(%region, %error, "CloudTrail listed a public key that Trailseal does not use");
                }
            }
        }
        Ok(keys)
    }
}
