//! What the digests of an account and Region list, in all folders that its trails deliver to.

use super::heads::WatchedChain;
use super::lost::{KnownDigest, KnownFolder};
use super::proof::DeliveringTrail;
use super::stretch::Stretch;
use crate::bucket::selection::DELIVERY;
use crate::check::coverage::AccountedTime;
use crate::check::digest::DigestVerifier;
use crate::check::listed::{EARLIER, Listed};
use crate::names::ids::{Region, TrailName};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, DigestSeries, LOG_FOLDER};
use crate::names::places::Places;
use crate::names::region_folder::RegionFolder;
use crate::trust::signature::AuthenticDigest;
use crate::world::{ListPublicKeys, ReadObject};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of digests of an account and Region that a round reads, of chains that have a
/// head: two days of six trails. Each may inflate to 16 MiB, so they are read one after the other.
const MAX_DIGESTS: usize = 300;

/// The maximum number of other digests of an account and Region that a round reads. Anybody who may
/// write to the bucket can put objects with such names there.
const MAX_UNKNOWN: usize = 60;

/// The maximum length of a digest's time.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What the digests of an account and Region list.
#[derive(Debug, Default)]
pub(super) struct RegionRecord {
    listed: Listed,
    /// The trails of which CloudTrail signed a digest.
    trails: BTreeMap<PlacedTrail, SignedTrail>,
    /// The folders of events other than `CloudTrail` whose files a digest lists, by the folder of
    /// the account and Region.
    events: BTreeMap<RegionFolder, BTreeSet<String>>,
    /// Indicates whether a digest lists a file whose name is not as those of log files.
    has_other_names: bool,
    /// Indicates whether there are more digests than were read.
    pub(super) is_cut: bool,
}

/// A trail in the buckets that it delivers to, or in one of their replicas. The digests in a replica
/// list no files of other buckets, and those of other buckets list no files of a replica.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct PlacedTrail {
    name: TrailName,
    home_region: Region,
    /// The replica.
    replica: Option<String>,
}

impl PlacedTrail {
    /// Returns the trail of a chain in a bucket. The chains of an account and Region that have a
    /// name and a home Region in common are of one trail.
    fn of(chain: &Chain, bucket: &str, places: &Places) -> Self {
        Self {
            name: chain.trail.clone(),
            home_region: chain.home_region.clone(),
            replica: places.is_replica(bucket).then(|| bucket.to_owned()),
        }
    }
}

/// The digests of a trail that CloudTrail signed.
#[derive(Debug, Default)]
struct SignedTrail {
    /// The folders of its digests.
    folders: BTreeSet<RegionFolder>,
    covered: AccountedTime,
    /// The ends of its starting digests, by their starts.
    starting: BTreeMap<Timestamp, Timestamp>,
}

impl SignedTrail {
    /// Returns the time since which digests list log files, if they are known `since` then.
    fn lists_since(&self, since: Timestamp) -> Timestamp {
        self.starting.get(&since).copied().unwrap_or(since)
    }
}

impl RegionRecord {
    /// Reads the digests that may list the log files of some stretches. A digest that cannot be read
    /// is as a missing one: it is tried again, as long as there are log files that it may list.
    /// `chains` are those of the account.
    pub(super) async fn read<S: ReadObject, K: ListPublicKeys>(
        digests: &DigestVerifier<S, K>,
        folders: &[&KnownFolder],
        chains: &[&WatchedChain],
        stretches: &[Stretch],
    ) -> Self {
        let needed = folders.iter().flat_map(|known| {
            let of_folder = known.digests.iter().flatten();
            of_folder.map(|digest| (&known.folder, digest))
        });
        let needed = needed.filter(|(_, digest)| is_needed(digest.key.end_time, stretches));
        let needed = needed.map(|(folder, digest)| (expectation(digest, chains), folder, digest));
        let mut needed: Vec<(Expectation, &RegionFolder, &KnownDigest)> = needed.collect();
        needed.sort_by_key(|(expectation, _, digest)| (*expectation, digest.key.end_time));
        let known = needed.partition_point(|(expectation, ..)| *expectation < Expectation::NoChain);
        let mut unknown = needed.split_off(known);
        let mut record = Self {
            is_cut: needed.len() > MAX_DIGESTS || unknown.len() > MAX_UNKNOWN,
            ..Self::default()
        };
        needed.truncate(MAX_DIGESTS);
        unknown.truncate(MAX_UNKNOWN);
        for (_, folder, digest) in needed.into_iter().chain(unknown) {
            if let Ok(Some(signed)) = digests.signed(&digest.at, &digest.key).await {
                record.add(digests, folders, folder, digest, &signed);
            }
        }
        record
    }

    fn add<S: ReadObject, K: ListPublicKeys>(
        &mut self,
        digests: &DigestVerifier<S, K>,
        folders: &[&KnownFolder],
        folder: &RegionFolder,
        digest: &KnownDigest,
        signed: &AuthenticDigest,
    ) {
        let key = &digest.key;
        let actual = |listed: &ObjectLocation| digests.actual(listed, &digest.at.bucket);
        self.listed.add_log_files(key, signed, actual);
        for file in &signed.digest().log_files {
            self.note(&actual(&file.location), folders);
        }
        if key.series == DigestSeries::Backfill {
            return;
        }
        let trail = PlacedTrail::of(&key.chain, &digest.at.bucket, digests.places());
        let trail = self.trails.entry(trail).or_default();
        trail.folders.insert(folder.clone());
        let digest = signed.digest();
        let from = digest.lists_from();
        trail.covered.add(from, digest.end_time);
        if from > digest.start_time {
            trail.starting.insert(digest.start_time, from);
        }
    }

    /// Notes the folder and the form of a log file that a digest lists.
    fn note(&mut self, at: &ObjectLocation, folders: &[&KnownFolder]) {
        let found = folders.iter().find_map(|known| {
            let events = known.folder.events_of(at)?;
            Some((&known.folder, events))
        });
        let Some((folder, events)) = found else {
            return;
        };
        self.has_other_names |= folder.time_of(events, &at.key).is_none();
        if events != LOG_FOLDER {
            let of_folder = self.events.entry(folder.clone()).or_default();
            of_folder.insert(events.to_owned());
        }
    }

    /// Returns whether a digest lists the log file with this key in this bucket.
    pub(super) fn lists(&self, bucket: &str, key: &str) -> bool {
        self.listed.lists(bucket, key)
    }

    /// Returns the folders of events other than `CloudTrail` whose files in a folder of an account
    /// and Region a digest lists.
    pub(super) fn events_in(&self, folder: &RegionFolder) -> impl Iterator<Item = &str> {
        let events = self.events.get(folder).into_iter().flatten();
        events.map(String::as_str)
    }

    /// Returns whether CloudTrail gives no file a name that cannot be read.
    pub(super) fn knows_all_names(&self) -> bool {
        !self.trails.is_empty() && !self.has_other_names
    }

    /// Returns the trails that deliver to a folder, or did. `chains` are those of the account, and
    /// `ended` the places of those that do not have to continue.
    pub(super) fn trails_of(
        &self,
        folder: &RegionFolder,
        chains: &[&WatchedChain],
        ended: &BTreeSet<String>,
        places: &Places,
    ) -> Vec<DeliveringTrail> {
        let mut known = BTreeSet::new();
        let mut found = Vec::new();
        let placed = |chain: &WatchedChain| PlacedTrail::of(&chain.chain, &chain.bucket, places);
        for chain in chains.iter().filter(|chain| chain.folder() == *folder) {
            let trail = placed(chain);
            if known.contains(&trail) {
                continue;
            }
            let of_trail = || {
                let same = |other: &&&WatchedChain| {
                    other.chain.same_trail(&chain.chain) && placed(other) == trail
                };
                chains.iter().filter(same)
            };
            let continues = of_trail().any(|other| !ended.contains(&other.place()));
            let newest = of_trail().map(|other| other.newest_end).max();
            let here = of_trail().filter(|other| other.folder() == *folder);
            let since = here.map(|chain| chain.since).min().unwrap_or_default();
            let signed = self.trails.get(&trail);
            found.push(DeliveringTrail {
                since: signed.map_or(since, |it| it.lists_since(since)),
                until: newest.filter(|_| !continues),
                covered: signed.map_or_else(AccountedTime::default, |it| it.covered.clone()),
            });
            known.insert(trail);
        }
        // No event about their digests has arrived yet: it is not known when they start and end.
        let others = self
            .trails
            .iter()
            .filter(|(trail, signed)| signed.folders.contains(folder) && !known.contains(*trail));
        found.extend(others.map(|(_, signed)| DeliveringTrail {
            since: Timestamp::MIN,
            until: None,
            covered: signed.covered.clone(),
        }));
        found
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
