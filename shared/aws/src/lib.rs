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
mod lambda_environment;
mod limited;
mod regions;
mod remembered;
mod role;
mod s3;
mod trails;

pub use body::S3Body;
pub use caller::caller;
pub use checkpoint_key::CheckpointKey;
pub use cloudtrail::CloudTrailKeys;
pub use error::store_error;
pub use evidence::EvidenceBucket;
pub use kms::KmsKeys;
pub use lambda_environment::sdk_config;
pub use limited::{Limited, RequestPlaces};
pub use remembered::Remembered;
pub use s3::S3Objects;
pub use trails::{Trails, TrailsByRole};
