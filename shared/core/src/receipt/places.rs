//! The keys of receipts and chain heads in the evidence bucket. Only this file writes them.
//!
//! | document | key |
//! | --- | --- |
//! | receipt of a digest | `receipts/YYYY/MM/DD/ACCOUNT/REGION/END_TRAIL_HOMEREGION_OBJECT/FUNCTION-CHECKED-DOCUMENT.json` |
//! | receipts of several digests | `receipts/YYYY/MM/DD/ACCOUNT/REGION/day_TRAIL_HOMEREGION_PLACE/FUNCTION-CHECKED-DOCUMENT.json` |
//! | receipt of an object without a digest's name | `receipts/YYYY/MM/DD/misnamed/OBJECT/FUNCTION-CHECKED-DOCUMENT.json` |
//! | receipt of a log file | `receipts/FUNCTION/BUCKET/KEY/CHECKED-DOCUMENT.json` |
//! | chain head | `chains/ACCOUNT/REGION/TRAIL_HOMEREGION_PLACE.json` |
//! | what `watchdog` remembers | `watch/ACCOUNT.json`, `watch/stack.json`, `watch/checkpoint.json` |
//! | what `settings-monitor` records | `watch/guard.json` |
//!
//! The day is that of the digest's end, in its name; without such a name, the day of the check.
//! `END` and `CHECKED` are times, as in a digest's name. `OBJECT`, `PLACE` and `DOCUMENT` are the
//! first 16 hex digits of a SHA-256: of bucket and key, of the chain's bucket, folder and names, and
//! of the receipt. The longest key has some 350 bytes, because account, Region and trail are checked
//! names; a log file's key that is too long for S3 is replaced by its hash.

use crate::names::compact_time::compact_time;
use crate::names::date_folder::day_folder;
use crate::names::ids::AccountId;
use crate::names::object_key::{Chain, DigestKey, ObjectKind, classify};
use crate::names::sha256::Sha256;
use jiff::Timestamp;

/// The folder of receipts.
const RECEIPTS: &str = "receipts";

/// The folder of chain heads.
const CHAINS: &str = "chains";

/// The folder of what `watchdog` and `settings-monitor` remember.
const WATCH: &str = "watch";

/// The folder of receipts of objects without a digest's name.
const MISNAMED: &str = "misnamed";

/// What the names of the folders of receipts of several digests have instead of a digest's end.
pub const DAY: &str = "day";

/// The maximum length in bytes of a log file's key that its receipt is named after.
const MAX_NAMED_AFTER: usize = 800;

/// Returns the key of the receipt of an object in a digest folder, which `function` checked at
/// `checked_at`. `json` is the receipt.
pub(super) fn of_digest(
    bucket: &str,
    key: &str,
    function: &str,
    checked_at: Timestamp,
    json: &str,
) -> String {
    let folder = if let ObjectKind::Digest(digest) = classify(key) {
        folder_of_digest(bucket, &digest)
    } else {
        let object = Sha256::of_parts(&[bucket, key]).short();
        format!("{RECEIPTS}/{}{MISNAMED}/{object}/", day_folder(checked_at))
    };
    in_folder(&folder, function, checked_at, json)
}

/// Returns the key of the document in a folder of receipts with what `function` checked until
/// `checked_at`. `json` is the document.
pub(super) fn in_folder(folder: &str, function: &str, checked_at: Timestamp, json: &str) -> String {
    let checked = compact_time(checked_at);
    let document = Sha256::of(json.as_bytes()).short();
    format!("{folder}{function}-{checked}-{document}.json")
}

/// Returns the folder of the documents with the receipts of several digests of the digest's chain
/// that end on its day, with its closing slash.
pub(super) fn folder_of_chain_day(bucket: &str, digest: &DigestKey) -> String {
    let chain = &digest.chain;
    format!(
        "{}{}/{DAY}_{}_{}_{}/",
        folder_of_day(digest.end_time, &chain.folder.account),
        chain.region,
        chain.trail,
        chain.home_region,
        place_of(bucket, chain),
    )
}

/// Returns the folder of all receipts of a digest, with its closing slash.
#[must_use]
pub fn folder_of_digest(bucket: &str, digest: &DigestKey) -> String {
    let object = Sha256::of_parts(&[bucket, &digest.to_string()]).short();
    let chain = &digest.chain;
    format!(
        "{}{}/{}_{}_{}_{object}/",
        folder_of_day(digest.end_time, &chain.folder.account),
        chain.region,
        compact_time(digest.end_time),
        chain.trail,
        chain.home_region,
    )
}

/// Returns the folder of the receipts of all digests of an account that end on the day of a time,
/// with its closing slash.
#[must_use]
pub fn folder_of_day(day: Timestamp, account: &AccountId) -> String {
    format!("{RECEIPTS}/{}{account}/", day_folder(day))
}

/// Splits the key of a digest's receipt into its folder, with the closing slash, and its name.
/// Returns `None` if the key has no folder.
#[must_use]
pub fn split_receipt(key: &str) -> Option<(&str, &str)> {
    let at = key.rfind('/')?.checked_add(1)?;
    key.split_at_checked(at)
}

/// Returns whether this is the name of a receipt of `function`.
#[must_use]
pub fn is_receipt_of(function: &str, name: &str) -> bool {
    name.strip_prefix(function)
        .is_some_and(|rest| rest.starts_with('-'))
}

/// Returns the folder of all chain heads, with its closing slash.
#[must_use]
pub fn folder_of_heads() -> String {
    format!("{CHAINS}/")
}

/// Returns the account that the key of a chain head names.
#[must_use]
pub fn account_of_head(key: &str) -> Option<AccountId> {
    let below = key.strip_prefix(CHAINS)?.strip_prefix('/')?;
    AccountId::new(below.split('/').next()?).ok()
}

/// Returns the key of what `watchdog` remembers about an account.
#[must_use]
pub fn of_watched_account(account: &AccountId) -> String {
    format!("{WATCH}/{account}.json")
}

/// Returns the key of the day whose checkpoint of the evidence log people have received.
#[must_use]
pub fn of_published_checkpoint() -> String {
    format!("{WATCH}/checkpoint.json")
}

/// Returns the key of what `watchdog` remembers about the stack.
#[must_use]
pub fn of_watched_stack() -> String {
    format!("{WATCH}/stack.json")
}

/// Returns the key of the receipt of a log file that `function` checked at `checked_at`. `json` is the
/// receipt.
pub(super) fn of_log_file(
    bucket: &str,
    key: &str,
    function: &str,
    checked_at: Timestamp,
    json: &str,
) -> String {
    let checked = compact_time(checked_at);
    let document = Sha256::of(json.as_bytes()).short();
    let name = if key.len() <= MAX_NAMED_AFTER {
        key.to_owned()
    } else {
        Sha256::of(key.as_bytes()).to_string()
    };
    format!("{RECEIPTS}/{function}/{bucket}/{name}/{checked}-{document}.json")
}

/// Returns the key of the head of a chain in `bucket`.
pub(super) fn of_head(bucket: &str, chain: &Chain) -> String {
    format!(
        "{CHAINS}/{}/{}/{}_{}_{}.json",
        chain.folder.account,
        chain.region,
        chain.trail,
        chain.home_region,
        place_of(bucket, chain)
    )
}

/// Returns what distinguishes chains with the same names at different places.
fn place_of(bucket: &str, chain: &Chain) -> String {
    Sha256::of(chain.place_in(bucket).as_bytes()).short()
}
