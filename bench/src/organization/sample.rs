//! The trails of the simulated accounts.

use std::thread;

use jiff::Timestamp;
use trailseal::names::ids::TrailArn;
use trailseal::names::places::Places;
use trailseal_tests::memory::Memory;
use trailseal_tests::trail::{Object, Trail, TrailSpec};

use super::assumptions::{ChainClass, REGIONS, busy, ordinary};

/// The number of keys on a page of a listing of S3.
const PAGE: usize = 1000;

/// The log bucket.
pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";

/// The account of the trail.
const OWNER: &str = "111122223333";

/// The sizes of log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sizes {
    /// A record each: to count requests.
    Small,
    /// As assumed: to measure the processor time.
    Assumed,
}

/// The chains of some accounts.
pub(crate) struct Sample {
    trails: Vec<Trail>,
}

impl Sample {
    /// Generates the chains of this many accounts, of which the first is busy, over some hours.
    pub(crate) fn generate(accounts: usize, hours: u32, sizes: Sizes) -> Self {
        let mut specs = Vec::new();
        for number in 0..accounts {
            let classes = if number == 0 { busy() } else { ordinary() };
            let account = (111_122_223_333 + number).to_string();
            specs.extend(classes.map(|class| spec(&account, &class, hours, sizes)));
        }
        let half = specs.split_off(specs.len() / 2);
        let build = |specs: Vec<TrailSpec>| specs.into_iter().map(TrailSpec::build).collect();
        let trails = thread::scope(|scope| {
            let other = scope.spawn(move || -> Vec<Trail> { build(half) });
            let mut trails: Vec<Trail> = build(specs);
            trails.extend(other.join().expect("trails"));
            trails
        });
        Self { trails }
    }

    /// Returns a bucket without files, and the keys that sign the digests.
    pub(crate) fn memory(&self) -> Memory {
        let mut memory = Memory::default();
        memory.set_page(PAGE);
        for trail in &self.trails {
            memory.publish_keys(trail);
        }
        memory
    }

    /// Returns the only trail and its bucket.
    pub(crate) fn places(&self) -> Places {
        let arn = self.trails[0].spec.trail_arn();
        Places {
            log_buckets: vec![BUCKET.to_owned()],
            trails: vec![TrailArn::parse(&arn).expect("a trail's ARN")],
            ..Places::default()
        }
    }

    /// Returns all files, in the order of their delivery.
    pub(crate) fn deliveries(&self) -> Vec<&Object> {
        let mut objects: Vec<&Object> = self.trails.iter().flat_map(Trail::objects).collect();
        objects.sort_by_key(|object| object.delivered_at);
        objects
    }
}

/// Returns the time at which the trail starts.
pub(crate) fn start() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().expect("RFC 3339")
}

fn spec(account: &str, class: &ChainClass, hours: u32, sizes: Sizes) -> TrailSpec {
    TrailSpec {
        bucket: BUCKET.to_owned(),
        organization_id: Some("o-exampleorgid".to_owned()),
        owner: Some(OWNER.to_owned()),
        accounts: vec![account.to_owned()],
        regions: REGIONS[class.regions.clone()]
            .iter()
            .map(|region| (*region).to_owned())
            .collect(),
        start: start(),
        hours,
        log_files_per_hour: class.log_files.clone(),
        records_per_file: match sizes {
            Sizes::Small => 1..=1,
            Sizes::Assumed => class.records.clone(),
        },
        ..TrailSpec::default()
    }
}
