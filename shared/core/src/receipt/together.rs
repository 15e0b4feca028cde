//! The documents in which receipts are stored: one receipt, or the receipts of several digests of a
//! chain that end on the same day and are verified together.
//!
//! S3 charges for each request that stores a document (<https://aws.amazon.com/s3/pricing/>). The past
//! is verified one day of a chain at a time: a document for each digest would be most of its cost.
//! Whoever looks for the receipt of one digest then reads the documents of its day. `watchdog` finds
//! receipts by listing their keys, so that those of new digests are stored apart.

use super::document::{MAX_RECEIPT_BYTES, MAX_TOGETHER, Receipt, ReceiptError};
use super::places;
use crate::names::object_key::{ObjectKind, classify};
use crate::names::text::clip_visibly;
use jiff::SignedDuration;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The schema of a document with several receipts.
const SCHEMA: &str = "trailseal.receipts/1";

/// The time after the end of a digest for which its receipts are stored apart.
pub const STORED_APART_FOR: SignedDuration = SignedDuration::from_hours(72);

/// The maximum size in bytes of the receipts that are written into one document. A larger receipt
/// has a document of its own.
const MAX_BYTES: usize = 1024 * 1024;

/// The maximum length in characters of what an error quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// A document of the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptDocument<'a> {
    /// Its key.
    pub key: String,
    /// Its content.
    pub json: String,
    /// The receipts in it, at least one.
    pub receipts: Vec<&'a Receipt>,
}

/// A receipt, and how it is stored.
type Written<'a> = (&'a Receipt, String);

/// What every document with receipts has.
#[derive(Deserialize)]
struct AnySchema {
    schema: String,
}

/// A document with several receipts.
#[derive(Deserialize)]
struct Several {
    receipts: Vec<Receipt>,
}

/// Returns the documents for receipts of objects in digest folders. The receipts of a function about
/// digests of one chain that end on the same day are in one document, as far as it has room.
#[must_use]
pub fn documents(receipts: &[Receipt]) -> Vec<ReceiptDocument<'_>> {
    let mut parts: Vec<Vec<Written<'_>>> = Vec::new();
    // For each function and day of a chain: the part that has room, and its size.
    let mut open: BTreeMap<(String, &str), (usize, usize)> = BTreeMap::new();
    for receipt in receipts {
        let json = receipt.to_json();
        let size = json.len();
        let day = folder_of_day(receipt)
            .filter(|_| is_old(receipt))
            .map(|folder| (folder, receipt.function.as_str()));
        let part = day.as_ref().and_then(|day| open.get_mut(day));
        if let Some((part, bytes)) = part
            && let Some(part) = parts.get_mut(*part)
            && part.len() < MAX_TOGETHER
            && bytes.saturating_add(size) <= MAX_BYTES
        {
            part.push((receipt, json));
            *bytes = bytes.saturating_add(size);
            continue;
        }
        if let Some(day) = day {
            open.insert(day, (parts.len(), size));
        }
        parts.push(vec![(receipt, json)]);
    }
    parts.into_iter().map(document).collect()
}

/// Returns the document for the receipts of one part.
fn document(part: Vec<Written<'_>>) -> ReceiptDocument<'_> {
    let (receipts, mut jsons): (Vec<&Receipt>, Vec<String>) = part.into_iter().unzip();
    let json = if jsons.len() == 1 {
        jsons.pop().unwrap_or_default()
    } else {
        format!(
            r#"{{"schema":"{SCHEMA}","receipts":[{}]}}"#,
            jsons.join(",")
        )
    };
    ReceiptDocument {
        key: key_of(receipts.iter().copied(), &json).unwrap_or_default(),
        json,
        receipts,
    }
}

/// Returns whether a check was made so long after the end of its digest that the receipt may be stored
/// with others.
fn is_old(receipt: &Receipt) -> bool {
    let ObjectKind::Digest(digest) = classify(&receipt.object.key) else {
        return false;
    };
    receipt.checked_at.duration_since(digest.end_time) >= STORED_APART_FOR
}

/// Returns the folder of the documents with several receipts of the digest's chain and day.
fn folder_of_day(receipt: &Receipt) -> Option<String> {
    match classify(&receipt.object.key) {
        ObjectKind::Digest(digest) => {
            Some(places::folder_of_chain_day(&receipt.object.bucket, &digest))
        }
        _ => None,
    }
}

/// Reads a document with one receipt or several. Returns at least one.
///
/// # Errors
/// [`ReceiptError`] if the bytes are not such a document.
pub fn read_receipts(document: &[u8]) -> Result<Vec<Receipt>, ReceiptError> {
    if document.len() > MAX_RECEIPT_BYTES {
        return Err(ReceiptError::TooLarge);
    }
    let not_json = |error: serde_json::Error| {
        ReceiptError::Json(clip_visibly(error.to_string(), MAX_QUOTED_CHARS))
    };
    let AnySchema { schema } = serde_json::from_slice(document).map_err(not_json)?;
    if schema != SCHEMA {
        return Receipt::read(document).map(|receipt| vec![receipt]);
    }
    let Several { receipts } = serde_json::from_slice(document).map_err(not_json)?;
    if receipts.is_empty() || receipts.len() > MAX_TOGETHER {
        return Err(ReceiptError::Number(receipts.len()));
    }
    let receipts = receipts.into_iter().map(Receipt::of_known_schema);
    receipts.collect()
}

/// Returns the key of the document with these receipts, which is stored as `json`. Returns `None` if
/// such receipts are never in one document.
#[must_use]
pub fn key_of_document(receipts: &[Receipt], json: &str) -> Option<String> {
    key_of(receipts.iter(), json)
}

fn key_of<'a>(mut receipts: impl Iterator<Item = &'a Receipt>, json: &str) -> Option<String> {
    let first = receipts.next()?;
    let mut checked_at = None;
    let folder = folder_of_day(first);
    for other in receipts {
        if folder.is_none() || folder != folder_of_day(other) || other.function != first.function {
            return None;
        }
        checked_at = checked_at.max(Some(other.checked_at));
    }
    match (checked_at, folder) {
        (Some(checked_at), Some(folder)) => {
            let checked_at = checked_at.max(first.checked_at);
            Some(places::in_folder(
                &folder,
                &first.function,
                checked_at,
                json,
            ))
        }
        _ => Some(first.key_of_digest(json)),
    }
}
