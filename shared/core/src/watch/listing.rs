//! The digests of an account and Region in the time of a round.

use super::span::Span;
use crate::names::date_folder::day_folder;
use crate::names::object_key::{DigestKey, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::world::{Cause, ListAfter, StoreError};

/// The maximum number of pages of digests of an account and Region in the time of a round.
const MAX_PAGES: usize = 50;

/// Returns the digests of an account and Region that end in the span, in the order of their keys.
/// One request lists a thousand of them.
///
/// # Errors
/// [`StoreError`] if the folder cannot be listed, or if it has too many objects.
pub(super) async fn digests<L: ListAfter>(
    store: &L,
    folder: &RegionFolder,
    span: Span,
) -> Result<Vec<DigestKey>, StoreError> {
    let prefix = folder.digests();
    let mut after = format!("{prefix}{}", day_folder(span.from));
    let mut found = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = store.list_after(&folder.bucket, &prefix, &after).await?;
        for key in &page.keys {
            if let ObjectKind::Digest(key) = classify(key)
                && span.holds(key.end_time)
            {
                found.push(key);
            }
        }
        match page.next {
            Some(next) => after = next,
            None => return Ok(found),
        }
    }
    Err(StoreError {
        action: "list all of",
        subject: format!("s3://{}/{prefix}", folder.bucket),
        cause: Cause::TooLarge(format!("it has more than {MAX_PAGES} pages of objects")),
    })
}
