//! What the digests of an account and Region list, in all folders that its trails deliver to.

use super::heads::WatchedChain;
use super::lost::{KnownDigest, KnownFolder};
use super::needed_digests::NeededDigests;
use super::proof::DeliveringTrail;
use crate::check::coverage::AccountedTime;
use crate::check::digest::DigestVerifier;
use crate::check::listed::Listed;
use crate::names::ids::{Region, TrailName};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, DigestSeries, LOG_FOLDER};
use crate::names::places::Places;
use crate::names::region_folder::RegionFolder;
use crate::trust::signature::AuthenticDigest;
use crate::world::{ListPublicKeys, ReadObject};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Reads what these digests of some folders list. A digest that cannot be read is as a missing
    /// one: it is tried again, as long as there are log files that it may list.
    pub(super) async fn read<S: ReadObject, K: ListPublicKeys>(
        digests: &DigestVerifier<S, K>,
        folders: &[&KnownFolder],
        needed: NeededDigests<'_>,
    ) -> Self {
        let mut record = Self::default();
        for (folder, digest) in needed.digests {
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
        let trail_of = |chain: &WatchedChain| PlacedTrail::of(&chain.chain, &chain.bucket, places);
        for chain in chains.iter().filter(|chain| chain.folder() == *folder) {
            let trail = trail_of(chain);
            if known.contains(&trail) {
                continue;
            }
            let of_trail = || {
                let same = |other: &&&WatchedChain| {
                    other.chain.same_trail(&chain.chain) && trail_of(other) == trail
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
