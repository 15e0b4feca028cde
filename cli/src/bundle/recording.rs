//! A store whose answers are recorded.

use super::content::StoredBody;
use super::manifest::{ListRequest, ListedPage, StoredHeaders};
use super::recorder::Recorder;
use std::sync::Arc;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{Cause, Depth, Headers, ListObjects, Object, Page, ReadObject, StoreError};

/// A store whose answers are recorded.
#[derive(Debug)]
pub(crate) struct Recording<S> {
    store: S,
    recorder: Arc<Recorder>,
}

impl<S> Recording<S> {
    /// Records the answers of `store`.
    pub(crate) fn new(store: S, recorder: Arc<Recorder>) -> Self {
        Self { store, recorder }
    }

    /// Returns the store.
    #[cfg(test)]
    pub(super) fn store(&self) -> &S {
        &self.store
    }
}

impl<S: ReadObject> ReadObject for Recording<S> {
    type Body = StoredBody;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<StoredBody>, StoreError> {
        let recorder = &self.recorder;
        let subject = || at.to_string();
        let ask = async {
            let object = Box::pin(self.store.read(at)).await?;
            Box::pin(recorder.store(object, at)).await
        };
        let stored = recorder
            .objects
            .ask(&recorder.room, at.clone(), "read", &subject, ask)
            .await?;
        let file = recorder.open(&stored).map_err(|error| StoreError {
            action: "read",
            subject: subject(),
            cause: Cause::Failed(format!("{}: {error}", stored.content.file)),
        })?;
        Ok(stored.with_content(file, subject()))
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        let recorder = &self.recorder;
        let action = "read the headers of";
        let ask = async {
            let headers = Box::pin(self.store.headers(at)).await?;
            Ok(StoredHeaders {
                last_modified: headers.last_modified,
                answered: headers.answered,
                metadata: headers.metadata.into_iter().collect(),
            })
        };
        let subject = || at.to_string();
        let stored = recorder
            .headers
            .ask(&recorder.room, at.clone(), action, &subject, ask)
            .await?;
        Ok(stored.headers())
    }
}

impl<S: ListObjects> ListObjects for Recording<S> {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        let recorder = &self.recorder;
        let request = ListRequest::new(bucket, prefix, depth, next);
        let subject = || request.subject();
        let ask = async {
            let page = Box::pin(self.store.list(bucket, prefix, depth, next)).await?;
            Ok(ListedPage {
                keys: page.keys,
                folders: page.folders,
                next: page.next,
            })
        };
        let listed = recorder
            .listings
            .ask(&recorder.room, request.clone(), "list", &subject, ask)
            .await?;
        Ok(listed.page())
    }
}

impl StoredHeaders {
    /// Returns the headers, as the store gave them.
    pub(super) fn headers(self) -> Headers {
        Headers {
            last_modified: self.last_modified,
            answered: self.answered,
            metadata: self.metadata.into_iter().collect(),
        }
    }
}

impl ListedPage {
    /// Returns the page, as the store gave it.
    pub(super) fn page(self) -> Page {
        Page {
            keys: self.keys,
            folders: self.folders,
            next: self.next,
        }
    }
}
