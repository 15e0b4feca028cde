//! The description of a trail to generate.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::deeds::Deed;
use super::kms::KmsSpec;
use super::output::Trail;
use super::schedule::KeySchedule;
use super::time::{hours, seconds};

/// A trail to generate. Hours are counted by the digests that end them: hour 0 ends at
/// [`TrailSpec::start`], hour `n` ends `n` hours later.
///
/// The default is the trail `management-events` of account 111122223333 in us-east-1, from
/// 2026-01-15T00:00:00Z for 24 hours, with digests ending on the full hour.
#[derive(Debug, Clone)]
pub struct TrailSpec {
    /// The seed of everything random.
    pub seed: u64,
    /// The log bucket.
    pub bucket: String,
    /// The key prefix, without a trailing slash.
    pub prefix: Option<String>,
    /// Set for an organization trail: `o-…`, a separate folder in every key.
    pub organization_id: Option<String>,
    /// The accounts that the trail logs.
    pub accounts: Vec<String>,
    /// The account that owns the trail; if not given, the first of the accounts.
    pub owner: Option<String>,
    /// The trail's name.
    pub trail_name: String,
    /// The Region in which the trail was created.
    pub home_region: String,
    /// The Regions that the trail logs.
    pub regions: Vec<String>,
    /// The time at which logging starts: the end of the first digest's hour.
    pub start: Timestamp,
    /// Added to every digest boundary: digests end at `hh:29:23Z` with 1763.
    pub offset_seconds: u32,
    /// The number of hourly digests that follow the first one.
    pub hours: u32,
    /// Whether the first digest starts the chain.
    pub first_digest: FirstDigest,
    /// The number of log files an hour in each chain.
    pub log_files_per_hour: RangeInclusive<u32>,
    /// The number of records in a log file.
    pub records_per_file: RangeInclusive<u32>,
    /// Hours without activity: their digests list no log files.
    pub empty_hours: BTreeSet<u32>,
    /// Interruptions of the chain, in order.
    pub stops: Vec<Stop>,
    /// The change of the trail to another bucket.
    pub bucket_change: Option<BucketChange>,
    /// The conversion of the trail to an organization trail.
    pub organization_change: Option<OrganizationChange>,
    /// Backfill digests, each generated in every chain.
    pub backfills: Vec<Backfill>,
    /// Set if CloudTrail encrypts log files with SSE-KMS.
    pub kms: Option<KmsSpec>,
    /// Calls on the trail and its bucket, recorded in the trail owner's account and in the home
    /// Region. The hour must have a log file.
    pub deeds: Vec<Deed>,
    /// The seconds between an event and the delivery of its log file.
    pub event_age_seconds: RangeInclusive<u32>,
    /// The seconds between the end of a digest's hour and the digest's delivery; less than an hour,
    /// so that digests arrive in order.
    pub digest_delay_seconds: RangeInclusive<u32>,
    /// The rotation of signing keys.
    pub keys: KeySchedule,
}

/// The start of the generated part of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstDigest {
    /// It starts with a starting digest: nothing before it, no log files in it.
    Starting,
    /// It starts in the middle: the first digest names a predecessor that is no longer in the
    /// bucket.
    MidChain,
}

/// Logging is stopped, and possibly started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// The hour of the last digest before the stop.
    pub last_hour: u32,
    /// The hour of the starting digest after the stop, later than `last_hour`; without it, the
    /// chain ends.
    pub restart_hour: Option<u32>,
}

/// From an hour on, digests and log files are delivered to another bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketChange {
    /// The first hour whose digest is in the new bucket. The log files of its first half hour are
    /// still in the old one.
    pub hour: u32,
    /// The new bucket.
    pub bucket: String,
}

/// From an hour on, digests and log files are in the organization's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationChange {
    /// The first hour whose digest and log files are there.
    pub hour: u32,
    /// The organization's ID.
    pub organization_id: String,
}

/// A digest that is generated later, for log files that the hourly digest of the same hour left
/// out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// The hour that it covers.
    pub hour: u32,
    /// How many log files it lists.
    pub log_files: u32,
    /// How many hours after that hour's end it is generated; it is signed with the key of that
    /// time.
    pub generated_after_hours: u32,
    /// The content of its `previous…` fields.
    pub link: BackfillLink,
}

/// The predecessor of a backfill digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackfillLink {
    /// None: all `previous…` fields are null.
    Unlinked,
    /// The previous backfill digest of the chain in [`TrailSpec::backfills`], if there is one.
    PreviousBackfill,
}

impl Default for TrailSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            bucket: "amzn-s3-demo-bucket".into(),
            prefix: None,
            organization_id: None,
            accounts: vec!["111122223333".into()],
            owner: None,
            trail_name: "management-events".into(),
            home_region: "us-east-1".into(),
            regions: vec!["us-east-1".into()],
            start: "2026-01-15T00:00:00Z".parse().expect("a timestamp"),
            offset_seconds: 0,
            hours: 24,
            first_digest: FirstDigest::Starting,
            log_files_per_hour: 1..=4,
            records_per_file: 3..=12,
            empty_hours: BTreeSet::new(),
            stops: Vec::new(),
            bucket_change: None,
            organization_change: None,
            backfills: Vec::new(),
            kms: None,
            deeds: Vec::new(),
            event_age_seconds: 60..=540,
            digest_delay_seconds: 300..=2400,
            keys: KeySchedule::default(),
        }
    }
}

impl TrailSpec {
    /// Returns a trail with one hour of activity, whose digest lists this many small log files.
    pub fn large(log_files: u32) -> Self {
        Self {
            hours: 1,
            log_files_per_hour: log_files..=log_files,
            records_per_file: 1..=1,
            ..Self::default()
        }
    }

    /// Returns a trail with the times of real ones: digests end at the minute and second at which
    /// logging started, and arrive 26 to 30 minutes later. Some events are older than their
    /// digest's hour.
    ///
    /// Like every generated digest, and like CloudTrail's own, its digests are compact JSON in
    /// which each `/` is written `\/`, and do not list log files in the order of their names.
    pub fn as_captured() -> Self {
        Self {
            offset_seconds: 1763,
            digest_delay_seconds: 1560..=1800,
            event_age_seconds: 60..=900,
            log_files_per_hour: 2..=6,
            ..Self::default()
        }
    }

    /// Generates the trail.
    pub fn build(self) -> Trail {
        super::build::build(self)
    }

    /// Returns the account that owns the trail.
    pub fn trail_account(&self) -> &str {
        self.owner.as_ref().unwrap_or(&self.accounts[0])
    }

    /// Returns the trail's ARN.
    pub fn trail_arn(&self) -> String {
        super::names::trail_arn(self)
    }

    /// Returns every bucket that the trail writes to.
    pub fn buckets(&self) -> Vec<&str> {
        let moved = self.bucket_change.as_ref();
        std::iter::once(self.bucket.as_str())
            .chain(moved.map(|change| change.bucket.as_str()))
            .collect()
    }

    /// Returns the end of an hour; hour -1 is the one before the first digest.
    pub(crate) fn hour_end(&self, hour: i64) -> Timestamp {
        self.start + seconds(self.offset_seconds) + hours(hour)
    }

    /// Returns the organization in whose folder objects of a time are.
    pub(crate) fn organization_at(&self, at: Timestamp) -> Option<&str> {
        match &self.organization_change {
            Some(change) if at > self.hour_end(i64::from(change.hour) - 1) => {
                Some(&change.organization_id)
            }
            _ => self.organization_id.as_deref(),
        }
    }

    /// Returns the bucket that the digest of an hour is written to.
    pub(crate) fn digest_bucket(&self, hour: i64) -> &str {
        match &self.bucket_change {
            Some(change) if hour >= i64::from(change.hour) => &change.bucket,
            _ => &self.bucket,
        }
    }
}
