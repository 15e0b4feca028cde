//! The parts of the stack without which events do not arrive, or alerts reach nobody.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleError;
use aws_sdk_eventbridge::types::RuleState;
use aws_sdk_sns::operation::list_subscriptions_by_topic::ListSubscriptionsByTopicError;
use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::join_all;
use futures::join;
use trailseal::check::guard::NamedAnswer;
use trailseal::finding::guard::GuardCondition;
use trailseal::world::StoreError;
use trailseal_aws::store_error;
use trailseal_lambda::config::PartNames;

/// The maximum number of pages of subscriptions of a topic that are read; a page has a hundred.
const MAX_PAGES: usize = 20;

/// The attributes that count the messages of a queue, whether or not a reader has them.
const COUNTS: [QueueAttributeName; 2] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
];

/// Looks at the rules, topics and dead-letter queues of the stack.
pub(crate) trait LookAtStack: Send + Sync {
    /// Returns what is wrong with each of them, if anything.
    fn look(&self) -> impl Future<Output = Vec<NamedAnswer>> + Send;
}

/// The rules, topics and dead-letter queues of the stack.
#[derive(Debug)]
pub(crate) struct StackParts {
    events: aws_sdk_eventbridge::Client,
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
    names: PartNames,
}

impl StackParts {
    /// Returns the parts with these names.
    pub(crate) fn new(config: &SdkConfig, names: PartNames) -> Self {
        Self {
            events: aws_sdk_eventbridge::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            names,
        }
    }

    async fn rule(&self, rule: &str) -> Result<Option<GuardCondition>, StoreError> {
        let off = |state: &str| {
            Some(GuardCondition::RuleOff {
                rule: rule.to_owned(),
                state: state.to_owned(),
            })
        };
        let described = match self.events.describe_rule().name(rule).send().await {
            Ok(described) => described,
            Err(error) => {
                let missing = error.as_service_error();
                return if missing.is_some_and(DescribeRuleError::is_resource_not_found_exception) {
                    Ok(off("it does not exist"))
                } else {
                    Err(store_error("look at the rule", rule, &error))
                };
            }
        };
        if described.state == Some(RuleState::Disabled) {
            return Ok(off("it is disabled"));
        }
        let targets = self.events.list_targets_by_rule().rule(rule).limit(1);
        match targets.send().await {
            Ok(targets) if targets.targets().is_empty() => Ok(off("it has no target")),
            Ok(_) => Ok(None),
            Err(error) => Err(store_error("look at the rule", rule, &error)),
        }
    }

    /// A subscription that waits for its confirmation has no ARN yet: "`PendingConfirmation`"
    /// (<https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>).
    async fn topic(&self, topic: &str) -> Result<Option<GuardCondition>, StoreError> {
        let nobody = |pending| {
            Some(GuardCondition::NoSubscriber {
                topic: topic.to_owned(),
                pending,
            })
        };
        let (mut pending, mut next) = (0_usize, None);
        for _ in 0..MAX_PAGES {
            let request = self.sns.list_subscriptions_by_topic().topic_arn(topic);
            let page = match request.set_next_token(next).send().await {
                Ok(page) => page,
                Err(error) => {
                    let missing = error.as_service_error();
                    return if missing
                        .is_some_and(ListSubscriptionsByTopicError::is_not_found_exception)
                    {
                        Ok(nobody(0))
                    } else {
                        Err(store_error("list the subscriptions of", topic, &error))
                    };
                }
            };
            for subscription in page.subscriptions() {
                match subscription.subscription_arn() {
                    Some(arn) if arn.starts_with("arn:") => return Ok(None),
                    _ => pending = pending.saturating_add(1),
                }
            }
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(nobody(pending))
    }

    async fn dead_letter_queue(&self, queue: &str) -> Result<Option<GuardCondition>, StoreError> {
        let request = self.sqs.get_queue_attributes().queue_url(queue);
        let attributes = request.set_attribute_names(Some(COUNTS.to_vec()));
        let attributes = attributes
            .send()
            .await
            .map_err(|error| store_error("count the messages of", queue, &error))?;
        let counts = attributes.attributes.unwrap_or_default();
        let is_empty = COUNTS
            .iter()
            .filter_map(|name| counts.get(name))
            .all(|count| count == "0");
        Ok((!is_empty).then(|| GuardCondition::Parked {
            queue: queue.to_owned(),
        }))
    }
}

impl LookAtStack for StackParts {
    /// At the same time: a service that does not answer takes the time of one request.
    async fn look(&self) -> Vec<NamedAnswer> {
        let names = &self.names;
        let (rules, topics, queues) = join!(
            join_all(names.rules.iter().map(|rule| self.rule(rule))),
            join_all(names.topics.iter().map(|topic| self.topic(topic))),
            join_all(
                names
                    .dead_letter_queues
                    .iter()
                    .map(|queue| self.dead_letter_queue(queue))
            ),
        );
        let subjects = names.rules.iter().chain(&names.topics);
        let subjects = subjects.chain(&names.dead_letter_queues);
        let conditions = rules.into_iter().chain(topics).chain(queues);
        let answers = subjects
            .zip(conditions)
            .map(|(subject, condition)| NamedAnswer {
                subject: subject.clone(),
                condition,
            });
        answers.collect()
    }
}
