//! The status of trails, read with a role in each trail's account.

use super::error::store_error;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::get_trail::GetTrailError;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusError;
use aws_sdk_cloudtrail::primitives::DateTime;
use jiff::Timestamp;
use trailseal::names::ids::TrailArn;
use trailseal::world::{ReadTrailStatus, StoreError, TrailStatus};

/// What a request does, for errors.
const ACTION: &str = "read the status of the trail";

/// The session's name in the events of the trail's account.
const SESSION: &str = "trailseal-watchdog";

/// Calls `cloudtrail:GetTrail` and `cloudtrail:GetTrailStatus` in each trail's home Region, as a
/// role of this name in the trail's account.
#[derive(Debug)]
pub struct TrailsByRole {
    config: SdkConfig,
    role: String,
}

impl TrailsByRole {
    /// Assumes the roles with the credentials of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, role: String) -> Self {
        Self {
            config: config.clone(),
            role,
        }
    }

    /// Returns a client with the role in a trail's account. A round needs it twice an hour: it is
    /// not kept.
    async fn client(&self, trail: &TrailArn) -> Client {
        let role = AssumeRoleProvider::builder(trail.role(&self.role))
            .session_name(SESSION)
            .configure(&self.config)
            .build()
            .await;
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
            .region(Region::new(trail.home_region.to_string()))
            .credentials_provider(role)
            .build();
        Client::from_conf(config)
    }
}

impl ReadTrailStatus for TrailsByRole {
    async fn status(&self, trail: &TrailArn) -> Result<Option<TrailStatus>, StoreError> {
        let client = self.client(trail).await;
        let arn = trail.to_string();
        let status = match client.get_trail_status().name(&arn).send().await {
            Ok(status) => status,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetTrailStatusError::is_trail_not_found_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(store_error(ACTION, arn, &error)),
        };
        let described = match client.get_trail().name(&arn).send().await {
            Ok(described) => described.trail,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetTrailError::is_trail_not_found_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(store_error(ACTION, arn, &error)),
        };
        let described =
            described.unwrap_or_else(|| aws_sdk_cloudtrail::types::Trail::builder().build());
        let said = |error: Option<String>| error.filter(|error| !error.is_empty());
        Ok(Some(TrailStatus {
            is_logging: status.is_logging.unwrap_or_default(),
            started: time(status.start_logging_time),
            stopped: time(status.stop_logging_time),
            is_validated: described.log_file_validation_enabled.unwrap_or_default(),
            bucket: described.s3_bucket_name,
            log_file_error: said(status.latest_delivery_error),
            digest_error: said(status.latest_digest_delivery_error),
            newest_digest: time(status.latest_digest_delivery_time),
        }))
    }
}

fn time(time: Option<DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(time?.secs()).ok()
}
