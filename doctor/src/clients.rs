//! The clients of a run.

use crate::aws::{
    BucketFinder, EventBridgeRules, IamRoles, LambdaFunctions, SchedulerSchedules, SnsTopics,
    SqsQueues,
};
use crate::stack::Stack;
use aws_config::SdkConfig;
use trailseal_aws::{CloudTrailKeys, EvidenceBucket, KmsKeys, S3Objects, Trails};

/// The clients of a run.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) buckets: BucketFinder,
    pub(crate) rules: EventBridgeRules,
    pub(crate) schedules: SchedulerSchedules,
    pub(crate) functions: LambdaFunctions,
    pub(crate) queues: SqsQueues,
    pub(crate) topics: SnsTopics,
    pub(crate) roles: IamRoles,
    pub(crate) keys: KmsKeys,
    pub(crate) trails: Trails,
    pub(crate) public_keys: CloudTrailKeys,
    /// The log buckets, in the account of their owner.
    pub(crate) log_buckets: S3Objects,
    /// The evidence bucket: its settings, and the headers of its objects.
    pub(crate) evidence: S3Objects,
    /// The documents of the evidence bucket.
    pub(crate) records: EvidenceBucket,
}

impl Clients {
    /// Returns clients that send requests with the credentials of `config`.
    pub(crate) fn new(config: &SdkConfig, stack: &Stack) -> Self {
        let evidence = stack.resource("EvidenceBucket").map(str::to_owned);
        Self {
            buckets: BucketFinder::new(config),
            rules: EventBridgeRules::new(config),
            schedules: SchedulerSchedules::new(config),
            functions: LambdaFunctions::new(config),
            queues: SqsQueues::new(config),
            topics: SnsTopics::new(config),
            roles: IamRoles::new(config),
            keys: KmsKeys::new(config),
            trails: Trails::new(config),
            public_keys: CloudTrailKeys::new(config),
            log_buckets: S3Objects::new(config, Some(stack.bucket_owner())),
            evidence: S3Objects::new(config, Some(stack.account.clone())),
            records: EvidenceBucket::new(config, evidence),
        }
    }
}
