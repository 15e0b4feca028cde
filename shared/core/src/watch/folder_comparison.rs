//! The comparison of the log files of one folder with what the digests list.

use super::log_files::{LogFileListing, MAX_PAGES, NamedTime};
use super::proof::{DeliveringTrail, unproven};
use super::region_record::RegionRecord;
use super::stretch::{Stretch, merged};
use super::tally::UnlistedTally;
use crate::world::{ListAfter, StoreError};
use jiff::Timestamp;

/// The result of a comparison.
#[derive(Debug)]
pub(super) struct FolderComparison {
    pub(super) tally: UnlistedTally,
    /// The time up to which log files were compared.
    pub(super) to: Option<Timestamp>,
    /// What could not be compared.
    pub(super) open: Vec<Stretch>,
    /// Indicates whether everything that was due was listed.
    pub(super) is_whole: bool,
}

/// What is known about the log files of a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownListings<'a> {
    pub(super) record: &'a RegionRecord,
    /// The trails that deliver to the folder.
    pub(super) trails: &'a [DeliveringTrail],
    /// A stretch that is older is compared for the last time.
    pub(super) last_time: Timestamp,
}

impl KnownListings<'_> {
    /// Compares the log files of a folder with what the digests list: `open` is what earlier rounds
    /// could not compare, and `fresh` what no round has compared.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be listed.
    pub(super) async fn compare<L: ListAfter>(
        self,
        open: &[Stretch],
        fresh: Option<Stretch>,
        listing: &mut LogFileListing<'_, L>,
    ) -> Result<FolderComparison, StoreError> {
        let mut found = FolderComparison {
            tally: UnlistedTally::default(),
            to: None,
            open: Vec::new(),
            is_whole: true,
        };
        // What was found before does not crowd out what is new.
        if let Some(fresh) = fresh {
            found.compare_fresh(fresh, self, listing).await?;
        }
        found.compare_open(open, self, listing).await?;
        found.open = merged(found.open);
        Ok(found)
    }
}

impl FolderComparison {
    /// Compares what earlier rounds could not compare. Each stretch has its share of the pages, so
    /// that none with many files keeps the others from being compared.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be listed.
    async fn compare_open<L: ListAfter>(
        &mut self,
        stretches: &[Stretch],
        known: KnownListings<'_>,
        listing: &mut LogFileListing<'_, L>,
    ) -> Result<(), StoreError> {
        let folder = listing.folder;
        let bucket = &folder.bucket;
        let mut pages = MAX_PAGES;
        for (done, stretch) in stretches.iter().enumerate() {
            let share = pages.div_ceil(stretches.len().saturating_sub(done).max(1));
            listing.pages = share;
            let parts = unproven(known.trails, *stretch);
            let mut of = self.tally.of(parts, known.last_time);
            let reached = listing
                .again(*stretch, |key, time| {
                    if !known.record.lists(bucket, key) {
                        of.add(key, time);
                    }
                })
                .await?;
            pages -= share.saturating_sub(listing.pages);
            let open = of.open();
            self.open.extend(open);
            self.open.extend(stretch.since(reached.to));
            self.is_whole &= reached.is_whole;
            self.open.extend(reached.skipped);
        }
        Ok(())
    }

    /// Compares what no round has compared.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be listed.
    async fn compare_fresh<L: ListAfter>(
        &mut self,
        stretch: Stretch,
        known: KnownListings<'_>,
        listing: &mut LogFileListing<'_, L>,
    ) -> Result<(), StoreError> {
        let folder = listing.folder;
        let bucket = &folder.bucket;
        let record = known.record;
        let has_trails = !known.trails.is_empty();
        let parts = unproven(known.trails, stretch);
        let mut of = self.tally.of(parts, known.last_time);
        let reached = listing
            .first(stretch, |key, time| match time {
                _ if record.lists(bucket, key) => {}
                NamedTime::Due(time) => of.add(key, time),
                NamedTime::Future => of.add_untimed(key, has_trails),
                NamedTime::NotNamed => {
                    of.add_untimed(key, has_trails && record.knows_all_names());
                }
            })
            .await?;
        let reached_stretch = Stretch::between(stretch.from, reached.to);
        let open = of.open().into_iter();
        let open: Vec<_> = open
            .filter_map(|open| open.within(reached_stretch?))
            .collect();
        self.is_whole &= reached.is_whole;
        self.to = Some(reached.to);
        self.open.extend(open);
        self.open.extend(reached.skipped);
        Ok(())
    }
}
