//! The shape of a trail before its contents: its digests and log files, where they are, and when.

use jiff::Timestamp;

use super::digest::seconds_between;
use super::names;
use super::object::Location;
use super::output::DigestKind;
use super::rng::Rng;
use super::spec::{BackfillLink, FirstDigest, TrailSpec};
use super::time::seconds;

/// A digest to generate.
#[derive(Debug, Clone)]
pub(crate) struct DigestPlan {
    pub(crate) hour: i64,
    pub(crate) kind: DigestKind,
    pub(crate) generated_at: Timestamp,
    pub(crate) log_files: Vec<LogPlan>,
    /// Whether it is written to the bucket; a digest before the generated range is not.
    pub(crate) stored: bool,
    /// Whether a backfill digest names the previous backfill digest.
    pub(crate) linked: bool,
}

/// A log file to generate.
#[derive(Debug, Clone)]
pub(crate) struct LogPlan {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) hour: i64,
    pub(crate) kind: DigestKind,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) delivered_at: Timestamp,
}

impl LogPlan {
    pub(crate) fn location(&self) -> Location {
        Location {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
        }
    }
}

/// Returns the digests of one account and Region: hourly ones in order, then backfill ones.
pub(crate) fn chain(spec: &TrailSpec, account: &str, region: &str) -> Vec<DigestPlan> {
    let planner = Planner {
        spec,
        account,
        region,
    };
    let mut digests = Vec::new();
    if spec.first_digest == FirstDigest::MidChain {
        let mut before = planner.hourly(-1, DigestKind::Starting);
        before.stored = false;
        digests.push(before);
    }
    for hour in 0..=spec.hours {
        if let Some(kind) = kind_of_hour(spec, hour) {
            digests.push(planner.hourly(i64::from(hour), kind));
        }
    }
    for index in 0..spec.backfills.len() {
        digests.push(planner.backfill(index));
    }
    digests
}

/// Returns the type of the digest of an hour, if there is one.
fn kind_of_hour(spec: &TrailSpec, hour: u32) -> Option<DigestKind> {
    if hour == 0 && spec.first_digest == FirstDigest::Starting {
        return Some(DigestKind::Starting);
    }
    for stop in &spec.stops {
        match stop.restart_hour {
            Some(restart) if hour == restart => return Some(DigestKind::Starting),
            Some(restart) if hour > stop.last_hour && hour < restart => return None,
            None if hour > stop.last_hour => return None,
            _ => {}
        }
    }
    Some(DigestKind::Hourly)
}

struct Planner<'a> {
    spec: &'a TrailSpec,
    account: &'a str,
    region: &'a str,
}

impl Planner<'_> {
    fn rng(&self, what: &str, number: i64) -> Rng {
        let subject = format!("{}/{}/{what}/{number}", self.account, self.region);
        Rng::for_subject(self.spec.seed, &subject)
    }

    fn hourly(&self, hour: i64, kind: DigestKind) -> DigestPlan {
        let mut rng = self.rng("hour", hour);
        let quiet = u32::try_from(hour).is_ok_and(|hour| self.spec.empty_hours.contains(&hour));
        let count = if quiet || kind == DigestKind::Starting {
            0
        } else {
            rng.within(&self.spec.log_files_per_hour)
        };
        let delay = rng.within(&self.spec.digest_delay_seconds);
        DigestPlan {
            hour,
            kind,
            generated_at: self.spec.hour_end(hour) + seconds(delay),
            log_files: self.log_files(&mut rng, hour, kind, count),
            stored: true,
            linked: false,
        }
    }

    fn backfill(&self, index: usize) -> DigestPlan {
        let backfill = self.spec.backfills[index];
        let hour = i64::from(backfill.hour);
        let mut rng = self.rng("backfill", hour);
        let delay = rng.within(&self.spec.digest_delay_seconds);
        let later = seconds(backfill.generated_after_hours * 3600 + delay);
        DigestPlan {
            hour,
            kind: DigestKind::Backfill,
            generated_at: self.spec.hour_end(hour) + later,
            log_files: self.log_files(&mut rng, hour, DigestKind::Backfill, backfill.log_files),
            stored: true,
            linked: index > 0 && backfill.link == BackfillLink::PreviousBackfill,
        }
    }

    fn log_files(&self, rng: &mut Rng, hour: i64, kind: DigestKind, count: u32) -> Vec<LogPlan> {
        let (from, to) = (self.spec.hour_end(hour - 1), self.spec.hour_end(hour));
        let length = seconds_between(from, to);
        let mut moments: Vec<u32> = (0..count).map(|_| rng.within(&(1..=length - 1))).collect();
        moments.sort_unstable();
        moments
            .into_iter()
            .map(|after| {
                let delivered_at = from + seconds(after);
                let unique = rng.alphanumeric(16);
                // Only the digest of the hour of the change has log files in both buckets.
                let bucket_hour = if after < length / 2 { hour - 1 } else { hour };
                LogPlan {
                    account: self.account.to_owned(),
                    region: self.region.to_owned(),
                    hour,
                    kind,
                    bucket: self.spec.digest_bucket(bucket_hour).to_owned(),
                    key: names::file_key(
                        self.spec,
                        "CloudTrail",
                        self.account,
                        self.region,
                        delivered_at,
                        &unique,
                    ),
                    delivered_at,
                }
            })
            .collect()
    }
}
