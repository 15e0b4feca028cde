//! The folder of one account and Region.

use crate::names::ids::Region;
use crate::names::object_key::{AccountFolder, DIGEST_FOLDER, LOG_FOLDER};

/// The objects of one account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionFolder {
    /// The bucket.
    pub bucket: String,
    /// Account, organization and prefix.
    pub folder: AccountFolder,
    /// The Region in which the events occurred.
    pub region: Region,
}

impl RegionFolder {
    /// Returns the folder of its digests.
    #[must_use]
    pub fn digests(&self) -> String {
        self.of_events(DIGEST_FOLDER)
    }

    /// Returns the folder of its log files.
    #[must_use]
    pub fn log_files(&self) -> String {
        self.of_events(LOG_FOLDER)
    }

    /// Returns the folder of the Region in a folder of events, such as `CloudTrail-Insight`.
    #[must_use]
    pub fn of_events(&self, events: &str) -> String {
        self.folder.region(events, &self.region)
    }
}
