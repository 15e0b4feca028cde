//! What CloudTrail says about a trail.

use super::StoreError;
use crate::names::ids::TrailArn;
use jiff::Timestamp;

/// Reads the status of trails.
pub trait ReadTrailStatus: Send + Sync {
    /// Returns the status of a trail; `None` if the trail does not exist.
    fn status(
        &self,
        trail: &TrailArn,
    ) -> impl Future<Output = Result<Option<TrailStatus>, StoreError>> + Send;
}

/// The status of a trail.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailStatus {
    /// Whether the trail logs.
    pub is_logging: bool,
    /// The last time at which somebody started it.
    pub started: Option<Timestamp>,
    /// The last time at which somebody stopped it.
    pub stopped: Option<Timestamp>,
    /// Whether log file validation is enabled: CloudTrail delivers digests.
    pub is_validated: bool,
    /// The bucket that CloudTrail delivers to.
    pub bucket: Option<String>,
    /// The error of S3 when CloudTrail last delivered log files, if there was one. It "occurs only
    /// when there is a problem with the destination S3 bucket".
    pub log_file_error: Option<String>,
    /// The same for digests.
    pub digest_error: Option<String>,
    /// The last time at which CloudTrail delivered a digest.
    pub newest_digest: Option<Timestamp>,
    /// Whether it is an organization trail.
    pub is_of_organization: bool,
    /// The prefix of its files in the bucket, if it has one.
    pub prefix: Option<String>,
}
