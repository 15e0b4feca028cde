//! The folder of one account and Region.

use crate::names::compact_time::read_compact_time;
use crate::names::date_folder::{day_folder, is_date};
use crate::names::ids::Region;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{AccountFolder, DIGEST_FOLDER, LOG_FOLDER};
use jiff::Timestamp;

/// The length of `YYYY/MM/DD`.
const DAY: usize = 10;

/// The length of `YYYYMMDDTHHMM`.
const MINUTE: usize = 13;

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

    /// Returns the folder of events, such as `CloudTrail-Insight`, that an object is in, if the
    /// object is in a folder of this Region.
    #[must_use]
    pub fn events_of<'a>(&self, at: &'a ObjectLocation) -> Option<&'a str> {
        let below = at.key.strip_prefix(&self.folder.to_string())?;
        let (events, below) = below.split_once('/')?;
        let (region, _) = below.split_once('/')?;
        (at.bucket == self.bucket && region == self.region.as_str()).then_some(events)
    }

    /// Returns the start of the keys of the log files in a folder of events that CloudTrail delivers
    /// in the minute of a time. Keys of later log files sort after it.
    #[must_use]
    pub fn log_files_from(&self, events: &str, time: Timestamp) -> String {
        let minute = time.strftime("%Y%m%dT%H%M");
        let (day, names) = (day_folder(time), self.start_of_names(events));
        format!("{}{day}{names}{minute}", self.of_events(events))
    }

    /// Returns the folder of a day, `YYYY/MM/DD/`, that a file in a folder of events is in.
    #[must_use]
    pub fn day_of<'a>(&self, events: &str, key: &'a str) -> Option<&'a str> {
        let below = key.strip_prefix(&self.of_events(events))?;
        let day = below.get(..=DAY)?;
        day.strip_suffix('/').is_some_and(is_date).then_some(day)
    }

    /// Returns the time in the name of a file in a folder of events, to the minute, if the key
    /// starts as those of CloudTrail's log files do. Anything may follow.
    #[must_use]
    pub fn time_of(&self, events: &str, key: &str) -> Option<Timestamp> {
        let below = key.strip_prefix(&self.of_events(events))?;
        let (day, name) = below.split_at_checked(DAY + 1)?;
        let minute = name.strip_prefix(&self.start_of_names(events))?;
        let time = read_compact_time::<4>(&format!("{}Z", minute.get(..MINUTE)?))?;
        (*day == *day_folder(time)).then_some(time)
    }

    fn start_of_names(&self, events: &str) -> String {
        format!("{}_{events}_{}_", self.folder.account, self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ids::AccountId;

    const DAY_OF_FILES: &str = "p/AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/01/15/";

    fn folder() -> RegionFolder {
        RegionFolder {
            bucket: "amzn-s3-demo-bucket".to_owned(),
            folder: AccountFolder {
                prefix: Some("p".to_owned()),
                organization: None,
                account: AccountId::new("111122223333").unwrap(),
            },
            region: Region::new("us-east-1").unwrap(),
        }
    }

    #[test]
    fn the_time_in_a_name_is_read_if_the_key_starts_as_cloudtrails_do() {
        let time: Timestamp = "2026-01-15T12:05:00Z".parse().unwrap();
        let from = folder().log_files_from("CloudTrail-Insight", time);
        for (name, is_read) in [
            (
                "111122223333_CloudTrail-Insight_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz",
                true,
            ),
            (
                "111122223333_CloudTrail-Insight_us-east-1_20260115T1205",
                true,
            ),
            (
                "111122223333_CloudTrail-Insight_us-east-1_20260116T1205Z_x.json.gz",
                false,
            ),
            (
                "111122223333_CloudTrail-Insight_us-east-1_20260115T120",
                false,
            ),
            (
                "111122223333_CloudTrail-Insight_us-east-1_2026011xT1205Z",
                false,
            ),
            (
                "111122223333_CloudTrail_us-east-1_20260115T1205Z_x.json.gz",
                false,
            ),
            ("evil.json.gz", false),
            ("", false),
        ] {
            let key = format!("{DAY_OF_FILES}{name}");
            let found = folder().time_of("CloudTrail-Insight", &key);
            assert_eq!(found, is_read.then_some(time), "{key}");
            assert_eq!(key.starts_with(&from), is_read, "{key}");
        }
        assert_eq!(folder().time_of("CloudTrail", &from), None);
    }

    #[test]
    fn the_folder_of_events_is_read_from_a_key_of_the_region() {
        let at = |bucket: &str, key: &str| ObjectLocation::new(bucket, key);
        let (own, key) = ("amzn-s3-demo-bucket", format!("{DAY_OF_FILES}x"));
        let inside = at(own, &key);
        assert_eq!(folder().events_of(&inside), Some("CloudTrail-Insight"));
        for other in [
            at("amzn-s3-demo-bucket2", &key),
            at(own, &key.replace("us-east-1/", "us-east-2/")),
            at(own, &key.replace("p/", "q/")),
            at(own, "p/AWSLogs/111122223333/CloudTrail-Insight/us-east-1"),
        ] {
            assert_eq!(folder().events_of(&other), None, "{other}");
        }
    }
}
