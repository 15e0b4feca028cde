//! The story of one digest, as its event comes.

use super::DigestVerifier;
use super::fetch::FetchedDigest;
use super::walk::{ChainWalk, SettledDigest};
use crate::finding::chain;
use crate::finding::digest::{self, DigestSubject};
use crate::finding::{DigestReference, Finding, Report, Scope};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, ObjectKind, classify};
use crate::world::{ListObjects, ListPublicKeys, ReadObject};

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Validates a digest and its link to the one before.
    ///
    /// Objects that are not digests by their key and content give an empty report.
    pub async fn validate(&self, at: &ObjectLocation) -> Report {
        match classify(&at.key) {
            ObjectKind::Digest(key) => {
                let mut settled = self.settle_alone(at, key).await;
                settled.report.valid = settled.authentic.iter().len();
                settled.report
            }
            ObjectKind::UnknownDigest => self.validate_misnamed(at).await,
            ObjectKind::LogFile(_) | ObjectKind::UnknownLogFile | ObjectKind::Other => {
                Report::default()
            }
        }
    }

    /// Validates a digest that CloudTrail has just delivered: as [`DigestVerifier::validate`], and whether
    /// it is of an expected trail (`digest-trail-unexpected`), and begins a chain of which nothing is
    /// there from before (`chain-started`). Both are said only of a digest that CloudTrail signed.
    ///
    /// CloudTrail delivers a starting digest, whose `previousDigest…` fields are null, when log file
    /// validation is enabled and when logging begins again
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>).
    pub async fn validate_delivered(&self, at: &ObjectLocation) -> Report {
        let ObjectKind::Digest(key) = classify(&at.key) else {
            return self.validate(at).await;
        };
        let mut settled = self.settle_alone(at, key).await;
        settled.report.valid = settled.authentic.iter().len();
        let unexpected = self.unexpected(&settled);
        let started = self.started(&settled);
        let mut report = settled.report;
        report
            .findings
            .extend(unexpected.into_iter().chain(started));
        report
    }

    /// A walk of one step: none after the digest is known.
    async fn settle_alone(&self, at: &ObjectLocation, key: DigestKey) -> SettledDigest {
        let read = self.read_digest(at.clone(), key).await;
        self.settle(&mut ChainWalk::default(), read, None).await
    }

    /// A digest of a trail that is none of the configured ones: one incident a chain, which stays the
    /// same with each further digest.
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

    /// A starting digest before which nothing of its chain is there.
    fn started(&self, settled: &SettledDigest) -> Option<Finding> {
        let signed = settled.signed().filter(|_| settled.starts_first_chain)?;
        Some(chain::started(signed.subject(&self.places.trails)))
    }

    /// Named like no digest, in a digest folder: a digest copied there is a finding; anything
    /// else is not CloudTrail's, or a kind of file that it has added.
    async fn validate_misnamed(&self, at: &ObjectLocation) -> Report {
        let mut report = Report::default();
        match self.fetch(at).await {
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
        report
    }
}
