//! The story of a stretch of a chain: every digest of it, each with the ones beside it.
//!
//! A walk goes from the newest digest to the oldest. So the digest after the one at hand is
//! known, and with it the signature and the hash that it gives: what is wrong with one digest
//! does not make its log files unprovable, where its successor vouches for its content.

use crate::chain;
use crate::digest::{DigestError, DigestMetadata, Predecessor, UnverifiedDigest};
use crate::finding::{DigestReference, Finding, FindingKind, Report, Window};
use crate::location::ObjectLocation;
use crate::object_key::{DigestKey, DigestSeries};
use crate::signature::AuthenticDigest;
use crate::store::{ListObjects, ListPublicKeys, ReadObject, StoreError};
use crate::validation::{Beside, Digests, Fetched, Rejection, reference, unsigned_copy};
use jiff::{SignedDuration, Timestamp};

/// How long after the end of a digest the next one may take. CloudTrail delivers one an hour,
/// some half an hour late, and catches up after an outage.
pub const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(6);

/// A digest object that was read, and not yet judged.
#[derive(Debug)]
pub struct ReadDigest {
    at: ObjectLocation,
    key: DigestKey,
    fetched: Result<Fetched, StoreError>,
}

impl ReadDigest {
    /// Where it is.
    #[must_use]
    pub fn at(&self) -> &ObjectLocation {
        &self.at
    }

    /// Why it could not be read, if so.
    #[must_use]
    pub fn error(&self) -> Option<&StoreError> {
        self.fetched.as_ref().err()
    }

    /// Its content, as far as it is a digest, and its metadata: nothing of it is verified.
    #[must_use]
    pub fn unverified(&self) -> Option<(&Result<UnverifiedDigest, DigestError>, &DigestMetadata)> {
        let Fetched { content, metadata } = self.fetched.as_ref().ok()?;
        Some((content, metadata))
    }
}

/// A digest, and everything that was found out about it.
#[derive(Debug)]
pub struct Settled {
    /// Where it is.
    pub at: ObjectLocation,
    /// What its key says.
    pub key: DigestKey,
    /// Begin of the time it covers: as it says, if CloudTrail signed it, and else an hour before
    /// its end.
    pub start: Timestamp,
    /// What was found about it and its link to the one before. An empty verdict-bearing report
    /// means valid.
    pub report: Report,
    /// What it says, if CloudTrail signed its content. Its object may still be damaged: then the
    /// report says so.
    pub authentic: Option<AuthenticDigest>,
}

/// What the digest after the one at hand says.
#[derive(Debug)]
struct Newer {
    key: DigestKey,
    /// What it says of its predecessor, and whether it is CloudTrail's word.
    predecessor: Option<Predecessor>,
    authentic: bool,
    start: Timestamp,
    at: ObjectLocation,
}

/// A walk along the hourly digests of one chain, from the newest to the oldest.
#[derive(Debug, Default)]
pub struct Walk {
    newer: Option<Newer>,
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> Digests<S, K> {
    /// Reads a digest, for [`Self::settle`].
    pub async fn read_digest(&self, at: ObjectLocation, key: DigestKey) -> ReadDigest {
        let fetched = self.fetch(&at).await;
        ReadDigest { at, key, fetched }
    }

    /// Settles the next older digest of a walk. `older` is the one before it that is there, if
    /// any is within reach.
    pub async fn settle(
        &self,
        walk: &mut Walk,
        digest: ReadDigest,
        older: Option<&ReadDigest>,
    ) -> Settled {
        let ReadDigest { at, key, fetched } = digest;
        let newer = walk
            .newer
            .take()
            .filter(|_| key.series == DigestSeries::Hourly);
        let mut settled = Settled {
            start: key
                .end_time
                .saturating_sub(SignedDuration::from_hours(1))
                .unwrap_or(key.end_time),
            report: Report::new(),
            authentic: None,
            at,
            key,
        };
        // What was found when the newer digest was compared with this one is about this one.
        let unverified = match fetched {
            Err(error) => {
                self.unreadable(&mut settled, error);
                None
            }
            Ok(fetched) => {
                let predecessor = fetched
                    .content
                    .as_ref()
                    .ok()
                    .and_then(|content| content.predecessor.clone());
                self.judge_beside(&mut settled, fetched, newer.as_ref())
                    .await;
                predecessor
            }
        };
        if let Some(authentic) = settled.authentic.clone() {
            settled.start = authentic.digest().start_time;
            self.check_account(&settled.at, &settled.key, &authentic, &mut settled.report);
            if settled.key.series == DigestSeries::Hourly {
                settled
                    .report
                    .findings
                    .extend(self.overlap(&settled, newer.as_ref()));
                self.link(&mut settled, &authentic, older).await;
            }
        }
        // A digest that is not CloudTrail's, and that no other names, hides nothing: the one before
        // it is named by the one after it.
        let passed_over = newer.filter(|newer| {
            newer.authentic
                && settled.authentic.is_none()
                && newer
                    .predecessor
                    .as_ref()
                    .is_some_and(|named| named.location.key != settled.at.key)
        });
        if let Some(newer) = passed_over {
            walk.newer = Some(newer);
        } else if settled.key.series == DigestSeries::Hourly {
            walk.newer = Some(Newer {
                key: settled.key.clone(),
                predecessor: unverified,
                authentic: settled.authentic.is_some(),
                start: settled.start,
                at: settled.at.clone(),
            });
        }
        settled
    }

    fn unreadable(&self, settled: &mut Settled, error: StoreError) {
        let Settled {
            at, key, report, ..
        } = settled;
        match error.absence() {
            Some(absence) => report
                .findings
                .push(self.missing_on_arrival(at, key, absence)),
            None => report.cannot_tell(error, &self.scope(key), at),
        }
    }

    /// Judges a digest by its own signature, and by the one that its successor gives.
    async fn judge_beside(&self, settled: &mut Settled, fetched: Fetched, newer: Option<&Newer>) {
        let given = newer.and_then(|newer| {
            let named = newer.predecessor.as_ref()?;
            let names_this = named.location.key == settled.at.key
                && self
                    .places
                    .actual_of(&named.location.bucket, &newer.at.bucket)
                    == settled.at.bucket;
            names_this.then_some((named, newer))
        });
        let Settled {
            at,
            key,
            report,
            authentic,
            ..
        } = settled;
        let mut fetched = fetched;
        // A copy on disk has no signature of its own: its successor's word is all there is.
        if self.places.bare_copy
            && fetched.metadata.signature.is_none()
            && let Some((named, newer)) = given
        {
            fetched.metadata = DigestMetadata::signed(&named.signature);
            match self.judge(at, key, fetched).await {
                Ok(digest) => *authentic = Some(digest),
                // The signature stands in a digest that is not CloudTrail's itself.
                Err(Rejection::Finding(finding))
                    if !newer.authentic && finding.kind == FindingKind::DigestSignatureInvalid =>
                {
                    report.cannot_tell(unsigned_copy(at), &self.scope(key), at);
                }
                Err(Rejection::Finding(finding)) => report.findings.push(*finding),
                Err(Rejection::CannotTell(error)) => {
                    report.cannot_tell(error, &self.scope(key), at);
                }
            }
            return;
        }
        let vouched = given
            .map(|(named, _)| DigestMetadata::signed(&named.signature))
            .filter(|vouched| {
                let own = &fetched.metadata;
                let same = match (&own.signature, &vouched.signature) {
                    (Some(own), Some(vouched)) => own.eq_ignore_ascii_case(vouched),
                    _ => false,
                };
                !same || own.signature_algorithm != vouched.signature_algorithm
            })
            .map(|metadata| Fetched {
                content: fetched.content.clone(),
                metadata,
            });
        match self.judge(at, key, fetched).await {
            Ok(digest) => *authentic = Some(digest),
            Err(Rejection::CannotTell(error)) => report.cannot_tell(error, &self.scope(key), at),
            Err(Rejection::Finding(finding)) => {
                report.findings.push(*finding);
                if let Some(vouched) = vouched {
                    *authentic = self.judge(at, key, vouched).await.ok();
                }
            }
        }
    }

    /// A digest that its successor passes over, although it covers time that the successor
    /// covers, too.
    fn overlap(&self, settled: &Settled, newer: Option<&Newer>) -> Option<Finding> {
        let newer = newer.filter(|newer| newer.authentic)?;
        let named = newer.predecessor.as_ref()?;
        if named.location.key == settled.at.key || newer.start >= settled.key.end_time {
            return None;
        }
        Some(
            Finding::new(
                FindingKind::ChainGap,
                self.scope(&settled.key),
                settled.at.clone(),
                "The digest covers time that another digest of its chain covers, too, which does not continue this one.",
            )
            .with_digest(DigestReference::by_key(&newer.at, Some(&newer.key)))
            .with_window(Window {
                from: Some(newer.start.max(settled.start)),
                to: settled.key.end_time,
            })
            .with_evidence(
                format!("a range that ends at {}, or before", newer.start),
                format!("a range that ends at {}", settled.key.end_time),
            ),
        )
    }

    /// The link to the digest before: the one beside it, where that is the one it names.
    async fn link(
        &self,
        settled: &mut Settled,
        digest: &AuthenticDigest,
        older: Option<&ReadDigest>,
    ) {
        let Settled {
            at, key, report, ..
        } = settled;
        let Some(named) = &digest.digest().predecessor else {
            self.check_start(at, key, digest, report).await;
            return;
        };
        let beside = older.filter(|older| {
            chain::predecessor_key(key, named).is_some()
                && older.at.key == named.location.key
                && older.at.bucket == self.places.actual_of(&named.location.bucket, &at.bucket)
        });
        match beside {
            Some(ReadDigest {
                at: older_at,
                fetched: Ok(fetched),
                ..
            }) => {
                let signature = if self.places.bare_copy {
                    Some(named.signature.as_str())
                } else {
                    fetched.metadata.signature.as_deref()
                };
                let beside = Beside {
                    at: older_at,
                    content: &fetched.content,
                    signature,
                };
                self.compare(at, key, digest, named, &beside, report);
            }
            // What cannot be read is told when that digest is settled.
            Some(ReadDigest {
                fetched: Err(error),
                ..
            }) if error.absence().is_none() => {}
            _ => self.check_predecessor(at, key, digest, named, report).await,
        }
    }

    /// The finding that no digest of a chain follows `newest`, although `until` is later, and the
    /// next one should have come by `now`.
    #[must_use]
    pub fn overdue(
        &self,
        newest: &ObjectLocation,
        key: &DigestKey,
        until: Timestamp,
        now: Timestamp,
    ) -> Option<Finding> {
        let from = key.end_time;
        (from < until && now.duration_since(from) > OVERDUE_AFTER).then(|| {
            Finding::new(
                FindingKind::DigestOverdue,
                self.scope(key),
                newest.clone(),
                format!(
                    "No digest of its chain follows this one, although there should be one every hour: from {from} to {until} nothing is proven."
                ),
            )
            .with_digest(DigestReference::by_key(newest, Some(key)))
            .with_window(Window {
                from: Some(from),
                to: until,
            })
            .with_evidence(
                format!("a digest for every hour up to {until}"),
                "none after this one",
            )
        })
    }
}

/// The digest as findings name it, with the time it covers.
#[must_use]
pub fn listed_in(at: &ObjectLocation, digest: &UnverifiedDigest) -> DigestReference {
    reference(at, digest)
}
