//! The form and the names of the documents that hold pending deliveries.
//!
//! The name of a document depends only on its subject: an event that is tried twice writes the same
//! document twice.

use super::fate::GIVEN_UP_AFTER;
use crate::names::location::ObjectLocation;
use crate::names::object_key::Chain;
use crate::names::sha256::Sha256;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The folder of the evidence bucket that holds pending deliveries.
pub(super) const FOLDER: &str = "pending";

/// The schema of a document in it.
const SCHEMA: &str = "trailseal.pending/1";

/// The format of the time in a document's name.
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The maximum size of a document in bytes.
pub(super) const MAX_DOCUMENT_BYTES: usize = 32 * 1024 * 1024;

/// The deliveries of one chain that one log file records.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingDocument {
    schema: String,
    /// The bucket of the log files.
    pub(super) bucket: String,
    /// The log file that holds the events.
    pub(super) recorded_in: String,
    pub(super) deliveries: Vec<PendingDelivery>,
}

/// A delivery that waits for its digest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PendingDelivery {
    pub(super) key: String,
    pub(super) event_id: String,
    pub(super) time: Timestamp,
}

/// The reason why bytes are not a document of deliveries.
#[derive(Debug)]
pub enum NotADocument {
    /// They do not hold deliveries.
    Malformed,
    /// They have this schema, which belongs to another version.
    UnknownSchema(String),
}

impl PendingDocument {
    pub(super) fn new(
        bucket: String,
        recorded_in: &ObjectLocation,
        deliveries: Vec<PendingDelivery>,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            bucket,
            recorded_in: recorded_in.to_string(),
            deliveries,
        }
    }

    /// Reads the document with this name. A delivery later than the name allows gets the latest time
    /// that it allows.
    ///
    /// # Errors
    /// [`NotADocument`].
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, NotADocument> {
        let mut document: Self =
            serde_json::from_slice(bytes).map_err(|_| NotADocument::Malformed)?;
        if document.schema != SCHEMA {
            return Err(NotADocument::UnknownSchema(document.schema));
        }
        // A log file records deliveries of the last days. A later time is not valid.
        let latest = oldest_in(name).and_then(|oldest| oldest.checked_add(GIVEN_UP_AFTER).ok());
        if let Some(latest) = latest {
            for delivery in &mut document.deliveries {
                delivery.time = delivery.time.min(latest);
            }
        }
        Ok(document)
    }

    /// Returns the document as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text, times and lists: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the location of the log file of a delivery.
    pub(super) fn object(&self, delivery: &PendingDelivery) -> ObjectLocation {
        ObjectLocation::new(&self.bucket, &delivery.key)
    }
}

/// Returns the folder of a chain's pending deliveries. Its length is bounded, whatever the trail's
/// prefix.
pub(super) fn folder(bucket: &str, chain: &Chain) -> String {
    let place = format!("{bucket}/{}{}", chain.folder, chain.home_region);
    format!(
        "{FOLDER}/{}/{}/{}/{}/",
        chain.folder.account,
        chain.region,
        chain.trail,
        short_hash(&place)
    )
}

/// Returns the start of the names of documents that are pending since `time`.
pub(super) fn name_of(time: Timestamp) -> String {
    time.strftime(TIME_FORMAT).to_string()
}

/// Returns the name of the document with this number for the log file and chain, which holds these
/// deliveries.
pub(super) fn name(
    recorded_in: &ObjectLocation,
    bucket: &str,
    chain: &Chain,
    part: usize,
    deliveries: &[PendingDelivery],
) -> String {
    let oldest = deliveries.iter().map(|delivery| delivery.time).min();
    let part = match part {
        0 => String::new(),
        part => format!("-{part}"),
    };
    format!(
        "{}{}_{}{part}.json",
        folder(bucket, chain),
        name_of(oldest.unwrap_or_default()),
        short_hash(&recorded_in.to_string())
    )
}

/// Returns the name in `folder` of a document from another folder, after the trail was moved.
pub(super) fn moved_name(name: &str, folder: &str) -> String {
    let time = name
        .rsplit('/')
        .next()
        .and_then(|name| name.split_once('_'));
    let (time, _) = time.unwrap_or_default();
    format!("{folder}{time}_{}.json", short_hash(name))
}

/// Returns the time in a document's name.
pub(super) fn oldest_in(name: &str) -> Option<Timestamp> {
    let (time, _) = name.rsplit('/').next()?.split_once('_')?;
    let time = DateTime::strptime(TIME_FORMAT, time).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn short_hash(text: &str) -> String {
    Sha256::of(text.as_bytes()).short()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::object_key::{ObjectKind, classify};
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn each_chain_of_each_bucket_has_its_own_folder() {
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

    #[test]
    fn the_name_of_a_document_gives_its_oldest_delivery() {
        let oldest = oldest_in("pending/1/r/t/p/20260115T120431Z_0123456789abcdef.json");
        assert_eq!(oldest.unwrap().to_string(), "2026-01-15T12:04:31Z");
        for name in [
            "",
            "_",
            "20260115T120431Z",
            "20260230T000000Z_x.json",
            "x/_20260115T120431Z",
        ] {
            assert_eq!(oldest_in(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_document_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = PendingDocument::read("pending/x_y.json", &bytes);
        }

        #[test]
        fn any_name_never_panics(name in "\\PC*") {
            let _ = oldest_in(&name);
        }
    }
}
