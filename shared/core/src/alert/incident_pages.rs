//! Reads the incidents of an evidence bucket, page by page.

use super::incident::{Incident, MAX_DOCUMENT_BYTES, is_id, key};
use crate::world::{Cause, FetchEvidence, ListStored, StoreError};
use futures::stream::{self, StreamExt as _};

/// The folder of incidents.
pub const INCIDENTS: &str = "incidents/";

/// The number of documents that are read at the same time.
const DOCUMENTS_AT_ONCE: usize = 16;

/// What a page of incidents holds besides them.
#[derive(Debug)]
pub struct IncidentPage {
    /// The keys of the documents that are not incidents.
    pub damaged: Vec<String>,
    /// The key after which the next page starts, if there is one.
    pub next: Option<String>,
}

/// Reads the incidents whose documents one request lists, starting after the key `after`, and calls
/// `visit` for each, in the order of their IDs. A thousand of them may not fit into memory.
///
/// # Errors
/// [`StoreError`]: the documents could not be listed, or one of them could not be read.
pub async fn incidents_after<E: ListStored + FetchEvidence>(
    evidence: &E,
    after: Option<&str>,
    mut visit: impl FnMut(Incident),
) -> Result<IncidentPage, StoreError> {
    let page = evidence.list_stored(INCIDENTS, after).await?;
    let last = page.documents.last().map(|last| last.key.clone());
    let documents = page.documents.into_iter();
    let ids = documents.filter_map(|document| incident_id(&document.key).map(str::to_owned));
    let mut documents = stream::iter(ids)
        .map(|id| async move {
            let document = evidence.fetch(&key(&id), MAX_DOCUMENT_BYTES).await;
            (id, document)
        })
        .buffered(DOCUMENTS_AT_ONCE);
    let mut read = IncidentPage {
        damaged: Vec::new(),
        next: last.filter(|_| page.more).map(after_folder),
    };
    while let Some((id, document)) = documents.next().await {
        let document = match document {
            Err(error) if matches!(error.cause, Cause::TooLarge(_)) => Some(Vec::new()),
            document => document?,
        };
        match document.map(|document| Incident::read(&document, &id)) {
            Some(Some(incident)) => visit(incident),
            Some(None) => read.damaged.push(key(&id)),
            // Somebody has deleted it since it was listed.
            None => {}
        }
    }
    Ok(read)
}

/// Returns the ID of the incident whose document has this key, if it is one.
#[must_use]
pub fn incident_id(key: &str) -> Option<&str> {
    let id = key.strip_prefix(INCIDENTS)?.strip_suffix(".json")?;
    is_id(id).then_some(id)
}

/// Returns the key after which a listing continues: not with the other findings of the same
/// incident, of which there may be many.
fn after_folder(key: String) -> String {
    let rest = key.strip_prefix(INCIDENTS).unwrap_or_default();
    match rest.split_once('/') {
        // The next character after the slash.
        Some((id, _)) => format!("{INCIDENTS}{id}0"),
        None => key,
    }
}
