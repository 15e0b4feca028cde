//! The consequences of a digest that cannot be read.

use super::DigestVerifier;
use super::rejection::Rejection;
use crate::check::archived;
use crate::finding::digest::{self as finding, DigestSubject};
use crate::finding::{DigestReference, Finding};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::names::window::Window;
use crate::world::{Absence, Cause, ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Returns the rejection of a digest that cannot be read. An archived digest still has headers,
    /// which may show that it is not the one that CloudTrail delivered. `successor` is the digest
    /// after it, if CloudTrail signed that one, with the signature that it states.
    pub(in crate::check) async fn unread(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        error: StoreError,
        successor: Option<(&DigestReference, &str)>,
    ) -> Rejection {
        if !matches!(error.cause, Cause::Archived(_)) {
            return Rejection::CannotTell(error);
        }
        let mut headers = match self.store.headers(at).await {
            Ok(headers) => headers,
            Err(refused) => return Rejection::CannotTell(refused),
        };
        // An object in a replica may be a copy of any age, in any class.
        if self.places.is_replica(&at.bucket) {
            headers.last_modified = None;
        }
        let signed = match successor {
            None => None,
            Some((successor, signature)) => match self.existed_by(successor).await {
                Ok(by) => Some(archived::Signed { signature, by }),
                Err(refused) => return Rejection::CannotTell(refused),
            },
        };
        let Some(misfit) = archived::digest(&headers, signed) else {
            return Rejection::CannotTell(error);
        };
        let shown_by = successor.map_or_else(
            || DigestReference::by_key(at, Some(key)),
            |(successor, _)| successor.clone(),
        );
        let subject = DigestSubject {
            scope: self.scope(key),
            at,
            shown_by,
        };
        let finding = finding::replaced_in_archive(subject, &misfit);
        Rejection::Finding(Box::new(finding))
    }

    /// Returns the time by which a readable digest existed: when it was written according to S3,
    /// which is not before its time ended. Returns `None` if it is unknown.
    async fn existed_by(&self, digest: &DigestReference) -> Result<Option<Timestamp>, StoreError> {
        let at = ObjectLocation::new(&digest.bucket, &digest.key);
        let written = self.store.headers(&at).await?.last_modified;
        Ok(written.max(written.and(digest.end_time)))
    }

    pub(in crate::check) fn missing_on_arrival(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        absence: Absence,
    ) -> Finding {
        let from = key
            .end_time
            .saturating_sub(SignedDuration::from_hours(1))
            .ok();
        let subject = DigestSubject {
            scope: self.scope(key),
            at,
            shown_by: DigestReference::by_key(at, Some(key)),
        };
        let window = Window {
            from,
            to: key.end_time,
        };
        finding::gone(subject, window, absence)
    }
}
