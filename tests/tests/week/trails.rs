//! The trails of the week: one for each account, and an encrypted one.

use crate::functions::Configuration;
use jiff::{SignedDuration, Timestamp};
use std::thread;
use trailseal::kms::expected::Expected;
use trailseal::kms::readers::{ReaderRule, Readers};
use trailseal::names::ids::TrailArn;
use trailseal::names::places::Places;
use trailseal_tests::memory::Memory;
use trailseal_tests::trail::{Deed, KmsAnomaly, KmsSpec, Reader, Trail, TrailSpec};

/// The accounts, each with a trail of its own.
pub(crate) const ACCOUNTS: [&str; 4] = [
    "111122223333",
    "123456789012",
    "444455556666",
    "777788889999",
];

/// The Regions that each trail logs.
pub(crate) const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "us-west-2"];

/// A Region that no trail of the week logs from its start on.
pub(crate) const OTHER_REGION: &str = "eu-central-1";

/// The hours of a week.
pub(crate) const WEEK: u32 = 168;

/// The number of keys on a page of a listing of S3.
const PAGE: usize = 1000;

/// The bucket of these trails.
pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";

/// The bucket of the encrypted trail.
pub(crate) const ENCRYPTED_BUCKET: &str = "amzn-s3-demo-encrypted-bucket";

/// The key of the encrypted trail.
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Returns the start of the week. CloudTrail changes its keys six days later.
pub(crate) fn start() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().expect("RFC 3339")
}

/// Returns the description of one chain of an account's trail.
pub(crate) fn chain(seed: u64, account: &str, region: &str) -> TrailSpec {
    TrailSpec {
        seed,
        bucket: BUCKET.to_owned(),
        accounts: vec![account.to_owned()],
        regions: vec![region.to_owned()],
        start: start(),
        hours: WEEK,
        log_files_per_hour: 1..=2,
        records_per_file: 1..=2,
        ..TrailSpec::default()
    }
}

/// Returns the description of a trail that somebody creates for two hours.
pub(crate) fn stranger(seed: u64, number: usize, account: &str, hour: u32) -> TrailSpec {
    TrailSpec {
        trail_name: format!("stranger{number}"),
        start: start() + SignedDuration::from_hours(hour.into()),
        hours: 2,
        ..chain(seed, account, OTHER_REGION)
    }
}

/// Returns the description of the encrypted trail.
pub(crate) fn encrypted(seed: u64, anomalies: Vec<KmsAnomaly>, deeds: Vec<Deed>) -> TrailSpec {
    TrailSpec {
        bucket: ENCRYPTED_BUCKET.to_owned(),
        trail_name: "encrypted".to_owned(),
        log_files_per_hour: 2..=3,
        kms: Some(KmsSpec {
            anomalies,
            ..KmsSpec::new(KEY)
        }),
        deeds,
        ..chain(seed, ACCOUNTS[0], REGIONS[0])
    }
}

/// Generates trails, several at the same time.
pub(crate) fn build(specs: Vec<TrailSpec>) -> Vec<Trail> {
    thread::scope(|scope| {
        let builders: Vec<_> = specs
            .into_iter()
            .map(|spec| scope.spawn(|| spec.build()))
            .collect();
        let builders = builders.into_iter();
        builders
            .map(|builder| builder.join().expect("a trail"))
            .collect()
    })
}

/// Returns a store with the keys that sign the trails and the key that encrypts them, and the
/// configuration of a stack that expects them, and not the others.
pub(crate) fn stack(
    trails: &[Trail],
    others: &[Trail],
    retention_days: u64,
) -> (Memory, Configuration) {
    let mut memory = Memory::default();
    memory.set_page(PAGE);
    for trail in others {
        memory.publish_keys(trail);
    }
    let mut places = Places::default();
    let mut readers = Vec::new();
    for trail in trails {
        memory.publish_keys(trail);
        let arn = TrailArn::parse(&trail.spec.trail_arn()).expect("a trail's ARN");
        if !places.trails.contains(&arn) {
            places.trails.push(arn);
        }
        if !places.watches(&trail.spec.bucket) {
            places.log_buckets.push(trail.spec.bucket.clone());
        }
        if let Some(kms) = &trail.spec.kms {
            memory.describe_keys(kms);
            let arns = kms.readers.iter().filter_map(Reader::arn);
            readers.extend(arns.map(|arn| ReaderRule::parse(&arn).expect("an ARN")));
        }
    }
    let configuration = Configuration {
        expected: Expected {
            places,
            readers: Readers::new(readers, Vec::new()),
            retention_days: Some(retention_days),
            ..Expected::default()
        },
        retention_days: Some(retention_days),
    };
    (memory, configuration)
}
