//! A digest that was read and is not judged yet.

use super::DigestVerifier;
use super::fetch::FetchedDigest;
use super::seen::SeenDigest;
use crate::format::digest::{DigestError, DigestMetadata, UnverifiedDigest};
use crate::format::form::Form;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::world::{ListPublicKeys, ReadObject, StoreError};

/// A digest object that was read and is not judged yet.
#[derive(Debug)]
pub struct ReadDigest {
    pub(super) at: ObjectLocation,
    pub(super) key: DigestKey,
    pub(super) fetched: Result<FetchedDigest, StoreError>,
}

impl ReadDigest {
    /// Returns the location of the digest.
    #[must_use]
    pub fn at(&self) -> &ObjectLocation {
        &self.at
    }

    /// Returns the number of log files that it lists, which determines how much memory it takes.
    #[must_use]
    pub fn log_files(&self) -> usize {
        self.fetched.as_ref().map_or(0, |fetched| {
            fetched
                .content
                .as_ref()
                .map_or(0, |content| content.log_files.len())
        })
    }

    /// Returns the reason why it could not be read, if so.
    #[must_use]
    pub fn error(&self) -> Option<&StoreError> {
        self.fetched.as_ref().err()
    }

    /// Returns its content, as far as it is a digest, and its metadata. Nothing of it is verified.
    #[must_use]
    pub fn unverified(&self) -> Option<(&Result<UnverifiedDigest, DigestError>, &DigestMetadata)> {
        let FetchedDigest {
            content, metadata, ..
        } = self.fetched.as_ref().ok()?;
        Some((content, metadata))
    }

    /// Returns the facts about the object, if it could be read. Nothing of it is judged.
    pub(super) fn seen(&self) -> Option<SeenDigest> {
        self.fetched.as_ref().ok().map(FetchedDigest::seen)
    }

    /// Returns the form that it was read in; gzip if it could not be read.
    #[must_use]
    pub fn form(&self) -> Form {
        self.fetched
            .as_ref()
            .map_or(Form::Gzip, |fetched| fetched.form)
    }
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Reads a digest, for [`Self::settle`].
    pub async fn read_digest(&self, at: ObjectLocation, key: DigestKey) -> ReadDigest {
        let fetched = self.fetch(&at).await;
        ReadDigest { at, key, fetched }
    }

    /// Returns whether CloudTrail signed a digest that was read, by its own signature.
    pub async fn is_authentic(&self, digest: &ReadDigest) -> bool {
        let Ok(fetched) = &digest.fetched else {
            return false;
        };
        let judged = self.judge(&digest.at, &digest.key, fetched.clone());
        Box::pin(judged).await.is_ok()
    }
}
