//! The schedule of the history: enabled, and it starts the state machine of the stack for a share of
//! the past digests each day.

use super::remedies::{deploy_again, or_do};
use crate::command::set_schedule;
use crate::ports::ScheduleFacts;
use crate::report::Check;
use crate::stack::Stack;
use serde_json::{Value, json};
use trailseal::world::StoreError;

/// How often a share is verified again.
const EXPRESSION: &str = "rate(1 day)";

/// The default of `ReverifyDays`.
const DAYS: u32 = 30;

/// What EventBridge Scheduler replaces with the time:
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html>
const TIME: &str = "<aws.scheduler.scheduled-time>";

/// Returns the check of the schedule.
pub(crate) fn schedule(
    stack: &Stack,
    name: &str,
    found: &Result<Option<ScheduleFacts>, StoreError>,
) -> Check {
    const CHECK: &str = "schedule";
    let found = match found {
        Ok(Some(found)) => found,
        Ok(None) => return Check::wrong(CHECK, name, "it does not exist", vec![deploy_again()]),
        Err(error) => {
            let arn = stack.arn("scheduler", &format!("schedule/default/{name}"));
            return Check::unread(CHECK, name, error, &["scheduler:GetSchedule"], &arn);
        }
    };
    let machine = stack.resource("History").unwrap_or_default();
    let role = stack.resource("HistoryScheduleRole").unwrap_or_default();
    let role = stack.role_arn(role);
    let days = stack.number("ReverifyDays", DAYS);
    let input = found.input.as_deref();
    let input = input.and_then(|input| serde_json::from_str::<Value>(input).ok());
    let mut wrong = Vec::new();
    if !found.is_enabled {
        wrong.push("it is disabled: past digests are not verified again");
    }
    if found.expression != EXPRESSION || found.has_bounds {
        wrong.push("its times are not those of the template");
    }
    if found.target.as_deref() != Some(machine) || found.role.as_deref() != Some(&role) {
        wrong
            .push("it does not start the state machine of the stack with the role of the template");
    }
    if input != Some(json!({"share": {"of": days, "at": TIME}})) {
        wrong.push("its input is not that of the template");
    }
    if wrong.is_empty() {
        let detail = format!("it is enabled and starts {machine} once a day");
        return Check::ok(CHECK, name, detail);
    }
    let command = set_schedule(name, [EXPRESSION, machine, &role], days, &stack.region);
    let remedies = or_do(command, "set the schedule as the template says");
    Check::wrong(CHECK, name, wrong.join("; "), remedies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Remedy, Status};
    use crate::stack::sample;
    use trailseal::world::Cause;

    const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:trailseal-history";

    fn stack() -> Stack {
        let mut stack = sample::stack(&[("ReverifyDays", "7")]);
        for (id, name) in [
            ("History", MACHINE),
            (
                "HistoryScheduleRole",
                "trailseal-us-east-1-history-schedule",
            ),
        ] {
            stack.resources.insert(id.to_owned(), name.to_owned());
        }
        stack
    }

    fn healthy() -> ScheduleFacts {
        let role = stack().role_arn("trailseal-us-east-1-history-schedule");
        ScheduleFacts {
            is_enabled: true,
            expression: EXPRESSION.to_owned(),
            has_bounds: false,
            target: Some(MACHINE.to_owned()),
            role: Some(role),
            input: Some(format!(r#"{{"share": {{"of": 7, "at": "{TIME}"}}}}"#)),
        }
    }

    fn check(found: ScheduleFacts) -> Check {
        schedule(&stack(), "trailseal-HistorySchedule", &Ok(Some(found)))
    }

    #[test]
    fn the_schedule_of_the_template_is_ok() {
        assert_eq!(check(healthy()).status, Status::Ok);
    }

    #[test]
    fn each_difference_is_mended_by_the_same_command() {
        let other = || Some("arn:aws:states:us-east-1:111122223333:stateMachine:other".to_owned());
        for (found, what) in [
            (
                ScheduleFacts {
                    is_enabled: false,
                    ..healthy()
                },
                "disabled",
            ),
            (
                ScheduleFacts {
                    expression: "rate(9 days)".to_owned(),
                    ..healthy()
                },
                "times",
            ),
            (
                ScheduleFacts {
                    has_bounds: true,
                    ..healthy()
                },
                "times",
            ),
            (
                ScheduleFacts {
                    target: other(),
                    ..healthy()
                },
                "state machine",
            ),
            (
                ScheduleFacts {
                    role: other(),
                    ..healthy()
                },
                "role",
            ),
            (
                ScheduleFacts {
                    input: None,
                    ..healthy()
                },
                "input",
            ),
        ] {
            let check = check(found);
            assert_eq!(check.status, Status::Wrong, "{what}");
            assert!(check.detail.contains(what), "{check:?}");
            let [Remedy::Run(command)] = &check.remedies[..] else {
                panic!("{check:?}");
            };
            assert!(command.starts_with("aws scheduler get-schedule --name trailseal-HistorySchedule --output json --region us-east-1 > schedule.json && python3 -c "), "{command}");
            assert!(command.ends_with("aws scheduler update-schedule --cli-input-json file://new-schedule.json --region us-east-1"), "{command}");
            assert!(command.contains(MACHINE), "{command}");
        }
    }

    #[test]
    fn a_schedule_that_may_not_be_read_names_the_permission() {
        let denied = Err(StoreError {
            action: "look at the schedule",
            subject: "x".to_owned(),
            cause: Cause::Denied("no".to_owned()),
        });
        let check = schedule(&stack(), "x", &denied);
        assert_eq!(check.status, Status::CannotTell);
        assert_eq!(check.remedies.len(), 1);
        assert_eq!(
            schedule(&stack(), "x", &Ok(None)).remedies,
            [deploy_again()]
        );
    }
}
