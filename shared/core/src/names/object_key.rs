//! The keys of a log bucket. Only this file reads and writes them.
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
use crate::names::split::{rsplit_once, rsplit_once_near, split_once};
use jiff::Timestamp;
use std::fmt;

/// The longest key that S3 accepts, in bytes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
pub const MAX_KEY_BYTES: usize = 1024;

/// The folder that holds every trail's objects.
pub const ROOT_FOLDER: &str = "AWSLogs";

/// The folder of an account to which management and data events are delivered. The names of all
/// folders to which CloudTrail delivers start with it.
pub const LOG_FOLDER: &str = "CloudTrail";

/// The folder of an account to which digest files are delivered.
pub const DIGEST_FOLDER: &str = "CloudTrail-Digest";

const SUFFIX: &str = ".json.gz";
const BACKFILL: &str = "_backfill";

/// The type of an object in a log bucket, by its key alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectKind {
    /// A digest file.
    Digest(DigestKey),
    /// A log file.
    LogFile(LogFileKey),
    /// In a digest folder, with a digest's ending, but without a digest's name.
    UnknownDigest,
    /// In a log folder, with a log file's ending, but without a log file's name.
    UnknownLogFile,
    /// Any other object: folder markers, Insight files, files of other services.
    Other,
}

/// Returns the type of the object with this key.
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
/// those in `CloudTrail` are, after their folder. Returns `None` if the key is not of such a file.
#[must_use]
pub fn log_file_in(folder: &str, key: &str) -> Option<LogFileKey> {
    if key.len() > MAX_KEY_BYTES || !key.ends_with(SUFFIX) {
        return None;
    }
    let (path, found) = Path::split(key)?;
    (found == folder).then(|| path.log_file(folder)).flatten()
}

/// The part before the account's folders: `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountFolder {
    /// The prefix, without its closing slash, if the trail has one.
    pub prefix: Option<String>,
    /// The organization, for an organization trail.
    pub organization: Option<OrganizationId>,
    /// The account whose events are recorded.
    pub account: AccountId,
}

impl AccountFolder {
    /// Returns the part before the accounts' folders: `[prefix/]AWSLogs/[o-orgid/]`.
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

    /// Returns the folder of a Region in one of the account's folders, with a closing slash:
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

/// The series of a digest: the hourly chain, or digests that were generated later for missed hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DigestSeries {
    /// One digest for each hour, each naming its predecessor.
    Hourly,
    /// Generated later; not part of the hourly chain.
    Backfill,
}

/// The properties that all digests of one chain have in common, except the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chain {
    /// Account, organization and prefix.
    pub folder: AccountFolder,
    /// The Region in which the events occurred.
    pub region: Region,
    /// The trail's name.
    pub trail: TrailName,
    /// The trail's home Region.
    pub home_region: Region,
}

impl Chain {
    /// Returns the folder of the chain's Region, with a closing slash. All its digests are below
    /// it, and so are those of other trails of the account.
    #[must_use]
    pub fn region_prefix(&self) -> String {
        self.folder.region(DIGEST_FOLDER, &self.region)
    }

    /// Returns the chain in `bucket`, as one text: the subject of findings about a whole chain.
    #[must_use]
    pub fn place_in(&self, bucket: &str) -> String {
        format!(
            "s3://{bucket}/{} {} {}",
            self.region_prefix(),
            self.trail,
            self.home_region
        )
    }

    /// Returns whether the chain belongs to the trail with this ARN.
    ///
    /// An organization trail writes chains for every member account, and its ARN names the
    /// management account. Any other trail is in the account whose events it records.
    #[must_use]
    pub fn is_of(&self, trail: &TrailArn) -> bool {
        trail.name == self.trail
            && trail.home_region == self.home_region
            && (self.folder.organization.is_some() || trail.account == self.folder.account)
    }

    /// Returns whether `other` continues the same trail, perhaps in another bucket, prefix or
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
    /// The time in its name: the end of its hour.
    pub end_time: Timestamp,
}

impl DigestKey {
    /// Returns the key of the digest of `chain` that ends at `end_time`.
    #[must_use]
    pub fn of(chain: Chain, series: DigestSeries, end_time: Timestamp) -> Self {
        Self {
            chain,
            series,
            end_time,
        }
    }

    /// Returns what the name of a digest file states by itself: the key that it has if a trail has
    /// neither prefix nor organization. Returns `None` if it is not a digest's name.
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
    /// The Region in which the events occurred.
    pub region: Region,
    /// The time in its name, to the minute: the time of the delivery.
    pub time: Timestamp,
}

/// Returns the key that a log file with this name has if a trail has neither prefix nor
/// organization. Returns `None` if the name is too short.
#[must_use]
pub fn key_of_log_file(name: &str) -> Option<String> {
    key_of_name(LOG_FOLDER, name, name.split('_').nth(3)?)
}

/// Returns the key of a file with this name, `ACCOUNT_FOLDER_REGION_…`, below no prefix and no
/// organization. `time` is the time in its name.
fn key_of_name(folder: &str, name: &str, time: &str) -> Option<String> {
    let mut parts = name.split('_');
    let (account, _, region) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, day) = (time.get(..4)?, time.get(4..6)?, time.get(6..8)?);
    Some(format!(
        "{ROOT_FOLDER}/{account}/{folder}/{region}/{year}/{month}/{day}/{name}"
    ))
}

/// The parts of a key: `[prefix/]AWSLogs/[o-orgid/]ACCOUNT/FOLDER/REGION/YYYY/MM/DD/NAME`.
struct Path<'a> {
    folder: AccountFolder,
    region: &'a str,
    date: [&'a str; 3],
    name: &'a str,
}

impl<'a> Path<'a> {
    /// Splits a key from the right, where the number of folders is fixed, so that a prefix may
    /// contain anything, even `AWSLogs` itself.
    fn split(key: &'a str) -> Option<(Self, &'a str)> {
        let (folders, name) = rsplit_once(key, b'/')?;
        let mut rest = Some(folders);
        let mut last = || {
            let (before, part) = match rsplit_once_near(rest?, b'/') {
                Some((before, part)) => (Some(before), part),
                None => (None, rest?),
            };
            rest = before;
            Some(part)
        };
        let (day, month, year) = (last()?, last()?, last()?);
        let region = last()?;
        let folder = last()?;
        let account = AccountId::new(last()?).ok()?;
        let mut above = last()?;
        let mut organization = None;
        if above != ROOT_FOLDER {
            organization = Some(OrganizationId::new(above).ok()?);
            above = last()?;
            if above != ROOT_FOLDER {
                return None;
            }
        }
        let folder_of_account = AccountFolder {
            prefix: rest.map(str::to_owned),
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

    /// Returns whether the date folders match a time such as `20260115T120000Z`.
    fn is_day_of(&self, time: &str) -> bool {
        let [year, month, day] = self.date;
        time.strip_prefix(year)
            .and_then(|rest| rest.strip_prefix(month))
            .and_then(|rest| rest.strip_prefix(day))
            .is_some_and(|rest| rest.starts_with('T'))
            && (year.len(), month.len()) == (4, 2)
    }

    /// Reads the key of a digest. A trail's name may contain `_`. The name is anchored at account
    /// and Region on the left, and at time and home Region on the right. The trail's name is
    /// between them.
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
        let (time, unique) = split_once(rest, b'_')?;
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
