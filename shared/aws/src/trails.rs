//! The status of trails, read with a role in each trail's account.

use super::error::unless_absent;
use super::role::Role;
use aws_config::{Region, SdkConfig};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use jiff::Timestamp;
use trailseal::names::ids::TrailArn;
use trailseal::world::{Cause, ReadTrailStatus, StoreError, TrailStatus};

/// What a request does, for errors.
const ACTION: &str = "read the status of the trail";

/// The code of the answer about a trail that does not exist.
const NOT_FOUND: &str = "TrailNotFoundException";

/// The session's name in the events of the trail's account.
const SESSION: &str = "trailseal-settings-monitor";

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

    /// Returns a client with the role in a trail's account. It is needed once an hour, and
    /// not kept.
    fn client(&self, trail: &TrailArn) -> Client {
        let role = Role::new(&self.config, trail.role(&self.role), SESSION);
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
            .region(Region::new(trail.home_region.to_string()))
            .credentials_provider(role)
            .build();
        Client::from_conf(config)
    }
}

impl ReadTrailStatus for TrailsByRole {
    async fn status(&self, trail: &TrailArn) -> Result<Option<TrailStatus>, StoreError> {
        read_status(&self.client(trail), trail).await
    }
}

/// Calls `cloudtrail:GetTrail` and `cloudtrail:GetTrailStatus` in each trail's home Region, with
/// the credentials of the program.
#[derive(Debug)]
pub struct Trails {
    config: SdkConfig,
}

impl Trails {
    /// Sends requests with the credentials of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            config: config.clone(),
        }
    }
}

impl ReadTrailStatus for Trails {
    async fn status(&self, trail: &TrailArn) -> Result<Option<TrailStatus>, StoreError> {
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
            .region(Region::new(trail.home_region.to_string()))
            .build();
        read_status(&Client::from_conf(config), trail).await
    }
}

/// Reads the status of a trail in the client's Region.
async fn read_status(client: &Client, trail: &TrailArn) -> Result<Option<TrailStatus>, StoreError> {
    let arn = trail.to_string();
    let status = client.get_trail_status().name(&arn).send().await;
    let Some(status) = unless_absent(ACTION, &arn, status, NOT_FOUND)? else {
        return Ok(None);
    };
    let described = client.get_trail().name(&arn).send().await;
    let Some(described) = unless_absent(ACTION, &arn, described, NOT_FOUND)? else {
        return Ok(None);
    };
    let described = described.trail;
    let is_validated = described
        .as_ref()
        .and_then(|trail| trail.log_file_validation_enabled);
    // What an answer leaves out is not known to be off.
    let (Some(is_logging), Some(is_validated)) = (status.is_logging, is_validated) else {
        return Err(StoreError {
            action: ACTION,
            subject: arn,
            cause: Cause::Failed("CloudTrail's answer is incomplete".to_owned()),
        });
    };
    let said = |error: Option<String>| error.filter(|error| !error.is_empty());
    let is_of_organization = described
        .as_ref()
        .and_then(|trail| trail.is_organization_trail)
        .unwrap_or_default();
    let prefix = described
        .as_ref()
        .and_then(|trail| trail.s3_key_prefix.clone());
    Ok(Some(TrailStatus {
        is_logging,
        started: time(status.start_logging_time),
        stopped: time(status.stop_logging_time),
        is_validated,
        bucket: described.and_then(|trail| trail.s3_bucket_name),
        log_file_error: said(status.latest_delivery_error),
        digest_error: said(status.latest_digest_delivery_error),
        newest_digest: time(status.latest_digest_delivery_time),
        is_of_organization,
        prefix: said(prefix),
    }))
}

fn time(time: Option<DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(time?.secs()).ok()
}
