//! The story of a stretch of a chain: every digest of it, each with the ones beside it.
//!
//! A walk goes from the newest digest to the oldest. So the digest after the one at hand is
//! known, and with it the signature and the hash that it gives: what is wrong with one digest
//! does not make its log files unprovable, where its successor vouches for its content.

use crate::check::validation::{Beside, Digests, Fetched, Rejection, reference, unsigned_copy};
use crate::finding::{DigestReference, Finding, FindingKind, Report};
use crate::format::digest::{DigestError, DigestMetadata, Predecessor, UnverifiedDigest};
use crate::format::form::Form;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries};
use crate::names::window::Window;
use crate::trust::chain;
use crate::trust::signature::AuthenticDigest;
use crate::world::{Absence, ListObjects, ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

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

    /// How many log files it lists: what holding it costs.
    #[must_use]
    pub fn log_files(&self) -> usize {
        self.fetched.as_ref().map_or(0, |fetched| {
            fetched
                .content
                .as_ref()
                .map_or(0, |content| content.log_files.len())
        })
    }

    /// Why it could not be read, if so.
    #[must_use]
    pub fn error(&self) -> Option<&StoreError> {
        self.fetched.as_ref().err()
    }

    /// Its content, as far as it is a digest, and its metadata: nothing of it is verified.
    #[must_use]
    pub fn unverified(&self) -> Option<(&Result<UnverifiedDigest, DigestError>, &DigestMetadata)> {
        let Fetched {
            content, metadata, ..
        } = self.fetched.as_ref().ok()?;
        Some((content, metadata))
    }

    /// The form that it was read in; gzip where it could not be read.
    #[must_use]
    pub fn form(&self) -> Form {
        self.fetched
            .as_ref()
            .map_or(Form::Gzip, |fetched| fetched.form)
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
    /// The form that it was read in.
    pub form: Form,
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
    /// What digests that were passed over say of others.
    claims: VecDeque<Predecessor>,
    /// The ends of the digests that are there, oldest first, as far as that is known.
    known: Vec<Timestamp>,
    /// Whether these are all that the chain has.
    is_whole: bool,
}

impl Walk {
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

/// What is said of a digest whose signature was given, where no later digest says which it has.
const GIVEN_SIGNATURE_INVALID: &str = "The signature that was given for the digest (--signatures, --signature) is not a signature of this content. Either the digest was changed after CloudTrail signed it, or the signature is that of another digest: compare it with the one in the object's metadata (aws s3api head-object).";

/// The most such claims that are kept: anybody may make them.
const MAX_CLAIMS: usize = 64;

impl<S: ReadObject + ListObjects, K: ListPublicKeys> Digests<S, K> {
    /// Reads a digest, for [`Self::settle`].
    pub async fn read_digest(&self, at: ObjectLocation, key: DigestKey) -> ReadDigest {
        let fetched = self.fetch(&at).await;
        ReadDigest { at, key, fetched }
    }

    /// Whether CloudTrail signed a digest that was read, by the signature it comes with.
    pub async fn is_authentic(&self, digest: &ReadDigest) -> bool {
        let Ok(fetched) = &digest.fetched else {
            return false;
        };
        let fetched = Fetched {
            content: fetched.content.clone(),
            metadata: fetched.metadata.clone(),
            form: fetched.form,
        };
        self.judge(&digest.at, &digest.key, fetched).await.is_ok()
    }

    /// Settles the next older digest of a walk. `older` is the one before it that is there, if
    /// any is within reach.
    pub async fn settle(
        &self,
        walk: &mut Walk,
        digest: ReadDigest,
        older: Option<&ReadDigest>,
    ) -> Settled {
        let form = digest.form();
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
                self.judge_beside(&mut settled, fetched, newer.as_ref(), &walk.claims)
                    .await;
                predecessor
            }
        };
        if let Some(authentic) = settled.authentic.clone() {
            settled.start = authentic.digest().start_time;
            let out_of_period = self.key_out_of_period(&settled.at, &settled.key, &authentic);
            settled.report.findings.extend(out_of_period);
            self.check_account(&settled.at, &settled.key, &authentic, &mut settled.report);
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

    async fn unreadable(&self, settled: &mut Settled, error: StoreError, newer: Option<&Newer>) {
        let Settled {
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
        match self.unread(at, key, error, successor).await {
            Rejection::Finding(finding) => report.findings.push(*finding),
            Rejection::CannotTell(error) => report.cannot_tell(error, &self.scope(key), at),
        }
    }

    /// Whether a digest says of the one at `at` that it is its predecessor.
    fn names(&self, named: &Predecessor, at: &ObjectLocation) -> bool {
        named.location.key == at.key
            && self.places.actual_of(&named.location.bucket, &at.bucket) == at.bucket
    }

    /// Judges a digest by its own signature, and by the one that its successor gives.
    async fn judge_beside(
        &self,
        settled: &mut Settled,
        mut fetched: Fetched,
        newer: Option<&Newer>,
        claims: &VecDeque<Predecessor>,
    ) {
        let names_this = |named: &&Predecessor| self.names(named, &settled.at);
        let by_newer = newer
            .and_then(|newer| Some((newer.predecessor.as_ref()?, newer.authentic)))
            .filter(|(named, _)| names_this(named));
        let by_others = claims.iter().rev().filter(names_this);
        // Whoever gives a signature: one that verifies proves itself.
        let given: Vec<(&str, bool)> = by_newer
            .into_iter()
            .chain(by_others.map(|named| (named, false)))
            .map(|(named, authentic)| (named.signature.as_str(), authentic))
            .collect();
        let Settled {
            at,
            key,
            report,
            authentic,
            ..
        } = settled;
        let is_unsigned = self.places.bare_copy && fetched.metadata.signature.is_none();
        // A copy has no other signature of its own than the one that somebody gives.
        let is_given = self.places.bare_copy && !is_unsigned;
        let is_vouched_for = given.iter().any(|(_, authentic)| *authentic);
        let mut given = given.into_iter();
        // A copy on disk has no signature of its own: a later digest's word is all there is.
        let mut is_authoritative = true;
        if is_unsigned && let Some((signature, authentic)) = given.next() {
            fetched.metadata = DigestMetadata::signed(signature);
            is_authoritative = authentic;
        }
        let own = fetched.metadata.clone();
        let others: Vec<DigestMetadata> = given
            .map(|(signature, _)| DigestMetadata::signed(signature))
            .filter(|other| !other.is_same(&own))
            .collect();
        let content = (!others.is_empty()).then(|| fetched.content.clone());
        let form = fetched.form;
        match self.judge(at, key, fetched).await {
            Ok(digest) => *authentic = Some(digest),
            Err(Rejection::CannotTell(error)) => report.cannot_tell(error, &self.scope(key), at),
            Err(Rejection::Finding(mut finding)) => {
                if let Some(content) = content {
                    for metadata in others {
                        let fetched = Fetched {
                            content: content.clone(),
                            metadata,
                            form,
                        };
                        *authentic = self.judge(at, key, fetched).await.ok();
                        if authentic.is_some() {
                            break;
                        }
                    }
                }
                let is_invalid = finding.kind == FindingKind::DigestSignatureInvalid;
                if is_given && is_invalid {
                    if authentic.is_some() {
                        // The digest is proven: what was given is of another one.
                        self.given.contradict(&at.key);
                        return;
                    }
                    if !is_vouched_for {
                        GIVEN_SIGNATURE_INVALID.clone_into(&mut finding.message);
                    }
                }
                if is_authoritative || !is_invalid {
                    report.findings.push(*finding);
                } else if authentic.is_none() {
                    // The signatures stand in digests that are not CloudTrail's themselves.
                    report.cannot_tell(unsigned_copy(at), &self.scope(key), at);
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
        known: &[Timestamp],
    ) {
        let Settled {
            at, key, report, ..
        } = settled;
        let Some(named) = &digest.digest().predecessor else {
            self.check_start(at, key, digest, known, report).await;
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
            _ => {
                self.check_predecessor(at, key, digest, named, known, report)
                    .await;
            }
        }
    }

    /// The finding that no digest of a chain follows `newest`, although there should be one:
    /// between `from` and `until` nothing is proven.
    #[must_use]
    pub fn overdue(
        &self,
        newest: &ObjectLocation,
        key: &DigestKey,
        from: Timestamp,
        until: Timestamp,
    ) -> Finding {
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
            "none after this one that CloudTrail signed",
        )
    }
}

/// The digest as findings name it, with the time it covers.
#[must_use]
pub fn listed_in(at: &ObjectLocation, digest: &UnverifiedDigest) -> DigestReference {
    reference(at, digest)
}
