//! The plan of a run, and the checks whether an object belongs to it.

use super::resume::Resume;
use crate::source::{SourceDigests, SourcePlace};
use jiff::Timestamp;
use std::sync::Arc;
use trailseal::bucket::selection::{Part, Selection};
use trailseal::bucket::wanted::Wanted;
use trailseal::check::chain_end::Ended;
use trailseal::check::digest::SettledDigest;
use trailseal::finding::Finding;
use trailseal::names::object_key::{
    AccountFolder, Chain, DigestKey, DigestSeries, ObjectKind, classify,
};

/// The plan of a run.
pub(super) struct Plan {
    /// The verifier of the source's digests.
    pub(super) digests: SourceDigests,
    /// The places that are searched for trails.
    pub(super) target: SearchTarget,
    /// The requested part of the trails. Its end is always set.
    pub(super) wanted: Wanted,
    /// The time up to which digests should have arrived; none if it is not known.
    pub(super) expected_until: Option<Timestamp>,
    /// Whether neither the user nor the source gives an end of the time to verify.
    pub(super) is_open_ended: bool,
    /// The time since which, according to the user, everything should exist.
    pub(super) kept_since: Option<Timestamp>,
    /// Ends of chains that are on purpose.
    pub(super) ended: Vec<Ended>,
    /// The reasons why there may be trails that were not found.
    pub(super) unseen: Vec<String>,
    /// The time when the verification starts.
    pub(super) now: Timestamp,
    /// Whether to look for log files that no digest lists.
    pub(super) unlisted: bool,
    /// The progress file.
    pub(super) resume: Option<Arc<Resume>>,
    /// The number of requests in flight.
    pub(super) concurrency: usize,
    /// The medium that holds the objects.
    pub(super) medium: Medium,
}

/// The places that are searched for trails.
#[derive(Debug, Clone)]
pub(super) struct SearchTarget {
    /// Buckets and prefixes to search.
    pub(super) places: Vec<SourcePlace>,
    /// The part of the trails' folders that is named.
    pub(super) part: Part,
}

/// The medium that holds the objects to verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// A bucket.
    Bucket,
    /// A copy on disk of everything that was in a bucket. A digest's signature is only in the
    /// digest after it.
    WholeCopy,
    /// A copy on disk that may be incomplete.
    PartialCopy,
}

impl Medium {
    /// Returns whether it is a copy on disk.
    pub(super) fn is_copy(self) -> bool {
        self != Self::Bucket
    }
}

impl Plan {
    /// Returns whether to look for log files that no digest lists: this was requested, or log files
    /// were named, but not those of one trail.
    pub(super) fn searches_for_unlisted(&self) -> bool {
        self.unlisted || (self.target.part.is_log_files() && self.wanted.trails.is_empty())
    }

    /// Returns whether a digest file is requested, by its key.
    pub(super) fn is_named(&self, chain: &Chain, series: DigestSeries, end: Timestamp) -> bool {
        self.wanted.hour(end)
            && match &self.target.part {
                Part::Digests(_) | Part::Digest(_) => {
                    let key = DigestKey::of(chain.clone(), series, end);
                    self.target.part.selects_digest(&key)
                }
                Part::Elsewhere(_) => false,
                Part::Everything | Part::LogFiles(_) | Part::LogFile(_) => true,
            }
    }

    /// Returns whether a digest file is requested. If one log file is requested, this is the digest
    /// file that lists it.
    pub(super) fn is_reported(&self, settled: &SettledDigest) -> bool {
        let Part::LogFile(named) = &self.target.part else {
            let key = &settled.key;
            return self.is_named(&key.chain, key.series, key.end_time);
        };
        settled.authentic.as_ref().is_some_and(|digest| {
            let mut files = digest.digest().log_files.iter();
            let here = settled.at.bucket.as_str();
            files.any(|file| {
                file.location.key == *named
                    && self.digests.actual(&file.location, here).bucket == here
            })
        })
    }

    /// Returns whether a digest file ends after the requested time. A digest file that does not,
    /// and is not requested, is earlier.
    pub(super) fn is_later(&self, chain: &Chain, end: Timestamp) -> bool {
        self.wanted.to.is_some_and(|to| end >= to)
            && !self.is_named(chain, DigestSeries::Hourly, end)
    }

    /// Returns whether a finding is about the requested time: by the time that it leaves uncovered.
    /// A finding without such a time is if `of_wanted`, or otherwise by its object.
    pub(super) fn is_wanted(&self, finding: &Finding, of_wanted: bool) -> bool {
        let wanted = &self.wanted;
        if let Part::LogFile(_) = self.target.part {
            return of_wanted;
        }
        match (finding.window, classify(&finding.object.key)) {
            (Some(window), _) => {
                wanted.from.is_none_or(|from| window.to > from)
                    && wanted
                        .to
                        .is_none_or(|to| window.from.is_none_or(|from| from < to))
            }
            (None, _) if of_wanted => true,
            (None, ObjectKind::Digest(key)) => wanted.hour(key.end_time),
            _ => false,
        }
    }

    /// Returns whether the whole folder of an account was requested, not a folder in it.
    pub(super) fn selects_account(&self, bucket: &str, account: &AccountFolder) -> bool {
        let account = account.to_string();
        self.target.part == Part::Everything
            && self.target.places.iter().any(|(place, prefix)| {
                place == bucket && account.starts_with(Selection::of(prefix).above())
            })
    }
}
