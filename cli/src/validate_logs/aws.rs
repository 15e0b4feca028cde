//! The AWS services behind a run.

use super::trail::{DescribeTrails, Description, Owner};
use crate::args::ValidateLogsArgs;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudtrail::config::ProvideCredentials as _;
use aws_sdk_cloudtrail::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::time::Duration;
use trailseal::ids::Region;
use trailseal::store::{Cause, StoreError};

/// A connection that takes longer is better made anew.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a service may take for the first byte of an answer.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// How often a request is tried, as the AWS CLI does.
const ATTEMPTS: u32 = 5;

/// The configuration of every client: from where the AWS CLI takes it, and the flags.
pub(super) async fn config(args: &ValidateLogsArgs, region: &Region) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(aws_config::Region::new(region.to_string()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        );
    if let Some(profile) = &args.profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

/// The same for CloudTrail, which alone `--endpoint-url` is about.
pub(super) fn cloudtrail_config(config: &SdkConfig, args: &ValidateLogsArgs) -> SdkConfig {
    match &args.endpoint_url {
        Some(url) => config.to_builder().endpoint_url(url).build(),
        None => config.clone(),
    }
}

/// Whether there are credentials, and if not, the line that says so.
pub(super) async fn check_credentials(
    config: &SdkConfig,
    args: &ValidateLogsArgs,
) -> Result<(), String> {
    let credentials = match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.err(),
        None => return Ok(()),
    };
    match (credentials, &args.profile) {
        (None, _) => Ok(()),
        (Some(error), Some(profile)) => Err(format!(
            "Unable to load credentials of the profile {profile}: {}",
            DisplayErrorContext(error)
        )),
        (Some(_), None) => Err(
            "Unable to locate credentials. You can configure credentials by running \"aws configure\"."
                .to_owned(),
        ),
    }
}

/// CloudTrail and Organizations.
#[derive(Debug)]
pub(super) struct Trails {
    cloudtrail: SdkConfig,
    others: SdkConfig,
}

impl Trails {
    /// Asks with these configurations.
    pub(super) fn new(cloudtrail: SdkConfig, others: SdkConfig) -> Self {
        Self { cloudtrail, others }
    }
}

impl DescribeTrails for Trails {
    async fn trails(&self, region: &Region) -> Result<Vec<Description>, StoreError> {
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.cloudtrail)
            .region(aws_config::Region::new(region.to_string()))
            .build();
        let answer = aws_sdk_cloudtrail::Client::from_conf(config)
            .describe_trails()
            .send()
            .await
            .map_err(|error| failed("describe", "the trails", &error))?;
        let trails = answer.trail_list.unwrap_or_default().into_iter();
        Ok(trails
            .filter_map(|trail| {
                Some(Description {
                    arn: trail.trail_arn?,
                    bucket: trail.s3_bucket_name?,
                    prefix: trail.s3_key_prefix,
                    owner: match trail.is_organization_trail {
                        Some(true) => Owner::Organization,
                        _ => Owner::Account,
                    },
                })
            })
            .collect())
    }

    async fn organization(&self) -> Result<String, StoreError> {
        let answer = aws_sdk_organizations::Client::new(&self.others)
            .describe_organization()
            .send()
            .await
            .map_err(|error| failed("describe", "the organization", &error))?;
        Ok(answer
            .organization
            .and_then(|organization| organization.id)
            .unwrap_or_default())
    }
}

/// Every failure here ends the run: its class does not matter.
fn failed<E, R>(action: &'static str, subject: &str, error: &SdkError<E, R>) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(error).to_string(),
    };
    StoreError {
        action,
        subject: subject.to_owned(),
        cause: Cause::Failed(text),
    }
}
