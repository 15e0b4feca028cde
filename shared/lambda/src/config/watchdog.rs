//! The configuration of `watchdog`, besides that of every function that reads digests.

use super::variables::{ConfigError, Variables};
use super::watch_settings;
use trailseal::evidence_log::LogKey;
use trailseal::kms::key_name::is_key_arn;
use trailseal::names::bucket_name::bucket_name;
use trailseal::watch::WatchSettings;

/// The configuration that `watchdog` reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchdogConfig {
    /// `TRAILSEAL_OVERDUE_HOURS`, `TRAILSEAL_ENDED_TRAILS` and `TRAILSEAL_EVIDENCE_BUCKET`.
    pub settings: WatchSettings,
    /// `TRAILSEAL_DIGEST_VALIDATOR_QUEUE_URL`: the queue of `digest-validator`.
    pub digest_validator_queue_url: String,
    /// `TRAILSEAL_LOG_VERIFIER_QUEUE_URL`: the queue of `log-verifier`.
    pub log_verifier_queue_url: String,
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
        let settings = watch_settings::read(&mut variables);
        let validator = variables.queue_url(VALIDATOR);
        let verifier = variables.queue_url(VERIFIER);
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
        ] {
            if is_missing {
                variables.problem(name, "is missing");
            }
        }
        variables.finish()?;
        Ok(Self {
            settings,
            digest_validator_queue_url: validator.unwrap_or_default(),
            log_verifier_queue_url: verifier.unwrap_or_default(),
            log: key_arn
                .zip(log_name)
                .map(|(key_arn, name)| EvidenceLogConfig { key_arn, name }),
            checkpoint_bucket,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailseal::names::object_key::{ObjectKind, classify};
    use trailseal::watch::OverdueHours;

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
