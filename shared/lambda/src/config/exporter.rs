//! The configuration of the `exporter`.

use super::variables::{ConfigError, Variables};
use trailseal::export::home::Home;
use trailseal::export::rest::Output;
use trailseal::names::arn;

/// The configuration that the `exporter` reads from its environment.
#[derive(Debug, Clone)]
pub struct ExporterConfig {
    /// `AWS_REGION` and `TRAILSEAL_ACCOUNT`: the place of the stack.
    pub home: Home,
    /// `TRAILSEAL_OUTPUTS`: where alerts are sent.
    pub outputs: Vec<Output>,
    /// `TRAILSEAL_EVENT_BUS`: the name of the event bus.
    pub event_bus: String,
    /// `TRAILSEAL_CHAT_TOPIC_ARN`: the topic of chat messages.
    pub chat_topic_arn: String,
    /// `TRAILSEAL_WEBHOOK_SECRET_ARN`: the secret that signs webhooks.
    pub webhook_secret_arn: String,
    /// `TRAILSEAL_EVIDENCE_BUCKET`.
    pub evidence_bucket: String,
    /// `TRAILSEAL_QUEUE_URL`.
    pub queue_url: String,
    /// `TRAILSEAL_DEAD_LETTER_QUEUE_URL`.
    pub dead_letter_queue_url: String,
}

/// The outputs by their names in `TRAILSEAL_OUTPUTS`.
fn outputs(name: &str) -> Option<&'static [Output]> {
    match name {
        "events" => Some(&[Output::FindingEvents, Output::IncidentEvents]),
        "ocsf" => Some(&[Output::OcsfEvents]),
        "security-hub" => Some(&[Output::SecurityHub]),
        "chat" => Some(&[Output::Chat]),
        "webhook" => Some(&[Output::Webhook]),
        _ => None,
    }
}

impl ExporterConfig {
    /// Reads the configuration through `variable`, which returns a variable's value. An empty value
    /// counts as missing.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let region = variable("AWS_REGION").unwrap_or_default();
        let mut variables = Variables::new(variable);
        let home = variables.one("TRAILSEAL_ACCOUNT", "an account ID", |account| {
            Home::new(&region, account)
        });
        let outputs = variables.list(
            "TRAILSEAL_OUTPUTS",
            "events, ocsf, security-hub, chat and webhook",
            outputs,
        );
        let outputs = outputs.concat();
        let text = |text: &str| Some(text.to_owned());
        let event_bus = variables.one("TRAILSEAL_EVENT_BUS", "the name of an event bus", text);
        let chat_topic_arn =
            variables.one("TRAILSEAL_CHAT_TOPIC_ARN", "an SNS topic ARN", |text| {
                arn::is_topic(text).then(|| text.to_owned())
            });
        let webhook_secret_arn = variables.one(
            "TRAILSEAL_WEBHOOK_SECRET_ARN",
            "the ARN of a secret",
            |text| text.starts_with("arn:").then(|| text.to_owned()),
        );
        let evidence_bucket = variables.evidence_bucket();
        let queue_url = variables.queue_url("TRAILSEAL_QUEUE_URL");
        let dead_letter_queue_url = variables.queue_url("TRAILSEAL_DEAD_LETTER_QUEUE_URL");
        let uses = |wanted: &[Output]| wanted.iter().any(|output| outputs.contains(output));
        let needs_bus = uses(&[Output::FindingEvents, Output::OcsfEvents, Output::Webhook]);
        for (name, is_missing) in [
            ("TRAILSEAL_ACCOUNT", home.is_none()),
            ("TRAILSEAL_OUTPUTS", outputs.is_empty()),
            ("TRAILSEAL_EVENT_BUS", needs_bus && event_bus.is_none()),
            (
                "TRAILSEAL_CHAT_TOPIC_ARN",
                uses(&[Output::Chat]) && chat_topic_arn.is_none(),
            ),
            (
                "TRAILSEAL_WEBHOOK_SECRET_ARN",
                uses(&[Output::Webhook]) && webhook_secret_arn.is_none(),
            ),
            ("TRAILSEAL_EVIDENCE_BUCKET", evidence_bucket.is_none()),
            ("TRAILSEAL_QUEUE_URL", queue_url.is_none()),
            (
                "TRAILSEAL_DEAD_LETTER_QUEUE_URL",
                dead_letter_queue_url.is_none(),
            ),
        ] {
            if is_missing {
                variables.problem(name, "is missing");
            }
        }
        variables.finish()?;
        Ok(Self {
            // It is not missing: that would be a problem.
            home: home.unwrap_or_else(|| Home {
                partition: String::new(),
                region: String::new(),
                account: String::new(),
            }),
            outputs,
            event_bus: event_bus.unwrap_or_default(),
            chat_topic_arn: chat_topic_arn.unwrap_or_default(),
            webhook_secret_arn: webhook_secret_arn.unwrap_or_default(),
            evidence_bucket: evidence_bucket.unwrap_or_default(),
            queue_url: queue_url.unwrap_or_default(),
            dead_letter_queue_url: dead_letter_queue_url.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 9] = [
        ("AWS_REGION", "us-east-1"),
        ("TRAILSEAL_ACCOUNT", "111122223333"),
        ("TRAILSEAL_OUTPUTS", "events,ocsf,security-hub,chat,webhook"),
        ("TRAILSEAL_EVENT_BUS", "trailseal"),
        (
            "TRAILSEAL_CHAT_TOPIC_ARN",
            "arn:aws:sns:us-east-1:111122223333:chat",
        ),
        (
            "TRAILSEAL_WEBHOOK_SECRET_ARN",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:webhook-a1b2c3",
        ),
        ("TRAILSEAL_EVIDENCE_BUCKET", "amzn-s3-demo-bucket"),
        (
            "TRAILSEAL_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/111122223333/q",
        ),
        (
            "TRAILSEAL_DEAD_LETTER_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/111122223333/d",
        ),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<ExporterConfig, ConfigError> {
        ExporterConfig::read(|name| {
            let mut pairs = changes.iter().chain(&GOOD);
            let pair = pairs.find(|(n, _)| *n == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_exporter_needs_what_its_outputs_need() {
        let config = read(&[]).unwrap();
        assert_eq!(config.outputs.len(), 6);
        assert_eq!(config.home.partition, "aws");
        for (name, value) in GOOD {
            let wrong = if name == "AWS_REGION" { "nowhere" } else { "" };
            let error = read(&[(name, wrong)]).unwrap_err().to_string();
            let named = if name == "AWS_REGION" {
                "TRAILSEAL_ACCOUNT"
            } else {
                name
            };
            assert!(error.contains(named), "{value}: {error}");
        }
        let only = [
            ("TRAILSEAL_OUTPUTS", "security-hub"),
            ("TRAILSEAL_EVENT_BUS", ""),
            ("TRAILSEAL_CHAT_TOPIC_ARN", ""),
            ("TRAILSEAL_WEBHOOK_SECRET_ARN", ""),
        ];
        assert_eq!(read(&only).unwrap().outputs, [Output::SecurityHub]);
        assert!(read(&[("TRAILSEAL_OUTPUTS", "events,fax")]).is_err());
    }
}
