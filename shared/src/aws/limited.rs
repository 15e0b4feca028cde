//! A bound on how many requests to a store are in flight.

use crate::location::ObjectLocation;
use crate::store::{Body, Cause, Depth, ListObjects, Object, Page, ReadObject, StoreError};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A store with at most so many open objects and listings at a time, whoever asks: this bounds
/// connections and memory however much work is at hand.
#[derive(Debug)]
pub struct Limited<S> {
    store: S,
    open: Arc<Semaphore>,
    requests: AtomicU64,
}

impl<S> Limited<S> {
    /// At most `open` objects and listings of `store` at a time.
    #[must_use]
    pub fn new(store: S, open: usize) -> Self {
        Self {
            store,
            open: Arc::new(Semaphore::new(open)),
            requests: AtomicU64::new(0),
        }
    }

    /// How many requests were made.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Makes no further request: each one fails at once, as interrupted.
    pub fn close(&self) {
        self.open.close();
    }

    /// Whether [`Self::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.open.is_closed()
    }

    async fn permit(
        &self,
        action: &'static str,
        subject: impl FnOnce() -> String,
    ) -> Result<OwnedSemaphorePermit, StoreError> {
        let permit = Arc::clone(&self.open).acquire_owned().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        permit.map_err(|_| StoreError {
            action,
            subject: subject(),
            cause: Cause::Failed("interrupted".to_owned()),
        })
    }
}

/// An open object; closing it lets another be opened.
#[derive(Debug)]
pub struct LimitedBody<B> {
    body: B,
    _permit: OwnedSemaphorePermit,
}

impl<B: Body> Body for LimitedBody<B> {
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send {
        self.body.next()
    }
}

impl<S: ReadObject> ReadObject for Limited<S> {
    type Body = LimitedBody<S::Body>;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Self::Body>, StoreError> {
        let permit = self.permit("read", || at.to_string()).await?;
        let object = self.store.read(at).await?;
        Ok(Object {
            version_id: object.version_id,
            size: object.size,
            metadata: object.metadata,
            body: LimitedBody {
                body: object.body,
                _permit: permit,
            },
        })
    }
}

impl<S: ListObjects> ListObjects for Limited<S> {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        let _permit = self
            .permit("list", || format!("s3://{bucket}/{prefix}"))
            .await?;
        self.store.list(bucket, prefix, depth, next).await
    }
}
