//! Credentials that are already loaded.

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use std::sync::{Mutex, PoisonError};

/// Returns the credentials that were loaded at the start, and loads others when these must be
/// renewed. This way, a `credential_process` that asks somebody asks only once.
#[derive(Debug)]
pub(super) struct FirstLoaded {
    first: Mutex<Option<Credentials>>,
    then: SharedCredentialsProvider,
}

impl FirstLoaded {
    /// Returns `first` once, and then the credentials of `then`.
    pub(super) fn new(first: Credentials, then: SharedCredentialsProvider) -> Self {
        Self {
            first: Mutex::new(Some(first)),
            then,
        }
    }
}

impl ProvideCredentials for FirstLoaded {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        match first.take() {
            Some(credentials) => future::ProvideCredentials::ready(Ok(credentials)),
            None => self.then.provide_credentials(),
        }
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.then.fallback_on_interrupt()
    }
}
