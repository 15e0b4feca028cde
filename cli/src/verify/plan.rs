//! What is to be done, and what of it an object belongs to.

use super::ended::Ended;
use super::resume::Resume;
use crate::source::{SourceDigests, SourcePlace};
use jiff::Timestamp;
use std::sync::Arc;
use trailseal::bucket::selection::{Part, Selection};
use trailseal::bucket::wanted::Wanted;
use trailseal::check::digest::SettledDigest;
use trailseal::finding::Finding;
use trailseal::names::object_key::{
    AccountFolder, Chain, DigestKey, DigestSeries, ObjectKind, classify,
};

/// What is to be done.
pub(super) struct Plan {
    /// The digests of the source.
    pub(super) digests: SourceDigests,
    /// Where trails are looked for.
    pub(super) target: SearchTarget,
    /// What was asked for. Its end is always given.
    pub(super) wanted: Wanted,
    /// Up to when digests should have come; none where that is not known.
    pub(super) expected_until: Option<Timestamp>,
    /// Whether neither the user nor the source says up to when is verified.
    pub(super) is_open_ended: bool,
    /// Since when the user says that everything should be there.
    pub(super) kept_since: Option<Timestamp>,
    /// Ends of chains that are on purpose.
    pub(super) ended: Vec<Ended>,
    /// Why there may be trails that were not found.
    pub(super) unseen: Vec<String>,
    /// When the verification begins.
    pub(super) now: Timestamp,
    /// Whether to look for log files that no digest lists.
    pub(super) unlisted: bool,
    /// Progress on disk.
    pub(super) resume: Option<Arc<Resume>>,
    /// Requests in flight.
    pub(super) concurrency: usize,
    /// What holds the objects.
    pub(super) medium: Medium,
}

/// Where trails are looked for.
#[derive(Debug, Clone)]
pub(super) struct SearchTarget {
    /// Buckets and prefixes to look into.
    pub(super) places: Vec<SourcePlace>,
    /// What of the trails' folders is named.
    pub(super) part: Part,
}

/// What holds the objects that are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// A bucket.
    Bucket,
    /// A copy on disk of all that was in a bucket. A digest's signature is only in the digest after it.
    WholeCopy,
    /// A copy on disk that may lack a part.
    PartialCopy,
}

impl Medium {
    /// Whether it is a copy on disk.
    pub(super) fn is_copy(self) -> bool {
        self != Self::Bucket
    }
}

impl Plan {
    /// Whether log files are looked for that no digest lists: that was asked for, or log files
    /// were named, and not those of one trail.
    pub(super) fn looks_for_unlisted(&self) -> bool {
        self.unlisted || (self.target.part.is_log_files() && self.wanted.trails.is_empty())
    }

    /// Whether a digest file is asked for, by its key.
    pub(super) fn is_named(&self, chain: &Chain, series: DigestSeries, end: Timestamp) -> bool {
        self.wanted.hour(end)
            && match &self.target.part {
                Part::Digests(_) | Part::Digest(_) => {
                    let key = DigestKey::of(chain.clone(), series, end);
                    self.target.part.takes_digest(&key)
                }
                Part::Elsewhere(_) => false,
                Part::Everything | Part::LogFiles(_) | Part::LogFile(_) => true,
            }
    }

    /// Whether a digest file is asked for. Where one log file is, that is the digest file that lists
    /// it.
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

    /// Whether a digest file ends after the time asked for. One that does not, and is not asked for,
    /// is earlier.
    pub(super) fn is_later(&self, chain: &Chain, end: Timestamp) -> bool {
        self.wanted.to.is_some_and(|to| end >= to)
            && !self.is_named(chain, DigestSeries::Hourly, end)
    }

    /// Whether a finding is about the time asked for: by the time that it leaves uncovered; else,
    /// unless it is about a digest of that time, by its object.
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

    /// Whether the whole folder of an account was asked for, and not a folder in it.
    pub(super) fn asks_for_account(&self, bucket: &str, account: &AccountFolder) -> bool {
        let account = account.to_string();
        self.target.part == Part::Everything
            && self.target.places.iter().any(|(place, prefix)| {
                place == bucket && account.starts_with(Selection::of(prefix).above())
            })
    }
}
