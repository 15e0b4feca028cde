//! The log files of a folder that no digest lists: what is reported, and what is still open.

use super::stretch::Stretch;
use crate::finding::{Finding, Scope, log_file};
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::log_file_in;
use crate::names::region_folder::RegionFolder;
use jiff::Timestamp;

/// The maximum number of log files of a folder that a round reports one by one.
const MAX_NAMED: usize = 50;

/// The log files of a folder that no digest lists.
#[derive(Debug, Default)]
pub(super) struct UnlistedTally {
    /// The keys of the first ones.
    named: Vec<String>,
    /// The key of the one after those.
    next: Option<String>,
    unlisted: u64,
    unproven: u64,
}

/// The log files of a stretch that no digest lists.
#[derive(Debug)]
pub(super) struct StretchTally<'a> {
    of_folder: &'a mut UnlistedTally,
    /// The parts of the stretch of which the digests prove nothing, and whether there is such a
    /// file.
    unproven: Vec<(Stretch, bool)>,
    /// What is older than this is compared for the last time.
    last_time: Timestamp,
}

impl UnlistedTally {
    /// Starts with a stretch, with the parts of it of which the digests prove nothing.
    pub(super) fn of(&mut self, unproven: Vec<Stretch>, last_time: Timestamp) -> StretchTally<'_> {
        let unproven = unproven.into_iter().map(|part| (part, false));
        StretchTally {
            of_folder: self,
            unproven: unproven.collect(),
            last_time,
        }
    }

    fn add(&mut self, key: &str) {
        self.unlisted += 1;
        if self.named.len() < MAX_NAMED {
            self.named.push(key.to_owned());
        } else if self.next.is_none() {
            self.next = Some(key.to_owned());
        }
    }

    /// Returns the number of log files that no digest lists, and of those of which it could not be
    /// found out whether a digest lists them.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.unlisted, self.unproven)
    }

    /// Returns the findings. `place` is the location of the folder.
    pub(super) fn findings(
        self,
        folder: &RegionFolder,
        events: &str,
        place: &str,
        trails: &[TrailArn],
    ) -> Vec<Finding> {
        let at = |key: String| ObjectLocation::new(folder.bucket.clone(), key);
        let named = u64::try_from(self.named.len()).unwrap_or(u64::MAX);
        let more = self.next.map(|key| {
            let scope = Scope::of_region_folder(folder);
            log_file::more_unlisted(scope, at(key), self.unlisted.saturating_sub(named), place)
        });
        let named = self.named.into_iter().map(|key| {
            let scope = match log_file_in(events, &key) {
                Some(log_file) => Scope::of_log_file(&log_file, trails),
                None => Scope::of_region_folder(folder),
            };
            log_file::unlisted(scope, at(key))
        });
        named.chain(more).collect()
    }
}

impl StretchTally<'_> {
    /// Adds a log file that no digest lists, with the time in its name.
    pub(super) fn add(&mut self, key: &str, time: Timestamp) {
        let mut parts = self.unproven.iter_mut();
        match parts.find(|(part, _)| part.holds(time)) {
            None => self.of_folder.add(key),
            Some(_) if time < self.last_time => self.of_folder.unproven += 1,
            Some((_, has_files)) => *has_files = true,
        }
    }

    /// Adds a file that CloudTrail gives no such name, if that is proven.
    pub(super) fn add_untimed(&mut self, key: &str, is_proven: bool) {
        if is_proven {
            self.of_folder.add(key);
        } else {
            self.of_folder.unproven += 1;
        }
    }

    /// Returns the parts of the stretch that have to be compared again.
    pub(super) fn open(self) -> Vec<Stretch> {
        let open = self
            .unproven
            .into_iter()
            .filter(|(_, has_files)| *has_files);
        open.filter_map(|(part, _)| part.since(self.last_time))
            .collect()
    }
}
