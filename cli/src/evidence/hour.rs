//! The receipts of the digests of an hour of a trail.

use super::source::Evidence;
use crate::exit::Stop;
use jiff::{SignedDuration, Timestamp};
use trailseal::names::compact_time::compact_time;
use trailseal::names::date_folder::day_folder;
use trailseal::receipt::{MAX_RECEIPT_BYTES, Receipt};
use trailseal::world::{FetchEvidence as _, ListStored as _, StoredDocument};

/// The maximum number of receipts of an hour.
const MAX_RECEIPTS: usize = 1_000;

/// How long after the start of an hour a digest of it ends at most. A digest covers an hour, which
/// may start at any minute.
const ENDS_WITHIN: SignedDuration = SignedDuration::from_hours(2);

/// An hour of a trail.
pub(super) struct Hour<'a> {
    /// The name of the trail.
    pub(super) trail: &'a str,
    /// The home Region, if the trail is named by its ARN.
    pub(super) home_region: Option<&'a str>,
    /// The start of the hour.
    pub(super) start: Timestamp,
    /// The account, if only one is wanted.
    pub(super) account: Option<&'a str>,
    /// The Region, if only one is wanted.
    pub(super) region: Option<&'a str>,
}

/// A receipt, with its content.
pub(super) struct ReadReceipt {
    /// Where it is.
    pub(super) stored: StoredDocument,
    /// Its bytes.
    pub(super) content: Vec<u8>,
}

impl Hour<'_> {
    /// Returns the receipts of the digests that cover a part of the hour.
    ///
    /// # Errors
    /// [`Stop`]: a request failed, or there are too many receipts.
    pub(super) async fn receipts(&self, evidence: &Evidence) -> Result<Vec<ReadReceipt>, Stop> {
        let last = self.start.checked_add(ENDS_WITHIN).map_err(Stop::usage)?;
        let mut days = vec![day_folder(self.start), day_folder(last)];
        days.dedup();
        let mut found = Vec::new();
        for day in days {
            let day = format!("receipts/{day}");
            let prefix = match (self.account, self.region) {
                (Some(account), Some(region)) => format!("{day}{account}/{region}/"),
                (Some(account), None) => format!("{day}{account}/"),
                (None, _) => day,
            };
            self.receipts_below(evidence, &prefix, last, &mut found)
                .await?;
        }
        Ok(found)
    }

    async fn receipts_below(
        &self,
        evidence: &Evidence,
        prefix: &str,
        last: Timestamp,
        found: &mut Vec<ReadReceipt>,
    ) -> Result<(), Stop> {
        let (first, last) = (compact_time(self.start), compact_time(last));
        let mut after = None;
        loop {
            let page = evidence.list_stored(prefix, after.as_deref()).await;
            let page = page.map_err(Stop::cannot_tell)?;
            after = page.documents.last().map(|last| last.key.clone());
            for stored in page.documents {
                let mut parts = stored.key.rsplit('/');
                let end = parts.nth(1).and_then(|name| name.split('_').next());
                let is_near = end
                    .is_some_and(|end| end.len() == first.len() && *end > *first && *end <= *last);
                let is_of_region = self
                    .region
                    .is_none_or(|region| parts.next() == Some(region));
                if !is_near || !is_of_region {
                    continue;
                }
                let content = evidence.fetch(&stored.key, MAX_RECEIPT_BYTES).await;
                let content = content.map_err(Stop::cannot_tell)?.unwrap_or_default();
                let is_wanted = Receipt::read(&content).is_ok_and(|receipt| self.is_of(&receipt));
                if is_wanted {
                    found.push(ReadReceipt { stored, content });
                }
                if found.len() > MAX_RECEIPTS {
                    return Err(Stop::usage(format_args!(
                        "the hour has more than {MAX_RECEIPTS} receipts: give an account and a Region with --account and --region"
                    )));
                }
            }
            if !page.more || after.is_none() {
                return Ok(());
            }
        }
    }

    /// Returns whether a receipt is about a digest that covers a part of the hour.
    fn is_of(&self, receipt: &Receipt) -> bool {
        let (Some(chain), Some(digest)) = (&receipt.chain, &receipt.digest) else {
            return false;
        };
        let is_of_trail = chain.trail == self.trail
            && self
                .home_region
                .is_none_or(|region| chain.home_region == region);
        let end = self.start + SignedDuration::from_hours(1);
        let is_of_hour = digest.start_time.is_some_and(|start| start < end)
            && digest.end_time.is_some_and(|end| end > self.start);
        is_of_trail && is_of_hour
    }
}
