//! The deployed stack: its parameters and resources.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal::check::chain_end::Ended;
use trailseal::names::date_or_time::date_or_time;
use trailseal::names::ids::{AccountId, Region, TrailArn};
use trailseal::names::places::Places;
use trailseal::watch::OverdueHours;

/// A deployed stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its name.
    pub(crate) name: String,
    /// Its Region.
    pub(crate) region: Region,
    /// Its account.
    pub(crate) account: AccountId,
    /// Its status, such as `UPDATE_COMPLETE`.
    pub(crate) status: String,
    /// The time of its creation.
    pub(crate) created: Option<Timestamp>,
    /// The values of its parameters.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The physical IDs of its resources, by their logical IDs.
    pub(crate) resources: BTreeMap<String, String>,
}

impl Stack {
    /// Returns the value of a parameter, if it has one that is not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// Returns the values of a parameter that holds a list.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let values = self.parameter(name).unwrap_or_default().split(',');
        let values = values.map(str::trim).filter(|value| !value.is_empty());
        values.map(str::to_owned).collect()
    }

    /// Returns the number of a parameter, or its default in the template.
    pub(crate) fn number(&self, name: &str, default: u32) -> u32 {
        let value = self.parameter(name);
        value
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    }

    /// Returns the log buckets, each once.
    pub(crate) fn log_buckets(&self) -> Vec<String> {
        let mut buckets = self.list("LogBuckets");
        buckets.sort();
        buckets.dedup();
        buckets
    }

    /// Returns the account that owns the log buckets.
    pub(crate) fn bucket_owner(&self) -> AccountId {
        let owner = self.parameter("LogBucketOwner");
        owner
            .and_then(|owner| AccountId::new(owner).ok())
            .unwrap_or_else(|| self.account.clone())
    }

    /// Returns the ARNs of the keys of the log files.
    pub(crate) fn log_keys(&self) -> Vec<String> {
        self.list("KmsKeyArns")
    }

    /// Returns the trails that deliver to the log buckets, if they are configured.
    pub(crate) fn trails(&self) -> Vec<TrailArn> {
        let arns = self.list("TrailArns");
        let trails = arns.iter().filter_map(|arn| TrailArn::parse(arn).ok());
        trails.collect()
    }

    /// Returns the trails that were ended on purpose.
    pub(crate) fn ended(&self) -> Vec<Ended> {
        let ended = self.list("EndedTrails");
        let ended = ended
            .iter()
            .filter_map(|text| Ended::parse(text, date_or_time).ok());
        ended.collect()
    }

    /// Returns the time after which a chain without a new digest is overdue.
    pub(crate) fn overdue(&self) -> SignedDuration {
        let hours = self.parameter("OverdueHours");
        let hours = hours.and_then(|hours| OverdueHours::new(hours.parse().ok()?));
        hours.unwrap_or_default().duration()
    }

    /// Returns the places to which the trails are delivered.
    pub(crate) fn places(&self) -> Places {
        let aliases = self.list("BucketAliases");
        let aliases = aliases.iter().filter_map(|pair| {
            let (original, replica) = pair.split_once('=')?;
            Some((original.to_owned(), replica.to_owned()))
        });
        Places {
            log_buckets: self.log_buckets(),
            bucket_owner: Some(self.bucket_owner()),
            trails: self.trails(),
            aliases: aliases.collect(),
            ..Places::default()
        }
    }

    /// Returns whether the stack has the evidence log.
    pub(crate) fn has_evidence_log(&self) -> bool {
        self.resource("EvidenceKey").is_some()
    }

    /// Returns whether the rules are to send events.
    pub(crate) fn is_enabled(&self) -> bool {
        self.parameter("State") != Some("DISABLED")
    }

    /// Returns the physical ID of a resource.
    pub(crate) fn resource(&self, logical_id: &str) -> Option<&str> {
        self.resources.get(logical_id).map(String::as_str)
    }

    /// Returns the ARN of something of this account and Region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.region.partition(),
            self.region,
            self.account
        )
    }

    /// Returns the ARN of a role of this account.
    pub(crate) fn role_arn(&self, name: &str) -> String {
        let partition = self.region.partition();
        format!("arn:{partition}:iam::{}:role/{name}", self.account)
    }

    /// Returns the ARN of this account as a principal.
    pub(crate) fn root_arn(&self) -> String {
        let partition = self.region.partition();
        format!("arn:{partition}:iam::{}:root", self.account)
    }

    /// Returns the ARN of a bucket.
    pub(crate) fn bucket_arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", self.region.partition())
    }

    /// Returns the ARN of a queue, whose physical ID is its URL.
    pub(crate) fn queue_arn(&self, url: &str) -> String {
        self.arn("sqs", url.rsplit('/').next().unwrap_or_default())
    }

    /// Returns the roles of the functions as one pattern: the template names them after the stack
    /// and the Region.
    pub(crate) fn roles_pattern(&self) -> String {
        self.role_arn(&format!("{}-{}-*", self.name, self.region))
    }

    /// Returns the age of the stack.
    pub(crate) fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.created.map(|created| now.duration_since(created))
    }
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    /// Returns a stack with these parameters, and with every resource that `parts` names.
    pub(crate) fn stack(parameters: &[(&str, &str)]) -> Stack {
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            owned.collect::<BTreeMap<_, _>>()
        };
        let mut all = pairs(&[("LogBuckets", "amzn-s3-demo-bucket")]);
        all.extend(pairs(parameters));
        let mut resources = BTreeMap::new();
        for part in crate::parts::FUNCTIONS {
            let url = |queue: &str| {
                format!("https://sqs.us-east-1.amazonaws.com/111122223333/trailseal-{queue}")
            };
            resources.insert(
                part.function.to_owned(),
                format!("trailseal-{}", part.function),
            );
            resources.insert(part.queue.to_owned(), url(part.queue));
            resources.insert(
                part.dead_letter_queue.to_owned(),
                url(part.dead_letter_queue),
            );
            resources.insert(
                part.role.to_owned(),
                format!("trailseal-us-east-1-{}", part.program),
            );
        }
        Stack {
            name: "trailseal".to_owned(),
            region: Region::new("us-east-1").unwrap(),
            account: AccountId::new("111122223333").unwrap(),
            status: "CREATE_COMPLETE".to_owned(),
            created: Some("2026-01-15T00:00:00Z".parse().unwrap()),
            parameters: all,
            resources,
        }
    }
}
