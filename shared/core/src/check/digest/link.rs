//! The link of a digest to the one before it.

use super::DigestVerifier;
use super::hole::MissingPredecessor;
use super::signed_digest::SignedDigest;
use crate::finding::{Finding, FindingKind, Report, Scope};
use crate::format::digest::{DigestError, DigestMetadata, Predecessor, UnverifiedDigest};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::trust::chain::{self, Difference, Meeting};
use crate::world::{ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::Timestamp;

/// A predecessor as it was read.
pub(super) struct ReadPredecessor<'a> {
    pub(super) at: &'a ObjectLocation,
    pub(super) content: &'a Result<UnverifiedDigest, DigestError>,
    /// The signature in its metadata.
    pub(super) signature: Option<&'a str>,
}

/// A predecessor that could not be read.
struct UnreadPredecessor<'a> {
    at: &'a ObjectLocation,
    key: &'a DigestKey,
    named: &'a Predecessor,
    /// The ends of digests of its folder that are there, oldest first, as far as that is known.
    known: &'a [Timestamp],
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// The link to the predecessor. `known` are the ends of digests of the chain that are there,
    /// oldest first, as far as that is known.
    pub(super) async fn check_predecessor(
        &self,
        signed: SignedDigest<'_>,
        named: &Predecessor,
        known: &[Timestamp],
        report: &mut Report,
    ) {
        let SignedDigest { at, key, .. } = signed;
        let scope = self.scope(key);
        let Some(predecessor_key) = chain::predecessor_key(key, named) else {
            report.findings.push(
                Finding::new(
                    FindingKind::DigestMalformed,
                    scope,
                    at.clone(),
                    "The digest names as its predecessor an object that is no earlier digest of its chain.",
                )
                .with_digest(signed.reference())
                .with_evidence("an earlier hourly digest of the same account, Region and trail", named.location.to_string()),
            );
            return;
        };
        let predecessor_at = ObjectLocation::new(
            self.places.actual_of(&named.location.bucket, &at.bucket),
            named.location.key.clone(),
        );
        let mut fetched = match self.fetch(&predecessor_at).await {
            Ok(fetched) => fetched,
            Err(error) => {
                let same_folder =
                    predecessor_at.bucket == at.bucket && predecessor_key.chain == key.chain;
                let predecessor = UnreadPredecessor {
                    at: &predecessor_at,
                    key: &predecessor_key,
                    named,
                    known: if same_folder { known } else { &[] },
                };
                self.report_unread_predecessor(signed, &predecessor, error, report)
                    .await;
                return;
            }
        };
        if self.places.bare_copy {
            fetched.metadata = DigestMetadata::signed(&named.signature);
        }
        let read = ReadPredecessor {
            at: &predecessor_at,
            content: &fetched.content,
            signature: fetched.metadata.signature.as_deref(),
        };
        if !self.compare(signed, named, &read, report) {
            return;
        }
        match self.judge(&predecessor_at, &predecessor_key, fetched).await {
            Ok(digest) => {
                let predecessor = SignedDigest {
                    at: &predecessor_at,
                    key: &predecessor_key,
                    authentic: &digest,
                };
                let out_of_period = self.key_out_of_period(predecessor);
                report.findings.extend(out_of_period);
            }
            Err(rejection) => rejection.add_to(report, &scope, &predecessor_at),
        }
    }

    /// What it comes to that the predecessor of a digest cannot be read.
    async fn report_unread_predecessor(
        &self,
        signed: SignedDigest<'_>,
        predecessor: &UnreadPredecessor<'_>,
        error: StoreError,
        report: &mut Report,
    ) {
        let UnreadPredecessor {
            at,
            key,
            named,
            known,
        } = *predecessor;
        let scope = self.scope(signed.key);
        match error.absence() {
            // A trail that was moved: its older digests are in no copy at hand.
            Some(_) if !self.places.holds(&named.location.bucket) => {
                report.cannot_tell(error, &scope, &named.location);
            }
            Some(absence) => {
                let missing = MissingPredecessor {
                    at,
                    key,
                    absence,
                    known,
                };
                self.report_missing_predecessor(&missing, signed, report)
                    .await;
            }
            None => {
                let successor = signed.reference();
                let successor = Some((&successor, named.signature.as_str()));
                let rejection = self.unread(at, key, error, successor).await;
                rejection.add_to(report, &scope, at);
            }
        }
    }

    /// Compares a predecessor as it was read with what its successor says of it. Whether it is
    /// the one that its successor signed.
    pub(super) fn compare(
        &self,
        signed: SignedDigest<'_>,
        named: &Predecessor,
        predecessor: &ReadPredecessor<'_>,
        report: &mut Report,
    ) -> bool {
        let scope = self.scope(signed.key);
        let modified = |expected: String, actual: String| {
            Finding::new(
                FindingKind::DigestModified,
                scope.clone(),
                predecessor.at.clone(),
                "The digest is not the one that its successor signed: it was changed or replaced after delivery.",
            )
            .with_digest(signed.reference())
            .with_evidence(expected, actual)
        };
        let content = match predecessor.content {
            Ok(content) => content,
            Err(error) => {
                report.findings.push(modified(
                    format!("content with SHA-256 {}", named.hash),
                    error.to_string(),
                ));
                return false;
            }
        };
        if let Some(difference) = chain::difference(named, content.hash, predecessor.signature) {
            report.findings.push(match difference {
                Difference::Content { expected, actual } => modified(
                    format!("content with SHA-256 {expected}"),
                    format!("content with SHA-256 {actual}"),
                ),
                Difference::Signature { expected, actual } => modified(
                    format!("signature {expected}"),
                    actual.map_or_else(
                        || "no signature in its metadata".to_owned(),
                        |actual| format!("signature {actual}"),
                    ),
                ),
            });
            return false;
        }
        report
            .findings
            .extend(gap(content, predecessor.at, signed, &scope));
        true
    }
}

fn gap(
    predecessor: &UnverifiedDigest,
    predecessor_at: &ObjectLocation,
    signed: SignedDigest<'_>,
    scope: &Scope,
) -> Option<Finding> {
    let (window, what) = match chain::meeting(predecessor, signed.authentic) {
        Meeting::Meets => return None,
        Meeting::Gap(window) => (window, "begins after its predecessor ends"),
        Meeting::Overlap(window) => (window, "begins before its predecessor ends"),
    };
    let finding = Finding::new(
        FindingKind::ChainGap,
        scope.clone(),
        signed.at.clone(),
        format!("The digest {what}: their times do not meet."),
    );
    Some(
        finding
            .with_digest(signed.reference())
            .with_window(window)
            .with_evidence(
                format!("a range that begins at {}", predecessor.end_time),
                format!(
                    "a range that begins at {}, behind {predecessor_at}",
                    signed.content().start_time
                ),
            ),
    )
}
