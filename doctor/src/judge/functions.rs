//! The functions: they can run, and their queues invoke them.

use super::remedies::{deploy_again, or_do};
use crate::command::aws;
use crate::parts::FunctionPart;
use crate::ports::{FunctionFacts, Mapping};
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use trailseal::world::StoreError;

/// The permissions that the check of a function needs.
const ACTIONS: [&str; 2] = [
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionConcurrency",
];

/// Returns the checks of a function.
pub(crate) fn function(
    stack: &Stack,
    part: &FunctionPart,
    name: &str,
    found: &Result<Option<FunctionFacts>, StoreError>,
) -> Vec<Check> {
    const CHECK: &str = "function";
    match found {
        Ok(Some(found)) => vec![
            itself(stack, part, name, found),
            mapping(stack, part, name, found),
        ],
        Ok(None) => vec![Check::wrong(
            CHECK,
            name,
            "it does not exist",
            vec![deploy_again()],
        )],
        Err(error) => {
            let arn = stack.arn("lambda", &format!("function:{name}"));
            let unread = Check::unread(CHECK, name, error, &ACTIONS, &arn);
            // Mappings are not resources of the function.
            let list = ["lambda:ListEventSourceMappings"];
            let more = match unread.remedies.as_slice() {
                [] => Vec::new(),
                _ => vec![crate::report::grant(&list, "*")],
            };
            vec![unread.with(more)]
        }
    }
}

fn itself(stack: &Stack, part: &FunctionPart, name: &str, found: &FunctionFacts) -> Check {
    let mut wrong = Vec::new();
    let mut remedies = Vec::new();
    // An inactive function is activated by the next invocation:
    // https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    if !["Active", "Inactive"].contains(&found.state.as_str()) {
        wrong.push(format!("its state is {}", found.state));
        remedies.push(deploy_again());
    }
    if !found.last_update.starts_with("Successful") {
        wrong.push(format!("its last update is {}", found.last_update));
        remedies.push(deploy_again());
    }
    let role = stack.role_arn(stack.resource(part.role).unwrap_or_default());
    if found.role != role {
        wrong.push(format!("its role is {}, not {role}", found.role));
        let words = [
            "lambda",
            "update-function-configuration",
            "--function-name",
            name,
            "--role",
            &role,
        ];
        remedies.extend(or_do(
            aws(&words, &stack.region),
            "give it the role of the template",
        ));
    }
    if found.reserved == Some(0) {
        wrong.push("its reserved concurrency is 0: it is never invoked".to_owned());
        let words = [
            "lambda",
            "delete-function-concurrency",
            "--function-name",
            name,
        ];
        remedies.extend(or_do(
            aws(&words, &stack.region),
            "delete its reserved concurrency",
        ));
    }
    remedies.dedup();
    if wrong.is_empty() {
        return Check::ok(
            "function",
            name,
            "it is active and its last update was successful",
        );
    }
    Check::wrong("function", name, wrong.join("; "), remedies)
}

fn mapping(stack: &Stack, part: &FunctionPart, name: &str, found: &FunctionFacts) -> Check {
    const CHECK: &str = "event source mapping";
    let queue = stack.queue_arn(stack.resource(part.queue).unwrap_or_default());
    let mapping = found
        .mappings
        .iter()
        .find(|mapping| mapping.source == queue);
    let Some(mapping) = mapping else {
        let detail = format!("the queue {queue} does not invoke the function");
        return Check::wrong(CHECK, name, detail, vec![deploy_again()]);
    };
    match mapping.state.as_str() {
        "Enabled" | "Enabling" | "Updating" | "Creating" => {
            Check::ok(CHECK, name, "its queue invokes it")
        }
        state => {
            let detail = format!("its state is {state}: the queue does not invoke the function");
            Check::wrong(CHECK, name, detail, enable(stack, mapping))
        }
    }
}

fn enable(stack: &Stack, mapping: &Mapping) -> Vec<Remedy> {
    let words = [
        "lambda",
        "update-event-source-mapping",
        "--uuid",
        &mapping.uuid,
        "--enabled",
    ];
    or_do(
        aws(&words, &stack.region),
        "enable the event source mapping",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::FUNCTIONS;
    use crate::report::Status;
    use crate::stack::sample;

    fn healthy() -> FunctionFacts {
        FunctionFacts {
            state: "Active".to_owned(),
            last_update: "Successful".to_owned(),
            role: "arn:aws:iam::111122223333:role/trailseal-us-east-1-digest-validator".to_owned(),
            reserved: None,
            mappings: vec![Mapping {
                uuid: "1a2b".to_owned(),
                source: "arn:aws:sqs:us-east-1:111122223333:trailseal-DigestValidatorQueue"
                    .to_owned(),
                state: "Enabled".to_owned(),
            }],
        }
    }

    fn checks(found: FunctionFacts) -> Vec<Check> {
        function(&sample::stack(&[]), &FUNCTIONS[0], "f", &Ok(Some(found)))
    }

    /// Returns the statuses of the function and of its mapping, and the first command.
    fn outcome(found: FunctionFacts) -> ([Status; 2], Option<Remedy>) {
        let checks = checks(found);
        let remedy = checks.iter().flat_map(|it| it.remedies.clone()).next();
        ([checks[0].status, checks[1].status], remedy)
    }

    #[test]
    fn each_fault_is_found_and_has_its_command() {
        use Status::{Ok, Wrong};
        assert_eq!(outcome(healthy()), ([Ok, Ok], None));
        let limited = FunctionFacts {
            reserved: Some(5),
            ..healthy()
        };
        assert_eq!(outcome(limited), ([Ok, Ok], None));
        let run = |command: &str| {
            Some(Remedy::Run(format!(
                "aws lambda {command} --region us-east-1"
            )))
        };
        let throttled = FunctionFacts {
            reserved: Some(0),
            ..healthy()
        };
        assert_eq!(
            outcome(throttled),
            (
                [Wrong, Ok],
                run("delete-function-concurrency --function-name f")
            )
        );
        let role = FunctionFacts {
            role: "other".to_owned(),
            ..healthy()
        };
        let arn = healthy().role;
        assert_eq!(
            outcome(role),
            (
                [Wrong, Ok],
                run(&format!(
                    "update-function-configuration --function-name f --role {arn}"
                ))
            )
        );
        let mut off = healthy();
        off.mappings[0].state = "Disabled".to_owned();
        assert_eq!(
            outcome(off),
            (
                [Ok, Wrong],
                run("update-event-source-mapping --uuid 1a2b --enabled")
            )
        );
        let unmapped = FunctionFacts {
            mappings: Vec::new(),
            ..healthy()
        };
        assert_eq!(outcome(unmapped).0, [Ok, Wrong]);
        for facts in [
            FunctionFacts {
                state: "Failed".to_owned(),
                ..healthy()
            },
            FunctionFacts {
                last_update: "Failed: no role".to_owned(),
                ..healthy()
            },
        ] {
            assert_eq!(outcome(facts).0, [Wrong, Ok]);
        }
    }
}
