//! The edge to AWS: the traits of [`crate::store`] over the AWS SDK, one adapter a file.

mod cloudtrail;
mod error;
mod evidence;
mod kms;
mod limited;
mod regions;
mod s3;
mod sns;
mod sqs;

pub use cloudtrail::CloudTrailKeys;
pub use evidence::EvidenceBucket;
pub use kms::KmsKeys;
pub use limited::Limited;
pub use s3::{S3Body, S3Objects};
pub use sns::AlertTopic;
pub use sqs::OwnQueue;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use std::time::Duration;

/// A connection that takes longer is better made anew.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a service may take for the first byte of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a request is tried; behind it stands the queue, which tries again later.
const ATTEMPTS: u32 = 3;

/// How often a request is tried where nothing stands behind it.
const PATIENT_ATTEMPTS: u32 = 6;
/// The Region that is asked where a bucket is, if none is configured.
const ANY_REGION: &str = "us-east-1";

/// The SDK's configuration from the environment: Region, credentials, endpoint.
pub async fn sdk_config() -> SdkConfig {
    loader(ATTEMPTS).load().await
}

/// The same for a command: more patient, and content without a Region, since buckets say theirs.
pub async fn command_config() -> SdkConfig {
    let config = loader(PATIENT_ATTEMPTS).load().await;
    match config.region() {
        Some(_) => config,
        None => config
            .into_builder()
            .region(Region::from_static(ANY_REGION))
            .build(),
    }
}

fn loader(attempts: u32) -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        )
}
