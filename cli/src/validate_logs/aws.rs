//! The AWS services that a run uses.

use super::trail::{DescribeTrails, Description, Owner};
use crate::args::ValidateLogsArgs;
use aws_config::SdkConfig;
use aws_sdk_cloudtrail::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::time::Duration;
use trailseal::names::ids::Region;
use trailseal::world::{Cause, StoreError};
use trailseal_sign_in::{self as sign_in, Access, Patience, Profile, ProfileError};

/// The AWS CLI's timeouts and number of attempts.
const PATIENCE: Patience = Patience {
    attempts: 5,
    pause: Duration::from_secs(1),
    connect: Duration::from_secs(10),
    read: Duration::from_mins(1),
};

/// Returns the profile to use.
///
/// # Errors
/// The line that says why there is none. If the profile does not exist, the line is in the AWS
/// CLI's words.
pub(super) async fn profile(args: &ValidateLogsArgs) -> Result<Profile, String> {
    let selected = Profile::select(args.profile.as_deref()).await;
    selected.map_err(|error| match error {
        ProfileError::NotFound { name } => {
            format!("The config profile ({name}) could not be found")
        }
        ProfileError::NoSource {
            name,
            source_profile,
        } => format!(
            "The source_profile \"{source_profile}\" referenced in the profile \"{name}\" does not exist."
        ),
        ProfileError::Unreadable(_) => error.to_string(),
    })
}

/// Returns the configuration of every client in `region`, and whether it has credentials.
pub(super) async fn access(profile: &Profile, region: &Region) -> Access {
    let region = aws_config::Region::new(region.to_string());
    sign_in::access(profile, Some(region), PATIENCE).await
}

/// Returns the same for CloudTrail, the only service that `--endpoint-url` is for.
pub(super) fn cloudtrail_config(config: &SdkConfig, args: &ValidateLogsArgs) -> SdkConfig {
    match &args.endpoint_url {
        Some(url) => config.to_builder().endpoint_url(url).build(),
        None => config.clone(),
    }
}

/// CloudTrail and Organizations.
#[derive(Debug)]
pub(super) struct Trails {
    cloudtrail: SdkConfig,
    others: SdkConfig,
}

impl Trails {
    /// Returns a client that sends its requests with these configurations.
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

/// Returns the error of a request. Every failure here ends the run: its class does not matter.
fn failed<E, R>(action: &'static str, subject: &str, error: &SdkError<E, R>) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => {
            format!("{code}: {}", message.trim_end().trim_end_matches('.'))
        }
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(error).to_string(),
    };
    StoreError {
        action,
        subject: subject.to_owned(),
        cause: Cause::Failed(text),
    }
}
