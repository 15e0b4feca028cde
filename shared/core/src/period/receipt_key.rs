//! What the key of a receipt says. `receipt::places` writes these keys.

use crate::names::compact_time::read_compact_time;
use crate::names::date_folder::day_folder;
use crate::receipt::places;
use jiff::Timestamp;

/// The folder of receipts.
const RECEIPTS: &str = "receipts";

/// The folder of receipts of objects without a digest's name, in that of a day.
const MISNAMED: &str = "misnamed";

/// What the key of a digest's receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReceiptKey<'a> {
    /// The folder of all receipts of the digest, with its closing slash.
    pub(super) folder: &'a str,
    /// The account.
    pub(super) account: &'a str,
    /// The Region.
    pub(super) region: &'a str,
    /// The time in the digest's name: the end of its hour.
    pub(super) end: Timestamp,
    /// The trail's name.
    pub(super) trail: &'a str,
    /// The trail's home Region.
    pub(super) home_region: &'a str,
    /// The name of the receipt in the folder.
    pub(super) name: &'a str,
}

impl<'a> ReceiptKey<'a> {
    /// Reads `receipts/YYYY/MM/DD/ACCOUNT/REGION/END_TRAIL_HOMEREGION_OBJECT/NAME`. A trail's name
    /// may have underscores. Returns `None` for any other key.
    pub(super) fn read(key: &'a str) -> Option<Self> {
        let (folder, name) = places::split_receipt(key)?;
        let mut parts = folder.trim_end_matches('/').rsplitn(4, '/');
        let (digest, region, account) = (parts.next()?, parts.next()?, parts.next()?);
        let day = parts.next()?.strip_prefix(RECEIPTS)?.strip_prefix('/')?;
        let (end, rest) = digest.split_once('_')?;
        let mut rest = rest.rsplitn(3, '_');
        let (_object, home_region, trail) = (rest.next()?, rest.next()?, rest.next()?);
        let end = read_compact_time::<6>(end)?;
        (day_folder(end).trim_end_matches('/') == day).then_some(Self {
            folder,
            account,
            region,
            end,
            trail,
            home_region,
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
