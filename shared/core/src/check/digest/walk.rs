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
use crate::finding::{DigestReference, Finding, FindingKind, Report};
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
    /// The form that it was read in.
    pub form: Form,
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
        let form = digest.form();
        let ReadDigest { at, key, fetched } = digest;
        let newer = walk
            .newer
            .take()
            .filter(|_| key.series == DigestSeries::Hourly);
        let mut settled = SettledDigest {
            start: key
                .end_time
                .saturating_sub(SignedDuration::from_hours(1))
                .unwrap_or(key.end_time),
            report: Report::new(),
            authentic: None,
            form,
            at,
            key,
        };
        // What was found when the newer digest was compared with this one is about this one.
        let unverified = match fetched {
            Err(error) => {
                self.unreadable(&mut settled, error, newer.as_ref()).await;
                None
            }
            Ok(fetched) => {
                let predecessor = fetched
                    .content
                    .as_ref()
                    .ok()
                    .and_then(|content| content.predecessor.clone());
                let SettledDigest {
                    at, key, report, ..
                } = &mut settled;
                let given = self.given_by_others(at, newer.as_ref(), &walk.claims);
                settled.authentic = self.judge_by_all(at, key, fetched, &given, report).await;
                predecessor
            }
        };
        if let Some(authentic) = settled.authentic.clone() {
            settled.start = authentic.digest().start_time;
            let signed = SignedDigest {
                at: &settled.at,
                key: &settled.key,
                authentic: &authentic,
            };
            let out_of_period = self.key_out_of_period(signed);
            settled.report.findings.extend(out_of_period);
            self.check_account(signed, &mut settled.report);
            if settled.key.series == DigestSeries::Hourly {
                settled
                    .report
                    .findings
                    .extend(self.overlap(&settled, newer.as_ref()));
                let begins_chain = walk.is_whole && older.is_none();
                if !begins_chain || authentic.digest().predecessor.is_some() {
                    self.link(&mut settled, &authentic, older, &walk.known)
                        .await;
                }
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
            // It may tell the truth all the same.
            walk.claims.extend(unverified);
            if walk.claims.len() > MAX_CLAIMS {
                walk.claims.pop_front();
            }
        } else if settled.key.series == DigestSeries::Hourly {
            walk.newer = Some(NewerDigest {
                key: settled.key.clone(),
                predecessor: unverified,
                authentic: settled.authentic.is_some(),
                start: settled.start,
                at: settled.at.clone(),
            });
        }
        settled
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
        settled: &mut SettledDigest,
        digest: &AuthenticDigest,
        older: Option<&ReadDigest>,
        known: &[Timestamp],
    ) {
        let SettledDigest {
            at, key, report, ..
        } = settled;
        let signed = SignedDigest {
            at,
            key,
            authentic: digest,
        };
        let Some(named) = &digest.digest().predecessor else {
            self.check_start(signed, known, report).await;
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
    }
}
