//! Alerts as their subscribers receive them, and assertions about the findings in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::server::LocalAws;

/// One SNS message.
#[derive(Clone, Debug, Default)]
pub struct Alert {
    /// The topic that it was published to.
    pub topic_arn: String,
    /// The subject line.
    pub subject: String,
    /// The text for an email subscriber.
    pub email: String,
    /// The text for a subscriber of a protocol without its own text.
    pub default: String,
    /// The document for a queue or function: `{"schema": "trailseal.alert/1", "findings": […]}`.
    pub document: Value,
    /// The texts by protocol, as published.
    pub texts: BTreeMap<String, String>,
    /// The message attributes by name, as text.
    pub attributes: BTreeMap<String, String>,
}

/// One finding of an alert.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The kind, such as `log-file-modified`.
    pub kind: String,
    /// The severity.
    pub severity: String,
    /// The identity that stays the same on every retry.
    pub id: String,
    /// The bucket of the object.
    pub bucket: String,
    /// The key of the object.
    pub key: String,
    /// The window, if time is uncovered.
    pub window: Option<(String, String)>,
    /// The finding as a whole.
    pub document: Value,
}

/// A finding that a case expects: equal in kind, object and window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    kind: String,
    key: String,
    window: Option<(String, String)>,
}

impl Alert {
    /// Reads the parameters of an SNS `Publish`: those of a form, or a JSON body.
    pub fn from_publish(parameters: &Value) -> Self {
        let text = |name: &str| {
            let value = parameters.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let message = text("Message");
        let texts: BTreeMap<String, String> = if text("MessageStructure") == "json" {
            // "Non-string values will cause the key to be ignored", says SNS's API reference.
            let all: Value = serde_json::from_str(&message).unwrap_or_default();
            let all = all.as_object().into_iter().flatten();
            all.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())))
                .collect()
        } else {
            BTreeMap::from([("default".to_owned(), message)])
        };
        Self {
            topic_arn: text("TopicArn"),
            subject: text("Subject"),
            attributes: attributes(parameters),
            ..Self::from_texts(texts)
        }
    }

    /// Reads an SNS notification as it arrives in a queue; it contains only that queue's text.
    pub fn from_notification(notification: &Value) -> Self {
        let text = |name: &str| {
            let value = notification.get(name).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let attributes = notification
            .get("MessageAttributes")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, attribute)| {
                Some((name.clone(), attribute.get("Value")?.as_str()?.to_owned()))
            })
            .collect();
        Self {
            topic_arn: text("TopicArn"),
            subject: text("Subject"),
            attributes,
            ..Self::from_texts(BTreeMap::from([("sqs".to_owned(), text("Message"))]))
        }
    }

    fn from_texts(texts: BTreeMap<String, String>) -> Self {
        let default = texts.get("default").cloned().unwrap_or_default();
        let of = |protocol: &str| texts.get(protocol).unwrap_or(&default).clone();
        Self {
            email: of("email"),
            document: serde_json::from_str(&of("sqs")).unwrap_or_default(),
            default,
            texts,
            ..Self::default()
        }
    }

    /// Returns the findings, in the alert's order.
    pub fn findings(&self) -> Vec<Finding> {
        let findings = self.document.get("findings").and_then(Value::as_array);
        findings
            .into_iter()
            .flatten()
            .map(Finding::from_document)
            .collect()
    }
}

impl fmt::Display for Alert {
    /// Writes the alert as an email subscriber receives it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Subject: {}\n\n{}", self.subject, self.email)
    }
}

impl Finding {
    /// Returns the command in its advice, if there is one.
    pub fn command(&self) -> Option<&str> {
        self.document["advice"].as_str()?.split('`').nth(1)
    }

    fn from_document(document: &Value) -> Self {
        let text = |pointer: &str| {
            let value = document.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let window = document
            .get("window")
            .filter(|window| !window.is_null())
            .map(|_| (text("/window/from"), text("/window/to")));
        Self {
            kind: text("/kind"),
            severity: text("/severity"),
            id: text("/id"),
            bucket: text("/object/bucket"),
            key: text("/object/key"),
            window,
            document: document.clone(),
        }
    }
}

impl Expected {
    /// Returns a finding about an object.
    pub fn new(kind: &str, key: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            key: key.to_owned(),
            window: None,
        }
    }

    /// Adds uncovered time.
    #[must_use]
    pub fn window(mut self, from: &str, to: &str) -> Self {
        self.window = Some((from.to_owned(), to.to_owned()));
        self
    }
}

impl From<&Finding> for Expected {
    fn from(finding: &Finding) -> Self {
        Self {
            kind: finding.kind.clone(),
            key: finding.key.clone(),
            window: finding.window.clone(),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind, self.key)?;
        match &self.window {
            Some((from, to)) => write!(out, " [{from} to {to}]"),
            None => Ok(()),
        }
    }
}

/// Fails unless the alerts contain exactly the expected findings. Repetitions of a finding (same
/// ID) count once, because delivery is at least once.
#[track_caller]
pub fn assert_findings(alerts: &[Alert], expected: &[Expected]) {
    let mut ids = BTreeSet::new();
    let mut actual: Vec<Expected> = alerts
        .iter()
        .flat_map(Alert::findings)
        .filter(|finding| finding.id.is_empty() || ids.insert(finding.id.clone()))
        .map(|finding| Expected::from(&finding))
        .collect();
    actual.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    let without = |all: &[Expected], others: &[Expected]| {
        let mut left = all.to_vec();
        for other in others {
            if let Some(at) = left.iter().position(|one| one == other) {
                left.remove(at);
            }
        }
        let lines: Vec<String> = left.iter().map(|one| format!("  {one}\n")).collect();
        lines.concat()
    };
    assert!(
        actual == expected,
        "findings differ\nexpected, but not alerted:\n{}alerted, but not expected:\n{}",
        without(&expected, &actual),
        without(&actual, &expected),
    );
}

/// Reads the `MessageAttributes` of a form (`MessageAttributes.entry.1.Name`,
/// `….Value.StringValue`) or of a JSON body (`{NAME: {"StringValue": …}}`).
fn attributes(parameters: &Value) -> BTreeMap<String, String> {
    if let Some(attributes) = parameters
        .get("MessageAttributes")
        .and_then(Value::as_object)
    {
        return attributes
            .iter()
            .filter_map(|(name, value)| {
                Some((name.clone(), value.get("StringValue")?.as_str()?.to_owned()))
            })
            .collect();
    }
    let field = |number: usize, name: &str| {
        parameters
            .get(format!("MessageAttributes.entry.{number}.{name}"))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    (1..)
        .map_while(|number| Some((field(number, "Name")?, field(number, "Value.StringValue"))))
        .map(|(name, value)| (name, value.unwrap_or_default()))
        .collect()
}

/// A queue that is subscribed to the alert topic, to see what SNS actually delivers.
#[derive(Debug)]
pub struct Subscription {
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
}

impl Subscription {
    /// Subscribes a new queue to a topic.
    pub async fn create(aws: &LocalAws, topic_arn: &str, queue_name: &str) -> Result<Self> {
        let sqs = aws.sqs();
        let created = sqs.create_queue().queue_name(queue_name).send().await?;
        let queue_url = created.queue_url().context("no queue URL")?.to_owned();
        let attributes = sqs
            .get_queue_attributes()
            .queue_url(&queue_url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await?;
        let arn = attributes
            .attributes()
            .and_then(|all| all.get(&QueueAttributeName::QueueArn))
            .context("no queue ARN")?;
        aws.sns()
            .subscribe()
            .topic_arn(topic_arn)
            .protocol("sqs")
            .endpoint(arn)
            .send()
            .await?;
        Ok(Self { sqs, queue_url })
    }

    /// Takes everything that was delivered so far.
    pub async fn take(&self) -> Result<Vec<Alert>> {
        let bodies = super::pump::drain(&self.sqs, &self.queue_url).await?;
        bodies
            .iter()
            .map(|body| {
                let notification = serde_json::from_str(body).context("SNS notification")?;
                Ok(Alert::from_notification(&notification))
            })
            .collect()
    }
}
