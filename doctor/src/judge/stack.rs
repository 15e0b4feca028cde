//! The stack itself.

use super::remedies::deploy_again;
use crate::parts::{FUNCTIONS, RULES, TOPICS};
use crate::report::{Check, Remedy};
use crate::stack::Stack;

/// The maximum number of log buckets: with more, the functions do not start.
const MAX_LOG_BUCKETS: usize = 5;

/// Returns the checks of the stack: its status, its resources, its parameters.
pub(crate) fn stack(stack: &Stack) -> Vec<Check> {
    vec![status(stack), resources(stack), parameters(stack)]
}

/// A stack whose status ends in `_COMPLETE` can be used, except for one that is being removed.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>
fn status(stack: &Stack) -> Check {
    let (name, status) = (stack.name.as_str(), stack.status.as_str());
    let is_settled = status.ends_with("_COMPLETE")
        && !status.starts_with("DELETE")
        && !status.starts_with("ROLLBACK");
    if is_settled {
        return Check::ok("stack", name, format!("its status is {status}"));
    }
    if status.ends_with("_IN_PROGRESS") {
        let detail = format!("its status is {status}: check again when it has ended");
        return Check::cannot_tell("stack", name, detail);
    }
    let steps = "find the first failure in its events (aws cloudformation describe-stack-events), and deploy the stack again";
    Check::wrong(
        "stack",
        name,
        format!("its status is {status}"),
        vec![Remedy::Do(steps.to_owned())],
    )
}

fn resources(stack: &Stack) -> Check {
    let functions = FUNCTIONS
        .iter()
        .flat_map(|it| [it.function, it.queue, it.dead_letter_queue, it.role]);
    let rules = RULES.iter().map(|it| it.rule);
    let all = functions
        .chain(rules)
        .chain(TOPICS)
        .chain(["EvidenceBucket"]);
    let missing: Vec<&str> = all.filter(|id| stack.resource(id).is_none()).collect();
    if missing.is_empty() {
        let number = stack.resources.len();
        return Check::ok(
            "resources",
            &stack.name,
            format!("it has {number} resources"),
        );
    }
    let detail = format!("it does not have {}", missing.join(", "));
    let steps = "check that this is a stack of Trailseal, and deploy the current template";
    Check::wrong(
        "resources",
        &stack.name,
        detail,
        vec![Remedy::Do(steps.to_owned())],
    )
}

fn parameters(stack: &Stack) -> Check {
    let buckets = stack.log_buckets().len();
    let deploy = |detail: String| {
        let steps = "deploy the stack again with other values of the parameters";
        Check::wrong(
            "parameters",
            &stack.name,
            detail,
            vec![Remedy::Do(steps.to_owned())],
        )
    };
    if buckets == 0 || buckets > MAX_LOG_BUCKETS {
        return deploy(format!(
            "LogBuckets has {buckets} buckets: the functions start with one to {MAX_LOG_BUCKETS}"
        ));
    }
    if !stack.is_enabled() {
        let check = deploy("State is DISABLED: no function receives events".to_owned());
        return check.with([deploy_again()]);
    }
    let detail = format!(
        "log buckets: {}; trails: {}; keys: {}",
        stack.log_buckets().join(", "),
        or_any(&stack.list("TrailArns")),
        or_none(stack.log_keys().len())
    );
    Check::ok("parameters", &stack.name, detail)
}

fn or_any(trails: &[String]) -> String {
    if trails.is_empty() {
        "any".to_owned()
    } else {
        trails.join(", ")
    }
}

fn or_none(keys: usize) -> String {
    if keys == 0 {
        "none".to_owned()
    } else {
        keys.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::stack::sample;

    fn with_status(status: &str) -> Status {
        let mut stack = sample::stack(&[]);
        status.clone_into(&mut stack.status);
        super::status(&stack).status
    }

    #[test]
    fn a_stack_that_is_changing_is_not_judged() {
        for (status, expected) in [
            ("CREATE_COMPLETE", Status::Ok),
            ("UPDATE_COMPLETE", Status::Ok),
            ("UPDATE_ROLLBACK_COMPLETE", Status::Ok),
            ("IMPORT_COMPLETE", Status::Ok),
            ("UPDATE_IN_PROGRESS", Status::CannotTell),
            ("UPDATE_ROLLBACK_FAILED", Status::Wrong),
            ("ROLLBACK_COMPLETE", Status::Wrong),
            ("DELETE_FAILED", Status::Wrong),
        ] {
            assert_eq!(with_status(status), expected, "{status}");
        }
    }

    #[test]
    fn parameters_with_which_no_event_is_processed_are_wrong() {
        let of = |given: &[(&str, &str)]| parameters(&sample::stack(given)).status;
        assert_eq!(of(&[]), Status::Ok);
        assert_eq!(of(&[("LogBuckets", "a1,b1,c1,d1,e1,e1")]), Status::Ok);
        assert_eq!(of(&[("LogBuckets", "a1,b1,c1,d1,e1,f1")]), Status::Wrong);
        assert_eq!(of(&[("State", "DISABLED")]), Status::Wrong);
    }

    #[test]
    fn missing_resources_are_named() {
        let check = super::resources(&sample::stack(&[]));
        assert_eq!(check.status, Status::Wrong);
        assert!(check.detail.contains("AlertTopic"), "{}", check.detail);
        assert!(
            !check.detail.contains("LogVerifierQueue,"),
            "{}",
            check.detail
        );
    }
}
