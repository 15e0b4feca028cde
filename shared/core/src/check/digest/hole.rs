//! Holes in a chain: a missing digest, and a chain that starts where one existed.

use super::DigestVerifier;
use super::signed_digest::SignedDigest;
use crate::finding::chain::{self, LastSigned};
use crate::finding::digest::DigestSubject;
use crate::finding::{Obstacle, Report};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::world::{Absence, Cause, ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::Timestamp;

/// A missing predecessor.
pub(super) struct MissingPredecessor<'a> {
    pub(super) at: &'a ObjectLocation,
    pub(super) key: &'a DigestKey,
    pub(super) absence: Absence,
    /// The ends of existing digests of its chain, oldest first, as far as they are known.
    pub(super) known: &'a [Timestamp],
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Reports a missing predecessor and how far back the hole reaches.
    pub(super) async fn report_missing_predecessor(
        &self,
        missing: &MissingPredecessor<'_>,
        successor: SignedDigest<'_>,
        report: &mut Report,
    ) {
        let MissingPredecessor {
            at: predecessor_at,
            key: predecessor_key,
            absence,
            known,
        } = *missing;
        let last = self
            .last_signed(&predecessor_at.bucket, predecessor_key, known, report)
            .await;
        // A bucket does not expire, and its objects do not return if it is created again.
        let may_have_expired = last == LastSigned::NoneExists && absence != Absence::NoBucket;
        let subject = DigestSubject {
            scope: self.scope(predecessor_key),
            at: predecessor_at,
            shown_by: successor.reference(),
        };
        let to = successor.content().start_time;
        let mut finding = chain::predecessor_missing(subject, to, &last, absence);
        finding.start_of_retained = may_have_expired.then_some(predecessor_key.end_time);
        let bucket = self.places.role_of(&predecessor_at.bucket);
        report.absent(finding, absence, bucket);
    }

    /// Checks a starting digest. If a chain existed before, logging was off in between. Returns
    /// whether none existed.
    pub(super) async fn check_start(
        &self,
        signed: SignedDigest<'_>,
        known: &[Timestamp],
        report: &mut Report,
    ) -> bool {
        let SignedDigest { at, key, .. } = signed;
        let before = report.obstacles.len();
        let last = self.last_signed(&at.bucket, key, known, report).await;
        let obstructed = report.obstacles.len() > before;
        if last == LastSigned::NoneExists {
            return true;
        }
        let subject = signed.subject(&self.places.trails);
        let finding = chain::restarted(subject, signed.content(), &last);
        let is_found = matches!(last, LastSigned::Found(..));
        if !is_found && obstructed {
            // An unreadable object may still provide the answer. An object that never can be read,
            // an archived one for example, which somebody put there, must not hide the restart.
            report.obstacles.push(Obstacle {
                error: StoreError {
                    action: "find the last digest before",
                    subject: at.to_string(),
                    cause: Cause::Failed("not every earlier digest can be read".to_owned()),
                },
                if_it_stays: Some(finding),
            });
        } else {
            report.findings.push(finding);
        }
        false
    }
}
