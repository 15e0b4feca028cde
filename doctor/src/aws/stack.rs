//! Stacks of `CloudFormation`.

use super::bounds::{MAX_PAGES, incomplete, too_many};
use crate::ports::ReadStack;
use crate::stack::Stack;
use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::StackStatus;
use jiff::Timestamp;
use std::collections::BTreeMap;
use trailseal::names::ids::{AccountId, Region};
use trailseal::world::StoreError;
use trailseal_aws::store_error;

const ACTION: &str = "read the stack";

/// Calls `cloudformation:DescribeStacks` and `cloudformation:ListStackResources`.
#[derive(Debug)]
pub(crate) struct CloudFormationStacks(Client);

impl CloudFormationStacks {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    async fn resources(&self, name: &str) -> Result<BTreeMap<String, String>, StoreError> {
        let (mut resources, mut next) = (BTreeMap::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.0.list_stack_resources().stack_name(name);
            let page = request.set_next_token(next).send().await;
            let page = page.map_err(|error| store_error(ACTION, name, &error))?;
            for resource in page.stack_resource_summaries() {
                let ids = resource
                    .logical_resource_id()
                    .zip(resource.physical_resource_id());
                resources.extend(ids.map(|(id, physical)| (id.to_owned(), physical.to_owned())));
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(resources);
            }
        }
        Err(too_many(ACTION, name))
    }
}

impl ReadStack for CloudFormationStacks {
    /// "If the stack doesn't exist, a `ValidationError` is returned":
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>
    async fn stack(&self, name: &str) -> Result<Option<Stack>, StoreError> {
        let described = match self.0.describe_stacks().stack_name(name).send().await {
            Ok(described) => described,
            Err(error) if error.code() == Some("ValidationError") => return Ok(None),
            Err(error) => return Err(store_error(ACTION, name, &error)),
        };
        let Some(stack) = described.stacks.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let (region, account) = stack
            .stack_id()
            .and_then(place)
            .ok_or_else(|| incomplete(ACTION, name))?;
        let parameters = stack.parameters().iter().filter_map(|it| {
            // The value of a parameter that CloudFormation resolves.
            let value = it.resolved_value().or(it.parameter_value())?;
            Some((it.parameter_key()?.to_owned(), value.to_owned()))
        });
        Ok(Some(Stack {
            name: name.to_owned(),
            region,
            account,
            status: stack
                .stack_status()
                .map_or("", StackStatus::as_str)
                .to_owned(),
            created: stack
                .creation_time()
                .and_then(|time| Timestamp::from_second(time.secs()).ok()),
            parameters: parameters.collect(),
            resources: self.resources(name).await?,
        }))
    }
}

/// Returns the Region and the account of a stack, by its ARN.
fn place(arn: &str) -> Option<(Region, AccountId)> {
    let mut parts = arn.split(':').skip(3);
    let region = Region::new(parts.next()?).ok()?;
    Some((region, AccountId::new(parts.next()?).ok()?))
}
