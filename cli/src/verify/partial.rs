//! The objects that are missing from a copy on disk, by chain: half of a copy may lack thousands of
//! files, all for the same reason.

use crate::advice::NOT_IN_COPY;
use crate::report::CannotTell;
use indicatif::HumanCount;
use jiff::Timestamp;
use std::collections::BTreeMap;
use trailseal::finding::Scope;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::names::window::Window;
use trailseal::trust::chain::hourly_digests;

/// Everything that is not in the copy.
#[derive(Debug, Default)]
pub(super) struct NotInCopy {
    chains: BTreeMap<ChainName, Gap>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ChainName {
    account: Option<String>,
    region: Option<String>,
    trail: Option<String>,
}

/// The objects of one chain that are not in the copy.
#[derive(Debug, Default)]
struct Gap {
    log_files: u64,
    /// One of the log files.
    log_file: String,
    digests: u64,
    /// One of the digests.
    digest: String,
    /// The number of stretches with a known start and end, and their overall start and end.
    stretches: u64,
    reach: Option<(Timestamp, Timestamp)>,
    /// The time before which the copy holds no digest.
    before: Option<Timestamp>,
    /// The requested time after the newest digest.
    after: Option<(Timestamp, Timestamp)>,
}

impl NotInCopy {
    fn gap(&mut self, scope: &Scope) -> &mut Gap {
        let whose = ChainName {
            account: scope.account.clone(),
            region: scope.region.clone(),
            trail: scope.trail.clone(),
        };
        self.chains.entry(whose).or_default()
    }

    /// Records an object, named `s3://BUCKET/KEY`, and the time that is not verified because it is
    /// absent.
    pub(super) fn object(&mut self, subject: &str, scope: &Scope, window: Option<Window>) {
        let key = subject
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
            .map_or(subject, |(_, key)| key);
        let gap = self.gap(scope);
        if !matches!(classify(key), ObjectKind::Digest(_)) {
            gap.log_files += 1;
            if gap.log_files == 1 {
                subject.clone_into(&mut gap.log_file);
            }
            return;
        }
        if gap.digest.is_empty() {
            subject.clone_into(&mut gap.digest);
        }
        let count = window.and_then(hourly_digests).unwrap_or(1);
        gap.digests += u64::try_from(count).unwrap_or(1);
        match window {
            Some(Window {
                from: Some(from),
                to,
            }) => {
                gap.stretches += 1;
                let (first, last) = gap.reach.unwrap_or((from, to));
                gap.reach = Some((first.min(from), last.max(to)));
            }
            Some(Window { from: None, to }) => gap.before = gap.before.max(Some(to)),
            None => {}
        }
    }

    /// Records the time after the newest digest of a chain.
    pub(super) fn end(&mut self, scope: &Scope, from: Timestamp, to: Timestamp) {
        let gap = self.gap(scope);
        let (first, last) = gap.after.unwrap_or((from, to));
        gap.after = Some((first.min(from), last.max(to)));
    }

    /// Returns the number of digests and of log files that are not in the copy.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.chains.values().fold((0, 0), |(digests, logs), gap| {
            (digests + gap.digests, logs + gap.log_files)
        })
    }

    /// Returns a statement for each chain about its digests, and one about its log files.
    pub(super) fn statements(self) -> Vec<CannotTell> {
        let statements = self.chains.into_iter().flat_map(|(whose, gap)| {
            let of_digests = gap.of_digests(&whose).map(|reason| {
                let subject = match gap.digest.as_str() {
                    "" => "digests that are not in this copy".to_owned(),
                    digest => digest.to_owned(),
                };
                (subject, reason)
            });
            let of_log_files = gap
                .of_log_files(&whose)
                .map(|reason| (gap.log_file.clone(), reason));
            let said: Vec<_> = of_digests.into_iter().chain(of_log_files).collect();
            said.into_iter()
                .map(move |(subject, reason)| whose.cannot_tell(subject, reason))
        });
        statements.collect()
    }
}

impl ChainName {
    /// Returns `trail … in 111122223333 us-east-1`, as far as it is known.
    fn name(&self) -> String {
        let trail = self.trail.as_deref().map(|trail| format!("trail {trail}"));
        let place: Vec<&str> = [&self.account, &self.region]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        match (trail, place.as_slice()) {
            (Some(trail), []) => trail,
            (Some(trail), place) => format!("{trail} in {}", place.join(" ")),
            (None, []) => "the trail".to_owned(),
            (None, place) => format!("the trail in {}", place.join(" ")),
        }
    }

    fn cannot_tell(&self, subject: String, reason: String) -> CannotTell {
        CannotTell {
            subject,
            account: self.account.clone(),
            region: self.region.clone(),
            trail: self.trail.clone(),
            reason,
            advice: NOT_IN_COPY.to_owned(),
        }
    }
}

impl Gap {
    fn of_log_files(&self, whose: &ChainName) -> Option<String> {
        let reason = match self.log_files {
            0 => return None,
            1 => format!(
                "1 log file that the digests of {} list is not in this copy: {}",
                whose.name(),
                self.log_file
            ),
            count => format!(
                "{} log files that the digests of {} list are not in this copy, such as {}",
                HumanCount(count),
                whose.name(),
                self.log_file
            ),
        };
        Some(reason)
    }

    fn of_digests(&self, whose: &ChainName) -> Option<String> {
        let mut said = Vec::new();
        if self.digests > 0 {
            let count = match self.digests {
                1 => "1 digest is".to_owned(),
                count => format!("{} digests are", HumanCount(count)),
            };
            let reach = match (self.stretches, self.reach) {
                (0, _) | (_, None) => String::new(),
                (1, Some((from, to))) => format!(", between {from} and {to}"),
                (stretches, Some((from, to))) => format!(
                    ", in {} stretches between {from} and {to}",
                    HumanCount(stretches)
                ),
            };
            said.push(format!(
                "{count} not in this copy{reach}, such as {}",
                self.digest
            ));
        }
        if let Some(before) = self.before {
            said.push(format!(
                "no digest before {before} is in this copy, although the oldest one continues another"
            ));
        }
        if let Some((from, to)) = self.after {
            said.push(format!(
                "after {from}, this copy has no digest that can be verified, and the time up to {to} was requested"
            ));
        }
        (!said.is_empty()).then(|| format!("of {}, {}", whose.name(), said.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
    const DIGEST: &str = "s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz";

    fn scope(region: &str) -> Scope {
        Scope {
            account: Some("111122223333".to_owned()),
            region: Some(region.to_owned()),
            trail: Some("management-events".to_owned()),
            home_region: None,
        }
    }

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(1_768_435_200 + hour * 3600).unwrap()
    }

    #[test]
    fn thousands_of_missing_files_are_one_statement_with_a_count() {
        let mut gone = NotInCopy::default();
        for _ in 0..12_345 {
            gone.object(LOG, &scope("us-east-1"), None);
        }
        gone.object(LOG, &scope("eu-west-1"), None);
        assert_eq!(gone.counts(), (0, 12_346));
        let said = gone.statements();
        assert_eq!(said.len(), 2);
        assert_eq!(
            said[1].reason,
            format!(
                "12,345 log files that the digests of trail management-events in 111122223333 us-east-1 list are not in this copy, such as {LOG}"
            )
        );
        assert!(said[0].reason.starts_with("1 log file that "));
        assert!(said.iter().all(|said| said.advice == NOT_IN_COPY));
    }

    #[test]
    fn ranges_of_digests_are_counted_by_the_hour() {
        let mut gone = NotInCopy::default();
        let scope = scope("us-east-1");
        for (from, to) in [(Some(1), 3), (Some(10), 11), (None, 0)] {
            let window = Window {
                from: from.map(hour),
                to: hour(to),
            };
            gone.object(DIGEST, &scope, Some(window));
        }
        gone.end(&scope, hour(22), hour(24));
        gone.end(&scope, hour(20), hour(21));
        assert_eq!(gone.counts(), (4, 0));
        let said = gone.statements();
        assert_eq!(said.len(), 1);
        assert_eq!(
            said[0].reason,
            format!(
                "of trail management-events in 111122223333 us-east-1, 4 digests are not in this copy, in 2 stretches between 2026-01-15T01:00:00Z and 2026-01-15T11:00:00Z, such as {DIGEST}; no digest before 2026-01-15T00:00:00Z is in this copy, although the oldest one continues another; after 2026-01-15T20:00:00Z, this copy has no digest that can be verified, and the time up to 2026-01-16T00:00:00Z was requested"
            )
        );
    }
}
