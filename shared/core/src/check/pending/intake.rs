//! The intake of deliveries, which are stored until their digests arrive.
//!
//! The tests are in `tests/tests/kms/unsettled.rs`.

use super::document::{PendingDelivery, PendingDocument, name};
use crate::finding::{Counts, Report};
use crate::kms::review::RecordedDelivery;
use crate::kms::rules::Rule;
use crate::names::location::ObjectLocation;
use crate::names::object_key::Chain;
use crate::world::{KeepEvidence, StoreError};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The maximum number of deliveries of one document. With the longest keys that S3 accepts, and
/// every character escaped, it has about 7 MB.
const MAX_DELIVERIES: usize = 1_000;

/// The number of documents that are written in parallel.
const REQUESTS_AT_ONCE: usize = 32;

/// Older deliveries are not stored: the next digest, which ends an hour later, would give them up
/// immediately.
const KEPT_WITHIN: SignedDuration = SignedDuration::from_hours(3 * 24 - 2);

/// Stores the deliveries that the log file at `recorded_in` shows, until their digests arrive.
/// `now` is the time at which the log file is read.
///
/// Nothing is delivered in the future. No log file's name, which anybody may have chosen, makes a
/// delivery wait for a digest that never arrives. A delivery after `now` counts as one at `now`.
///
/// A delivery that was made almost three days before `now` or earlier is not stored. Its digest
/// should have arrived, and the next one would give it up. The returned report counts it, as
/// `deliveriesTooOld` and as not verified for rule 7. The report says nothing else.
///
/// # Errors
/// [`StoreError`]: some deliveries are perhaps not stored.
pub async fn keep<E: KeepEvidence>(
    evidence: &E,
    recorded_in: &ObjectLocation,
    waiting: Vec<RecordedDelivery>,
    now: Timestamp,
) -> Result<Report, StoreError> {
    let mut too_old = 0_u64;
    let mut by_chain: BTreeMap<(String, Chain), Vec<PendingDelivery>> = BTreeMap::new();
    for waiting in waiting {
        if now.duration_since(waiting.time) > KEPT_WITHIN {
            too_old += 1;
            continue;
        }
        let chain = Chain {
            folder: waiting.key.folder,
            region: waiting.key.region,
            trail: waiting.trail.name,
            home_region: waiting.trail.home_region,
        };
        by_chain
            .entry((waiting.object.bucket, chain))
            .or_default()
            .push(PendingDelivery {
                key: waiting.object.key,
                event_id: waiting.event_id,
                // The name of a document has four digits for the year.
                time: waiting.time.min(now).max(Timestamp::UNIX_EPOCH),
            });
    }
    let mut documents = Vec::new();
    for ((bucket, chain), mut deliveries) in by_chain {
        for part in 0.. {
            let rest = deliveries.split_off(deliveries.len().min(MAX_DELIVERIES));
            let name = name(recorded_in, &bucket, &chain, part, &deliveries);
            let document = PendingDocument::new(bucket.clone(), recorded_in, deliveries);
            documents.push((name, document));
            if rest.is_empty() {
                break;
            }
            deliveries = rest;
        }
    }
    stream::iter(documents)
        .map(Ok)
        .try_for_each_concurrent(REQUESTS_AT_ONCE, |(name, document)| async move {
            evidence.keep(&name, document.to_json()).await
        })
        .await?;
    let mut report = Report::default();
    if too_old > 0 {
        report.counts.deliveries_too_old = too_old;
        let count = Counts {
            cannot_tell: too_old,
            ..Counts::default()
        };
        report.rules.insert(Rule::Witness.as_str(), count);
    }
    Ok(report)
}
