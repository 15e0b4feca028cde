//! The second look at what KMS events show being delivered: each such log file is listed by a
//! digest, in the end, and is there until then.
//!
//! The first look is the [`kms_check`](crate::check::kms_events)'s, when the event is read: minutes after
//! the delivery, and up to an hour before the digest. It writes what it saw into the evidence
//! bucket, in documents for each log file that records deliveries and each chain that is to list
//! them. When a digest of that chain has been verified, what waits for it is [settled](settle).
//!
//! A digest may come before the event that shows a delivery in its hour; then the next digest
//! settles it, and looks back along the chain. So documents are only written and removed, and
//! whatever comes twice, late or out of order leads to the same end.
//!
//! Whoever can write a log file can have any delivery wait. So everything that waits leaves: what
//! cannot be settled within three days is given up, and that is a finding. Where more waits than
//! one digest settles, the newest and the oldest come first, and what is left over is a finding.

mod lists;
mod queue;
mod settling;
mod unsettled;

pub use settling::{Settlement, settle};

use crate::finding::{Report, RuleCount};
use crate::kms::review::RecordedDelivery;
use crate::kms::rules::Rule;
use crate::names::location::ObjectLocation;
use crate::names::object_key::Chain;
use crate::names::sha256::Sha256;
use crate::world::{KeepEvidence, SettleEvidence, StoreError};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The folder of the evidence bucket in which deliveries wait for their digest.
const FOLDER: &str = "pending";

/// The schema of a document there.
const SCHEMA: &str = "trailseal.pending/1";

/// The most deliveries of one document: with keys as long as S3 takes, and every character of them
/// escaped, it has some 7 MB.
const MAX_DELIVERIES: usize = 1_000;

/// How many requests are in flight.
const REQUESTS_AT_ONCE: usize = 32;

/// A delivery so short before a digest's end may be listed by the next.
const BORDER: SignedDuration = SignedDuration::from_mins(15);

/// After so long what cannot be settled is given up.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// What is older is not kept: the next digest, which ends an hour later, would give it up at once.
const KEPT_WITHIN: SignedDuration = SignedDuration::from_hours(3 * 24 - 2);

/// The most bytes of a document.
const MAX_DOCUMENT_BYTES: usize = 32 * 1024 * 1024;

/// Deliveries of one chain that one log file records.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema: String,
    /// The bucket of the log files.
    bucket: String,
    /// The log file with the events.
    recorded_in: String,
    deliveries: Vec<Delivery>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    key: String,
    event_id: String,
    time: Timestamp,
}

/// Where the deliveries of a chain wait. Of bounded length, whatever the trail's prefix.
fn folder(bucket: &str, chain: &Chain) -> String {
    let place = Sha256::of(format!("{bucket}/{}{}", chain.folder, chain.home_region).as_bytes());
    let place = place.to_string();
    format!(
        "{FOLDER}/{}/{}/{}/{}/",
        chain.folder.account,
        chain.region,
        chain.trail,
        place.get(..16).unwrap_or(&place)
    )
}

/// How the names of documents that wait since `time` begin.
fn name_of(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Keeps the deliveries that the log file at `recorded_in` shows, until their digests come. `now` is
/// the time at which it is read.
///
/// Nothing is delivered in the future: no log file's name, which anybody may have chosen, keeps a
/// delivery waiting for a digest that never comes. A delivery after `now` counts as one of `now`.
///
/// What was delivered almost three days before `now` or earlier is not kept: its digest should have come, and
/// the next one would give it up. The report that comes back counts it, as `deliveriesTooOld` and as
/// what rule 7 cannot tell. It says nothing else.
///
/// # Errors
/// [`StoreError`]: some may not be kept.
pub async fn keep<E: KeepEvidence>(
    evidence: &E,
    recorded_in: &ObjectLocation,
    waiting: Vec<RecordedDelivery>,
    now: Timestamp,
) -> Result<Report, StoreError> {
    let mut too_old = 0_u64;
    let mut by_chain: BTreeMap<(String, Chain), Vec<Delivery>> = BTreeMap::new();
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
            .push(Delivery {
                key: waiting.object.key,
                event_id: waiting.event_id,
                // A document's name has four digits for the year.
                time: waiting.time.min(now).max(Timestamp::UNIX_EPOCH),
            });
    }
    let mut documents = Vec::new();
    for ((bucket, chain), mut deliveries) in by_chain {
        for part in 0.. {
            let rest = deliveries.split_off(deliveries.len().min(MAX_DELIVERIES));
            let name = name(recorded_in, &bucket, &chain, part, &deliveries);
            let document = Document {
                schema: SCHEMA.to_owned(),
                bucket: bucket.clone(),
                recorded_in: recorded_in.to_string(),
                deliveries,
            };
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
            // Texts, times and lists: there is nothing in it that JSON cannot hold.
            let document = serde_json::to_string(&document).unwrap_or_default();
            evidence.keep(&name, document).await
        })
        .await?;
    let mut report = Report::default();
    if too_old > 0 {
        report.counts.insert("deliveriesTooOld", too_old);
        let count = RuleCount {
            cannot_tell: too_old,
            ..RuleCount::default()
        };
        report.rules.insert(Rule::Witness.as_str(), count);
    }
    Ok(report)
}

/// The name of the document of such deliveries: it follows from what it is about.
fn name(
    recorded_in: &ObjectLocation,
    bucket: &str,
    chain: &Chain,
    part: usize,
    deliveries: &[Delivery],
) -> String {
    let oldest = deliveries.iter().map(|delivery| delivery.time).min();
    let origin = Sha256::of(recorded_in.to_string().as_bytes()).to_string();
    let origin = origin.get(..16).unwrap_or(&origin);
    let part = match part {
        0 => String::new(),
        part => format!("-{part}"),
    };
    format!(
        "{}{}_{origin}{part}.json",
        folder(bucket, chain),
        name_of(oldest.unwrap_or_default())
    )
}

/// What is to be done in the evidence bucket once the findings were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Afterwards {
    /// Nothing of this document waits any more.
    Discard(String),
    /// Only this of it does.
    Keep(String, String),
    /// This of it does, under another name: the trail was moved, and later digests look there.
    Move(String, String, String),
    /// All of it gets another name.
    MoveWhole(String, String),
}

impl Afterwards {
    /// Does it.
    ///
    /// # Errors
    /// [`StoreError`]: the next digest settles the same once more.
    pub async fn run<E: KeepEvidence + SettleEvidence>(
        self,
        evidence: &E,
    ) -> Result<(), StoreError> {
        match self {
            Self::Discard(key) => evidence.discard(&key).await,
            Self::Keep(key, document) => evidence.keep(&key, document).await,
            Self::Move(from, to, document) => {
                evidence.keep(&to, document).await?;
                evidence.discard(&from).await
            }
            Self::MoveWhole(from, to) => {
                let document = evidence.recall(&from, MAX_DOCUMENT_BYTES).await?;
                // It was read as JSON, which is UTF-8: nothing is lost.
                let document = String::from_utf8_lossy(&document).into_owned();
                evidence.keep(&to, document).await?;
                evidence.discard(&from).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::object_key::{ObjectKind, classify};
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn a_folder_is_one_chains_in_one_bucket() {
        let key = |key: &str| match classify(key) {
            ObjectKind::Digest(key) => key.chain,
            other => panic!("{other:?}"),
        };
        let chain = key(
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
        );
        let with_prefix = key(
            "p/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
        );
        let other_home = key(
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-west-2_20260115T000000Z.json.gz",
        );
        let folders = [
            folder("bucket", &chain),
            folder("bucket2", &chain),
            folder("bucket", &with_prefix),
            folder("bucket", &other_home),
        ];
        assert_eq!(HashSet::from(folders).len(), 4);
    }

    proptest! {
        #[test]
        fn any_document_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = serde_json::from_slice::<Document>(&bytes);
        }
    }
}
