//! The story of a stretch of a chain: every digest of it, each with the ones beside it.
//!
//! A walk goes from the newest digest to the oldest. So the digest after the one at hand is
//! known, and with it the signature and the hash that it gives: what is wrong with one digest
//! does not make its log files unprovable, where its successor vouches for its content.

use super::DigestVerifier;
use super::link::ReadPredecessor;
use super::read_digest::ReadDigest;
use super::signatures::SignatureFromAnother;
use super::signed_digest::SignedDigest;
use crate::finding::chain as finding;
use crate::finding::digest::DigestSubject;
use crate::finding::{DigestReference, Finding, Report};
use crate::format::digest::Predecessor;
use crate::format::form::Form;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries};
use crate::names::window::Window;
use crate::trust::chain;
use crate::trust::signature::AuthenticDigest;
use crate::world::{Absence, ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// A digest, and everything that was found out about it.
#[derive(Debug)]
pub struct SettledDigest {
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
    /// Whether it starts a chain, and no earlier digest of the chain is there.
    pub starts_first_chain: bool,
    /// The form that it was read in.
    pub form: Form,
}

impl SettledDigest {
    /// The digest, if CloudTrail signed it.
    pub(super) fn signed(&self) -> Option<SignedDigest<'_>> {
        let authentic = self.authentic.as_ref()?;
        Some(SignedDigest {
            at: &self.at,
            key: &self.key,
            authentic,
        })
    }
}

/// What the digest after the one at hand says.
#[derive(Debug)]
struct NewerDigest {
    key: DigestKey,
    /// What it says of its predecessor, and whether it is CloudTrail's word.
    predecessor: Option<Predecessor>,
    authentic: bool,
    start: Timestamp,
    at: ObjectLocation,
}

/// A walk along the hourly digests of one chain, from the newest to the oldest.
#[derive(Debug, Default)]
pub struct ChainWalk {
    newer: Option<NewerDigest>,
    /// What digests that were passed over say of others.
    claims: VecDeque<Predecessor>,
    /// The ends of the digests that are there, oldest first, as far as that is known.
    known: Vec<Timestamp>,
    /// Whether these are all that the chain has.
    is_whole: bool,
}

impl ChainWalk {
    /// A walk among digests that are known to be there, by their ends, oldest first. If they are
    /// all that the chain has, nothing is looked for before the oldest.
    #[must_use]
    pub fn among(known: Vec<Timestamp>, is_whole: bool) -> Self {
        Self {
            known,
            is_whole,
            ..Self::default()
        }
    }

    /// Adds what digests of other folders say of their predecessors. A signature proves itself,
    /// whoever gives it.
    #[must_use]
    pub fn knowing(mut self, claims: Vec<Predecessor>) -> Self {
        self.claims.extend(claims);
        self
    }

    /// Goes on with the digest before. `says` is what the settled one says of it, `newer` the one
    /// after the settled one.
    fn pass(
        &mut self,
        newer: Option<NewerDigest>,
        settled: &SettledDigest,
        says: Option<Predecessor>,
    ) {
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
            self.newer = Some(newer);
            // It may tell the truth all the same.
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

/// The most such claims that are kept: anybody may make them.
const MAX_CLAIMS: usize = 64;

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Settles the next older digest of a walk. `older` is the one before it that is there, if
    /// any is within reach.
    pub async fn settle(
        &self,
        walk: &mut ChainWalk,
        digest: ReadDigest,
        older: Option<&ReadDigest>,
    ) -> SettledDigest {
        let newer = walk
            .newer
            .take()
            .filter(|_| digest.key.series == DigestSeries::Hourly);
        let says = digest
            .unverified()
            .and_then(|(content, _)| content.as_ref().ok()?.predecessor.clone());
        let judged = self.judge_read(digest, newer.as_ref(), &walk.claims);
        let mut settled = Box::pin(judged).await;
        if let Some(authentic) = settled.authentic.take() {
            let checks = self.check_signed(&mut settled, &authentic, newer.as_ref(), older, walk);
            Box::pin(checks).await;
            settled.authentic = Some(authentic);
        }
        walk.pass(newer, &settled, says);
        settled
    }

    /// A digest as it was read, by all signatures that are known of it.
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
            // What was found when the newer digest was compared with this one is about this one.
            Err(error) => self.unreadable(&mut settled, error, newer).await,
            Ok(fetched) => {
                let SettledDigest {
                    at, key, report, ..
                } = &mut settled;
                let given = self.given_by_others(at, newer, claims);
                settled.authentic = self.judge_by_all(at, key, fetched, &given, report).await;
            }
        }
        settled
    }

    /// What else is to be said of a digest that CloudTrail signed: of its key and its account, and
    /// of its link to the ones beside it.
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

    /// The signatures that the newer digest and others give the digest at `at`.
    fn given_by_others<'a>(
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
        // Whoever gives a signature: one that verifies proves itself.
        by_newer
            .into_iter()
            .chain(by_others.map(|named| (named, false)))
            .map(|(named, is_vouched_for)| SignatureFromAnother {
                signature: &named.signature,
                is_vouched_for,
            })
            .collect()
    }

    /// Whether a digest says of the one at `at` that it is its predecessor.
    fn names(&self, named: &Predecessor, at: &ObjectLocation) -> bool {
        named.location.key == at.key
            && self.places.actual_of(&named.location.bucket, &at.bucket) == at.bucket
    }

    /// A digest that its successor passes over, although it covers time that the successor
    /// covers, too.
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

    /// The link to the digest before: the one beside it, where that is the one it names. Whether it
    /// starts a chain, and no earlier digest of the chain is there.
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
                let signature = if self.places.bare_copy {
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
            // What cannot be read is told when that digest is settled.
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
