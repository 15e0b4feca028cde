//! What the key of a document with receipts says. `receipt::places` writes these keys.

use crate::names::compact_time::read_compact_time;
use crate::names::date_folder::day_folder;
use crate::receipt::places;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The folder of receipts.
const RECEIPTS: &str = "receipts";

/// The folder of receipts of objects without a digest's name, in that of a day.
const MISNAMED: &str = "misnamed";

/// The digests that a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DigestsOf {
    /// The digest that ends at this time, by its name.
    Hour(Timestamp),
    /// Digests that end on the day that starts at this time.
    Day(Timestamp),
}

impl DigestsOf {
    /// Returns whether a digest may end after `after`, and not after `until`.
    pub(super) fn may_end_within(self, after: Timestamp, until: Timestamp) -> bool {
        match self {
            Self::Hour(end) => end > after && end <= until,
            Self::Day(start) => day_after(start) > after && start <= until,
        }
    }

    /// Returns whether all digests end at `time` or before.
    pub(super) fn end_before(self, time: Timestamp) -> bool {
        match self {
            Self::Hour(end) => end <= time,
            Self::Day(start) => day_after(start) <= time,
        }
    }
}

fn day_after(start: Timestamp) -> Timestamp {
    let next = start.saturating_add(SignedDuration::from_hours(24));
    next.unwrap_or(Timestamp::MAX)
}

/// Returns the start of the day of a time.
pub(super) fn start_of_day(time: Timestamp) -> Option<Timestamp> {
    let date = time.to_zoned(TimeZone::UTC).date();
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Returns the ends of the hours that may have a digest that ends on the day which starts at `start`.
pub(super) fn hours_of_day(start: Timestamp) -> impl Iterator<Item = Timestamp> {
    let end_of = move |hour| start.saturating_add(SignedDuration::from_hours(hour)).ok();
    (0..=24).filter_map(end_of)
}

/// What the key of a document with receipts of digests says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReceiptKey<'a> {
    /// The account.
    pub(super) account: &'a str,
    /// The Region.
    pub(super) region: &'a str,
    /// The digests.
    pub(super) digests: DigestsOf,
    /// The trail's name.
    pub(super) trail: &'a str,
    /// The trail's home Region.
    pub(super) home_region: &'a str,
    /// The folder, with its closing slash.
    pub(super) folder: &'a str,
    /// The name of the document in the folder.
    pub(super) name: &'a str,
}

impl<'a> ReceiptKey<'a> {
    /// Reads `receipts/YYYY/MM/DD/ACCOUNT/REGION/END_TRAIL_HOMEREGION_OBJECT/NAME`, and the same with
    /// `day` instead of `END`. A trail's name may have underscores. Returns `None` for any other key.
    pub(super) fn read(key: &'a str) -> Option<Self> {
        let (folder, name) = places::split_receipt(key)?;
        let mut parts = folder.trim_end_matches('/').rsplitn(4, '/');
        let (digest, region, account) = (parts.next()?, parts.next()?, parts.next()?);
        let day = parts.next()?.strip_prefix(RECEIPTS)?.strip_prefix('/')?;
        let (end, rest) = digest.split_once('_')?;
        let mut rest = rest.rsplitn(3, '_');
        let (_hash, home_region, trail) = (rest.next()?, rest.next()?, rest.next()?);
        let (time, digests) = if end == places::DAY {
            let date: Date = day.replace('/', "-").parse().ok()?;
            let start = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
            (start, DigestsOf::Day(start))
        } else {
            let end = read_compact_time::<6>(end)?;
            (end, DigestsOf::Hour(end))
        };
        (day_folder(time).trim_end_matches('/') == day).then_some(Self {
            account,
            region,
            digests,
            trail,
            home_region,
            folder,
            name,
        })
    }
}

/// Returns the folder of the receipts of everything that ends on the day of a time, with its
/// closing slash.
pub(super) fn folder_of_receipts(day: Timestamp) -> String {
    format!("{RECEIPTS}/{}", day_folder(day))
}

/// Returns whether this is the key of a receipt of an object without a digest's name.
pub(super) fn is_misnamed(key: &str) -> bool {
    let mut parts = key.splitn(6, '/');
    parts.next() == Some(RECEIPTS) && parts.nth(3) == Some(MISNAMED)
}
