//! Finds log files that no digest lists, without any event.
//!
//! A digest lists what was delivered within its time. Six hours after the time in a file's name, all
//! digests that could list the file have arrived. A round compares the log files that became so old
//! since the last round. The rest is in `docs/watchdog.md`.

use super::folder_comparison::{FolderComparison, KnownListings};
use super::heads::WatchedChain;
use super::log_files::LogFileListing;
use super::lost::KnownFolder;
use super::needed_digests::NeededDigests;
use super::progress::RoundProgress;
use super::proof::DeliveringTrail;
use super::region_record::RegionRecord;
use super::round::WatchRound;
use super::stretch::{Stretch, minute_of};
use crate::bucket::selection::DELIVERY;
use crate::check::listed::LISTED_WITHIN;
use crate::names::ids::Region;
use crate::names::location::ObjectLocation;
use crate::names::object_key::LOG_FOLDER;
use crate::names::region_folder::RegionFolder;
use crate::world::{ListAfter, ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of digests of an account that a round reads. In an hour, 17 Regions need some
/// 85 for each trail.
const MAX_DIGESTS: usize = 600;

/// The time at the start of a round's span in which a file may be listed by a digest before the
/// span. A stretch so old is compared for the last time.
const LAST_TIME: SignedDuration = DELIVERY.saturating_add(SignedDuration::from_hours(1));

/// A folder of events with the time whose log files are due.
struct DueFolder<'a> {
    folder: &'a RegionFolder,
    events: String,
    /// What earlier rounds could not compare.
    open: Vec<Stretch>,
    /// What no round has compared.
    fresh: Option<Stretch>,
    /// Indicates whether no round has compared anything in it.
    is_new: bool,
}

impl DueFolder<'_> {
    /// Returns its location, which is its name in what the rounds remember.
    fn at(&self) -> ObjectLocation {
        ObjectLocation::new(
            self.folder.bucket.clone(),
            self.folder.of_events(&self.events),
        )
    }

    /// Leaves out the time before the digests list log files: files that were delivered before log
    /// file validation was enabled are in no digest.
    fn start_with(&mut self, trails: &[DeliveringTrail]) {
        if let Some(since) = trails.iter().map(|trail| trail.since).min() {
            self.fresh = self.fresh.and_then(|fresh| fresh.since(since));
        }
    }
}

impl<S, K, E> WatchRound<'_, S, K, E>
where
    S: ReadObject + ListAfter,
    K: ListPublicKeys,
{
    /// Compares the log files of an account's folders with the digests.
    pub(super) async fn unlisted(
        &self,
        folders: &[KnownFolder],
        chains: &[&WatchedChain],
        progress: &mut RoundProgress<'_>,
    ) {
        let mut left = MAX_DIGESTS;
        for of_region in regions(folders, progress) {
            // Otherwise it is reported that they cannot be listed.
            if of_region.iter().all(|known| known.digests.is_ok()) {
                self.compare_region(&of_region, chains, &mut left, progress)
                    .await;
            }
        }
        let from = self.span.from;
        let after = &mut progress.round.after;
        after.compared.retain(|_, to| *to > from);
        for stretches in after.open.values_mut() {
            stretches.retain(|stretch| stretch.to > from);
        }
        after.open.retain(|_, stretches| !stretches.is_empty());
    }

    /// Compares the log files of an account and Region, in all folders that its trails deliver to, if
    /// no more digests than are `left` have to be read. Otherwise, the next round does that.
    async fn compare_region(
        &self,
        folders: &[&KnownFolder],
        chains: &[&WatchedChain],
        left: &mut usize,
        progress: &mut RoundProgress<'_>,
    ) {
        let mut due = Vec::new();
        for known in folders {
            let since = chains
                .iter()
                .filter(|chain| chain.folder() == known.folder)
                .map(|chain| chain.since)
                .min();
            for events in known_events(&known.folder, progress) {
                due.extend(self.due(&known.folder, &events, since, progress));
            }
        }
        let stretches = due.iter().flat_map(|due| due.open.iter().chain(&due.fresh));
        let stretches: Vec<Stretch> = stretches.copied().collect();
        if stretches.is_empty() {
            return;
        }
        let needed = NeededDigests::of(folders, chains, &stretches);
        let count = needed.digests.len();
        if count > *left {
            progress.round.totals.incomplete += 1;
            return;
        }
        *left -= count;
        progress.round.totals.incomplete += u64::from(needed.is_cut);
        let record = RegionRecord::read(self.digests, folders, needed).await;
        let first: Vec<_> = due
            .iter()
            .flat_map(|due| listed_first(due, &record, progress))
            .collect();
        due.extend(first);
        for mut due in due {
            let places = self.digests.places();
            let trails = record.trails_of(due.folder, chains, &progress.ended, places);
            if due.is_new {
                due.start_with(&trails);
            }
            match self.compare(&due, &record, &trails).await {
                Ok(compared) => self.take(&due, compared, progress),
                Err(error) => progress.not_watched(&due.at(), &error.cause),
            }
        }
    }

    /// Returns what is due in a folder of events whose chains are known `since` then.
    fn due<'f>(
        &self,
        folder: &'f RegionFolder,
        events: &str,
        since: Option<Timestamp>,
        progress: &mut RoundProgress<'_>,
    ) -> Option<DueFolder<'f>> {
        let mut due = DueFolder {
            folder,
            events: events.to_owned(),
            open: Vec::new(),
            fresh: None,
            is_new: true,
        };
        let place = due.at().to_string();
        let oldest = self.span.from;
        let compared = progress.memory.compared.get(&place).copied();
        due.is_new = compared.is_none();
        // The digests before that are not listed.
        let is_late = compared.is_some_and(|to| to < oldest);
        progress.round.totals.incomplete += u64::from(is_late);
        let from = compared.or(since)?.max(oldest);
        let to = minute_of(self.span.now.saturating_sub(LISTED_WITHIN).ok()?);
        due.fresh = Stretch::between(from, to);
        let open = progress.memory.open.get(&place).into_iter().flatten();
        let open = open.map(|stretch| stretch.in_minutes());
        due.open = open.filter_map(|stretch| stretch.since(oldest)).collect();
        Some(due)
    }

    /// Compares the log files of a folder of events with what the digests list.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be listed.
    async fn compare(
        &self,
        due: &DueFolder<'_>,
        record: &RegionRecord,
        trails: &[DeliveringTrail],
    ) -> Result<FolderComparison, StoreError> {
        let last_time = self.span.from.saturating_add(LAST_TIME);
        let mut listing = LogFileListing {
            store: self.digests.store(),
            folder: due.folder,
            events: &due.events,
            span: self.span,
            pages: 0,
        };
        let known = KnownListings {
            record,
            trails,
            last_time: last_time.unwrap_or(self.span.from),
        };
        known.compare(&due.open, due.fresh, &mut listing).await
    }

    /// Takes the result of a comparison: its findings, and what is remembered.
    fn take(
        &self,
        due: &DueFolder<'_>,
        compared: FolderComparison,
        progress: &mut RoundProgress<'_>,
    ) {
        let at = due.at();
        progress.readable(&at);
        let place = at.to_string();
        let round = &mut progress.round;
        if let Some(to) = compared.to {
            round.after.compared.insert(place.clone(), to);
        }
        round.after.open.insert(place.clone(), compared.open);
        let (unlisted, unproven) = compared.tally.counts();
        round.totals.unlisted += unlisted;
        round.totals.unproven += unproven;
        round.totals.incomplete += u64::from(!compared.is_whole);
        let trails = &self.digests.places().trails;
        let findings = compared
            .tally
            .findings(due.folder, &due.events, &place, trails);
        round.report.findings.extend(findings);
    }
}

/// Returns the folders of each Region. Those that were compared least come first, so that none is
/// left out again and again.
fn regions<'f>(
    folders: &'f [KnownFolder],
    progress: &RoundProgress<'_>,
) -> Vec<Vec<&'f KnownFolder>> {
    let mut regions: BTreeMap<&Region, Vec<&KnownFolder>> = BTreeMap::new();
    for known in folders {
        let of_region = regions.entry(&known.folder.region).or_default();
        of_region.push(known);
    }
    let mut regions: Vec<_> = regions.into_values().collect();
    regions.sort_by_cached_key(|of_region| {
        let places = of_region.iter().map(|known| {
            let log_files = known.folder.log_files();
            ObjectLocation::new(known.folder.bucket.clone(), log_files).to_string()
        });
        let compared = places.map(|place| progress.memory.compared.get(&place).copied());
        compared.min().flatten()
    });
    regions
}

/// Returns the folders of events of which a digest lists a file for the first time, next to
/// `CloudTrail`. They are due like that one.
fn listed_first<'f>(
    due: &DueFolder<'f>,
    record: &RegionRecord,
    progress: &RoundProgress<'_>,
) -> Vec<DueFolder<'f>> {
    if due.events != LOG_FOLDER {
        return Vec::new();
    }
    let known = known_events(due.folder, progress);
    let listed = record.events_in(due.folder);
    listed
        .filter(|events| !known.contains(*events))
        .map(|events| DueFolder {
            folder: due.folder,
            events: events.to_owned(),
            open: Vec::new(),
            fresh: due.fresh,
            is_new: true,
        })
        .collect()
}

/// Returns the folders of events of an account and Region whose log files are compared: `CloudTrail`,
/// and those of which a digest has listed a file.
fn known_events(folder: &RegionFolder, progress: &RoundProgress<'_>) -> BTreeSet<String> {
    let bucket = format!("s3://{}/", folder.bucket);
    let places = progress.memory.compared.keys();
    let known = places.filter_map(|place| {
        let key = place.strip_prefix(&bucket)?;
        let at = ObjectLocation::new(folder.bucket.clone(), key);
        folder.events_of(&at).map(str::to_owned)
    });
    known.chain([LOG_FOLDER.to_owned()]).collect()
}
