//! The configuration of `settings-monitor`, besides that of every function that reads the log buckets.

use super::variables::{ConfigError, Variables, queue_url_of};
use super::watch_settings;
use trailseal::names::arn;
use trailseal::watch::WatchSettings;

/// The configuration that `settings-monitor` reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsMonitorConfig {
    /// `TRAILSEAL_OVERDUE_HOURS`, `TRAILSEAL_ENDED_TRAILS` and `TRAILSEAL_EVIDENCE_BUCKET`.
    pub settings: WatchSettings,
    /// `TRAILSEAL_WATCHED_RULES`, `TRAILSEAL_WATCHED_TOPICS` and
    /// `TRAILSEAL_WATCHED_DEAD_LETTER_QUEUES`: the parts of the stack without which events do not
    /// arrive, or alerts reach nobody.
    pub parts: PartNames,
    /// `TRAILSEAL_TRAIL_ROLE`: the name of the role in the trails' accounts that may read the
    /// status of trails.
    pub trail_role: Option<String>,
}

/// The names of the parts of the stack that the function looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartNames {
    /// The names of the `EventBridge` rules.
    pub rules: Vec<String>,
    /// The ARNs of the topics.
    pub topics: Vec<String>,
    /// The URLs of the dead-letter queues.
    pub dead_letter_queues: Vec<String>,
}

impl SettingsMonitorConfig {
    /// Reads the configuration through `variable`, which returns a variable's value. An empty value
    /// counts as missing.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(variable);
        let settings = watch_settings::read(&mut variables);
        let parts = PartNames {
            rules: variables.list("TRAILSEAL_WATCHED_RULES", "names of rules", name_of),
            topics: variables.list("TRAILSEAL_WATCHED_TOPICS", "ARNs of topics", |text| {
                arn::is_topic(text).then(|| text.to_owned())
            }),
            dead_letter_queues: variables.list(
                "TRAILSEAL_WATCHED_DEAD_LETTER_QUEUES",
                "queue URLs",
                queue_url_of,
            ),
        };
        let trail_role = variables.one("TRAILSEAL_TRAIL_ROLE", "the name of a role", name_of);
        variables.finish()?;
        Ok(Self {
            settings,
            parts,
            trail_role,
        })
    }
}

/// Returns the text if it may be the name of a rule or of a role without a path. A role's name may
/// have other characters, too: the template of the role has none of them.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
fn name_of(text: &str) -> Option<String> {
    let is_name = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<SettingsMonitorConfig, ConfigError> {
        let always = [("TRAILSEAL_EVIDENCE_BUCKET", "amzn-s3-demo-bucket")];
        SettingsMonitorConfig::read(|name| {
            let pair = pairs
                .iter()
                .chain(&always)
                .find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn parts_and_role_are_read() {
        const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/queue";
        const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:topic";
        let config = read(&[
            ("TRAILSEAL_WATCHED_RULES", "one, two"),
            ("TRAILSEAL_WATCHED_TOPICS", TOPIC),
            ("TRAILSEAL_WATCHED_DEAD_LETTER_QUEUES", QUEUE),
            ("TRAILSEAL_TRAIL_ROLE", "trails"),
        ]);
        let config = config.unwrap();
        assert_eq!(config.parts.rules, ["one", "two"]);
        assert_eq!(config.parts.topics, [TOPIC]);
        assert_eq!(config.parts.dead_letter_queues, [QUEUE]);
        assert_eq!(config.trail_role.as_deref(), Some("trails"));
        let config = read(&[]).unwrap();
        assert_eq!(config.parts, PartNames::default());
        assert_eq!(config.trail_role, None);
    }

    #[test]
    fn wrong_values_are_named() {
        for (name, value) in [
            ("TRAILSEAL_OVERDUE_HOURS", "1"),
            ("TRAILSEAL_ENDED_TRAILS", "management@soon"),
            ("TRAILSEAL_EVIDENCE_BUCKET", ""),
            ("TRAILSEAL_TRAIL_ROLE", "service-role/trails"),
            ("TRAILSEAL_WATCHED_RULES", "rule/1"),
            ("TRAILSEAL_WATCHED_TOPICS", "topic"),
            ("TRAILSEAL_WATCHED_DEAD_LETTER_QUEUES", "queue"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
