//! The meaning of a prefix of a log bucket: every trail below it, the part of a trail that belongs
//! to an account, a Region or some days, or a single object.
//!
//! Keys: see [`crate::names::object_key`]. Anybody who names a folder or an object wants a verdict
//! on that, and on nothing else.

use crate::bucket::wanted::Wanted;
use crate::names::ids::{AccountId, OrganizationId, Region};
use crate::names::object_key::{
    DIGEST_FOLDER, DigestKey, LOG_FOLDER, ObjectKind, ROOT_FOLDER, classify,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// The maximum delay of a log file's delivery after the time in its name. It may then be in the
/// digest file of a later hour.
pub const DELIVERY: SignedDuration = SignedDuration::from_hours(2);

/// The selection that a prefix names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The folder, at most an account's, with its closing slash; empty for the whole bucket.
    above: String,
    /// The prefix of trails whose `AWSLogs` folder the prefix reaches into.
    root: Option<String>,
    /// The only selected Region.
    region: Option<Region>,
    /// The selected days: the first, and the one after the last.
    days: Option<(Date, Date)>,
    /// The selected part of the folder.
    pub part: Part,
}

/// The selected part of a trail's folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Digest files and log files.
    Everything,
    /// The digest files whose keys start with this, and the log files that they list.
    Digests(String),
    /// The log files whose keys start with this.
    LogFiles(String),
    /// One digest file, and the log files that it lists.
    Digest(Box<DigestKey>),
    /// The log file with this key.
    LogFile(String),
    /// A place to which CloudTrail delivers nothing.
    Elsewhere(String),
}

impl Selection {
    /// Reads a prefix. Slashes at its end make no difference; slashes at its start do.
    #[must_use]
    pub fn of(prefix: &str) -> Self {
        let prefix = prefix.trim_end_matches('/');
        let folders: Vec<&str> = prefix.split('/').collect();
        let everything = |root: Option<String>| Self {
            above: folder(prefix),
            root,
            region: None,
            days: None,
            part: Part::Everything,
        };
        let Some(at) = folders.iter().rposition(|folder| *folder == ROOT_FOLDER) else {
            return everything(None);
        };
        let (before, below) = folders.split_at(at);
        let root = before.join("/");
        let root = if at > 0 { folder_of(&root) } else { root };
        let mut below = below.iter().skip(1).copied().peekable();
        let mut account = format!("{root}{ROOT_FOLDER}/");
        if let Some(id) = below.next_if(|name| OrganizationId::new(name).is_ok()) {
            account.push_str(&folder_of(id));
        }
        if below.peek().is_none() {
            return everything(Some(root));
        }
        let elsewhere = |account: &str| Self {
            above: account.to_owned(),
            root: Some(root.clone()),
            region: None,
            days: None,
            part: Part::Elsewhere(prefix.to_owned()),
        };
        let Some(id) = below.next_if(|name| AccountId::new(name).is_ok()) else {
            return elsewhere(&account);
        };
        account.push_str(&folder_of(id));
        let Some(kind) = below.next() else {
            return everything(Some(root));
        };
        if !kind.starts_with(LOG_FOLDER) {
            return elsewhere(&account);
        }
        let rest: Vec<&str> = below.collect();
        match Inside::read(prefix, kind, &rest) {
            Some(Inside { region, days, part }) => Self {
                above: account,
                root: Some(root),
                region,
                days,
                part,
            },
            None => elsewhere(&account),
        }
    }

    /// Returns the prefix of the trails, with its closing slash, if the selected prefix reaches
    /// into their `AWSLogs` folder.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        self.root.as_deref()
    }

    /// Returns the selected folder, at most an account's, with its closing slash; empty for the
    /// whole bucket.
    #[must_use]
    pub fn above(&self) -> &str {
        &self.above
    }

    /// Returns the only selected Region.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Returns the selected time. For log files, it includes the time in which a digest file may
    /// still list them.
    #[must_use]
    pub fn time(&self) -> Option<(Timestamp, Timestamp)> {
        if let Part::Digest(key) = &self.part {
            let hour = SignedDuration::from_hours(1);
            return Some((key.end_time.saturating_sub(hour).ok()?, key.end_time));
        }
        if let Part::LogFile(key) = &self.part
            && let ObjectKind::LogFile(log_file) = classify(key)
        {
            return Some((log_file.time, log_file.time.saturating_add(DELIVERY).ok()?));
        }
        let (first, after) = self.days?;
        let midnight = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
        let (from, to) = (midnight(first)?, midnight(after)?);
        let (from, to) = match self.part {
            Part::LogFiles(_) | Part::LogFile(_) => (from, to.saturating_add(DELIVERY).ok()?),
            // A digest file is in the folder of the day on which its hour ends, midnight included.
            _ => (from.saturating_sub(SignedDuration::from_secs(1)).ok()?, to),
        };
        Some((from, to))
    }

    /// Returns the part of `wanted` in the selected time. Returns `None` if they have no time in
    /// common.
    #[must_use]
    pub fn narrow(&self, wanted: &Wanted) -> Option<Wanted> {
        let Some((from, to)) = self.time() else {
            return Some(wanted.clone());
        };
        let from = wanted.from.map_or(from, |wanted| wanted.max(from));
        let to = wanted.to.map_or(to, |wanted| wanted.min(to));
        (from < to).then(|| Wanted {
            from: Some(from),
            to: Some(to),
            ..wanted.clone()
        })
    }
}

impl Part {
    /// Returns whether one object is selected.
    #[must_use]
    pub fn is_single_object(&self) -> bool {
        matches!(self, Self::Digest(_) | Self::LogFile(_))
    }

    /// Returns whether log files are selected, and no digest files.
    #[must_use]
    pub fn is_log_files(&self) -> bool {
        matches!(self, Self::LogFiles(_) | Self::LogFile(_))
    }

    /// Returns whether a digest file is selected, or may list selected log files.
    #[must_use]
    pub fn selects_digest(&self, key: &DigestKey) -> bool {
        match self {
            Self::Everything | Self::LogFiles(_) | Self::LogFile(_) => true,
            Self::Digests(prefix) => key.to_string().starts_with(prefix),
            Self::Digest(named) => **named == *key,
            Self::Elsewhere(_) => false,
        }
    }

    /// Returns whether the digest file with this key, whose name may not be a digest's, is
    /// selected.
    #[must_use]
    pub fn selects_misnamed(&self, key: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Digests(prefix) => key.starts_with(prefix),
            Self::LogFiles(_) | Self::LogFile(_) | Self::Digest(_) | Self::Elsewhere(_) => false,
        }
    }

    /// Returns whether a log file that a digest file lists, or that is in the bucket, is selected.
    #[must_use]
    pub fn selects_log_file(&self, key: &str) -> bool {
        match self {
            Self::Everything | Self::Digests(_) | Self::Digest(_) => true,
            Self::LogFiles(prefix) => key.starts_with(prefix),
            Self::LogFile(named) => named == key,
            Self::Elsewhere(_) => false,
        }
    }
}

/// The selection inside the digest or log folder of an account.
struct Inside {
    region: Option<Region>,
    days: Option<(Date, Date)>,
    part: Part,
}

impl Inside {
    /// Reads the folders below `kind`: `[REGION/[YYYY/[MM/[DD/[NAME]]]]]`. Returns `None` if
    /// CloudTrail uses no such place.
    fn read(prefix: &str, kind: &str, rest: &[&str]) -> Option<Self> {
        let is_digests = kind == DIGEST_FOLDER;
        let below = |prefix: &str| {
            if is_digests {
                Part::Digests(folder(prefix))
            } else {
                Part::LogFiles(folder(prefix))
            }
        };
        let Some((region, dates)) = rest.split_first() else {
            return Some(Self {
                region: None,
                days: None,
                part: below(prefix),
            });
        };
        let region = Region::new(region).ok()?;
        let (dates, names) = dates.split_at(dates.len().min(3));
        let days = days(dates)?;
        let part = match names {
            [] => below(prefix),
            [_name] if is_digests => match classify(prefix) {
                ObjectKind::Digest(key) => Part::Digest(Box::new(key)),
                // The name is not a digest file's. The object is checked as it is.
                _ => Part::Digests(prefix.to_owned()),
            },
            [_name] => Part::LogFile(prefix.to_owned()),
            _ => return None,
        };
        Some(Self {
            region: Some(region),
            days,
            part,
        })
    }
}

/// Returns the days that `[YYYY[, MM[, DD]]]` names: the first, and the one after the last. The
/// outer option is `None` if they are not a date.
#[expect(
    clippy::option_option,
    reason = "no date, and what is no date, are not the same"
)]
fn days(dates: &[&str]) -> Option<Option<(Date, Date)>> {
    let number = |text: &str, digits: usize| -> Option<i16> {
        let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let small = |text: &str| i8::try_from(number(text, 2)?).ok();
    let (first, span) = match dates {
        [] => return Some(None),
        [year] => (Date::new(number(year, 4)?, 1, 1).ok()?, 1.year()),
        [year, month] => (
            Date::new(number(year, 4)?, small(month)?, 1).ok()?,
            1.month(),
        ),
        [year, month, day] => (
            Date::new(number(year, 4)?, small(month)?, small(day)?).ok()?,
            1.day(),
        ),
        _ => return None,
    };
    Some(Some((first, first.checked_add(span).ok()?)))
}

/// Returns a prefix as a folder: with a closing slash, unless it is empty.
fn folder(prefix: &str) -> String {
    if prefix.is_empty() {
        String::new()
    } else {
        folder_of(prefix)
    }
}

fn folder_of(name: &str) -> String {
    format!("{name}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "AWSLogs/111122223333";
    const LOG: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/10/01/111122223333_CloudTrail_us-east-1_20261001T0020Z_PlantedPlanted01.json.gz";
    const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/10/01/111122223333_CloudTrail-Digest_us-east-1_Default_us-east-1_20261001T001731Z.json.gz";

    fn time(prefix: &str) -> Option<(String, String)> {
        Selection::of(prefix)
            .time()
            .map(|(from, to)| (from.to_string(), to.to_string()))
    }

    fn times(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_prefix_outside_of_any_trail_selects_everything_below_it() {
        for (prefix, above, root) in [
            ("", "", None),
            ("///", "", None),
            ("a/b", "a/b/", None),
            ("a/b//", "a/b/", None),
            ("/logs", "/logs/", None),
            ("AWSLogs", "AWSLogs/", Some("")),
            ("AWSLogs/AWSLogs", "AWSLogs/AWSLogs/", Some("AWSLogs/")),
            ("/logs/AWSLogs/", "/logs/AWSLogs/", Some("/logs/")),
            (
                "a/AWSLogs/o-exampleorgid",
                "a/AWSLogs/o-exampleorgid/",
                Some("a/"),
            ),
            (ACCOUNT, "AWSLogs/111122223333/", Some("")),
        ] {
            let target = Selection::of(prefix);
            assert_eq!(
                (target.above.as_str(), target.root(), &target.part),
                (above, root, &Part::Everything),
                "{prefix}"
            );
            assert_eq!(target.time(), None);
        }
    }

    #[test]
    fn folders_of_a_trail_name_regions_and_days() {
        let logs = format!("{ACCOUNT}/CloudTrail/us-east-1");
        let digests = format!("{ACCOUNT}/CloudTrail-Digest/us-east-1");
        for (prefix, expected) in [
            (logs.clone(), None),
            (
                format!("{digests}/2026/"),
                Some(times("2025-12-31T23:59:59Z", "2027-01-01T00:00:00Z")),
            ),
            (
                format!("{digests}/2026/12"),
                Some(times("2026-11-30T23:59:59Z", "2027-01-01T00:00:00Z")),
            ),
            (
                format!("{digests}/2026/10/01/"),
                Some(times("2026-09-30T23:59:59Z", "2026-10-02T00:00:00Z")),
            ),
            (
                format!("{logs}/2026/10/01/"),
                Some(times("2026-10-01T00:00:00Z", "2026-10-02T02:00:00Z")),
            ),
        ] {
            assert_eq!(time(&prefix), expected, "{prefix}");
            let target = Selection::of(&prefix);
            assert_eq!(target.region().map(Region::as_str), Some("us-east-1"));
            let folder = format!("{}/", prefix.trim_end_matches('/'));
            let part = if prefix.contains("Digest") {
                Part::Digests(folder)
            } else {
                Part::LogFiles(folder)
            };
            assert_eq!(target.part, part);
        }
    }

    #[test]
    fn a_key_selects_one_object() {
        let log = Selection::of(LOG);
        assert_eq!(log.part, Part::LogFile(LOG.to_owned()));
        assert_eq!(
            time(LOG),
            Some(times("2026-10-01T00:20:00Z", "2026-10-01T02:20:00Z"))
        );
        let ObjectKind::Digest(key) = classify(DIGEST) else {
            panic!("no digest");
        };
        assert_eq!(Selection::of(DIGEST).part, Part::Digest(Box::new(key)));
        assert_eq!(
            time(DIGEST),
            Some(times("2026-09-30T23:17:31Z", "2026-10-01T00:17:31Z"))
        );
        // If the name is not a log file's, the time is that of its folder.
        let odd = format!("{ACCOUNT}/CloudTrail/us-east-1/2026/10/01/DoesNotExist.json.gz");
        assert_eq!(Selection::of(&odd).part, Part::LogFile(odd.clone()));
        assert_eq!(
            time(&odd),
            Some(times("2026-10-01T00:00:00Z", "2026-10-02T02:00:00Z"))
        );
    }

    #[test]
    fn a_prefix_without_deliveries_selects_nothing() {
        for below in [
            "CloudTrail/us-east-1/nope/nope/",
            "CloudTrail/us-east-1/2026/13",
            "CloudTrail/us-east-1/2026/1/1",
            "CloudTrail/us-east-1/2026/02/30",
            "CloudTrail/us-east-1/2026/10/01/a/b.json.gz",
            "CloudTrail/nope",
            "Config/us-east-1",
        ] {
            let prefix = format!("{ACCOUNT}/{below}");
            let part = Selection::of(&prefix).part;
            assert!(matches!(part, Part::Elsewhere(_)), "{prefix}: {part:?}");
        }
        let part = Selection::of("AWSLogs/nobody/CloudTrail").part;
        assert!(matches!(part, Part::Elsewhere(_)), "{part:?}");
    }

    #[test]
    fn the_time_asked_for_is_narrowed_to_the_days_named() {
        let day = Selection::of(&format!("{ACCOUNT}/CloudTrail-Digest/us-east-1/2026/10/01"));
        let wanted = |from: &str, to: &str| Wanted {
            from: Some(from.parse().unwrap()),
            to: Some(to.parse().unwrap()),
            ..Wanted::default()
        };
        assert_eq!(
            day.narrow(&wanted("2026-09-01T00:00:00Z", "2026-10-01T12:00:00Z")),
            Some(wanted("2026-09-30T23:59:59Z", "2026-10-01T12:00:00Z"))
        );
        assert_eq!(
            day.narrow(&wanted("2026-10-03T00:00:00Z", "2026-10-04T00:00:00Z")),
            None
        );
    }
}
