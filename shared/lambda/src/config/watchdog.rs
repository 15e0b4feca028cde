//! The configuration of `watchdog`, besides that of every function that reads digests.

use super::variables::{ConfigError, Variables, queue_url_of};
use crate::queue::PartNames;
use trailseal::check::chain_end::Ended;
use trailseal::evidence_log::LogKey;
use trailseal::kms::key_name::is_key_arn;
use trailseal::names::arn;
use trailseal::names::bucket_name::bucket_name;
use trailseal::names::date_or_time::date_or_time;
use trailseal::watch::{OverdueHours, WatchSettings};

/// The configuration that `watchdog` reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchdogConfig {
    /// `TRAILSEAL_OVERDUE_HOURS`, `TRAILSEAL_ENDED_TRAILS` and `TRAILSEAL_EVIDENCE_BUCKET`.
    pub settings: WatchSettings,
    /// `TRAILSEAL_DIGEST_VALIDATOR_QUEUE_URL`: the queue of `digest-validator`.
    pub digest_validator_queue_url: String,
    /// `TRAILSEAL_LOG_VERIFIER_QUEUE_URL`: the queue of `log-verifier`.
    pub log_verifier_queue_url: String,
    /// `TRAILSEAL_WATCHED_RULES`, `TRAILSEAL_WATCHED_TOPICS` and
    /// `TRAILSEAL_WATCHED_DEAD_LETTER_QUEUES`: the parts of the stack without which events do not
    /// arrive, or alerts reach nobody.
    pub parts: PartNames,
    /// `TRAILSEAL_TRAIL_ROLE`: the name of the role in the trails' accounts that may read the
    /// status of trails.
    pub trail_role: Option<String>,
    /// `TRAILSEAL_EVIDENCE_KEY_ARN` and `TRAILSEAL_EVIDENCE_LOG_NAME`: the KMS key that signs
    /// checkpoints of the evidence log, and its name.
    pub log: Option<EvidenceLogConfig>,
    /// `TRAILSEAL_CHECKPOINT_BUCKET`: a bucket to which checkpoints are copied.
    pub checkpoint_bucket: Option<String>,
}

/// The configuration of the evidence log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceLogConfig {
    /// The ARN of the KMS key that signs checkpoints.
    pub key_arn: String,
    /// The name of the log, which is the first line of its checkpoints.
    pub name: String,
}

impl WatchdogConfig {
    /// Reads the configuration through `variable`, which returns a variable's value. An empty value
    /// counts as missing.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        const VALIDATOR: &str = "TRAILSEAL_DIGEST_VALIDATOR_QUEUE_URL";
        const VERIFIER: &str = "TRAILSEAL_LOG_VERIFIER_QUEUE_URL";
        const KEY: &str = "TRAILSEAL_EVIDENCE_KEY_ARN";
        const LOG_NAME: &str = "TRAILSEAL_EVIDENCE_LOG_NAME";
        let mut variables = Variables::new(variable);
        let overdue = variables.one(
            "TRAILSEAL_OVERDUE_HOURS",
            "a number from 2 to 744",
            |text| text.parse().ok().and_then(OverdueHours::new),
        );
        let ended = variables.list(
            "TRAILSEAL_ENDED_TRAILS",
            "ended trails: [ACCOUNT/][REGION/]TRAIL[@TIME], where TRAIL is a name or an ARN and TIME is a date or a time in UTC",
            |text| Ended::parse(text, date_or_time).ok(),
        );
        let evidence_bucket = variables.evidence_bucket();
        let validator = variables.queue_url(VALIDATOR);
        let verifier = variables.queue_url(VERIFIER);
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
        let key_arn = variables.one(KEY, "the ARN of a KMS key", |text| {
            is_key_arn(text).then(|| text.to_owned())
        });
        let log_name = variables.one(LOG_NAME, "the name of a log, without spaces", |text| {
            LogKey::of_log(text, [0; 32]).ok().map(|_| text.to_owned())
        });
        let checkpoint_bucket =
            variables.one("TRAILSEAL_CHECKPOINT_BUCKET", "a bucket name", bucket_name);
        for (name, is_missing) in [
            (KEY, key_arn.is_none() && log_name.is_some()),
            (LOG_NAME, key_arn.is_some() && log_name.is_none()),
            (VALIDATOR, validator.is_none()),
            (VERIFIER, verifier.is_none()),
            ("TRAILSEAL_EVIDENCE_BUCKET", evidence_bucket.is_none()),
        ] {
            if is_missing {
                variables.problem(name, "is missing");
            }
        }
        variables.finish()?;
        Ok(Self {
            settings: WatchSettings {
                overdue: overdue.unwrap_or_default(),
                ended,
                evidence_bucket: evidence_bucket.unwrap_or_default(),
            },
            digest_validator_queue_url: validator.unwrap_or_default(),
            log_verifier_queue_url: verifier.unwrap_or_default(),
            parts,
            trail_role,
            log: key_arn
                .zip(log_name)
                .map(|(key_arn, name)| EvidenceLogConfig { key_arn, name }),
            checkpoint_bucket,
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
    use trailseal::names::object_key::{ObjectKind, classify};

    const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/queue";

    fn read(pairs: &[(&str, &str)]) -> Result<WatchdogConfig, ConfigError> {
        let always = [
            ("TRAILSEAL_EVIDENCE_BUCKET", "amzn-s3-demo-bucket"),
            ("TRAILSEAL_DIGEST_VALIDATOR_QUEUE_URL", QUEUE),
            ("TRAILSEAL_LOG_VERIFIER_QUEUE_URL", QUEUE),
        ];
        WatchdogConfig::read(|name| {
            let pair = pairs
                .iter()
                .chain(&always)
                .find(|(known, _)| *known == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn ended_trails_are_those_of_the_command() {
        const KEY: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management_us-east-1_20260115T120000Z.json.gz";
        let ObjectKind::Digest(key) = classify(KEY) else {
            panic!("{KEY}");
        };
        let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management";
        let list = format!("{arn}@2026-01-15T12:00:00Z, other@2026-01-15,444455556666/{arn}");
        let config = read(&[
            ("TRAILSEAL_OVERDUE_HOURS", "12"),
            ("TRAILSEAL_ENDED_TRAILS", &list),
        ])
        .unwrap();
        assert_eq!(config.settings.overdue, OverdueHours::new(12).unwrap());
        let names = config
            .settings
            .ended
            .iter()
            .map(|ended| ended.names(&key.chain));
        assert_eq!(names.collect::<Vec<_>>(), [true, false, false]);
        let config = read(&[]).unwrap();
        assert_eq!(config.settings.overdue, OverdueHours::default());
        assert!(config.settings.ended.is_empty());
    }

    #[test]
    fn an_evidence_log_has_a_key_and_a_name() {
        let key = (
            "TRAILSEAL_EVIDENCE_KEY_ARN",
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        );
        let name = ("TRAILSEAL_EVIDENCE_LOG_NAME", "example.com/log");
        let log = read(&[key, name]).unwrap().log.unwrap();
        assert_eq!((log.key_arn.as_str(), log.name.as_str()), (key.1, name.1));
        assert_eq!(read(&[]).unwrap().log, None);
        for (given, missing) in [(key, name), (name, key)] {
            let error = read(&[given]).unwrap_err().to_string();
            assert!(error.contains(missing.0), "{error}");
        }
    }

    #[test]
    fn wrong_values_are_named() {
        for (name, value) in [
            ("TRAILSEAL_OVERDUE_HOURS", "1"),
            ("TRAILSEAL_OVERDUE_HOURS", "745"),
            ("TRAILSEAL_OVERDUE_HOURS", "soon"),
            ("TRAILSEAL_ENDED_TRAILS", "management@soon"),
            ("TRAILSEAL_ENDED_TRAILS", "management@"),
            ("TRAILSEAL_ENDED_TRAILS", "nowhere/management"),
            ("TRAILSEAL_TRAIL_ROLE", "service-role/trails"),
            ("TRAILSEAL_EVIDENCE_KEY_ARN", "alias/evidence"),
            ("TRAILSEAL_EVIDENCE_LOG_NAME", "a name with spaces"),
            ("TRAILSEAL_CHECKPOINT_BUCKET", "s3://amzn-s3-demo-bucket"),
            ("TRAILSEAL_EVIDENCE_BUCKET", ""),
            ("TRAILSEAL_DIGEST_VALIDATOR_QUEUE_URL", ""),
            ("TRAILSEAL_LOG_VERIFIER_QUEUE_URL", "queue"),
        ] {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
