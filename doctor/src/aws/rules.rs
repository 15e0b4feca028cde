//! Rules of EventBridge.

use super::bounds::{MAX_PAGES, too_many};
use crate::ports::{ReadRules, RuleFacts, RuleTarget};
use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleError;
use aws_sdk_eventbridge::types::{RuleState, Target};
use trailseal::world::StoreError;
use trailseal_aws::store_error;

const ACTION: &str = "look at the rule";

/// Calls `events:DescribeRule` and `events:ListTargetsByRule`.
#[derive(Debug)]
pub(crate) struct EventBridgeRules(Client);

impl EventBridgeRules {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    async fn targets(&self, name: &str) -> Result<Vec<RuleTarget>, StoreError> {
        let (mut targets, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.0.list_targets_by_rule().rule(name);
            let page = request.set_next_token(next).send().await;
            let page = page.map_err(|error| store_error(ACTION, name, &error))?;
            targets.extend(page.targets.unwrap_or_default().into_iter().map(target));
            next = page.next_token;
            if next.is_none() {
                return Ok(targets);
            }
        }
        Err(too_many(ACTION, name))
    }
}

fn target(target: Target) -> RuleTarget {
    RuleTarget {
        id: target.id,
        arn: target.arn,
        input: target.input,
        dead_letter: target.dead_letter_config.and_then(|config| config.arn),
    }
}

impl ReadRules for EventBridgeRules {
    async fn rule(&self, name: &str) -> Result<Option<RuleFacts>, StoreError> {
        let described = match self.0.describe_rule().name(name).send().await {
            Ok(described) => described,
            Err(error) => {
                let service = error.as_service_error();
                let is_missing =
                    service.is_some_and(DescribeRuleError::is_resource_not_found_exception);
                return if is_missing {
                    Ok(None)
                } else {
                    Err(store_error(ACTION, name, &error))
                };
            }
        };
        Ok(Some(RuleFacts {
            is_enabled: described
                .state
                .is_some_and(|state| state != RuleState::Disabled),
            pattern: described.event_pattern,
            schedule: described.schedule_expression.filter(|it| !it.is_empty()),
            targets: self.targets(name).await?,
        }))
    }
}
