//! A trail, the changes to it, and the command lines for it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trailseal_tests::local::server::ACCOUNT;
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::{
    Backfill, BackfillLink, BucketChange, DigestFile, DigestKind, FirstDigest, KeySchedule, Stop,
    Trail, TrailSpec,
};

use crate::attack::{self, Attack, Difference};

/// A member account of the organization.
const MEMBER: &str = "444455556666";

/// Whether the trail is looked up or its bucket is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bucket {
    LookedUp,
    Named,
}

/// The flags of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) verbose: bool,
    pub(crate) bucket: Bucket,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
}

/// One case.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) trail: Trail,
    pub(crate) attacks: Vec<Attack>,
    /// The requested time, to the second.
    pub(crate) range: (Timestamp, Timestamp),
    pub(crate) flags: Flags,
    /// The Region in the environment.
    pub(crate) environment_region: String,
    /// The differences that exist regardless of the changes.
    pub(crate) differences: BTreeSet<Difference>,
}

impl Case {
    /// Returns the case with this number.
    pub(crate) fn random(number: u64, organization: &str) -> Self {
        let mut rng = Rng::for_subject(number, "validate-logs");
        let mut differences = BTreeSet::new();
        let is_organization = rng.one_in(6);
        let spec = spec(&mut rng, number, is_organization.then_some(organization));
        let bucket = if rng.one_in(3) {
            Bucket::LookedUp
        } else {
            Bucket::Named
        };
        if is_organization && bucket == Bucket::Named {
            differences.insert(Difference::OrganizationWithBucket);
        }
        if !spec.keys.spki_periods.is_empty() {
            differences.insert(Difference::SubjectPublicKeyInfo);
        }
        let region = spec.regions[0].clone();
        let (flag, environment_region) = if region == spec.home_region && rng.one_in(4) {
            let elsewhere = *rng.pick(&[region.as_str(), "us-west-2"]);
            if elsewhere != region {
                differences.insert(Difference::Regions);
            }
            (None, elsewhere.to_owned())
        } else {
            (Some(region), "us-east-1".to_owned())
        };
        let range = range(&mut rng, &spec);
        let (start, end) = (form(&mut rng, range.0), form(&mut rng, range.1));
        let account = &spec.accounts[0];
        let flags = Flags {
            start,
            end,
            verbose: rng.one_in(2),
            bucket,
            account: (is_organization || rng.one_in(5)).then(|| account.clone()),
            region: flag,
        };
        let trail = spec.build();
        let attacks = attacks(&mut rng, &trail, range);
        Self {
            trail,
            attacks,
            range,
            flags,
            environment_region,
            differences,
        }
    }

    /// Returns the command line after `validate-logs`.
    pub(crate) fn arguments(&self, flags: &Flags) -> Vec<String> {
        let spec = &self.trail.spec;
        let mut arguments = vec!["--trail-arn".to_owned(), spec.trail_arn()];
        let mut add = |flag: &str, value: &str| {
            arguments.extend([flag.to_owned(), value.to_owned()]);
        };
        add("--start-time", &flags.start);
        add("--end-time", &flags.end);
        if flags.bucket == Bucket::Named {
            let buckets = spec.buckets();
            add("--s3-bucket", buckets.last().expect("a bucket"));
            if let Some(prefix) = &spec.prefix {
                add("--s3-prefix", prefix);
            }
        }
        if let Some(account) = &flags.account {
            add("--account-id", account);
        }
        if let Some(region) = &flags.region {
            add("--region", region);
        }
        if flags.verbose {
            arguments.push("--verbose".to_owned());
        }
        arguments
    }

    /// Returns the newest digest of the range, if it is missing and the first one after the range,
    /// in the same bucket, names it.
    pub(crate) fn newest_missing(&self) -> Option<String> {
        let buckets = self.trail.spec.buckets();
        let bucket = *buckets.last()?;
        let last = self.range.1 + SignedDuration::from_hours(1);
        let mut there: Vec<&DigestFile> = self
            .trail
            .digests
            .iter()
            .filter(|digest| digest.kind != DigestKind::Backfill && digest.object.bucket == bucket)
            .filter(|digest| {
                !self
                    .attacks
                    .iter()
                    .any(|attack| attack.deletes(&digest.object))
            })
            .collect();
        there.sort_by_key(|digest| end(digest));
        let successor = there.iter().find(|digest| end(digest) > last)?;
        let attack = self
            .attacks
            .iter()
            .find(|attack| attack.alters(&successor.object));
        if attack.is_some_and(|attack| !attack.leaves_chain) {
            return None;
        }
        let document = &successor.document;
        let key = document.previous_digest_s3_object.as_ref()?;
        let (_, time) = key.strip_suffix(".json.gz")?.rsplit_once('_')?;
        let time = DateTime::strptime("%Y%m%dT%H%M%SZ", time).expect("a time");
        let time = time.to_zoned(TimeZone::UTC).expect("a time").timestamp();
        let is_there = there.iter().any(|digest| end(digest) == time);
        (document.previous_digest_s3_bucket.as_deref() == Some(bucket)
            && !is_there
            && (self.range.0..=last).contains(&time))
        .then(|| format!("s3://{bucket}/{key}"))
    }

    /// Returns the flags with which the AWS CLI can see everything.
    pub(crate) fn revealing_flags(&self) -> Flags {
        let mut flags = self.flags.clone();
        flags.verbose = true;
        flags.region = Some(self.trail.spec.regions[0].clone());
        if self.trail.spec.organization_id.is_some() {
            flags.bucket = Bucket::LookedUp;
        }
        flags
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attacks: Vec<String> = self
            .attacks
            .iter()
            .map(|attack| format!("{} {:?}", attack.name, attack.first_object()))
            .collect();
        write!(
            out,
            "trailseal validate-logs {}\n  environment: {}\n  done: {}",
            self.arguments(&self.flags).join(" "),
            self.environment_region,
            attacks.join("\n        ")
        )
    }
}

fn end(digest: &DigestFile) -> Timestamp {
    let text = &digest.document.digest_end_time;
    text.parse().expect("a time")
}

/// Returns a small trail of a random shape.
fn spec(rng: &mut Rng, number: u64, organization: Option<&str>) -> TrailSpec {
    let hours = rng.within(&(4..=10));
    let home = *rng.pick(&["us-east-1", "us-east-1", "eu-west-1"]);
    let region = *rng.pick(&[home, home, "us-west-2"]);
    let mut spec = TrailSpec {
        seed: number,
        bucket: format!("logs-{number}"),
        trail_name: format!("trail-{number}"),
        accounts: vec![ACCOUNT.to_owned()],
        home_region: home.to_owned(),
        regions: vec![region.to_owned()],
        start: "2026-01-15T15:00:00Z".parse().expect("a time"),
        hours,
        offset_seconds: *rng.pick(&[0, 1763]),
        log_files_per_hour: 0..=2,
        records_per_file: 1..=2,
        ..TrailSpec::default()
    };
    if rng.one_in(4) {
        spec.prefix = Some((*rng.pick(&["logs", "a/b.c", "AWSLogs"])).to_owned());
    }
    if let Some(organization) = organization {
        spec.organization_id = Some(organization.to_owned());
        spec.accounts = vec![MEMBER.to_owned()];
        spec.owner = Some(ACCOUNT.to_owned());
    }
    if rng.one_in(3) {
        spec.first_digest = FirstDigest::MidChain;
    }
    if rng.one_in(3) {
        let last_hour = rng.within(&(1..=hours - 1));
        let restart_hour = rng.within(&(last_hour + 1..=hours + 1));
        spec.stops.push(Stop {
            last_hour,
            restart_hour: (restart_hour <= hours).then_some(restart_hour),
        });
    }
    if rng.one_in(4) {
        spec.bucket_change = Some(BucketChange {
            hour: rng.within(&(1..=hours)),
            bucket: format!("moved-{number}"),
        });
    }
    if rng.one_in(3) {
        let link = *rng.pick(&[BackfillLink::Unlinked, BackfillLink::PreviousBackfill]);
        let first = rng.within(&(1..=hours - 1));
        for hour in first..=(first + rng.within(&(0..=2))).min(hours) {
            spec.backfills.push(Backfill {
                hour,
                log_files: rng.within(&(0..=2)),
                generated_after_hours: *rng.pick(&[5, 20 * 24]),
                link,
            });
        }
    }
    if rng.one_in(20) {
        spec.keys = KeySchedule {
            spki_periods: BTreeSet::from([0]),
            ..KeySchedule::default()
        };
    }
    spec
}

/// Returns a random start and end of the requested time.
fn range(rng: &mut Rng, spec: &TrailSpec) -> (Timestamp, Timestamp) {
    let hours = i64::from(spec.hours);
    let mut moment = |from: i64, to: i64| {
        let span = u32::try_from((to - from) * 3600).expect("a short trail");
        let seconds = i64::from(rng.within(&(0..=span)));
        spec.start + SignedDuration::from_hours(from) + SignedDuration::from_secs(seconds)
    };
    let (start, end) = (moment(-2, hours), moment(0, hours + 3));
    let (mut start, mut end) = (start.min(end), start.max(end));
    if rng.one_in(3) {
        start = spec.start - SignedDuration::from_hours(3);
    }
    if rng.one_in(5) {
        start = spec.start - SignedDuration::from_hours(24 * 12);
    }
    if rng.one_in(2) {
        end = spec.start + SignedDuration::from_hours(hours + 2);
    }
    (start, end)
}

/// Returns one of the forms that a time may have.
fn form(rng: &mut Rng, time: Timestamp) -> String {
    let format = *rng.pick(&[
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%d %H:%M:%S",
        "%Y%m%dT%H%M%SZ",
        "%Y-%m-%dT%H:%M:%S.25Z",
        "%Y-%m-%dT%H:%M:%S+02:00",
    ]);
    time.strftime(format).to_string()
}

/// Returns some changes to different objects.
fn attacks(rng: &mut Rng, trail: &Trail, range: (Timestamp, Timestamp)) -> Vec<Attack> {
    let hourly: Vec<&DigestFile> = trail
        .digests
        .iter()
        .filter(|digest| digest.kind != DigestKind::Backfill)
        .collect();
    if let Some(change) = &trail.spec.bucket_change
        && change.hour < trail.spec.hours
        && rng.one_in(4)
    {
        return vec![attack::bucket_gone(trail, &trail.spec.bucket)];
    }
    let mut attacks: Vec<Attack> = Vec::new();
    // Changes that show only with few ranges are made more often with those ranges.
    if range.0 < trail.spec.start - SignedDuration::from_hours(24) && rng.one_in(3) {
        let digest = *rng.pick(&hourly);
        add(&mut attacks, attack::signed_late(trail, digest));
    }
    let newest = hourly
        .iter()
        .rfind(|digest| end(digest) <= range.1 + SignedDuration::from_hours(1));
    if let Some(newest) = newest
        && rng.one_in(4)
    {
        add(&mut attacks, attack::newest_of_range(newest));
    }
    for _ in 0..*rng.pick(&[0, 1, 1, 2, 2, 3, 4]) {
        let attack = match rng.within(&(0..=15)) {
            0..=5 if !trail.log_files.is_empty() => {
                let log = rng.pick(&trail.log_files);
                attack::to_log_file(rng, &log.object)
            }
            6 | 7 if hourly.len() >= 2 => attack::run_of_digests(rng, &hourly),
            8 => attack::end_of_chain(rng, &hourly),
            9 => {
                let digest = *rng.pick(&hourly);
                attack::planted(rng, digest)
            }
            _ => {
                let digest = rng.pick(&trail.digests);
                attack::to_digest(rng, trail, digest)
            }
        };
        add(&mut attacks, attack);
    }
    attacks
}

/// Adds a change to an object that has no change yet.
fn add(attacks: &mut Vec<Attack>, attack: Attack) {
    if attacks.iter().all(|other| !other.touches(&attack)) {
        attacks.push(attack);
    }
}
