//! Functions of Lambda.

use super::bounds::{MAX_PAGES, too_many};
use crate::ports::{FunctionFacts, Mapping, ReadFunctions};
use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationError;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use trailseal::world::StoreError;
use trailseal_aws::store_error;

const ACTION: &str = "look at the function";

/// Calls `lambda:GetFunctionConfiguration`, `lambda:GetFunctionConcurrency` and
/// `lambda:ListEventSourceMappings`.
#[derive(Debug)]
pub(crate) struct LambdaFunctions(Client);

impl LambdaFunctions {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    async fn mappings(&self, name: &str) -> Result<Vec<Mapping>, StoreError> {
        let (mut mappings, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.0.list_event_source_mappings().function_name(name);
            let page = request.set_marker(next).send().await;
            let page = page.map_err(|error| store_error(ACTION, name, &error))?;
            let found = page.event_source_mappings.unwrap_or_default();
            mappings.extend(found.into_iter().map(|mapping| Mapping {
                uuid: mapping.uuid.unwrap_or_default(),
                source: mapping.event_source_arn.unwrap_or_default(),
                state: mapping.state.unwrap_or_default(),
            }));
            next = page.next_marker.filter(|marker| !marker.is_empty());
            if next.is_none() {
                return Ok(mappings);
            }
        }
        Err(too_many(ACTION, name))
    }
}

impl ReadFunctions for LambdaFunctions {
    async fn function(&self, name: &str) -> Result<Option<FunctionFacts>, StoreError> {
        let found = self.0.get_function_configuration().function_name(name);
        let found = match found.send().await {
            Ok(found) => found,
            Err(error) => {
                let service = error.as_service_error();
                let is_missing = service
                    .is_some_and(GetFunctionConfigurationError::is_resource_not_found_exception);
                return if is_missing {
                    Ok(None)
                } else {
                    Err(store_error(ACTION, name, &error))
                };
            }
        };
        let concurrency = self.0.get_function_concurrency().function_name(name);
        let concurrency = concurrency.send().await;
        let concurrency = concurrency.map_err(|error| store_error(ACTION, name, &error))?;
        let status = found.last_update_status.as_ref();
        let status = status.map_or("", LastUpdateStatus::as_str);
        let reason = found.last_update_status_reason.as_deref();
        Ok(Some(FunctionFacts {
            state: found.state.as_ref().map_or("", State::as_str).to_owned(),
            last_update: match reason.filter(|it| !it.is_empty()) {
                Some(reason) => format!("{status}: {reason}"),
                None => status.to_owned(),
            },
            role: found.role.unwrap_or_default(),
            reserved: concurrency.reserved_concurrent_executions,
            mappings: self.mappings(name).await?,
        }))
    }
}
