//! The story of one digest, as its event comes.

use super::DigestVerifier;
use super::fetch::FetchedDigest;
use super::signed_digest::SignedDigest;
use crate::finding::{DigestReference, Finding, FindingKind, Report, Scope};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::world::{ListObjects, ListPublicKeys, ReadObject};

/// A digest that CloudTrail signed.
struct Accepted {
    digest: DigestReference,
    /// Whether it starts a chain of which nothing is there from before.
    begins: bool,
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Validates a digest and its link to the one before.
    ///
    /// Objects that are not digests by their key and content give an empty report.
    pub async fn validate(&self, at: &ObjectLocation) -> Report {
        match classify(&at.key) {
            ObjectKind::Digest(key) => self.validate_digest(at, &key).await.0,
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
        let (mut report, accepted) = self.validate_digest(at, &key).await;
        if let Some(Accepted { digest, begins }) = accepted {
            let unexpected = self.unexpected(at, &key, &digest);
            let started = begins.then(|| self.started(at, &key, digest));
            report
                .findings
                .extend(unexpected.into_iter().chain(started));
        }
        report
    }

    /// A digest of a trail that is none of the configured ones: one incident a chain, which stays the
    /// same with each further digest.
    fn unexpected(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        digest: &DigestReference,
    ) -> Option<Finding> {
        let trails = &self.places.trails;
        if trails.is_empty() || trails.iter().any(|trail| key.chain.is_of(trail)) {
            return None;
        }
        let expected: Vec<String> = trails.iter().map(ToString::to_string).collect();
        let scope = self.scope(key);
        let trail = scope.trail.clone().unwrap_or_default();
        let place = key.chain.place_in(self.places.original_of(&at.bucket));
        let finding = Finding::new(
            FindingKind::DigestTrailUnexpected,
            scope,
            at.clone(),
            "CloudTrail delivers digests of a trail into the bucket that is none of the expected ones.",
        )
        .with_digest(digest.clone())
        .with_evidence(
            format!("a digest of {}", expected.join(", ")),
            format!("a digest of {trail}, whose home Region is {}", key.chain.home_region),
        )
        .about(place, "");
        Some(finding)
    }

    /// A starting digest before which nothing of its chain is there.
    fn started(&self, at: &ObjectLocation, key: &DigestKey, digest: DigestReference) -> Finding {
        Finding::new(
            FindingKind::ChainStarted,
            self.scope(key),
            at.clone(),
            "The digest starts a chain, and no earlier digest of the chain is there.",
        )
        .with_digest(digest)
    }

    async fn validate_digest(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
    ) -> (Report, Option<Accepted>) {
        let mut report = Report::new();
        let mut accepted = None;
        match self.authenticate(at, key).await {
            Ok(digest) => {
                report.valid = 1;
                let signed = SignedDigest {
                    at,
                    key,
                    authentic: &digest,
                };
                report.findings.extend(self.key_out_of_period(signed));
                let mut begins = false;
                self.check_account(signed, &mut report);
                if key.series == DigestSeries::Hourly {
                    match &digest.digest().predecessor {
                        Some(named) => {
                            self.check_predecessor(signed, named, &[], &mut report)
                                .await;
                        }
                        None => {
                            begins = self.check_start(signed, &[], &mut report).await;
                        }
                    }
                }
                accepted = Some(Accepted {
                    digest: signed.reference(),
                    begins,
                });
            }
            Err(rejection) => rejection.add_to(&mut report, &self.scope(key), at),
        }
        (report, accepted)
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
                report.findings.extend(self.moved(at, &digest, &scope));
            }
            Ok(FetchedDigest { .. }) => {}
            Err(error) if error.absence().is_some() => {}
            Err(error) => report.cannot_tell(error, &Scope::default(), at),
        }
        report
    }
}
