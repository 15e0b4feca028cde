//! The edge to AWS: the traits of [`crate::ports`], one service a file.

mod bounds;
mod buckets;
mod functions;
mod queues;
mod roles;
mod rules;
mod schedules;
mod stack;
mod topics;

pub(crate) use buckets::BucketFinder;
pub(crate) use functions::LambdaFunctions;
pub(crate) use queues::SqsQueues;
pub(crate) use roles::IamRoles;
pub(crate) use rules::EventBridgeRules;
pub(crate) use schedules::SchedulerSchedules;
pub(crate) use stack::CloudFormationStacks;
pub(crate) use topics::SnsTopics;
