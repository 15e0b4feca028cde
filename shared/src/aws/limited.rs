//! A bound on how many objects are open at once.

use crate::location::ObjectLocation;
use crate::store::{Body, Depth, ListObjects, Object, Page, ReadObject, StoreError};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Objects of a store, at most so many of them open at a time, whoever asks: this bounds
/// connections and memory however many items a batch has.
#[derive(Debug)]
pub struct Limited<S> {
    store: S,
    open: Arc<Semaphore>,
}

impl<S> Limited<S> {
    /// At most `open` objects of `store` at a time.
    #[must_use]
    pub fn new(store: S, open: usize) -> Self {
        Self {
            store,
            open: Arc::new(Semaphore::new(open)),
        }
    }
}

/// An open object; closing it lets another be opened.
#[derive(Debug)]
pub struct LimitedBody<B> {
    body: B,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<B: Body> Body for LimitedBody<B> {
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send {
        self.body.next()
    }
}

impl<S: ReadObject> ReadObject for Limited<S> {
    type Body = LimitedBody<S::Body>;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Self::Body>, StoreError> {
        // The semaphore is never closed: without a permit nothing but the bound is lost.
        let permit = Arc::clone(&self.open).acquire_owned().await.ok();
        let object = self.store.read(at).await?;
        Ok(Object {
            version_id: object.version_id,
            metadata: object.metadata,
            body: LimitedBody {
                body: object.body,
                _permit: permit,
            },
        })
    }
}

impl<S: ListObjects> ListObjects for Limited<S> {
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send {
        self.store.list(bucket, prefix, depth, next)
    }
}
