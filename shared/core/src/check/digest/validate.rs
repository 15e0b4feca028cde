//! The check of one digest when its event arrives.

use super::DigestVerifier;
use super::fetch::FetchedDigest;
use super::seen::SeenDigest;
use super::settled_digest::SettledDigest;
use super::walk::ChainWalk;
use crate::finding::chain;
use crate::finding::digest::{self, DigestSubject};
use crate::finding::{DigestReference, Finding, Report, Scope};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, ObjectKind, classify};
use crate::trust::signature::AuthenticDigest;
use crate::world::{ListObjects, ListPublicKeys, ReadObject};
use std::sync::Arc;

/// The result of the validation of a digest that was delivered.
#[derive(Debug, Default)]
pub struct ValidatedDigest {
    /// The findings and obstacles.
    pub report: Report,
    /// The facts about the object, if it could be read.
    pub seen: Option<SeenDigest>,
    /// Its content, if CloudTrail signed it.
    pub authentic: Option<Arc<AuthenticDigest>>,
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Validates a digest and its link to its predecessor.
    ///
    /// Objects that are not digests by their key and content yield an empty report.
    pub async fn validate(&self, at: &ObjectLocation) -> Report {
        match classify(&at.key) {
            ObjectKind::Digest(key) => self.settle_alone(at, key).await.0.report,
            ObjectKind::UnknownDigest => self.validate_misnamed(at).await.report,
            ObjectKind::LogFile(_) | ObjectKind::UnknownLogFile | ObjectKind::Other => {
                Report::default()
            }
        }
    }

    /// Validates a digest that CloudTrail has just delivered, as [`DigestVerifier::validate`] does.
    /// Also checks whether it belongs to an expected trail (`digest-trail-unexpected`), and whether
    /// it starts a chain with no earlier digest (`chain-started`). Reports both only about a digest
    /// that CloudTrail signed.
    ///
    /// CloudTrail delivers a starting digest, whose `previousDigest…` fields are null, when log
    /// file validation is enabled and when logging is started again
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>).
    pub async fn validate_delivered(&self, at: &ObjectLocation) -> ValidatedDigest {
        let key = match classify(&at.key) {
            ObjectKind::Digest(key) => key,
            ObjectKind::UnknownDigest => return self.validate_misnamed(at).await,
            ObjectKind::LogFile(_) | ObjectKind::UnknownLogFile | ObjectKind::Other => {
                return ValidatedDigest::default();
            }
        };
        let (settled, seen) = self.settle_alone(at, key).await;
        let unexpected = self.unexpected(&settled);
        let started = self.started(&settled);
        let mut report = settled.report;
        report
            .findings
            .extend(unexpected.into_iter().chain(started));
        ValidatedDigest {
            report,
            seen,
            authentic: settled.authentic,
        }
    }

    /// Runs a walk of one step: no later digest is known. Counts the digest if CloudTrail signed it.
    /// Also returns the facts about the object, if it could be read.
    async fn settle_alone(
        &self,
        at: &ObjectLocation,
        key: DigestKey,
    ) -> (SettledDigest, Option<SeenDigest>) {
        let read = self.read_digest(at.clone(), key).await;
        let mut seen = read.seen();
        let mut settled = self.settle(&mut ChainWalk::default(), read, None).await;
        settled.report.valid = settled.authentic.iter().len();
        if let Some(seen) = &mut seen {
            seen.is_signed = settled.authentic.is_some();
        }
        (settled, seen)
    }

    /// Returns the finding about a digest of a trail that is not configured. It is one incident for
    /// each chain, which stays the same with each further digest.
    fn unexpected(&self, settled: &SettledDigest) -> Option<Finding> {
        let signed = settled.signed()?;
        let chain = &signed.key.chain;
        let trails = &self.places.trails;
        if trails.is_empty() || trails.iter().any(|trail| chain.is_of(trail)) {
            return None;
        }
        let place = chain.place_in(self.places.original_of(&signed.at.bucket));
        let subject = signed.subject(trails);
        let finding = digest::trail_unexpected(subject, &chain.home_region, trails, place);
        Some(finding)
    }

    /// Returns the finding about a starting digest before which its chain has no digest.
    fn started(&self, settled: &SettledDigest) -> Option<Finding> {
        let signed = settled.signed().filter(|_| settled.starts_first_chain)?;
        Some(chain::started(signed.subject(&self.places.trails)))
    }

    /// Validates an object in a digest folder whose name is not a digest's. A digest that was
    /// copied there is a finding. Any other object is not CloudTrail's, or a kind of file that
    /// CloudTrail has added.
    async fn validate_misnamed(&self, at: &ObjectLocation) -> ValidatedDigest {
        let mut report = Report::default();
        let fetched = self.fetch(at).await;
        let seen = fetched.as_ref().ok().map(FetchedDigest::seen);
        match fetched {
            Ok(FetchedDigest {
                content: Ok(digest),
                ..
            }) => {
                let scope = match classify(&digest.location.key) {
                    ObjectKind::Digest(key) => self.scope(&key),
                    _ => Scope::default(),
                };
                if self.is_moved(at, &digest) {
                    let subject = DigestSubject {
                        scope,
                        at,
                        shown_by: DigestReference::of(at, &digest),
                    };
                    report
                        .findings
                        .push(digest::moved(subject, &digest.location));
                }
            }
            Ok(FetchedDigest { .. }) => {}
            Err(error) if error.absence().is_some() => {}
            Err(error) => report.cannot_tell(error, &Scope::default(), at),
        }
        ValidatedDigest {
            report,
            seen,
            authentic: None,
        }
    }
}
