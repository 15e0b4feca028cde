//! A limit on the number of requests to a store that are in flight.
//!
//! The module uses nothing from AWS. It is here for its semaphores: the core has no runtime.

mod pace;
mod places;

pub use places::RequestPlaces;

use bytes::Bytes;
use futures::future::{Either, select};
use places::Place;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Semaphore;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{
    Body, Cause, Depth, Encryption, Headers, ListAfter, ListObjects, ListVersions, Object, Page,
    ReadEncryption, ReadObject, StoreError, Versions,
};

/// How many objects wait in line for a place. A listing, or a request for headers, gets in line after
/// them, and not behind thousands of others: it often finds the next objects, and others wait for it.
const OBJECTS_IN_LINE: usize = 8;

/// A store with a limited number of open objects and listings at a time, for all callers together:
/// this limits connections and memory, regardless of the amount of work.
///
/// [`RequestPlaces`] says how many these are.
#[derive(Debug)]
pub struct Limited<S> {
    store: S,
    open: Arc<RequestPlaces>,
    /// The turns of objects to wait for a place.
    turns: Semaphore,
    /// It has no permits: a task that waits for one waits for the close.
    closed: Arc<Semaphore>,
    requests: AtomicU64,
}

impl<S> Limited<S> {
    /// Allows as many open objects and listings of `store` at a time as there are places.
    #[must_use]
    pub fn new(store: S, open: Arc<RequestPlaces>) -> Self {
        Self {
            store,
            open,
            turns: Semaphore::new(OBJECTS_IN_LINE),
            closed: Arc::new(Semaphore::new(0)),
            requests: AtomicU64::new(0),
        }
    }

    /// Returns how many requests were made.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Makes no further requests: each one, including those in progress, fails at once as
    /// interrupted.
    pub fn close(&self) {
        self.open.close();
        self.turns.close();
        self.closed.close();
    }

    /// Returns whether [`Self::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.open.is_closed()
    }

    async fn place(
        &self,
        action: &'static str,
        subject: impl FnOnce() -> String,
    ) -> Result<Place, StoreError> {
        let place = self.open.take().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        place.ok_or_else(|| interrupted(action, subject()))
    }
}

fn interrupted(action: &'static str, subject: String) -> StoreError {
    StoreError {
        action,
        subject,
        cause: Cause::Interrupted,
    }
}

/// Waits for an answer, unless the store is closed before it arrives.
async fn unless<T>(
    closed: &Semaphore,
    action: &'static str,
    subject: impl FnOnce() -> String,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match select(pin!(answer), pin!(closed.acquire())).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(interrupted(action, subject())),
    }
}

/// An open object; closing it allows another object to be opened.
#[derive(Debug)]
pub struct LimitedBody<B> {
    body: B,
    closed: Arc<Semaphore>,
    _place: Place,
}

impl<B: Body> Body for LimitedBody<B> {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        unless(
            &self.closed,
            "finish reading",
            || "an object".to_owned(),
            self.body.next(),
        )
        .await
    }
}

impl<S: ReadObject> ReadObject for Limited<S> {
    type Body = LimitedBody<S::Body>;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Self::Body>, StoreError> {
        let waiting = self.open.waiting();
        // If it is closed, so are the places.
        let turn = self.turns.acquire().await;
        let place = self.place("read", || at.to_string()).await?;
        drop((turn, waiting));
        let read = self.store.read(at);
        let object = unless(&self.closed, "read", || at.to_string(), read).await?;
        Ok(object.map_body(|body| LimitedBody {
            body,
            closed: Arc::clone(&self.closed),
            _place: place,
        }))
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        let action = "read the headers of";
        let _place = self.place(action, || at.to_string()).await?;
        let headers = self.store.headers(at);
        unless(&self.closed, action, || at.to_string(), headers).await
    }
}

impl<S: ReadEncryption> ReadEncryption for Limited<S> {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
        let action = "read the headers of";
        let _place = self.place(action, || at.to_string()).await?;
        let headers = self.store.encryption(at);
        unless(&self.closed, action, || at.to_string(), headers).await
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
        let _place = self
            .place("list", || format!("s3://{bucket}/{prefix}"))
            .await?;
        let page = self.store.list(bucket, prefix, depth, next);
        let subject = || format!("s3://{bucket}/{prefix}");
        unless(&self.closed, "list", subject, page).await
    }
}

impl<S: ListVersions> ListVersions for Limited<S> {
    async fn versions(&self, at: &ObjectLocation) -> Result<Versions, StoreError> {
        let action = "list the versions of";
        let _place = self.place(action, || at.to_string()).await?;
        let versions = self.store.versions(at);
        unless(&self.closed, action, || at.to_string(), versions).await
    }
}

impl<S: ListAfter> ListAfter for Limited<S> {
    async fn list_after(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
    ) -> Result<Page, StoreError> {
        let subject = || format!("s3://{bucket}/{prefix}");
        let _place = self.place("list", subject).await?;
        let page = self.store.list_after(bucket, prefix, after);
        unless(&self.closed, "list", subject, page).await
    }
}
