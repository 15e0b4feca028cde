//! Which digests of an account and Region a round reads to compare the log files.

use super::heads::WatchedChain;
use super::lost::{KnownDigest, KnownFolder};
use super::stretch::Stretch;
use crate::bucket::selection::DELIVERY;
use crate::check::listed::EARLIER;
use crate::names::region_folder::RegionFolder;
use jiff::{SignedDuration, Timestamp};

/// The maximum number of digests of an account and Region that a round reads, of chains that have a
/// head: two days of six trails. Each may inflate to 16 MiB, so they are read one after the other.
const MAX_DIGESTS: usize = 300;

/// The maximum number of other digests of an account and Region that a round reads. Anybody who may
/// write to the bucket can put objects with such names there.
const MAX_UNKNOWN: usize = 60;

/// The maximum length of a digest's time.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The digests of an account and Region that may list the log files of some stretches.
#[derive(Debug)]
pub(super) struct NeededDigests<'a> {
    /// The digests, each with its folder.
    pub(super) digests: Vec<(&'a RegionFolder, &'a KnownDigest)>,
    /// Indicates whether there are more than a round reads.
    pub(super) is_cut: bool,
}

impl<'a> NeededDigests<'a> {
    /// Returns those of some folders. `chains` are those of the account.
    pub(super) fn of(
        folders: &[&'a KnownFolder],
        chains: &[&WatchedChain],
        stretches: &[Stretch],
    ) -> Self {
        let digests = folders.iter().flat_map(|known| {
            let of_folder = known.digests.iter().flatten();
            of_folder.map(|digest| (&known.folder, digest))
        });
        let mut needed: Vec<_> = digests
            .filter(|(_, digest)| is_needed(digest.key.end_time, stretches))
            .map(|(folder, digest)| (expectation(digest, chains), folder, digest))
            .collect();
        needed.sort_by_key(|(expectation, _, digest)| (*expectation, digest.key.end_time));
        let known = needed.partition_point(|(expectation, ..)| *expectation < Expectation::NoChain);
        let mut unknown = needed.split_off(known);
        let is_cut = needed.len() > MAX_DIGESTS || unknown.len() > MAX_UNKNOWN;
        needed.truncate(MAX_DIGESTS);
        unknown.truncate(MAX_UNKNOWN);
        let digests = needed.into_iter().chain(unknown);
        Self {
            digests: digests
                .map(|(_, folder, digest)| (folder, digest))
                .collect(),
            is_cut,
        }
    }
}

/// Whether CloudTrail delivers a digest with such a key, the most probable first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Expectation {
    /// Its chain has a head, and it ends whole hours before or after the newest digest.
    Hourly,
    /// Its chain has a head.
    OtherTime,
    /// No function has verified a digest of its chain.
    NoChain,
}

/// Returns whether CloudTrail delivers a digest with such a key. An attacker can make any number of
/// the other keys. `chains` are those of the account.
fn expectation(digest: &KnownDigest, chains: &[&WatchedChain]) -> Expectation {
    let same = |chain: &&&WatchedChain| {
        chain.chain == digest.key.chain && chain.bucket == digest.at.bucket
    };
    let Some(chain) = chains.iter().find(same) else {
        return Expectation::NoChain;
    };
    let apart = digest.key.end_time.duration_since(chain.newest_end);
    if apart.as_secs() % HOUR.as_secs() == 0 {
        Expectation::Hourly
    } else {
        Expectation::OtherTime
    }
}

/// Returns whether a digest that ends at `end` may list the log files of some stretches.
fn is_needed(end: Timestamp, stretches: &[Stretch]) -> bool {
    let latest = DELIVERY + HOUR;
    stretches.iter().any(|stretch| {
        let from = stretch.from.saturating_sub(EARLIER);
        let to = stretch.to.saturating_add(latest);
        from.is_ok_and(|from| end > from) && to.is_ok_and(|to| end <= to)
    })
}
