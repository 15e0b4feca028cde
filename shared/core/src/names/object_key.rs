//! The keys of a log bucket, read and written in this one place.
//!
//! | object | key |
//! | --- | --- |
//! | log file | `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz` |
//! | digest file | `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHMMSSZ.json.gz` |
//! | backfill digest | the same, ending `_backfill.json.gz` |
//!
//! Rules: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>.

use crate::names::compact_time::{compact_time, read_compact_time};
use crate::names::date_folder::day_folder;
use crate::names::ids::{AccountId, OrganizationId, Region, TrailArn, TrailName};
use jiff::Timestamp;
use std::fmt;

/// The longest key S3 accepts, in bytes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
pub const MAX_KEY_BYTES: usize = 1024;

/// The folder that holds every trail's objects.
pub const ROOT_FOLDER: &str = "AWSLogs";

/// The folder of an account that management and data events are delivered to. The names of all folders
/// that CloudTrail delivers to begin so.
pub const LOG_FOLDER: &str = "CloudTrail";

/// The folder of an account that digest files are delivered to.
pub const DIGEST_FOLDER: &str = "CloudTrail-Digest";

const SUFFIX: &str = ".json.gz";
const BACKFILL: &str = "_backfill";

/// What an object in a log bucket is, by its key alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectKind {
    /// A digest file.
    Digest(DigestKey),
    /// A log file.
    LogFile(LogFileKey),
    /// In a digest folder and ending as digests do, but named like none.
    UnknownDigest,
    /// In a log folder and ending as log files do, but named like none.
    UnknownLogFile,
    /// Anything else: folder markers, Insight files, other services' files.
    Other,
}

/// Tells what the object with this key is.
#[must_use]
pub fn classify(key: &str) -> ObjectKind {
    if key.len() > MAX_KEY_BYTES || !key.ends_with(SUFFIX) {
        return ObjectKind::Other;
    }
    match Path::split(key) {
        Some((path, DIGEST_FOLDER)) => path
            .digest()
            .map_or(ObjectKind::UnknownDigest, ObjectKind::Digest),
        Some((path, LOG_FOLDER)) => path
            .log_file(LOG_FOLDER)
            .map_or(ObjectKind::UnknownLogFile, ObjectKind::LogFile),
        _ => ObjectKind::Other,
    }
}

/// Reads the key of a log file in a folder such as `CloudTrail-Insight`, whose files are named as
/// those in `CloudTrail` are, after their folder. None where the key is no such file's.
#[must_use]
pub fn log_file_in(folder: &str, key: &str) -> Option<LogFileKey> {
    if key.len() > MAX_KEY_BYTES || !key.ends_with(SUFFIX) {
        return None;
    }
    let (path, found) = Path::split(key)?;
    (found == folder).then(|| path.log_file(folder)).flatten()
}

/// What stands before the account's folders: `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountFolder {
    /// The prefix, without its closing slash, where the trail has one.
    pub prefix: Option<String>,
    /// The organization, for an organization trail.
    pub organization: Option<OrganizationId>,
    /// The account whose events are recorded.
    pub account: AccountId,
}

impl AccountFolder {
    /// What stands before the accounts' folders: `[prefix/]AWSLogs/[o-orgid/]`.
    #[must_use]
    pub fn above(prefix: Option<&str>, organization: Option<&OrganizationId>) -> String {
        let mut above = prefix.map_or_else(String::new, |prefix| format!("{prefix}/"));
        above.push_str(ROOT_FOLDER);
        above.push('/');
        if let Some(organization) = organization {
            above.push_str(organization.as_str());
            above.push('/');
        }
        above
    }

    /// The folder of a Region in one of the account's folders, with a closing slash:
    /// `…ACCOUNT/FOLDER/REGION/`.
    #[must_use]
    pub fn region(&self, folder: &str, region: &Region) -> String {
        format!("{self}{folder}/{region}/")
    }
}

impl fmt::Display for AccountFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::above(
            self.prefix.as_deref(),
            self.organization.as_ref(),
        ))?;
        write!(f, "{}/", self.account)
    }
}

/// Whether a digest is one of the hourly chain or was made later for hours that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestSeries {
    /// One an hour, each naming its predecessor.
    Hourly,
    /// Generated after the fact; not part of the hourly chain.
    Backfill,
}

/// What all digests of one chain have in common, but for the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chain {
    /// Account, organization and prefix.
    pub folder: AccountFolder,
    /// Where the events happened.
    pub region: Region,
    /// The trail's name.
    pub trail: TrailName,
    /// The trail's home Region.
    pub home_region: Region,
}

impl Chain {
    /// The folder of the chain's Region, with a closing slash: all its digests lie below it,
    /// and so do those of other trails of the account.
    #[must_use]
    pub fn region_prefix(&self) -> String {
        self.folder.region(DIGEST_FOLDER, &self.region)
    }

    /// The chain in `bucket`, as one text: what findings about a whole chain are about.
    #[must_use]
    pub fn place_in(&self, bucket: &str) -> String {
        format!(
            "s3://{bucket}/{} {} {}",
            self.region_prefix(),
            self.trail,
            self.home_region
        )
    }

    /// Whether the chain belongs to the trail with this ARN.
    ///
    /// An organization trail writes chains for every member account, and its ARN names the management
    /// account. Any other trail is in the account whose events it records.
    #[must_use]
    pub fn is_of(&self, trail: &TrailArn) -> bool {
        trail.name == self.trail
            && trail.home_region == self.home_region
            && (self.folder.organization.is_some() || trail.account == self.folder.account)
    }

    /// Whether `other` continues the same trail, perhaps in another bucket, prefix or
    /// organization folder.
    #[must_use]
    pub fn same_trail(&self, other: &Self) -> bool {
        self.folder.account == other.folder.account
            && self.region == other.region
            && self.trail == other.trail
            && self.home_region == other.home_region
    }
}

/// The key of a digest file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DigestKey {
    /// The chain it belongs to.
    pub chain: Chain,
    /// Hourly or backfill.
    pub series: DigestSeries,
    /// The time in its name: when its hour ends.
    pub end_time: Timestamp,
}

impl DigestKey {
    /// The key of the digest of `chain` that ends at `end_time`.
    #[must_use]
    pub fn of(chain: Chain, series: DigestSeries, end_time: Timestamp) -> Self {
        Self {
            chain,
            series,
            end_time,
        }
    }

    /// What the name of a digest file tells by itself: the key that it has where a trail has
    /// neither prefix nor organization. None where it is no digest's name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(SUFFIX)?;
        let stem = stem.strip_suffix(BACKFILL).unwrap_or(stem);
        let (_, time) = stem.rsplit_once('_')?;
        match classify(&key_of_name(DIGEST_FOLDER, name, time)?) {
            ObjectKind::Digest(key) => Some(key),
            _ => None,
        }
    }
}

impl fmt::Display for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Chain {
            folder,
            region,
            trail,
            home_region,
        } = &self.chain;
        let backfill = match self.series {
            DigestSeries::Hourly => "",
            DigestSeries::Backfill => BACKFILL,
        };
        write!(
            f,
            "{}{}{}_{DIGEST_FOLDER}_{region}_{trail}_{home_region}_{}{backfill}{SUFFIX}",
            self.chain.region_prefix(),
            day_folder(self.end_time),
            folder.account,
            compact_time(self.end_time),
        )
    }
}

/// The key of a log file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogFileKey {
    /// Account, organization and prefix.
    pub folder: AccountFolder,
    /// Where the events happened.
    pub region: Region,
    /// The time in its name, to the minute: when it was delivered.
    pub time: Timestamp,
}

/// The key that a log file of this name has where a trail has neither prefix nor organization. None
/// where the name is too short to tell.
#[must_use]
pub fn key_of_log_file(name: &str) -> Option<String> {
    key_of_name(LOG_FOLDER, name, name.split('_').nth(3)?)
}

/// The key of a file of this name, `ACCOUNT_FOLDER_REGION_…`, below no prefix and no organization;
/// `time` is the time in its name.
fn key_of_name(folder: &str, name: &str, time: &str) -> Option<String> {
    let mut parts = name.split('_');
    let (account, _, region) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, day) = (time.get(..4)?, time.get(4..6)?, time.get(6..8)?);
    Some(format!(
        "{ROOT_FOLDER}/{account}/{folder}/{region}/{year}/{month}/{day}/{name}"
    ))
}

/// A key taken apart: `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/FOLDER/REGION/YYYY/MM/DD/NAME`.
struct Path<'a> {
    folder: AccountFolder,
    region: &'a str,
    date: [&'a str; 3],
    name: &'a str,
}

impl<'a> Path<'a> {
    /// Splits from the right, where the number of folders is fixed, so that a prefix may hold
    /// anything, even `AWSLogs` itself.
    fn split(key: &'a str) -> Option<(Self, &'a str)> {
        let mut parts = key.rsplit('/');
        let name = parts.next()?;
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        let region = parts.next()?;
        let folder = parts.next()?;
        let account = AccountId::new(parts.next()?).ok()?;
        let mut above = parts.next()?;
        let mut organization = None;
        if above != ROOT_FOLDER {
            organization = Some(OrganizationId::new(above).ok()?);
            above = parts.next()?;
            if above != ROOT_FOLDER {
                return None;
            }
        }
        let mut prefix: Vec<&str> = parts.collect();
        prefix.reverse();
        let folder_of_account = AccountFolder {
            prefix: (!prefix.is_empty()).then(|| prefix.join("/")),
            organization,
            account,
        };
        let path = Self {
            folder: folder_of_account,
            region,
            date: [year, month, day],
            name,
        };
        Some((path, folder))
    }

    /// Reads the name as `ACCOUNT_FOLDER_REGION_REST.json.gz` and returns the Region and REST.
    fn rest_of_name(&self, folder: &str) -> Option<(Region, &'a str)> {
        let rest = self
            .name
            .strip_suffix(SUFFIX)?
            .strip_prefix(self.folder.account.as_str())?
            .strip_prefix('_')?
            .strip_prefix(folder)?
            .strip_prefix('_')?
            .strip_prefix(self.region)?
            .strip_prefix('_')?;
        Some((Region::new(self.region).ok()?, rest))
    }

    /// Whether the date folders are those of a time such as `20260115T120000Z`.
    fn is_day_of(&self, time: &str) -> bool {
        let [year, month, day] = self.date;
        time.strip_prefix(year)
            .and_then(|rest| rest.strip_prefix(month))
            .and_then(|rest| rest.strip_prefix(day))
            .is_some_and(|rest| rest.starts_with('T'))
            && (year.len(), month.len()) == (4, 2)
    }

    /// A trail's name may hold `_`: the name is anchored at the left on account and Region, at
    /// the right on time and home Region, and what is between is the trail's name.
    fn digest(self) -> Option<DigestKey> {
        let (region, rest) = self.rest_of_name(DIGEST_FOLDER)?;
        let (rest, series) = match rest.strip_suffix(BACKFILL) {
            Some(rest) => (rest, DigestSeries::Backfill),
            None => (rest, DigestSeries::Hourly),
        };
        let (rest, time) = rest.rsplit_once('_')?;
        let (trail, home_region) = rest.rsplit_once('_')?;
        let end_time = read_compact_time::<6>(time)?;
        if !self.is_day_of(time) {
            return None;
        }
        Some(DigestKey {
            chain: Chain {
                folder: self.folder,
                region,
                trail: TrailName::new(trail).ok()?,
                home_region: Region::new(home_region).ok()?,
            },
            series,
            end_time,
        })
    }

    fn log_file(self, folder: &str) -> Option<LogFileKey> {
        let (region, rest) = self.rest_of_name(folder)?;
        let (time, unique) = rest.split_once('_')?;
        let at = read_compact_time::<4>(time)?;
        let well_formed = !unique.is_empty()
            && unique.len() <= 64
            && unique.bytes().all(|b| b.is_ascii_alphanumeric());
        (well_formed && self.is_day_of(time)).then_some(LogFileKey {
            folder: self.folder,
            region,
            time: at,
        })
    }
}

#[cfg(test)]
mod tests;
