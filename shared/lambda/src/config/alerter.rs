//! The configuration of the `alerter`.

use super::variables::{ConfigError, Variables};
use jiff::SignedDuration;
use trailseal::alert::notice::Pace;
use trailseal::names::arn;
use trailseal::names::evidence_lock::EvidenceLock;

/// The configuration that the `alerter` reads from its environment.
#[derive(Debug, Clone)]
pub struct AlerterConfig {
    /// `TRAILSEAL_ALERT_TOPIC_ARN`.
    pub alert_topic_arn: String,
    /// `TRAILSEAL_FINDINGS_QUEUE_URL`.
    pub findings_queue_url: String,
    /// `TRAILSEAL_EVIDENCE_BUCKET`.
    pub evidence_bucket: String,
    /// `TRAILSEAL_EVIDENCE_LOCK` and `TRAILSEAL_EVIDENCE_LOCK_DAYS`: how its documents are locked;
    /// `None` if they are not.
    pub evidence_lock: Option<EvidenceLock>,
    /// `TRAILSEAL_ALERTS_PER_MINUTE`: how many messages are published to SNS in a minute.
    pub alerts_per_minute: u32,
    /// `TRAILSEAL_REPEAT_HOURS`: how often people are alerted about an incident that persists.
    pub pace: Pace,
}

/// The default number of messages in a minute: email allows ten a second, but a person reads fewer.
const DEFAULT_ALERTS_PER_MINUTE: u32 = 30;

/// With one message a minute, a new execution environment would wait for its turn longer than an
/// invocation lasts. SNS suspends an email subscription that gets more than ten messages a second.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html>
const MAX_ALERTS_PER_MINUTE: u32 = 600;

/// The minimum time between two alerts about news of one incident.
const UPDATE_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The default time, in hours, after which people are alerted again about what persists.
const DEFAULT_REPEAT_HOURS: i64 = 24;

impl AlerterConfig {
    /// Reads the configuration through `variable`, which returns a variable's value. An empty value
    /// counts as missing.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(variable);
        let alert_topic_arn =
            variables.one("TRAILSEAL_ALERT_TOPIC_ARN", "an SNS topic ARN", |text| {
                arn::is_topic(text).then(|| text.to_owned())
            });
        let findings_queue_url = variables.queue_url("TRAILSEAL_FINDINGS_QUEUE_URL");
        let evidence_bucket = variables.evidence_bucket();
        let evidence_lock = variables.evidence_lock();
        for (name, is_missing) in [
            ("TRAILSEAL_ALERT_TOPIC_ARN", alert_topic_arn.is_none()),
            ("TRAILSEAL_FINDINGS_QUEUE_URL", findings_queue_url.is_none()),
            ("TRAILSEAL_EVIDENCE_BUCKET", evidence_bucket.is_none()),
        ] {
            if is_missing {
                variables.problem(
                    name,
                    "is missing: without it, nobody receives an alert about a finding",
                );
            }
        }
        let alerts_per_minute = variables.one(
            "TRAILSEAL_ALERTS_PER_MINUTE",
            "a number from 2 to 600",
            |text| {
                text.parse()
                    .ok()
                    .filter(|n| (2..=MAX_ALERTS_PER_MINUTE).contains(n))
            },
        );
        let repeat_hours = variables.one(
            "TRAILSEAL_REPEAT_HOURS",
            "a number from 1 to 8760",
            |text| text.parse().ok().filter(|n| (1..=8760).contains(n)),
        );
        variables.finish()?;
        let repeat_hours = repeat_hours.unwrap_or(DEFAULT_REPEAT_HOURS);
        Ok(Self {
            alert_topic_arn: alert_topic_arn.unwrap_or_default(),
            findings_queue_url: findings_queue_url.unwrap_or_default(),
            evidence_bucket: evidence_bucket.unwrap_or_default(),
            evidence_lock,
            alerts_per_minute: alerts_per_minute.unwrap_or(DEFAULT_ALERTS_PER_MINUTE),
            pace: Pace {
                update_after: UPDATE_AFTER,
                repeat_after: SignedDuration::from_hours(repeat_hours),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDINGS: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/findings";

    #[test]
    fn the_alerter_names_missing_variables() {
        let good = [
            (
                "TRAILSEAL_ALERT_TOPIC_ARN",
                "arn:aws:sns:us-east-1:111122223333:alerts",
            ),
            ("TRAILSEAL_FINDINGS_QUEUE_URL", FINDINGS),
            ("TRAILSEAL_EVIDENCE_BUCKET", "amzn-s3-demo-bucket"),
        ];
        let read = |pairs: &[(&str, &str)]| {
            AlerterConfig::read(|name| {
                let pair = pairs.iter().rev().find(|(n, _)| *n == name);
                pair.map(|(_, value)| (*value).to_owned())
            })
        };
        let config = read(&good).unwrap();
        assert_eq!(config.alerts_per_minute, 30);
        assert_eq!(config.pace.repeat_after, SignedDuration::from_hours(24));
        for (name, wrong) in [
            ("TRAILSEAL_ALERT_TOPIC_ARN", "alerts"),
            ("TRAILSEAL_FINDINGS_QUEUE_URL", ""),
            ("TRAILSEAL_EVIDENCE_BUCKET", ""),
            ("TRAILSEAL_ALERTS_PER_MINUTE", "1"),
            ("TRAILSEAL_ALERTS_PER_MINUTE", "601"),
            ("TRAILSEAL_REPEAT_HOURS", "0"),
            ("TRAILSEAL_EVIDENCE_LOCK", "on"),
        ] {
            let pairs = [good.as_slice(), &[(name, wrong)]].concat();
            let error = read(&pairs).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
