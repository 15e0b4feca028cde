//! The folder of one account and Region.

use crate::names::ids::Region;
use crate::names::object_key::AccountFolder;

/// The objects of one account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionFolder {
    /// The bucket.
    pub bucket: String,
    /// Account, organization and prefix.
    pub folder: AccountFolder,
    /// Where the events happened.
    pub region: Region,
}

impl RegionFolder {
    /// The folder of its digests.
    #[must_use]
    pub fn digests(&self) -> String {
        format!("{}CloudTrail-Digest/{}/", self.folder, self.region)
    }

    /// The folder of its log files.
    #[must_use]
    pub fn log_files(&self) -> String {
        format!("{}CloudTrail/{}/", self.folder, self.region)
    }
}
