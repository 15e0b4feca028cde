//! A store that remembers that the credentials no longer work.

use std::sync::OnceLock;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{
    Body, Cause, Depth, Headers, ListObjects, Object, Page, ReadObject, StoreError,
};

/// A store, and the reason why AWS no longer accepts the credentials, once that happens: every
/// later request fails for the same reason.
#[derive(Debug)]
pub(super) struct SignedIn<S> {
    store: S,
    lost: OnceLock<String>,
}

impl<S> SignedIn<S> {
    /// Returns `store`, with credentials that work.
    pub(super) fn new(store: S) -> Self {
        Self {
            store,
            lost: OnceLock::new(),
        }
    }

    /// Returns why the credentials no longer work for any request, in one line.
    pub(super) fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    fn seen<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &answer
            && let Cause::Credentials(trouble, _) = &error.cause
            && trouble.is_of_all_requests()
        {
            // The first reason remains.
            let _ = self.lost.set(error.to_string());
        }
        answer
    }
}

impl<S: ReadObject> ReadObject for SignedIn<S>
where
    S::Body: Body,
{
    type Body = S::Body;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Self::Body>, StoreError> {
        self.seen(self.store.read(at).await)
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        self.seen(self.store.headers(at).await)
    }
}

impl<S: ListObjects> ListObjects for SignedIn<S> {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        self.seen(self.store.list(bucket, prefix, depth, next).await)
    }
}
