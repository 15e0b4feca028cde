//! The receipts of the digests of an hour of a trail.

use super::source::Evidence;
use crate::exit::Stop;
use jiff::{SignedDuration, Timestamp};
use trailseal::evidence_log::every_stored;
use trailseal::names::compact_time::compact_time;
use trailseal::names::date_folder::day_folder;
use trailseal::receipt::{MAX_RECEIPT_BYTES, Receipt, places, read_receipts};
use trailseal::world::{FetchEvidence as _, StoredDocument};

/// The maximum number of receipts of an hour.
const MAX_RECEIPTS: usize = 1_000;

/// The maximum number of receipts of the digests that end within [`ENDS_WITHIN`].
const MAX_NEAR: usize = 4 * MAX_RECEIPTS;

/// The maximum size in bytes of the receipts of an hour: a proof of them can still be verified.
const MAX_BYTES: usize = 32 * 1024 * 1024;

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
        let mut near = Vec::new();
        let listed = every_stored(evidence, prefix, |stored| {
            let is_near = NamedDigest::of(&stored.key).is_some_and(|named| {
                let is_in_time = *named.end > *first && *named.end <= *last;
                (is_in_time || named.is_of_day()) && self.is_named(&named)
            });
            if is_near && near.len() <= MAX_NEAR {
                near.push(stored);
            }
        });
        listed.await.map_err(Stop::cannot_tell)?;
        if near.len() > MAX_NEAR {
            return Err(too_many());
        }
        for stored in near {
            let content = evidence.fetch(&stored.key, MAX_RECEIPT_BYTES).await;
            let content = content.map_err(Stop::cannot_tell)?.unwrap_or_default();
            // What cannot be read may be what the hour is about: nothing is left out.
            let receipts = read_receipts(&content).map_err(|error| {
                Stop::cannot_tell(format_args!(
                    "{}: {error}. Verify the evidence log",
                    stored.key
                ))
            })?;
            if receipts.iter().any(|receipt| self.covers(receipt)) {
                found.push(ReadReceipt { stored, content });
            }
            let bytes: usize = found.iter().map(|receipt| receipt.content.len()).sum();
            if found.len() > MAX_RECEIPTS || bytes > MAX_BYTES {
                return Err(too_many());
            }
        }
        Ok(())
    }

    /// Returns whether a digest is named like one of the trail.
    fn is_named(&self, named: &NamedDigest<'_>) -> bool {
        named.trail == self.trail
            && self
                .home_region
                .is_none_or(|region| named.home_region == region)
            && self.region.is_none_or(|region| named.region == region)
    }

    /// Returns whether a receipt is about a digest that covers a part of the hour. Anybody may have
    /// chosen the range that a digest states, unless CloudTrail signed it: every other receipt
    /// counts.
    fn covers(&self, receipt: &Receipt) -> bool {
        let digest = receipt.digest.as_ref().filter(|digest| digest.signed);
        let range = digest.and_then(|digest| digest.start_time.zip(digest.end_time));
        let last = self.start + SignedDuration::from_hours(1);
        range.is_none_or(|(start, end)| start < last && end > self.start)
    }
}

fn too_many() -> Stop {
    Stop::usage(format_args!(
        "the hour has more than {MAX_RECEIPTS} receipts, or more than {MAX_BYTES} bytes of them: give an account and a Region with --account and --region"
    ))
}

/// The digest, or the digests of a day, that the key of a document with receipts names.
struct NamedDigest<'a> {
    region: &'a str,
    /// The time in the digest's name, or [`places::DAY`].
    end: &'a str,
    trail: &'a str,
    home_region: &'a str,
}

impl<'a> NamedDigest<'a> {
    /// Returns whether the document has the receipts of several digests, which end on the day of its
    /// folder.
    fn is_of_day(&self) -> bool {
        self.end == places::DAY
    }

    /// Reads `…/REGION/END_TRAIL_HOMEREGION_OBJECT/NAME`. A trail's name may have underscores.
    fn of(key: &'a str) -> Option<Self> {
        let mut parts = key.rsplit('/');
        let folder = parts.nth(1)?;
        let region = parts.next()?;
        let (end, rest) = folder.split_once('_')?;
        let mut rest = rest.rsplitn(3, '_');
        let (_hash, home_region, trail) = (rest.next()?, rest.next()?, rest.next()?);
        Some(Self {
            region,
            end,
            trail,
            home_region,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "receipts/2026/01/15/111122223333/us-east-1/20260115T120000Z_my_trail_eu-west-1_098c92bb5bb8b3cf/digest-validator-20260115T123107Z-4f1d6a0c92b7e358.json";

    fn hour() -> Hour<'static> {
        Hour {
            trail: "my_trail",
            home_region: None,
            start: "2026-01-15T11:00:00Z".parse().unwrap(),
            account: None,
            region: None,
        }
    }

    fn receipt(digest: serde_json::Value) -> Receipt {
        let mut receipt = json!({
            "schema": "trailseal.receipt/1",
            "object": {"bucket": "amzn-s3-demo-bucket", "key": "key"},
            "verdict": "finding", "valid": 0, "rules": {}, "counts": {}, "findings": [],
            "findingsLeftOut": 0, "cannotTell": [], "cannotTellLeftOut": 0,
            "checkedAt": "2026-01-15T12:31:07Z", "function": "digest-validator",
            "version": "0.1.0", "functionVersion": "$LATEST", "requestId": "x",
        });
        if !digest.is_null() {
            receipt["digest"] = digest;
        }
        Receipt::read(receipt.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_key_of_a_receipt_names_the_digest() {
        let named = NamedDigest::of(KEY).unwrap();
        assert_eq!(
            (named.region, named.end, named.trail, named.home_region),
            ("us-east-1", "20260115T120000Z", "my_trail", "eu-west-1")
        );
        let is_named = |hour: Hour<'_>| hour.is_named(&NamedDigest::of(KEY).unwrap());
        assert!(is_named(hour()));
        assert!(!is_named(Hour {
            trail: "trail",
            ..hour()
        }));
        assert!(!is_named(Hour {
            region: Some("eu-west-1"),
            ..hour()
        }));
        assert!(!is_named(Hour {
            home_region: Some("us-east-1"),
            ..hour()
        }));
        for other in ["", "receipts/", "receipts/2026/01/15/misnamed/0123/x.json"] {
            assert!(NamedDigest::of(other).is_none(), "{other}");
        }
    }

    #[test]
    fn only_a_signed_range_leaves_a_receipt_out() {
        let range = |signed: bool, start: &str, end: &str| {
            let digest =
                json!({"signed": signed, "backfill": false, "startTime": start, "endTime": end});
            hour().covers(&receipt(digest))
        };
        let (ten, eleven, noon) = (
            "2026-01-15T10:00:00Z",
            "2026-01-15T11:00:00Z",
            "2026-01-15T12:00:00Z",
        );
        assert!(range(true, eleven, noon));
        assert!(!range(true, ten, eleven));
        // Whoever forges a digest chooses its range.
        assert!(range(false, ten, eleven));
        // A digest that is missing or malformed states none.
        assert!(hour().covers(&receipt(json!(null))));
        assert!(hour().covers(&receipt(json!({"signed": false, "backfill": false}))));
    }
}
