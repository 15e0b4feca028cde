//! The edge to AWS: the traits of [`trailseal::world`], implemented with the AWS SDK, one adapter a
//! file.

mod body;
mod caller;
mod checkpoint_key;
mod cloudtrail;
mod error;
mod evidence;
mod evidence_log;
mod incidents;
mod kms;
mod limited;
mod regions;
mod remembered;
mod s3;
mod trails;

pub use body::S3Body;
pub use caller::caller;
pub use checkpoint_key::CheckpointKey;
pub use cloudtrail::CloudTrailKeys;
pub use error::store_error;
pub use evidence::EvidenceBucket;
pub use kms::KmsKeys;
pub use limited::{Limited, RequestPlaces};
pub use remembered::Remembered;
pub use s3::S3Objects;
pub use trails::TrailsByRole;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use std::time::Duration;

/// A connection that takes longer is better replaced by a new one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The time that a service has for the first byte of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How many times a request is tried. After that, the queue tries again later.
const ATTEMPTS: u32 = 3;

/// Returns the SDK's configuration from the environment: Region, credentials, endpoint.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        )
        .load()
        .await
}
