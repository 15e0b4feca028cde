//! The topics: somebody receives what they publish.

use super::remedies::deploy_again;
use crate::command::aws;
use crate::ports::SubscriptionFacts;
use crate::report::{Check, Remedy};
use crate::stack::Stack;
use trailseal::world::StoreError;

/// The maximum number of subscriptions that wait for a confirmation, each with a command.
const MAX_LISTED: usize = 5;

/// Returns the check of a topic.
pub(crate) fn topic(
    stack: &Stack,
    topic: &str,
    found: &Result<Option<Vec<SubscriptionFacts>>, StoreError>,
) -> Check {
    const CHECK: &str = "topic";
    let subscriptions = match found {
        Ok(Some(subscriptions)) => subscriptions,
        Ok(None) => return Check::wrong(CHECK, topic, "it does not exist", vec![deploy_again()]),
        Err(error) => {
            let actions = ["sns:ListSubscriptionsByTopic"];
            return Check::unread(CHECK, topic, error, &actions, topic);
        }
    };
    let (confirmed, pending): (Vec<_>, Vec<_>) =
        subscriptions.iter().partition(|it| it.is_confirmed);
    if confirmed.is_empty() && pending.is_empty() {
        let words = [
            "sns",
            "subscribe",
            "--topic-arn",
            topic,
            "--protocol",
            "email",
            "--notification-endpoint",
            "ADDRESS",
        ];
        let steps = "put an email address in place of ADDRESS, and confirm the subscription as the README says";
        let remedies = aws(&words, &stack.region).into_iter();
        let remedies = remedies.chain([Remedy::Do(steps.to_owned())]);
        let detail = "nobody receives what it publishes: it has no subscription";
        return Check::wrong(CHECK, topic, detail, remedies.collect());
    }
    if pending.is_empty() {
        let detail = match confirmed.len() {
            1 => "it has 1 confirmed subscription".to_owned(),
            n => format!("it has {n} confirmed subscriptions"),
        };
        return Check::ok(CHECK, topic, detail);
    }
    let who: Vec<&str> = pending
        .iter()
        .map(|it| it.endpoint.as_str())
        .take(MAX_LISTED)
        .collect();
    let nobody = if confirmed.is_empty() {
        "nobody receives what it publishes: "
    } else {
        ""
    };
    let detail = format!(
        "{nobody}{} of {} subscriptions wait for their confirmation ({})",
        pending.len(),
        subscriptions.len(),
        who.join(", ")
    );
    Check::wrong(CHECK, topic, detail, confirm(stack, topic, &pending))
}

/// The token of a confirmation is valid for two days, and another subscription of the same endpoint
/// sends another one:
/// <https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html>
fn confirm(stack: &Stack, topic: &str, pending: &[&SubscriptionFacts]) -> Vec<Remedy> {
    let again = pending.iter().take(MAX_LISTED).filter_map(|it| {
        let words = [
            "sns",
            "subscribe",
            "--topic-arn",
            topic,
            "--protocol",
            &it.protocol,
            "--notification-endpoint",
            &it.endpoint,
        ];
        aws(&words, &stack.region)
    });
    let words = [
        "sns",
        "confirm-subscription",
        "--topic-arn",
        topic,
        "--authenticate-on-unsubscribe",
        "true",
        "--token",
        "TOKEN",
    ];
    let steps = "SNS sends another confirmation to each of them. Its link has the token: put it in place of TOKEN in the next command";
    again
        .chain([Remedy::Do(steps.to_owned())])
        .chain(aws(&words, &stack.region))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use crate::stack::sample;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:trailseal-AlertTopic";

    fn subscription(is_confirmed: bool) -> SubscriptionFacts {
        SubscriptionFacts {
            is_confirmed,
            protocol: "email".to_owned(),
            endpoint: "security@example.com".to_owned(),
        }
    }

    fn check(subscriptions: &[bool]) -> Check {
        let subscriptions = subscriptions.iter().map(|it| subscription(*it)).collect();
        topic(&sample::stack(&[]), TOPIC, &Ok(Some(subscriptions)))
    }

    #[test]
    fn everybody_who_subscribed_must_have_confirmed() {
        assert_eq!(check(&[true, true]).status, Status::Ok);
        for subscriptions in [&[][..], &[false], &[true, false]] {
            assert_eq!(
                check(subscriptions).status,
                Status::Wrong,
                "{subscriptions:?}"
            );
        }
        let detail = |subscriptions| check(subscriptions).detail;
        assert!(detail(&[false]).starts_with("nobody receives"));
        assert!(detail(&[true, false]).starts_with("1 of 2 subscriptions wait"));
    }

    #[test]
    fn a_hostile_endpoint_makes_no_command() {
        let hostile = SubscriptionFacts {
            endpoint: "https://example.com/'; reboot '".to_owned(),
            ..subscription(false)
        };
        let check = topic(&sample::stack(&[]), TOPIC, &Ok(Some(vec![hostile])));
        let runs = check
            .remedies
            .iter()
            .filter(|it| matches!(it, Remedy::Run(_)));
        assert_eq!(runs.count(), 1, "{:?}", check.remedies);
    }
}
