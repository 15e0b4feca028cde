//! Schedules of EventBridge Scheduler.

use crate::ports::{ReadSchedules, ScheduleFacts};
use aws_config::SdkConfig;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;
use aws_sdk_scheduler::types::ScheduleState;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

/// Calls `scheduler:GetSchedule`.
#[derive(Debug)]
pub(crate) struct SchedulerSchedules(Client);

impl SchedulerSchedules {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

impl ReadSchedules for SchedulerSchedules {
    async fn schedule(&self, name: &str) -> Result<Option<ScheduleFacts>, StoreError> {
        let found = match self.0.get_schedule().name(name).send().await {
            Ok(found) => found,
            Err(error) => {
                let service = error.as_service_error();
                let is_missing =
                    service.is_some_and(GetScheduleError::is_resource_not_found_exception);
                return if is_missing {
                    Ok(None)
                } else {
                    Err(store_error("look at the schedule", name, &error))
                };
            }
        };
        let target = found.target;
        Ok(Some(ScheduleFacts {
            is_enabled: found.state == Some(ScheduleState::Enabled),
            expression: found.schedule_expression.unwrap_or_default(),
            has_bounds: found.start_date.is_some() || found.end_date.is_some(),
            input: target.as_ref().and_then(|target| target.input.clone()),
            role: target.as_ref().map(|target| target.role_arn.clone()),
            target: target.map(|target| target.arn),
        }))
    }
}
