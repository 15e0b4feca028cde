//! The rules of EventBridge: enabled, with the pattern and the targets of the template.

use super::remedies::{deploy_again, or_do};
use crate::command::aws;
use crate::parts::{RulePart, Trigger};
use crate::ports::{RuleFacts, RuleTarget};
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use serde_json::{Value, json};
use trailseal::world::StoreError;

/// The schedule of the rule that the clock triggers.
const SCHEDULE: &str = "rate(1 hour)";

/// The messages of a round of `watchdog`, by the IDs of the targets.
const ROUND: [(&str, &str); 2] = [
    ("queue", r#"{"watch":{}}"#),
    ("second-look", r#"{"secondLook":{}}"#),
];

/// The message of an append to the evidence log.
const APPEND: (&str, &str) = ("append", r#"{"append":{}}"#);

/// The message of a look of `settings-monitor`.
const LOOK: (&str, &str) = ("queue", r#"{"settings":{}}"#);

/// Returns the checks of a rule.
pub(crate) fn rule(
    stack: &Stack,
    part: &RulePart,
    name: &str,
    found: &Result<Option<RuleFacts>, StoreError>,
) -> Check {
    const CHECK: &str = "rule";
    let found = match found {
        Ok(Some(found)) => found,
        Ok(None) => {
            return Check::wrong(CHECK, name, "it does not exist", vec![deploy_again()]);
        }
        Err(error) => {
            let actions = ["events:DescribeRule", "events:ListTargetsByRule"];
            let rule = stack.arn("events", &format!("rule/{name}"));
            return Check::unread(CHECK, name, error, &actions, &rule);
        }
    };
    let mut wrong = Vec::new();
    let mut remedies = Vec::new();
    // PutRule also sets the state.
    if !has_trigger(stack, part.trigger, found) {
        wrong.push("its pattern or schedule is not that of the template");
        remedies.extend(put_rule(stack, part.trigger, name));
    } else if !found.is_enabled {
        wrong.push("it is disabled: the functions receive no events");
        let command = aws(&["events", "enable-rule", "--name", name], &stack.region);
        remedies.extend(or_do(command, "enable the rule"));
    }
    let targets = targets(stack, part);
    let missing: Vec<&RuleTarget> = targets.iter().filter(|it| !is_among(it, found)).collect();
    if !missing.is_empty() {
        wrong.push("it does not have the targets of the template");
        remedies.extend(put_targets(stack, name, &missing));
    }
    if wrong.is_empty() {
        let queue = stack.resource(part.queue).unwrap_or_default();
        let queue = queue.rsplit('/').next().unwrap_or_default();
        return Check::ok(
            CHECK,
            name,
            format!("it is enabled and sends events to {queue}"),
        );
    }
    Check::wrong(CHECK, name, wrong.join("; "), remedies)
}

/// Returns the pattern of the template for a trigger.
fn pattern(stack: &Stack, trigger: Trigger) -> Option<Value> {
    let (detail_type, folders) = match trigger {
        Trigger::Created(folders) | Trigger::Written(folders) => ("Object Created", folders),
        Trigger::Deleted(folders) => ("Object Deleted", folders),
        Trigger::HourlyRound | Trigger::HourlyLook => return None,
    };
    let keys = folders
        .iter()
        .map(|folder| json!({"wildcard": format!("*/{folder}/*.json.gz")}));
    let keys: Vec<Value> = keys.collect();
    let mut detail = json!({
        "bucket": {"name": stack.log_buckets()},
        "object": {"key": keys},
    });
    if let (Trigger::Written(_), Some(detail)) = (trigger, detail.as_object_mut()) {
        let others = json!([{"anything-but": ["cloudtrail.amazonaws.com"]}, {"exists": false}]);
        detail.insert("requester".to_owned(), others);
    }
    Some(json!({"source": ["aws.s3"], "detail-type": [detail_type], "detail": detail}))
}

/// Returns whether a rule has the pattern or the schedule of the template. The values of a pattern
/// have no order.
fn has_trigger(stack: &Stack, trigger: Trigger, found: &RuleFacts) -> bool {
    let given = found.pattern.as_deref();
    let given = given.and_then(|pattern| serde_json::from_str::<Value>(pattern).ok());
    match pattern(stack, trigger) {
        Some(expected) => given.is_some_and(|given| sorted(given) == sorted(expected)),
        None => found.schedule.as_deref() == Some(SCHEDULE),
    }
}

/// Returns the same pattern with its lists in one order, each value once.
fn sorted(pattern: Value) -> Value {
    match pattern {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(sorted).collect();
            values.sort_by_key(Value::to_string);
            values.dedup();
            Value::Array(values)
        }
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}

/// Returns the targets of the template.
fn targets(stack: &Stack, part: &RulePart) -> Vec<RuleTarget> {
    let arn = |queue: &str| stack.queue_arn(stack.resource(queue).unwrap_or_default());
    let target = |id: &str, input: Option<&str>| RuleTarget {
        id: id.to_owned(),
        arn: arn(part.queue),
        input: input.map(str::to_owned),
        dead_letter: Some(arn(part.dead_letter_queue)),
    };
    let inputs = match part.trigger {
        Trigger::HourlyRound => {
            let append = stack.has_evidence_log().then_some(APPEND);
            ROUND.into_iter().chain(append).collect()
        }
        Trigger::HourlyLook => vec![LOOK],
        _ => return vec![target("queue", None)],
    };
    let targets = inputs.into_iter();
    targets.map(|(id, input)| target(id, Some(input))).collect()
}

/// Returns whether a rule sends the same to the same queue, whatever the ID of its target.
fn is_among(target: &RuleTarget, found: &RuleFacts) -> bool {
    found.targets.iter().any(|it| {
        it.arn == target.arn && it.input == target.input && it.dead_letter == target.dead_letter
    })
}

fn put_rule(stack: &Stack, trigger: Trigger, name: &str) -> Vec<Remedy> {
    let pattern = pattern(stack, trigger).map(|pattern| pattern.to_string());
    let trigger = match &pattern {
        Some(pattern) => ["--event-pattern", pattern],
        None => ["--schedule-expression", SCHEDULE],
    };
    let words = ["events", "put-rule", "--name", name, "--state", "ENABLED"];
    let command = aws(&[&words[..], &trigger].concat(), &stack.region);
    or_do(command, "deploy the stack again")
}

fn put_targets(stack: &Stack, name: &str, targets: &[&RuleTarget]) -> Vec<Remedy> {
    let documents = targets.iter().map(|target| {
        let mut document = json!({"Id": target.id, "Arn": target.arn});
        if let Some(fields) = document.as_object_mut() {
            if let Some(input) = &target.input {
                fields.insert("Input".to_owned(), json!(input));
            }
            if let Some(arn) = &target.dead_letter {
                fields.insert("DeadLetterConfig".to_owned(), json!({"Arn": arn}));
            }
        }
        document
    });
    let documents: Vec<Value> = documents.collect();
    let targets = Value::Array(documents).to_string();
    let words = [
        "events",
        "put-targets",
        "--rule",
        name,
        "--targets",
        &targets,
    ];
    // The input of a target has quotation marks, which JSON escapes with a backslash: shells differ
    // in what they do with it.
    vec![aws(&words, &stack.region).unwrap_or_else(deploy_again)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::RULES;
    use crate::report::Status;
    use crate::stack::sample;

    fn healthy(stack: &Stack, part: &RulePart) -> RuleFacts {
        RuleFacts {
            is_enabled: true,
            pattern: pattern(stack, part.trigger).map(|pattern| pattern.to_string()),
            schedule: pattern(stack, part.trigger)
                .is_none()
                .then(|| SCHEDULE.to_owned()),
            targets: targets(stack, part),
        }
    }

    fn check(stack: &Stack, part: &RulePart, found: RuleFacts) -> Check {
        rule(stack, part, "trailseal-rule", &Ok(Some(found)))
    }

    #[test]
    fn each_rule_of_the_template_is_ok() {
        let stack = sample::stack(&[("LogBuckets", "b1,a1")]);
        for part in &RULES {
            let mut found = healthy(&stack, part);
            // The template has the buckets in the order of the parameter.
            found.pattern = found
                .pattern
                .map(|it| it.replace(r#"["a1","b1"]"#, r#"["b1","a1"]"#));
            assert_eq!(
                check(&stack, part, found).status,
                Status::Ok,
                "{}",
                part.rule
            );
        }
    }

    #[test]
    fn what_is_wrong_has_its_command() {
        let stack = sample::stack(&[]);
        let part = &RULES[0];
        let disabled = RuleFacts {
            is_enabled: false,
            ..healthy(&stack, part)
        };
        let expected = "aws events enable-rule --name trailseal-rule --region us-east-1";
        assert_eq!(
            check(&stack, part, disabled).remedies,
            [Remedy::Run(expected.to_owned())]
        );
        let narrowed = RuleFacts {
            pattern: Some(r#"{"source":["aws.s3"]}"#.to_owned()),
            ..healthy(&stack, part)
        };
        let narrowed = check(&stack, part, narrowed);
        let Some(Remedy::Run(command)) = narrowed.remedies.first() else {
            panic!("{narrowed:?}");
        };
        assert!(command.starts_with(
            "aws events put-rule --name trailseal-rule --state ENABLED --event-pattern '{"
        ));
        let elsewhere = RuleFacts {
            targets: vec![RuleTarget::default()],
            ..healthy(&stack, part)
        };
        let elsewhere = check(&stack, part, elsewhere);
        let Some(Remedy::Run(command)) = elsewhere.remedies.first() else {
            panic!("{elsewhere:?}");
        };
        assert!(command.starts_with("aws events put-targets --rule trailseal-rule --targets '[{"));
    }
}
