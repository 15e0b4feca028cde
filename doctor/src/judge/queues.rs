//! The queues: EventBridge can send to them, and nothing is parked.

use super::remedies::{deploy_again, or_do};
use crate::access::{AccessPolicy, AccessRequest, Truth};
use crate::command::aws;
use crate::parts::{FunctionPart, RULES};
use crate::ports::QueueFacts;
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use serde_json::json;
use trailseal::world::StoreError;

/// The answer about a queue.
pub(crate) type QueueAnswer = Result<Option<QueueFacts>, StoreError>;

/// Returns the check of a function's queue.
pub(crate) fn queue(stack: &Stack, part: &FunctionPart, url: &str, found: &QueueAnswer) -> Check {
    const CHECK: &str = "queue";
    let found = match read(stack, CHECK, url, found) {
        Ok(found) => found,
        Err(check) => return check,
    };
    let (mut wrong, mut remedies) = encryption(stack, url, found);
    let parks_in = stack.queue_arn(stack.resource(part.dead_letter_queue).unwrap_or_default());
    if found.redrives_to.as_deref() != Some(&parks_in) {
        wrong.push(format!("it does not park messages in {parks_in}"));
        remedies.push(deploy_again());
    }
    let refused = refused_rules(stack, part.queue, url, found);
    if !refused.is_empty() {
        let rules = refused.join(", ");
        wrong.push(format!(
            "its policy does not let EventBridge send for {rules}"
        ));
        remedies.push(deploy_again());
    }
    if !wrong.is_empty() {
        remedies.dedup();
        return Check::wrong(CHECK, name(url), wrong.join("; "), remedies);
    }
    let detail = match found.messages {
        0 => "it accepts events, and no message waits".to_owned(),
        1 => "it accepts events, and 1 message waits".to_owned(),
        n => format!("it accepts events, and {n} messages wait"),
    };
    Check::ok(CHECK, name(url), detail)
}

/// Returns the check of a function's dead-letter queue.
pub(crate) fn dead_letter_queue(
    stack: &Stack,
    part: &FunctionPart,
    url: &str,
    found: &QueueAnswer,
) -> Check {
    const CHECK: &str = "dead-letter queue";
    let found = match read(stack, CHECK, url, found) {
        Ok(found) => found,
        Err(check) => return check,
    };
    let (mut wrong, mut remedies) = encryption(stack, url, found);
    if found.messages > 0 {
        let program = part.program;
        let parked = match found.messages {
            1 => "1 message is parked: what it is about is not processed".to_owned(),
            n => format!("{n} messages are parked: what they are about is not processed"),
        };
        wrong.push(parked);
        let steps = format!(
            "find the cause in the log of {program} (\"the message could not be processed\") and correct it before you move the messages back"
        );
        remedies.push(Remedy::Do(steps));
        let to = stack.queue_arn(stack.resource(part.queue).unwrap_or_default());
        let words = [
            "sqs",
            "start-message-move-task",
            "--source-arn",
            &stack.queue_arn(url),
            "--destination-arn",
            &to,
        ];
        remedies.extend(or_do(aws(&words, &stack.region), "move the messages back"));
    }
    if wrong.is_empty() {
        return Check::ok(CHECK, name(url), "it is empty");
    }
    Check::wrong(CHECK, name(url), wrong.join("; "), remedies)
}

/// Returns the facts of a queue.
///
/// # Errors
/// The check, if there are none.
fn read<'a>(
    stack: &Stack,
    check: &'static str,
    url: &str,
    found: &'a QueueAnswer,
) -> Result<&'a QueueFacts, Check> {
    match found {
        Ok(Some(found)) => Ok(found),
        Ok(None) => {
            let missing = Check::wrong(check, name(url), "it does not exist", vec![deploy_again()]);
            Err(missing)
        }
        Err(error) => {
            let (actions, arn) = (["sqs:GetQueueAttributes"], stack.queue_arn(url));
            Err(Check::unread(check, name(url), error, &actions, &arn))
        }
    }
}

/// Returns what is surprising about the kind of a queue. With a KMS key, EventBridge and the
/// functions would need access to that key.
fn encryption(stack: &Stack, url: &str, found: &QueueFacts) -> (Vec<String>, Vec<Remedy>) {
    let (mut wrong, mut remedies) = (Vec::new(), Vec::new());
    if found.is_fifo {
        wrong.push("it is a FIFO queue, which the template does not create".to_owned());
        remedies.push(deploy_again());
    }
    if let Some(key) = &found.kms_key {
        wrong.push(format!(
            "the KMS key {key} encrypts it, which EventBridge cannot use"
        ));
        let attributes = json!({"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}).to_string();
        let words = [
            "sqs",
            "set-queue-attributes",
            "--queue-url",
            url,
            "--attributes",
            &attributes,
        ];
        remedies.extend(or_do(aws(&words, &stack.region), "encrypt it with SSE-SQS"));
    }
    (wrong, remedies)
}

/// Returns the rules whose events the policy of a queue refuses.
fn refused_rules(stack: &Stack, queue: &str, url: &str, found: &QueueFacts) -> Vec<String> {
    let policy = AccessPolicy::of_resource(&found.policy);
    let rules = RULES.iter().filter(|rule| rule.queue == queue);
    let names = rules.filter_map(|rule| stack.resource(rule.rule));
    names
        .filter(|name| {
            let source = stack.arn("events", &format!("rule/{name}"));
            let request = AccessRequest::of_service(
                "events.amazonaws.com",
                &source,
                "sqs:SendMessage",
                stack.queue_arn(url),
            );
            let account = stack.account.as_str();
            let request = request.with("aws:SourceAccount", account);
            let ruling = policy.as_ref().map(|policy| policy.ruling(&request));
            // Only what is certain is wrong.
            ruling.map_or(true, |it| {
                it.allowed == Truth::No || it.denied == Truth::Yes
            })
        })
        .map(str::to_owned)
        .collect()
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::FUNCTIONS;
    use crate::report::Status;
    use crate::stack::sample;

    const URL: &str =
        "https://sqs.us-east-1.amazonaws.com/111122223333/trailseal-DigestValidatorQueue";

    fn healthy() -> QueueFacts {
        let policy = json!({"Statement": [
            {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
             "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/trailseal-digest-validator"}}},
            {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]});
        QueueFacts {
            messages: 2,
            redrives_to: Some(
                "arn:aws:sqs:us-east-1:111122223333:trailseal-DigestValidatorDeadLetterQueue"
                    .to_owned(),
            ),
            policy: policy.to_string(),
            ..QueueFacts::default()
        }
    }

    fn stack() -> Stack {
        let mut stack = sample::stack(&[]);
        stack.resources.insert(
            "DigestValidatorRule".to_owned(),
            "trailseal-digest-validator".to_owned(),
        );
        stack
    }

    fn check(found: QueueFacts) -> Check {
        queue(&stack(), &FUNCTIONS[0], URL, &Ok(Some(found)))
    }

    #[test]
    fn a_queue_that_refuses_events_or_parks_nothing_is_wrong() {
        assert_eq!(check(healthy()).status, Status::Ok);
        assert!(check(healthy()).detail.ends_with("2 messages wait"));
        for facts in [
            QueueFacts {
                redrives_to: None,
                ..healthy()
            },
            QueueFacts {
                policy: String::new(),
                ..healthy()
            },
            QueueFacts {
                policy: healthy()
                    .policy
                    .replace("rule/trailseal-digest-validator", "rule/other"),
                ..healthy()
            },
            QueueFacts {
                policy: healthy().policy.replace(
                    r#","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#,
                    "",
                ),
                ..healthy()
            },
            QueueFacts {
                is_fifo: true,
                ..healthy()
            },
            QueueFacts {
                kms_key: Some("alias/aws/sqs".to_owned()),
                ..healthy()
            },
        ] {
            assert_eq!(check(facts.clone()).status, Status::Wrong, "{facts:?}");
        }
    }

    #[test]
    fn parked_messages_have_the_command_that_moves_them_back() {
        let url = URL.replace("DigestValidatorQueue", "DigestValidatorDeadLetterQueue");
        let check = |messages| {
            let facts = QueueFacts {
                messages,
                ..QueueFacts::default()
            };
            dead_letter_queue(&stack(), &FUNCTIONS[0], &url, &Ok(Some(facts)))
        };
        assert_eq!(check(0).status, Status::Ok);
        let parked = check(3);
        assert_eq!(parked.status, Status::Wrong);
        let expected = "aws sqs start-message-move-task --source-arn arn:aws:sqs:us-east-1:111122223333:trailseal-DigestValidatorDeadLetterQueue --destination-arn arn:aws:sqs:us-east-1:111122223333:trailseal-DigestValidatorQueue --region us-east-1";
        assert_eq!(
            parked.remedies.last(),
            Some(&Remedy::Run(expected.to_owned()))
        );
    }
}
