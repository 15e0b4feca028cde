//! Configuration from the environment, checked whole: all problems are said at once.

use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::fmt;
use trailseal::alert::incident::Pace;
use trailseal::kms::expected::enclave_image;
use trailseal::kms::readers::{Readers, reader_rule};
use trailseal::names::arn;
use trailseal::names::arn::{kms_key_arn, role_arn};
use trailseal::names::bucket_name::{bucket_alias, bucket_name};
use trailseal::names::ids::{AccountId, TrailArn};
use trailseal::names::places::Places;
use trailseal::names::sha256::Sha256;
use trailseal::names::value;

/// The most log buckets. The template's policies name five, because `CloudFormation` cannot make a
/// list of ARNs from a list of names: of further buckets every object would be denied.
pub const MAX_LOG_BUCKETS: usize = 5;

/// How often a queue delivers a message before it is parked; the template sets the same number.
const DEFAULT_MAX_RECEIVES: u32 = 5;

/// Everything a function is told by its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TRAILSEAL_LOG_BUCKETS`, `TRAILSEAL_BUCKET_OWNER`, `TRAILSEAL_TRAIL_ARNS` and
    /// `TRAILSEAL_BUCKET_ALIASES`.
    pub places: Places,
    /// `TRAILSEAL_FINDINGS_QUEUE_URL`: the queue of the alerter.
    pub findings_queue_url: String,
    /// `TRAILSEAL_EVIDENCE_BUCKET`.
    pub evidence_bucket: Option<String>,
    /// `TRAILSEAL_KMS_KEY_ARNS`; empty: any.
    pub kms_key_arns: Vec<String>,
    /// `TRAILSEAL_READERS`: who may read encrypted log files; empty: anybody. The roles of
    /// `TRAILSEAL_OWN_ROLES` always may.
    pub readers: Readers,
    /// `TRAILSEAL_ENCLAVE_IMAGES`: the PCR0 values, in lower case, of the enclaves that may use the
    /// keys; empty: any.
    pub enclave_images: Vec<String>,
    /// `TRAILSEAL_PINNED_KEYS`: where a saved list-public-keys response is.
    pub pinned_keys: Option<PinnedKeys>,
    /// `TRAILSEAL_PINNED_KEYS_SHA256`: the hash that its bytes must have; none: not checked.
    pub pinned_keys_sha256: Option<Sha256>,
    /// `TRAILSEAL_QUEUE_URL`: the function's own queue, where it puts what failed or what it has no
    /// time for.
    pub queue_url: Option<String>,
    /// `TRAILSEAL_DEAD_LETTER_QUEUE_URL`: where the function parks what it gives up.
    pub dead_letter_queue_url: Option<String>,
    /// `TRAILSEAL_MAX_RECEIVES`: how often a message is tried, and after how many deliveries the queue
    /// parks it by itself; 20 at most.
    pub max_receives: u32,
}

/// Where a saved list-public-keys response is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinnedKeys {
    /// In a file of the function's package or layer.
    File(String),
    /// In an object.
    Object(trailseal::names::location::ObjectLocation),
}

/// Every wrong value, by the name of its variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(Vec<(&'static str, String)>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is wrong:")?;
        for (variable, problem) in &self.0 {
            write!(f, " {variable} {problem};")?;
        }
        f.write_str(" correct the stack's parameters and deploy again")
    }
}

impl Config {
    /// Reads the configuration through `variable`, which gives a variable's value. An empty
    /// value is none.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            variable: |name: &str| variable(name).filter(|value| !value.trim().is_empty()),
            problems: Vec::new(),
        };
        let log_buckets = reader.log_buckets();
        let bucket_owner = reader.one("TRAILSEAL_BUCKET_OWNER", "an account id", |text| {
            AccountId::new(text).ok()
        });
        let trails = reader.list("TRAILSEAL_TRAIL_ARNS", "trail ARNs", |text| {
            TrailArn::parse(text).ok()
        });
        let aliases = reader.list(
            "TRAILSEAL_BUCKET_ALIASES",
            "pairs ORIGINAL=REPLICA of names of two buckets",
            bucket_alias,
        );
        let kms_key_arns = reader.list("TRAILSEAL_KMS_KEY_ARNS", "KMS key ARNs", kms_key_arn);
        let reader_rules = reader.list(
            "TRAILSEAL_READERS",
            "ARN patterns of roles, users and sessions, and service principals, each of which may end in =enclave or =via:SERVICE (`?` stands for a comma or `=` in a name)",
            reader_rule,
        );
        let own_roles = reader.list("TRAILSEAL_OWN_ROLES", "IAM role ARNs", role_arn);
        let enclave_images = reader.list(
            "TRAILSEAL_ENCLAVE_IMAGES",
            "PCR0 values (96 hex digits)",
            enclave_image,
        );
        let findings_queue_url = reader.one(
            "TRAILSEAL_FINDINGS_QUEUE_URL",
            "an SQS queue URL",
            queue_url_of,
        );
        if findings_queue_url.is_none() {
            reader.problem(
                "TRAILSEAL_FINDINGS_QUEUE_URL",
                "is not an SQS queue URL: nobody would hear of a finding",
            );
        }
        let evidence_bucket = reader.one("TRAILSEAL_EVIDENCE_BUCKET", "a bucket name", bucket_name);
        let pinned_keys = reader.pinned_keys(&log_buckets, &aliases);
        let pinned_keys_sha256 = reader.one(
            "TRAILSEAL_PINNED_KEYS_SHA256",
            "a SHA-256 of 64 hex digits",
            Sha256::from_hex,
        );
        let queue_url = reader.one("TRAILSEAL_QUEUE_URL", "an SQS queue URL", queue_url_of);
        let dead_letter_queue_url = reader.one(
            "TRAILSEAL_DEAD_LETTER_QUEUE_URL",
            "an SQS queue URL",
            queue_url_of,
        );
        let max_receives = reader.one(
            "TRAILSEAL_MAX_RECEIVES",
            "a number from 1 to 20",
            // More tries take longer than the queue keeps a message.
            |text| text.parse().ok().filter(|n| (1..=20).contains(n)),
        );
        if !reader.problems.is_empty() {
            return Err(ConfigError(reader.problems));
        }
        Ok(Self {
            places: Places {
                log_buckets,
                bucket_owner,
                trails,
                aliases,
                bare_copy: false,
            },
            findings_queue_url: findings_queue_url.unwrap_or_default(),
            evidence_bucket,
            kms_key_arns,
            readers: Readers::new(reader_rules, own_roles),
            enclave_images,
            pinned_keys,
            pinned_keys_sha256,
            queue_url,
            dead_letter_queue_url,
            max_receives: max_receives.unwrap_or(DEFAULT_MAX_RECEIVES),
        })
    }
}

/// Everything the `alerter` learns from its environment.
#[derive(Debug, Clone)]
pub struct AlerterConfig {
    /// `TRAILSEAL_ALERT_TOPIC_ARN`.
    pub alert_topic_arn: String,
    /// `TRAILSEAL_FINDINGS_QUEUE_URL`.
    pub findings_queue_url: String,
    /// `TRAILSEAL_EVIDENCE_BUCKET`.
    pub evidence_bucket: String,
    /// `TRAILSEAL_ALERTS_PER_MINUTE`: how many messages SNS gets in a minute.
    pub alerts_per_minute: u32,
    /// `TRAILSEAL_REPEAT_HOURS`: how often people hear of what persists.
    pub pace: Pace,
}

/// How many messages a minute SNS gets: e-mail takes ten a second, and a person less.
const DEFAULT_ALERTS_PER_MINUTE: u32 = 30;

/// With one a minute, a new execution environment would wait for its turn longer than an invocation
/// lasts. SNS suspends an e-mail subscription that gets more than ten messages a second.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html>
const MAX_ALERTS_PER_MINUTE: u32 = 600;

/// How often people hear of what is new in one incident.
const UPDATE_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How often people hear of what persists, in hours.
const DEFAULT_REPEAT_HOURS: i64 = 24;

impl AlerterConfig {
    /// Reads the configuration through `variable`, which gives a variable's value. An empty
    /// value is none.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader {
            variable: |name: &str| variable(name).filter(|value| !value.trim().is_empty()),
            problems: Vec::new(),
        };
        let alert_topic_arn = reader.one("TRAILSEAL_ALERT_TOPIC_ARN", "an SNS topic ARN", |text| {
            arn::is_topic(text).then(|| text.to_owned())
        });
        let findings_queue_url = reader.one(
            "TRAILSEAL_FINDINGS_QUEUE_URL",
            "an SQS queue URL",
            queue_url_of,
        );
        let evidence_bucket = reader.one("TRAILSEAL_EVIDENCE_BUCKET", "a bucket name", bucket_name);
        for (name, is_missing) in [
            ("TRAILSEAL_ALERT_TOPIC_ARN", alert_topic_arn.is_none()),
            ("TRAILSEAL_FINDINGS_QUEUE_URL", findings_queue_url.is_none()),
            ("TRAILSEAL_EVIDENCE_BUCKET", evidence_bucket.is_none()),
        ] {
            if is_missing {
                reader.problem(name, "is missing: nobody would hear of a finding");
            }
        }
        let alerts_per_minute = reader.one(
            "TRAILSEAL_ALERTS_PER_MINUTE",
            "a number from 2 to 600",
            |text| {
                text.parse()
                    .ok()
                    .filter(|n| (2..=MAX_ALERTS_PER_MINUTE).contains(n))
            },
        );
        let repeat_hours = reader.one(
            "TRAILSEAL_REPEAT_HOURS",
            "a number from 1 to 8760",
            |text| text.parse().ok().filter(|n| (1..=8760).contains(n)),
        );
        if !reader.problems.is_empty() {
            return Err(ConfigError(reader.problems));
        }
        let repeat_hours = repeat_hours.unwrap_or(DEFAULT_REPEAT_HOURS);
        Ok(Self {
            alert_topic_arn: alert_topic_arn.unwrap_or_default(),
            findings_queue_url: findings_queue_url.unwrap_or_default(),
            evidence_bucket: evidence_bucket.unwrap_or_default(),
            alerts_per_minute: alerts_per_minute.unwrap_or(DEFAULT_ALERTS_PER_MINUTE),
            pace: Pace {
                update_after: UPDATE_AFTER,
                repeat_after: SignedDuration::from_hours(repeat_hours),
            },
        })
    }
}

struct Reader<V> {
    variable: V,
    problems: Vec<(&'static str, String)>,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    fn problem(&mut self, name: &'static str, problem: impl Into<String>) {
        if !self.problems.iter().any(|(n, _)| *n == name) {
            self.problems.push((name, problem.into()));
        }
    }

    fn one<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = (self.variable)(name)?;
        let parsed = parse(value::plain(&value));
        if parsed.is_none() {
            self.problem(name, format!("is `{value}`, which is not {expected}"));
        }
        parsed
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = (self.variable)(name) else {
            return Vec::new();
        };
        // What holds nothing but commas or quotes would be taken for "any".
        if value::list(&value).next().is_none() {
            self.problem(name, format!("is `{value}`, which holds no value"));
        }
        let mut items = Vec::new();
        for item in value::list(&value) {
            match parse(item) {
                Some(item) => items.push(item),
                None => self.problem(
                    name,
                    format!("has `{item}` in it, but takes a comma-separated list of {expected}"),
                ),
            }
        }
        items
    }
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    fn log_buckets(&mut self) -> Vec<String> {
        const NAME: &str = "TRAILSEAL_LOG_BUCKETS";
        let buckets = self.list(NAME, "bucket names", bucket_name);
        let distinct = buckets.iter().collect::<BTreeSet<_>>().len();
        if distinct == 0 {
            self.problem(NAME, "names no bucket");
        }
        if distinct > MAX_LOG_BUCKETS {
            self.problem(
                NAME,
                format!(
                    "names {distinct} buckets, but the functions may read {MAX_LOG_BUCKETS} at most: deploy a second stack for the others"
                ),
            );
        }
        buckets
    }

    /// Where the pinned keys are. Whoever writes them can sign digests, and the writers of a log
    /// bucket are whom Trailseal watches.
    fn pinned_keys(
        &mut self,
        log_buckets: &[String],
        aliases: &[(String, String)],
    ) -> Option<PinnedKeys> {
        const NAME: &str = "TRAILSEAL_PINNED_KEYS";
        let keys = self.one(NAME, "a file or an s3://BUCKET/KEY URI", pinned_keys)?;
        if let PinnedKeys::Object(at) = &keys
            && (log_buckets.contains(&at.bucket)
                || aliases.iter().any(|(original, _)| *original == at.bucket))
        {
            self.problem(
                NAME,
                format!(
                    "is `{at}`, in a log bucket, whose writers could then sign digests themselves: keep the keys in another bucket, such as the evidence bucket"
                ),
            );
        }
        Some(keys)
    }
}

/// The URL of a queue, if it is one.
fn queue_url_of(text: &str) -> Option<String> {
    (text.starts_with("https://") || text.starts_with("http://")).then(|| text.to_owned())
}

fn pinned_keys(text: &str) -> Option<PinnedKeys> {
    match text.strip_prefix("s3://") {
        None => Some(PinnedKeys::File(text.to_owned())),
        Some(rest) => {
            let (bucket, key) = rest.split_once('/').filter(|(_, key)| !key.is_empty())?;
            Some(PinnedKeys::Object(
                trailseal::names::location::ObjectLocation::new(bucket_name(bucket)?, key),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDINGS: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/findings";

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            let found = variables.iter().rfind(|(n, _)| *n == name)?;
            Some(found.1.to_owned())
        })
    }

    fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let needed = [
            ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket"),
            ("TRAILSEAL_FINDINGS_QUEUE_URL", FINDINGS),
        ];
        read(&[&needed, variables].concat())
    }

    #[test]
    fn everything_is_read() {
        let config = with(&[
            ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket, replica"),
            ("TRAILSEAL_BUCKET_OWNER", "111122223333"),
            (
                "TRAILSEAL_TRAIL_ARNS",
                "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events",
            ),
            (
                "TRAILSEAL_KMS_KEY_ARNS",
                "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
            ("TRAILSEAL_BUCKET_ALIASES", "original=replica"),
            (
                "TRAILSEAL_PINNED_KEYS",
                "s3://amzn-s3-demo-bucket1/keys/all.json",
            ),
            ("TRAILSEAL_PINNED_KEYS_SHA256", &"Ab".repeat(32)),
            ("TRAILSEAL_MAX_RECEIVES", "3"),
            ("TRAILSEAL_READERS", " "),
        ])
        .unwrap();
        let places = &config.places;
        assert_eq!(places.log_buckets, ["amzn-s3-demo-bucket", "replica"]);
        assert_eq!(places.original_of("replica"), "original");
        assert_eq!(places.actual_of("original", "replica"), "replica");
        assert_eq!(places.actual_of("original", "original"), "original");
        assert_eq!(
            places.actual_of("original", "amzn-s3-demo-bucket"),
            "original"
        );
        assert!(places.watches("replica") && !places.watches("original"));
        assert_eq!(places.trails.len(), 1);
        assert_eq!(config.kms_key_arns.len(), 1);
        assert_eq!(config.findings_queue_url, FINDINGS);
        assert_eq!(config.max_receives, 3);
        assert_eq!(config.evidence_bucket, None);
        let Some(PinnedKeys::Object(at)) = config.pinned_keys else {
            panic!("not an object")
        };
        assert_eq!(at.to_string(), "s3://amzn-s3-demo-bucket1/keys/all.json");
        let hash = config.pinned_keys_sha256.unwrap();
        assert_eq!(hash.to_string(), "ab".repeat(32));
    }

    #[test]
    fn pinned_keys_are_refused_in_every_bucket_that_is_watched() {
        let buckets = ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket,replica");
        let alias = ("TRAILSEAL_BUCKET_ALIASES", "original=replica");
        for bucket in ["amzn-s3-demo-bucket", "replica", "original"] {
            let keys = format!("s3://{bucket}/keys.json");
            let error = with(&[buckets, alias, ("TRAILSEAL_PINNED_KEYS", &keys)]).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains("TRAILSEAL_PINNED_KEYS is") && error.contains("could then sign"),
                "{error}"
            );
        }
        let keys = ("TRAILSEAL_PINNED_KEYS", "s3://elsewhere/keys.json");
        assert!(with(&[buckets, alias, keys]).is_ok());
    }

    #[test]
    fn five_buckets_are_watched_however_often_each_is_named() {
        let five = "one1,two2,three3,four4,five5";
        assert!(with(&[("TRAILSEAL_LOG_BUCKETS", five)]).is_ok());
        let twice = format!("{five},{five}");
        assert!(with(&[("TRAILSEAL_LOG_BUCKETS", &twice)]).is_ok());
    }

    #[test]
    fn readers_and_enclaves_are_read() {
        use trailseal::kms::readers::Principal;

        let config = with(&[]).unwrap();
        assert!(config.readers.is_empty() && config.enclave_images.is_empty());

        let image = "aB".repeat(48);
        let images = format!("{image}, {}", "9".repeat(96));
        let config = with(&[
            (
                "TRAILSEAL_READERS",
                "arn:aws:iam::111122223333:role/Audit, athena.amazonaws.com,\
                 arn:aws:iam::111122223333:role/Enclave=enclave",
            ),
            (
                "TRAILSEAL_OWN_ROLES",
                "arn:aws:iam::111122223333:role/one,arn:aws:iam::111122223333:role/two",
            ),
            ("TRAILSEAL_ENCLAVE_IMAGES", &images),
        ])
        .unwrap();
        assert_eq!(config.enclave_images, ["ab".repeat(48), "9".repeat(96)]);
        let session = |role: &str| format!("arn:aws:sts::111122223333:assumed-role/{role}/session");
        for (role, allowed, enclave_only) in [
            ("Audit", true, false),
            ("Enclave", true, true),
            ("two", true, false),
            ("three", false, false),
        ] {
            let arn = session(role);
            let who = Principal {
                kind: Some("AssumedRole"),
                arn: Some(&arn),
                ..Principal::default()
            };
            assert_eq!(config.readers.allows(&who), allowed, "{role}");
            assert_eq!(config.readers.enclave_only(&who), enclave_only, "{role}");
        }
        let error = with(&[("TRAILSEAL_READERS", "Audit")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`Audit`") && error.contains("=enclave"),
            "{error}"
        );
    }

    #[test]
    fn values_are_read_as_tools_write_them() {
        let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let keys = format!("\"{key}\",\r\n'{key}' ,");
        let config = with(&[
            ("TRAILSEAL_LOG_BUCKETS", "\"amzn-s3-demo-bucket\"\n"),
            ("TRAILSEAL_BUCKET_OWNER", " '111122223333'\r\n"),
            ("TRAILSEAL_KMS_KEY_ARNS", &keys),
            ("TRAILSEAL_BUCKET_ALIASES", " original = replica\n"),
            ("TRAILSEAL_FINDINGS_QUEUE_URL", &format!("{FINDINGS}\n")),
            ("TRAILSEAL_MAX_RECEIVES", "3\n"),
        ])
        .unwrap();
        assert_eq!(config.places.log_buckets, ["amzn-s3-demo-bucket"]);
        let owner = AccountId::new("111122223333").unwrap();
        assert_eq!(config.places.bucket_owner, Some(owner));
        assert_eq!(config.kms_key_arns, [key, key]);
        let alias = ("original".to_owned(), "replica".to_owned());
        assert_eq!(config.places.aliases, [alias]);
        assert_eq!(config.findings_queue_url, FINDINGS);
        assert_eq!(config.max_receives, 3);
    }

    #[test]
    fn all_problems_are_said_at_once_and_by_name() {
        let error = read(&[]).unwrap_err().to_string();
        assert!(error.contains("TRAILSEAL_LOG_BUCKETS"), "{error}");
        assert!(error.contains("TRAILSEAL_FINDINGS_QUEUE_URL"), "{error}");
        for (name, value) in [
            ("TRAILSEAL_LOG_BUCKETS", "amzn-s3-demo-bucket,no/bucket"),
            ("TRAILSEAL_LOG_BUCKETS", ","),
            ("TRAILSEAL_BUCKET_OWNER", "me"),
            ("TRAILSEAL_FINDINGS_QUEUE_URL", "findings"),
            ("TRAILSEAL_EVIDENCE_BUCKET", "x"),
            ("TRAILSEAL_TRAIL_ARNS", "management-events"),
            (
                "TRAILSEAL_KMS_KEY_ARNS",
                "arn:aws:kms:us-east-1:111122223333:alias/x",
            ),
            ("TRAILSEAL_READERS", "everybody"),
            (
                "TRAILSEAL_READERS",
                "arn:aws:iam::111122223333:role/Audit,=enclave",
            ),
            ("TRAILSEAL_OWN_ROLES", "trailseal-LogVerifierRole"),
            (
                "TRAILSEAL_OWN_ROLES",
                "arn:aws:sts::111122223333:assumed-role/x/y",
            ),
            ("TRAILSEAL_ENCLAVE_IMAGES", "abcd"),
            ("TRAILSEAL_ENCLAVE_IMAGES", &"x".repeat(96)),
            ("TRAILSEAL_PINNED_KEYS", "s3://bucket"),
            ("TRAILSEAL_PINNED_KEYS", "s3://amzn-s3-demo-bucket/keys"),
            ("TRAILSEAL_PINNED_KEYS_SHA256", "abcd"),
            ("TRAILSEAL_LOG_BUCKETS", "one1,two2,three3,four4,five5,six6"),
            (
                "TRAILSEAL_KMS_KEY_ARNS",
                "arn:aws:kms:us-east-1:11112222333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
            ("TRAILSEAL_READERS", "arn:aws:iam::11112222333:role/Audit"),
            ("TRAILSEAL_READERS", "arn:aws:iam::111122223333:group/Audit"),
            ("TRAILSEAL_READERS", ","),
            ("TRAILSEAL_READERS", "\"\""),
            ("TRAILSEAL_KMS_KEY_ARNS", ", ,"),
            ("TRAILSEAL_ENCLAVE_IMAGES", "''"),
            ("TRAILSEAL_LOG_BUCKETS", "s3://amzn-s3-demo-bucket"),
            ("TRAILSEAL_LOG_BUCKETS", "192.0.2.1"),
            ("TRAILSEAL_LOG_BUCKETS", "-amzn-s3-demo-bucket"),
            ("TRAILSEAL_LOG_BUCKETS", "amzn..bucket"),
            ("TRAILSEAL_BUCKET_ALIASES", "replica"),
            ("TRAILSEAL_BUCKET_ALIASES", "replica=replica"),
            ("TRAILSEAL_BUCKET_ALIASES", "original=s3://replica"),
            ("TRAILSEAL_QUEUE_URL", "queue"),
            ("TRAILSEAL_DEAD_LETTER_QUEUE_URL", "queue"),
            ("TRAILSEAL_MAX_RECEIVES", "0"),
            ("TRAILSEAL_MAX_RECEIVES", "21"),
        ] {
            let error = with(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
    }

    #[test]
    fn the_alerter_says_what_is_missing() {
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
        ] {
            let pairs = [good.as_slice(), &[(name, wrong)]].concat();
            let error = read(&pairs).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
