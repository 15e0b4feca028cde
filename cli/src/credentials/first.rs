//! Credentials that are loaded already.

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use std::sync::{Mutex, PoisonError};

/// Hands out the credentials that were loaded at the start, and asks for others when these are to be
/// renewed: a `credential_process` that asks somebody asks once.
#[derive(Debug)]
pub(super) struct FirstLoaded {
    first: Mutex<Option<Credentials>>,
    then: SharedCredentialsProvider,
}

impl FirstLoaded {
    /// `first`, and what `then` gives after it.
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
