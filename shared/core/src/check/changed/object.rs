//! An object that was written or deleted, with what the bucket holds under its key.

use super::left::ExpectedContent;
use super::listing::Listing;
use crate::bucket::selection::DELIVERY;
use crate::finding::Scope;
use crate::finding::changed::{ChangedKind, ChangedObject};
use crate::names::deed::{Deed, ObjectAction};
use crate::names::event_object::Origin;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, LogFileKey};
use crate::world::Versions;
use jiff::{SignedDuration, Timestamp};

/// An object that was written or deleted, with its versions.
pub(super) struct Changed<'a> {
    pub(super) at: &'a ObjectLocation,
    pub(super) name: Name<'a>,
    pub(super) deed: Option<&'a Deed>,
    pub(super) origin: Origin,
    pub(super) versions: Versions,
    pub(super) now: Timestamp,
}

/// The name of a log file or digest.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    LogFile(&'a LogFileKey),
    Digest(&'a DigestKey),
}

impl Name<'_> {
    /// Returns the time in the name.
    pub(super) fn time(self) -> Timestamp {
        match self {
            Self::LogFile(key) => key.time,
            Self::Digest(key) => key.end_time,
        }
    }

    /// Returns what its versions are compared with.
    pub(super) fn expected<'l>(self, listing: Option<&'l Listing>) -> ExpectedContent<'l>
    where
        Self: 'l,
    {
        match self {
            Self::Digest(key) => ExpectedContent::Signature(key),
            Self::LogFile(_) => listing.map_or(
                ExpectedContent::Unknown("its digest is not known"),
                ExpectedContent::of_log_file,
            ),
        }
    }

    fn kind(self) -> ChangedKind {
        match self {
            Self::LogFile(_) => ChangedKind::LogFile,
            Self::Digest(_) => ChangedKind::Digest,
        }
    }
}

impl<'a> Changed<'a> {
    /// Returns the subject of findings about it.
    pub(super) fn object(&self, scope: Scope, listing: Option<&Listing>) -> ChangedObject<'a> {
        ChangedObject {
            scope,
            at: self.at,
            kind: self.name.kind(),
            deed: self.deed,
            listed: match listing {
                Some(Listing::Listed(hash, digest)) => Some((*hash, digest.clone())),
                _ => None,
            },
        }
    }

    /// Returns whether a lifecycle rule did it.
    pub(super) fn is_by_lifecycle(&self) -> bool {
        self.deed.is_some_and(Deed::is_by_lifecycle)
    }

    /// Returns whether the object looks as if it was delivered once and on time.
    pub(super) fn is_plain(&self) -> bool {
        let latest = self.name.time().saturating_add(DELIVERY);
        let latest = latest.unwrap_or(Timestamp::MAX);
        let Versions {
            versions,
            markers,
            more,
        } = &self.versions;
        match versions.as_slice() {
            [only] if markers.is_empty() && !more => {
                only.written.is_none_or(|written| written <= latest)
            }
            _ => false,
        }
    }

    /// Returns whether nothing can have happened to the object before: it was written once, into a
    /// bucket that keeps versions.
    pub(super) fn is_new(&self) -> bool {
        let is_written = self
            .deed
            .is_some_and(|deed| deed.action == ObjectAction::Written);
        let keeps_versions = self.versions.versions.iter().all(|it| it.id != "null");
        is_written && keeps_versions && self.is_plain()
    }

    /// Returns its age when it was deleted.
    pub(super) fn age(&self) -> SignedDuration {
        let deleted = self.deed.and_then(|deed| deed.time).unwrap_or(self.now);
        deleted.min(self.now).duration_since(self.name.time())
    }
}
