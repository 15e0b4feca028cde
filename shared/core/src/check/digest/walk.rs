//! The check of a section of a chain: each of its digests, with its neighbors.
//!
//! A walk goes from the newest digest to the oldest. The digest after the current one is therefore
//! known, with the signature and the hash that it states. A problem with one digest does not make
//! its log files unverifiable, if its successor vouches for its content.

use super::DigestVerifier;
use super::link::ReadPredecessor;
use super::read_digest::ReadDigest;
use super::settled_digest::SettledDigest;
use super::signatures::SignatureFromAnother;
use super::signed_digest::SignedDigest;
use crate::finding::chain as finding;
use crate::finding::digest::DigestSubject;
use crate::finding::{DigestReference, Finding, Report};
use crate::format::digest::Predecessor;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries};
use crate::names::window::Window;
use crate::trust::chain;
use crate::trust::signature::AuthenticDigest;
use crate::world::{Absence, ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// A digest that is judged by its signatures. Its link to its predecessor is not checked yet, which
/// may take several requests, one after the other.
#[derive(Debug)]
pub struct UnlinkedDigest {
    settled: SettledDigest,
    newer: Option<NewerDigest>,
    /// Its statement about its predecessor.
    says: Option<Predecessor>,
}

impl UnlinkedDigest {
    /// Returns what is settled so far. Its content is final: its log files can be verified.
    #[must_use]
    pub fn so_far(&self) -> &SettledDigest {
        &self.settled
    }
}

/// The statements of the digest after the current one.
#[derive(Debug)]
struct NewerDigest {
    key: DigestKey,
    /// Its statement about its predecessor, and whether the statement is CloudTrail's.
    predecessor: Option<Predecessor>,
    authentic: bool,
    start: Timestamp,
    at: ObjectLocation,
}

/// A walk along the hourly digests of one chain, from the newest to the oldest.
#[derive(Debug, Default)]
pub struct ChainWalk {
    newer: Option<NewerDigest>,
    /// The statements of skipped digests about others.
    claims: VecDeque<Predecessor>,
    /// The ends of existing digests, oldest first, as far as they are known.
    known: Vec<Timestamp>,
    /// Indicates whether these are all digests of the chain.
    is_whole: bool,
}

impl ChainWalk {
    /// Returns a walk among digests that are known to exist, by their ends, oldest first. If they
    /// are all digests of the chain, the walk does not look for others before the oldest.
    #[must_use]
    pub fn among(known: Vec<Timestamp>, is_whole: bool) -> Self {
        Self {
            known,
            is_whole,
            ..Self::default()
        }
    }

    /// Adds what digests of other folders state about their predecessors. A signature proves
    /// itself, whichever digest states it.
    #[must_use]
    pub fn with_known(mut self, claims: Vec<Predecessor>) -> Self {
        self.claims.extend(claims);
        self
    }

    /// Continues with the digest before. `says` is what the settled digest states about it. `newer`
    /// is the digest after the settled one.
    fn pass(
        &mut self,
        newer: Option<NewerDigest>,
        settled: &SettledDigest,
        says: Option<Predecessor>,
    ) {
        // A digest that is not CloudTrail's, and that no other digest names, hides nothing: the one
        // after it names the one before it.
        let passed_over = newer.filter(|newer| {
            newer.authentic
                && settled.authentic.is_none()
                && newer
                    .predecessor
                    .as_ref()
                    .is_some_and(|named| named.location.key != settled.at.key)
        });
        if let Some(newer) = passed_over {
            self.newer = Some(newer);
            // Its statement may still be true.
            self.claims.extend(says);
            if self.claims.len() > MAX_CLAIMS {
                self.claims.pop_front();
            }
        } else if settled.key.series == DigestSeries::Hourly {
            self.newer = Some(NewerDigest {
                key: settled.key.clone(),
                predecessor: says,
                authentic: settled.authentic.is_some(),
                start: settled.start,
                at: settled.at.clone(),
            });
        }
    }
}

/// The maximum number of such claims that are kept: anybody may make them.
const MAX_CLAIMS: usize = 64;

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Settles the next older digest of a walk. `older` is the existing digest before it, if one is
    /// within reach.
    pub async fn settle(
        &self,
        walk: &mut ChainWalk,
        digest: ReadDigest,
        older: Option<&ReadDigest>,
    ) -> SettledDigest {
        let judged = self.judge_next(walk, digest).await;
        self.settle_judged(walk, judged, older).await
    }

    /// Judges the next older digest of a walk by its signatures: the first half of
    /// [`Self::settle`].
    pub async fn judge_next(&self, walk: &mut ChainWalk, digest: ReadDigest) -> UnlinkedDigest {
        let newer = walk
            .newer
            .take()
            .filter(|_| digest.key.series == DigestSeries::Hourly);
        let says = digest
            .unverified()
            .and_then(|(content, _)| content.as_ref().ok()?.predecessor.clone());
        let judged = self.judge_read(digest, newer.as_ref(), &walk.claims);
        let settled = Box::pin(judged).await;
        UnlinkedDigest {
            settled,
            newer,
            says,
        }
    }

    /// Checks a judged digest further: the second half of [`Self::settle`].
    pub async fn settle_judged(
        &self,
        walk: &mut ChainWalk,
        judged: UnlinkedDigest,
        older: Option<&ReadDigest>,
    ) -> SettledDigest {
        let UnlinkedDigest {
            mut settled,
            newer,
            says,
        } = judged;
        if let Some(authentic) = settled.authentic.clone() {
            let checks = self.check_signed(&mut settled, &authentic, newer.as_ref(), older, walk);
            Box::pin(checks).await;
        }
        walk.pass(newer, &settled, says);
        settled
    }

    /// Judges a digest as it was read, by all its known signatures.
    async fn judge_read(
        &self,
        digest: ReadDigest,
        newer: Option<&NewerDigest>,
        claims: &VecDeque<Predecessor>,
    ) -> SettledDigest {
        let form = digest.form();
        let ReadDigest { at, key, fetched } = digest;
        let mut settled = SettledDigest {
            start: key
                .end_time
                .saturating_sub(SignedDuration::from_hours(1))
                .unwrap_or(key.end_time),
            report: Report::new(),
            authentic: None,
            starts_first_chain: false,
            form,
            at,
            key,
        };
        match fetched {
            // Findings from the comparison of the newer digest with this one are about this one.
            Err(error) => self.unreadable(&mut settled, error, newer).await,
            Ok(fetched) => {
                let SettledDigest {
                    at, key, report, ..
                } = &mut settled;
                let given = self.signatures_from_others(at, newer, claims);
                let authentic = self.judge_by_all(at, key, fetched, &given, report).await;
                settled.authentic = authentic.map(Arc::new);
            }
        }
        settled
    }

    /// Checks a digest that CloudTrail signed further: its key, its account, and its link to its
    /// neighbors.
    async fn check_signed(
        &self,
        settled: &mut SettledDigest,
        authentic: &AuthenticDigest,
        newer: Option<&NewerDigest>,
        older: Option<&ReadDigest>,
        walk: &ChainWalk,
    ) {
        settled.start = authentic.digest().start_time;
        let signed = SignedDigest {
            at: &settled.at,
            key: &settled.key,
            authentic,
        };
        let out_of_period = self.key_out_of_period(signed);
        settled.report.findings.extend(out_of_period);
        self.check_account(signed, &mut settled.report);
        if settled.key.series != DigestSeries::Hourly {
            return;
        }
        let overlap = self.overlap(settled, newer);
        settled.report.findings.extend(overlap);
        let is_oldest = walk.is_whole && older.is_none();
        settled.starts_first_chain = match authentic.digest().predecessor {
            None if is_oldest => true,
            _ => self.link(settled, authentic, older, &walk.known).await,
        };
    }

    async fn unreadable(
        &self,
        settled: &mut SettledDigest,
        error: StoreError,
        newer: Option<&NewerDigest>,
    ) {
        let SettledDigest {
            at, key, report, ..
        } = settled;
        if let Some(absence) = error.absence() {
            let missing = self.missing_on_arrival(at, key, absence);
            if absence == Absence::NotInCopy {
                report.absent(missing, absence, self.places.role_of(&at.bucket));
            } else {
                report.findings.push(missing);
            }
            return;
        }
        let newer = newer.filter(|newer| newer.authentic);
        let named = newer.and_then(|newer| Some((newer, newer.predecessor.as_ref()?)));
        let named = named.filter(|(_, named)| self.names(named, at));
        let successor = named.map(|(newer, named)| {
            let newer = DigestReference::by_key(&newer.at, Some(&newer.key));
            (newer, named.signature.as_str())
        });
        let successor = successor.as_ref().map(|(newer, signed)| (newer, *signed));
        self.unread(at, key, error, successor)
            .await
            .add_to(report, &self.scope(key), at);
    }

    /// Returns the signatures that the newer digest and others state for the digest at `at`.
    fn signatures_from_others<'a>(
        &self,
        at: &ObjectLocation,
        newer: Option<&'a NewerDigest>,
        claims: &'a VecDeque<Predecessor>,
    ) -> Vec<SignatureFromAnother<'a>> {
        let names_this = |named: &&Predecessor| self.names(named, at);
        let by_newer = newer
            .and_then(|newer| Some((newer.predecessor.as_ref()?, newer.authentic)))
            .filter(|(named, _)| names_this(named));
        let by_others = claims.iter().rev().filter(names_this);
        // A signature that verifies proves itself, whichever digest states it.
        by_newer
            .into_iter()
            .chain(by_others.map(|named| (named, false)))
            .map(|(named, is_vouched_for)| SignatureFromAnother {
                signature: &named.signature,
                is_vouched_for,
            })
            .collect()
    }

    /// Returns whether a digest names the one at `at` as its predecessor.
    fn names(&self, named: &Predecessor, at: &ObjectLocation) -> bool {
        named.location.key == at.key
            && self.places.actual_of(&named.location.bucket, &at.bucket) == at.bucket
    }

    /// Returns the finding about a digest that its successor skips, although both cover some of the
    /// same time.
    fn overlap(&self, settled: &SettledDigest, newer: Option<&NewerDigest>) -> Option<Finding> {
        let newer = newer.filter(|newer| newer.authentic)?;
        let named = newer.predecessor.as_ref()?;
        if named.location.key == settled.at.key || newer.start >= settled.key.end_time {
            return None;
        }
        let subject = DigestSubject {
            scope: self.scope(&settled.key),
            at: &settled.at,
            shown_by: DigestReference::by_key(&newer.at, Some(&newer.key)),
        };
        let window = Window {
            from: Some(newer.start.max(settled.start)),
            to: settled.key.end_time,
        };
        let end = settled.key.end_time;
        Some(finding::overlap(subject, window, newer.start, end))
    }

    /// Checks the link to the previous digest, which is its neighbor if that is the one it names.
    /// Returns whether the digest starts a chain that has no earlier digest.
    async fn link(
        &self,
        settled: &mut SettledDigest,
        digest: &AuthenticDigest,
        older: Option<&ReadDigest>,
        known: &[Timestamp],
    ) -> bool {
        let SettledDigest {
            at, key, report, ..
        } = settled;
        let signed = SignedDigest {
            at,
            key,
            authentic: digest,
        };
        let Some(named) = &digest.digest().predecessor else {
            return self.check_start(signed, known, report).await;
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
                let signature = if self.places.is_copy() {
                    Some(named.signature.as_str())
                } else {
                    fetched.metadata.signature.as_deref()
                };
                let beside = ReadPredecessor {
                    at: older_at,
                    content: &fetched.content,
                    signature,
                };
                self.compare(signed, named, &beside, report);
            }
            // An unreadable digest is reported when it is settled.
            Some(ReadDigest {
                fetched: Err(error),
                ..
            }) if error.absence().is_none() => {}
            _ => {
                self.check_predecessor(signed, named, known, report).await;
            }
        }
        false
    }
}
