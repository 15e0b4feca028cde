//! The versions of an object.

use super::StoreError;
use crate::names::location::ObjectLocation;
use jiff::Timestamp;
use std::sync::Arc;

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Its ID; `null` in a bucket that never kept versions.
    pub id: String,
    /// Indicates whether a request without a version ID gets it.
    pub is_current: bool,
    /// The time when it was written. Only S3 sets it.
    pub written: Option<Timestamp>,
}

/// What a bucket holds under one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// The versions with content, newest first.
    pub versions: Vec<ObjectVersion>,
    /// The delete markers, newest first.
    pub markers: Vec<ObjectVersion>,
    /// Indicates whether there are older ones, which were not listed.
    pub more: bool,
}

impl Versions {
    /// Returns the version that a request without a version ID gets. Returns `None` if the object
    /// does not exist, or a delete marker hides it.
    #[must_use]
    pub fn current(&self) -> Option<&ObjectVersion> {
        self.versions.iter().find(|version| version.is_current)
    }

    /// Returns the delete marker that hides the object.
    #[must_use]
    pub fn hidden_by(&self) -> Option<&ObjectVersion> {
        self.markers.iter().find(|marker| marker.is_current)
    }

    /// Returns whether the bucket holds nothing under the key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty() && self.markers.is_empty()
    }
}

/// Lists the versions of objects.
pub trait ListVersions: Send + Sync {
    /// Returns the versions of the object with exactly this key, newest first, within limits.
    ///
    /// # Errors
    /// [`StoreError`].
    fn versions(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Versions, StoreError>> + Send;
}

impl<S: ListVersions> ListVersions for Arc<S> {
    fn versions(
        &self,
        at: &ObjectLocation,
    ) -> impl Future<Output = Result<Versions, StoreError>> + Send {
        S::versions(self, at)
    }
}
