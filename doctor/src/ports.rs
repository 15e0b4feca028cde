//! What the checks read from AWS, each as a small trait.

use crate::stack::Stack;
use trailseal::names::ids::AccountId;
use trailseal::world::StoreError;

/// Reads the stack.
pub(crate) trait ReadStack {
    /// Returns the stack with this name; `None` if there is none.
    fn stack(&self, name: &str) -> impl Future<Output = Result<Option<Stack>, StoreError>> + Send;
}

/// Where a bucket is, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BucketPlace {
    /// It is in this Region, and the expected account owns it.
    Here(String),
    /// It exists, and another account owns it.
    OtherOwner,
    /// It does not exist.
    Missing,
}

/// Finds buckets.
pub(crate) trait FindBucket {
    /// Returns where a bucket is, if `owner` owns it.
    fn find(
        &self,
        bucket: &str,
        owner: &AccountId,
    ) -> impl Future<Output = Result<BucketPlace, StoreError>> + Send;
}

/// A target of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RuleTarget {
    /// Its ID.
    pub(crate) id: String,
    /// The ARN of the queue.
    pub(crate) arn: String,
    /// What is sent in place of the event.
    pub(crate) input: Option<String>,
    /// The ARN of its dead-letter queue.
    pub(crate) dead_letter: Option<String>,
}

/// A rule of EventBridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RuleFacts {
    /// Whether it is enabled.
    pub(crate) is_enabled: bool,
    /// Its pattern of events, as JSON.
    pub(crate) pattern: Option<String>,
    /// Its schedule.
    pub(crate) schedule: Option<String>,
    /// Its targets.
    pub(crate) targets: Vec<RuleTarget>,
}

/// Reads rules.
pub(crate) trait ReadRules {
    /// Returns a rule and its targets; `None` if it does not exist.
    fn rule(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<RuleFacts>, StoreError>> + Send;
}

/// A schedule of EventBridge Scheduler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScheduleFacts {
    /// Whether it is enabled.
    pub(crate) is_enabled: bool,
    /// When it starts its target, such as `rate(1 day)`.
    pub(crate) expression: String,
    /// Whether it has a first or a last time.
    pub(crate) has_bounds: bool,
    /// The ARN of what it starts.
    pub(crate) target: Option<String>,
    /// The ARN of the role with which it starts it.
    pub(crate) role: Option<String>,
    /// What the target gets.
    pub(crate) input: Option<String>,
}

/// Reads schedules.
pub(crate) trait ReadSchedules {
    /// Returns a schedule; `None` if it does not exist.
    fn schedule(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<ScheduleFacts>, StoreError>> + Send;
}

/// The mapping of a queue to a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Its ID.
    pub(crate) uuid: String,
    /// The ARN of the queue.
    pub(crate) source: String,
    /// Its state, such as `Enabled`.
    pub(crate) state: String,
}

/// A function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FunctionFacts {
    /// Its state, such as `Active`.
    pub(crate) state: String,
    /// The status of its last update, such as `Successful`, and the reason.
    pub(crate) last_update: String,
    /// The ARN of its role.
    pub(crate) role: String,
    /// Its reserved concurrency, if it has one.
    pub(crate) reserved: Option<i32>,
    /// Its mappings.
    pub(crate) mappings: Vec<Mapping>,
}

/// Reads functions.
pub(crate) trait ReadFunctions {
    /// Returns a function; `None` if it does not exist.
    fn function(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<FunctionFacts>, StoreError>> + Send;
}

/// A queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct QueueFacts {
    /// The approximate number of its messages, whether or not a reader has them.
    pub(crate) messages: u64,
    /// The ARN of its dead-letter queue, if it has one.
    pub(crate) redrives_to: Option<String>,
    /// Whether it is a FIFO queue.
    pub(crate) is_fifo: bool,
    /// The KMS key that encrypts it, if one does.
    pub(crate) kms_key: Option<String>,
    /// Its policy, as JSON.
    pub(crate) policy: String,
}

/// Reads queues.
pub(crate) trait ReadQueues {
    /// Returns the queue with this URL; `None` if it does not exist.
    fn queue(
        &self,
        url: &str,
    ) -> impl Future<Output = Result<Option<QueueFacts>, StoreError>> + Send;
}

/// A subscription of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SubscriptionFacts {
    /// Whether somebody has confirmed it.
    pub(crate) is_confirmed: bool,
    /// Its protocol, such as `email`.
    pub(crate) protocol: String,
    /// Where messages go, such as an address.
    pub(crate) endpoint: String,
}

/// Reads topics.
pub(crate) trait ReadTopics {
    /// Returns the subscriptions of a topic; `None` if the topic does not exist.
    fn subscriptions(
        &self,
        topic: &str,
    ) -> impl Future<Output = Result<Option<Vec<SubscriptionFacts>>, StoreError>> + Send;
}

/// A policy of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolePolicy {
    /// Its name, or its ARN if it is a managed policy.
    pub(crate) name: String,
    /// The policy, as JSON.
    pub(crate) json: String,
}

/// A role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RoleFacts {
    /// Its policies, both kinds.
    pub(crate) policies: Vec<RolePolicy>,
    /// Its permissions boundary, if it has one.
    pub(crate) boundary: Option<RolePolicy>,
}

/// Reads roles.
pub(crate) trait ReadRoles {
    /// Returns the policies of a role; `None` if the role does not exist.
    fn role(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<RoleFacts>, StoreError>> + Send;
}
