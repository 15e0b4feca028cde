//! The configuration of the functions that check objects.

use super::pinned_keys::PinnedKeys;
use super::variables::{ConfigError, Variables};
use std::collections::BTreeSet;
use trailseal::kms::expected::enclave_image;
use trailseal::kms::readers::{Readers, reader_rule};
use trailseal::names::arn::{kms_key_arn, role_arn};
use trailseal::names::bucket_name::{bucket_alias, bucket_name};
use trailseal::names::evidence_lock::EvidenceLock;
use trailseal::names::ids::{AccountId, TrailArn};
use trailseal::names::places::{Places, Storage};
use trailseal::names::sha256::Sha256;

/// The maximum number of log buckets. The template's policies name five, because `CloudFormation`
/// cannot make a list of ARNs from a list of names: every object of further buckets would be
/// denied.
const MAX_LOG_BUCKETS: usize = 5;

/// How many times a queue delivers a message before it is parked; the template sets the same
/// number.
const DEFAULT_MAX_RECEIVES: u32 = 5;

/// The maximum number of days for which log files may have to be kept: a hundred years.
const MAX_RETENTION_DAYS: u64 = 36_500;

/// The configuration that a function reads from its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TRAILSEAL_LOG_BUCKETS`, `TRAILSEAL_BUCKET_OWNER`, `TRAILSEAL_TRAIL_ARNS` and
    /// `TRAILSEAL_BUCKET_ALIASES`.
    pub places: Places,
    /// `TRAILSEAL_FINDINGS_QUEUE_URL`: the queue of the alerter.
    pub findings_queue_url: String,
    /// `TRAILSEAL_EVIDENCE_BUCKET`.
    pub evidence_bucket: Option<String>,
    /// `TRAILSEAL_EVIDENCE_LOCK` and `TRAILSEAL_EVIDENCE_LOCK_DAYS`: how its documents are locked;
    /// `None` if they are not.
    pub evidence_lock: Option<EvidenceLock>,
    /// `TRAILSEAL_KMS_KEY_ARNS`; if empty, every key is accepted.
    pub kms_key_arns: Vec<String>,
    /// `TRAILSEAL_READERS`: who may read encrypted log files; if empty, everybody may. The roles of
    /// `TRAILSEAL_OWN_ROLES` always may.
    pub readers: Readers,
    /// `TRAILSEAL_ENCLAVE_IMAGES`: the PCR0 values, in lowercase, of the enclaves that may use the
    /// keys; if empty, every enclave may.
    pub enclave_images: Vec<String>,
    /// `TRAILSEAL_RETENTION_DAYS`: for how many days log files must be kept; `None` if it is 0 or
    /// missing.
    pub retention_days: Option<u64>,
    /// `TRAILSEAL_PINNED_KEYS`: where a saved list-public-keys response is.
    pub pinned_keys: Option<PinnedKeys>,
    /// `TRAILSEAL_PINNED_KEYS_SHA256`: the hash that the response's bytes must have; without it,
    /// they are not checked.
    pub pinned_keys_sha256: Option<Sha256>,
    /// `TRAILSEAL_QUEUE_URL`: the function's own queue, to which it sends what failed or what it
    /// has no time for.
    pub queue_url: Option<String>,
    /// `TRAILSEAL_DEAD_LETTER_QUEUE_URL`: the queue in which the function parks the messages that
    /// it gives up.
    pub dead_letter_queue_url: Option<String>,
    /// `TRAILSEAL_MAX_RECEIVES`: how many times a message is tried, and after how many deliveries
    /// the queue itself parks it; at most 20.
    pub max_receives: u32,
    /// `TRAILSEAL_HISTORY`: whether the messages are about past digests, which are verified again.
    pub is_history: bool,
}

impl Config {
    /// Reads the configuration through `variable`, which returns a variable's value. An empty value
    /// counts as missing.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that is missing or wrong.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut variables = Variables::new(variable);
        let places = variables.places();
        let kms_key_arns = variables.list("TRAILSEAL_KMS_KEY_ARNS", "KMS key ARNs", kms_key_arn);
        let reader_rules = variables.list(
            "TRAILSEAL_READERS",
            "ARN patterns of roles, users and sessions, and service principals, each with or without =enclave or =via:SERVICE after it (write `?` for a comma or `=` in a name)",
            reader_rule,
        );
        let own_roles = variables.list("TRAILSEAL_OWN_ROLES", "IAM role ARNs", role_arn);
        let enclave_images = variables.list(
            "TRAILSEAL_ENCLAVE_IMAGES",
            "PCR0 values (96 hexadecimal digits)",
            enclave_image,
        );
        let retention_days = variables.one(
            "TRAILSEAL_RETENTION_DAYS",
            "a number of days from 1 to 36500, or 0",
            |text| text.parse().ok().filter(|days| *days <= MAX_RETENTION_DAYS),
        );
        let findings_queue_url = variables.queue_url("TRAILSEAL_FINDINGS_QUEUE_URL");
        if findings_queue_url.is_none() {
            variables.problem(
                "TRAILSEAL_FINDINGS_QUEUE_URL",
                "is not an SQS queue URL: without it, nobody receives an alert about a finding",
            );
        }
        let evidence_bucket = variables.evidence_bucket();
        let evidence_lock = variables.evidence_lock();
        let pinned_keys = variables.pinned_keys(&places);
        let pinned_keys_sha256 = variables.one(
            "TRAILSEAL_PINNED_KEYS_SHA256",
            "a SHA-256 of 64 hexadecimal digits",
            Sha256::from_hex,
        );
        let queue_url = variables.queue_url("TRAILSEAL_QUEUE_URL");
        let dead_letter_queue_url = variables.queue_url("TRAILSEAL_DEAD_LETTER_QUEUE_URL");
        let max_receives = variables.one(
            "TRAILSEAL_MAX_RECEIVES",
            "a number from 1 to 20",
            // More tries would take longer than the queue keeps a message.
            |text| text.parse().ok().filter(|n| (1..=20).contains(n)),
        );
        let is_history = variables.one("TRAILSEAL_HISTORY", "true or false", |text| {
            text.parse().ok()
        });
        variables.finish()?;
        Ok(Self {
            places,
            findings_queue_url: findings_queue_url.unwrap_or_default(),
            evidence_bucket,
            evidence_lock,
            kms_key_arns,
            readers: Readers::new(reader_rules, own_roles),
            enclave_images,
            retention_days: retention_days.filter(|days| *days > 0),
            pinned_keys,
            pinned_keys_sha256,
            queue_url,
            dead_letter_queue_url,
            max_receives: max_receives.unwrap_or(DEFAULT_MAX_RECEIVES),
            is_history: is_history.unwrap_or(false),
        })
    }
}

impl<V: Fn(&str) -> Option<String>> Variables<V> {
    /// Reads where the trails' files are, and who owns them.
    fn places(&mut self) -> Places {
        let log_buckets = self.log_buckets();
        let bucket_owner = self.one(
            "TRAILSEAL_BUCKET_OWNER",
            "an account ID (12 digits)",
            |text| AccountId::new(text).ok(),
        );
        let trails = self.list("TRAILSEAL_TRAIL_ARNS", "trail ARNs", |text| {
            TrailArn::parse(text).ok()
        });
        let aliases = self.list(
            "TRAILSEAL_BUCKET_ALIASES",
            "pairs of bucket names, ORIGINAL=REPLICA",
            bucket_alias,
        );
        Places {
            log_buckets,
            bucket_owner,
            trails,
            aliases,
            storage: Storage::Bucket,
        }
    }

    fn log_buckets(&mut self) -> Vec<String> {
        const NAME: &str = "TRAILSEAL_LOG_BUCKETS";
        let buckets = self.list(NAME, "bucket names", bucket_name);
        let distinct = buckets.iter().collect::<BTreeSet<_>>().len();
        if distinct == 0 {
            self.problem(NAME, "does not name a bucket");
        }
        if distinct > MAX_LOG_BUCKETS {
            self.problem(
                NAME,
                format!(
                    "names {distinct} buckets, but the functions can read at most {MAX_LOG_BUCKETS}: deploy a second stack for the others"
                ),
            );
        }
        buckets
    }

    /// Reads where the pinned keys are. Anybody who can write them can sign digests, and Trailseal
    /// watches exactly those who can write to a log bucket.
    fn pinned_keys(&mut self, places: &Places) -> Option<PinnedKeys> {
        const NAME: &str = "TRAILSEAL_PINNED_KEYS";
        let keys = self.one(NAME, "a file or an s3://BUCKET/KEY URI", PinnedKeys::parse)?;
        if let PinnedKeys::Object(at) = &keys
            && (places.log_buckets.contains(&at.bucket)
                || places
                    .aliases
                    .iter()
                    .any(|(original, _)| *original == at.bucket))
        {
            self.problem(
                NAME,
                format!(
                    "is `{at}`, in a log bucket: anybody who can write to that bucket could then sign digests; store the keys in another bucket, such as the evidence bucket"
                ),
            );
        }
        Some(keys)
    }
}

#[cfg(test)]
mod tests;
