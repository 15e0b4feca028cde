//! Every document below a prefix, page by page.

use crate::world::{ListStored, StoreError, StoredDocument};

/// Calls `visit` for each document below a prefix, in the order of their keys.
///
/// # Errors
/// [`StoreError`]: a listing failed. Some documents may have been visited.
pub async fn every_stored<E: ListStored>(
    evidence: &E,
    prefix: &str,
    mut visit: impl FnMut(StoredDocument),
) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let page = evidence.list_stored(prefix, after.as_deref()).await?;
        after = page.documents.last().map(|last| last.key.clone());
        page.documents.into_iter().for_each(&mut visit);
        if !page.more || after.is_none() {
            return Ok(());
        }
    }
}
