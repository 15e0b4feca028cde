//! The versions that are left of an object that was deleted or overwritten.

use super::listing::Listing;
use crate::check::digest::DigestVerifier;
use crate::finding::Restoration;
use crate::finding::changed::LeftVersions;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::names::sha256::Sha256;
use crate::world::{ListPublicKeys, ObjectVersion, ReadObject, Versions};

/// The maximum number of versions of one object that are read. CloudTrail's own is usually the
/// oldest, and the oldest are first.
const MAX_VERSIONS_READ: usize = 5;

/// What the versions of an object are compared with.
#[derive(Debug, Clone, Copy)]
pub(super) enum ExpectedContent<'a> {
    /// The hash in a signed digest.
    Hash(Sha256),
    /// CloudTrail's signature of this digest.
    Signature(&'a DigestKey),
    /// Nothing yet: why.
    Unknown(&'a str),
}

impl<'a> ExpectedContent<'a> {
    /// Returns what the versions of a log file are compared with.
    pub(super) fn of_log_file(listing: &'a Listing) -> Self {
        match listing {
            Listing::Listed(hash, _) => Self::Hash(*hash),
            Listing::NotYet => Self::Unknown("no digest lists the log file yet"),
            Listing::Unlisted => Self::Unknown("no digest lists the log file"),
            Listing::Unproven(why) => Self::Unknown(why),
        }
    }
}

/// The result of reading one version.
enum Compared {
    Intact,
    Other,
    /// It could not be read: why.
    Unread(String),
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Looks for an intact version among those that are not current.
    pub(super) async fn left_of(
        &self,
        at: &ObjectLocation,
        versions: &Versions,
        expected: ExpectedContent<'_>,
    ) -> LeftVersions {
        let others = versions.versions.iter().rev().filter(|it| !it.is_current);
        let others: Vec<&ObjectVersion> = others.collect();
        let count = others.len();
        if others.is_empty() && !versions.more {
            return LeftVersions::Nothing;
        }
        let unverified = |why: String| LeftVersions::Unverified {
            count,
            why,
            restoration: hiding_marker(versions).map(Restoration::RemoveMarker),
        };
        if let ExpectedContent::Unknown(why) = expected {
            return unverified(why.to_owned());
        }
        let mut unread = None;
        for version in others.iter().take(MAX_VERSIONS_READ) {
            match self.compare_version(at, version, expected).await {
                Compared::Intact => {
                    return LeftVersions::Intact {
                        version: version.id.clone(),
                        restoration: restoration(versions, version),
                    };
                }
                Compared::Other => {}
                Compared::Unread(why) => unread = Some(why),
            }
        }
        match unread {
            Some(why) => unverified(why),
            None if count > MAX_VERSIONS_READ || versions.more => unverified(format!(
                "Trailseal compared only the oldest {MAX_VERSIONS_READ} of them"
            )),
            None => LeftVersions::NotIntact { count },
        }
    }

    async fn compare_version(
        &self,
        at: &ObjectLocation,
        version: &ObjectVersion,
        expected: ExpectedContent<'_>,
    ) -> Compared {
        let of_version = ObjectLocation {
            version_id: Some(version.id.clone()),
            ..at.clone()
        };
        match expected {
            ExpectedContent::Hash(hash) => match self.is_log_file(&of_version, hash).await {
                Ok(Ok(())) => Compared::Intact,
                Ok(Err(_)) => Compared::Other,
                Err(error) => Compared::Unread(error.to_string()),
            },
            ExpectedContent::Signature(key) => match self.authenticate(&of_version, key).await {
                Ok(_) => Compared::Intact,
                Err(rejection) => match rejection.into_result() {
                    Err(error) => Compared::Unread(error.to_string()),
                    Ok(_) => Compared::Other,
                },
            },
            ExpectedContent::Unknown(why) => Compared::Unread(why.to_owned()),
        }
    }
}

/// Returns how a version becomes the current one.
fn restoration(versions: &Versions, version: &ObjectVersion) -> Restoration {
    let newest = versions.versions.first();
    match hiding_marker(versions) {
        Some(marker) if newest == Some(version) => Restoration::RemoveMarker(marker),
        _ => Restoration::Copy(version.id.clone()),
    }
}

/// Returns the ID of the delete marker that hides the newest version, if it is the only one: S3
/// lists markers and versions separately, with times in seconds.
fn hiding_marker(versions: &Versions) -> Option<String> {
    match versions.markers.as_slice() {
        [marker] if marker.is_current && !versions.more => Some(marker.id.clone()),
        _ => None,
    }
}
