//! The story of a digest: where it lies, whether CloudTrail signed it, and whether it continues
//! the one before.

use crate::bucket::lookback::{Lookback, MAX_LISTS};
use crate::check::archived::{self, Misfit};
use crate::check::key_ring::KeyRing;
use crate::finding::{DigestReference, Finding, FindingKind, Obstacle, Report, Scope};
use crate::format::digest::{self, DigestError, DigestMetadata, Predecessor, UnverifiedDigest};
use crate::format::form::Form;
use crate::gzip::stream::GunzipError;
use crate::names::ids::Region;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::names::places::Places;
use crate::names::window::Window;
use crate::trust::chain::{self, Difference, Meeting};
use crate::trust::given::GivenSignatures;
use crate::trust::public_key::{KeyLookup, PublicKey, SigningPeriod};
use crate::trust::signature::{self, AuthenticDigest, OutOfPeriod};
use crate::world::{
    Absence, Body as _, Cause, ListObjects, ListPublicKeys, ReadObject, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

const UNSIGNED_COPY: &str = "its signature stands in the object's metadata, which the copy does not hold, and no later digest that is here holds it; give it with --signatures";

/// How many older digests are tried for one that CloudTrail signed. Whoever may write to the
/// bucket can plant any number.
const MAX_CANDIDATES: usize = 32;

/// Reads digests and tells whether CloudTrail signed them.
#[derive(Debug)]
pub struct Digests<S, K> {
    pub(crate) store: S,
    keys: KeyRing<K>,
    pub(crate) places: Places,
    /// Signatures that a copy without metadata does not hold.
    pub(crate) given: Arc<GivenSignatures>,
}

/// A digest object as it was read: perhaps no digest at all.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) content: Result<UnverifiedDigest, DigestError>,
    pub(crate) metadata: DigestMetadata,
    /// The form that the content was read in.
    pub(crate) form: Form,
}

/// A predecessor as it was read.
pub(crate) struct Beside<'a> {
    pub(crate) at: &'a ObjectLocation,
    pub(crate) content: &'a Result<UnverifiedDigest, DigestError>,
    /// The signature in its metadata.
    pub(crate) signature: Option<&'a str>,
}

/// A predecessor that is gone.
struct Missing<'a> {
    at: &'a ObjectLocation,
    key: &'a DigestKey,
    absence: Absence,
    /// The ends of digests of its chain that are there, oldest first, as far as that is known.
    known: &'a [Timestamp],
}

/// A digest that CloudTrail signed.
struct Accepted {
    digest: DigestReference,
    /// Whether it starts a chain of which nothing is there from before.
    begins: bool,
}

/// Why a digest cannot be relied on.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// Something was done to it.
    Finding(Box<Finding>),
    /// It could not be looked at.
    CannotTell(StoreError),
}

impl<S: ReadObject, K: ListPublicKeys> Digests<S, K> {
    /// Digests in `store`, signed by keys of `keys`.
    pub fn new(store: S, keys: KeyRing<K>, places: Places) -> Self {
        Self {
            store,
            keys,
            places,
            given: Arc::default(),
        }
    }

    /// Adds the signatures of digests whose metadata is not at hand. Whoever gives them can ask
    /// them, in the end, which of them were of use.
    #[must_use]
    pub fn with_signatures(mut self, given: Arc<GivenSignatures>) -> Self {
        self.given = given;
        self
    }

    /// Where a log file is that a digest in the bucket `from` lists: a replica has the original's
    /// objects.
    #[must_use]
    pub fn actual(&self, listed: &ObjectLocation, from: &str) -> ObjectLocation {
        let bucket = self.places.actual_of(&listed.bucket, from);
        ObjectLocation::new(bucket, listed.key.clone())
    }

    /// Where digests are read.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Reads a digest and verifies its location and signature.
    pub(crate) async fn authenticate(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
    ) -> Result<AuthenticDigest, Rejection> {
        match self.fetch(at).await {
            Ok(fetched) => self.judge(at, key, fetched).await,
            Err(error) => match error.absence() {
                None => Err(self.unread(at, key, error, None).await),
                Some(Absence::NotInCopy) => Err(Rejection::CannotTell(error)),
                Some(absence) => Err(Rejection::Finding(Box::new(
                    self.missing_on_arrival(at, key, absence),
                ))),
            },
        }
    }

    /// What it comes to that a digest cannot be read. An archived one has headers all the same, which
    /// may show that it is not the one that CloudTrail delivered. `successor` is the digest after it,
    /// if CloudTrail signed that one, with the signature that it gives.
    pub(crate) async fn unread(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        error: StoreError,
        successor: Option<(&DigestReference, &str)>,
    ) -> Rejection {
        if !matches!(error.cause, Cause::Archived(_)) {
            return Rejection::CannotTell(error);
        }
        let mut headers = match self.store.headers(at).await {
            Ok(headers) => headers,
            Err(refused) => return Rejection::CannotTell(refused),
        };
        // A replica's object may be a copy of any age, in any class.
        if self.places.is_replica(&at.bucket) {
            headers.last_modified = None;
        }
        let signed = match successor {
            None => None,
            Some((successor, signature)) => match self.there_by(successor).await {
                Ok(by) => Some(archived::Signed { signature, by }),
                Err(refused) => return Rejection::CannotTell(refused),
            },
        };
        let Some(Misfit { expected, actual }) = archived::digest(&headers, signed) else {
            return Rejection::CannotTell(error);
        };
        let digest = successor.map_or_else(
            || DigestReference::by_key(at, Some(key)),
            |(successor, _)| successor.clone(),
        );
        Rejection::Finding(Box::new(
            Finding::new(
                FindingKind::DigestModified,
                self.scope(key),
                at.clone(),
                "The digest was replaced after delivery, by an object in an archive storage class, which nobody can read.",
            )
            .with_digest(digest)
            .with_evidence(expected, actual),
        ))
    }

    /// When a digest that can be read was there, at the latest: when S3 says that it was written, which
    /// is not before its time ended. None if nothing says so.
    async fn there_by(&self, digest: &DigestReference) -> Result<Option<Timestamp>, StoreError> {
        let at = ObjectLocation::new(&digest.bucket, &digest.key);
        let written = self.store.headers(&at).await?.last_modified;
        Ok(written.max(written.and(digest.end_time)))
    }

    /// The scope of findings about the chain of `key`.
    #[must_use]
    pub fn scope(&self, key: &DigestKey) -> Scope {
        Scope::of_chain(&key.chain, &self.places.trails)
    }

    /// What is known of the key that a digest names; none where a backfill digest does not say
    /// when it was signed.
    ///
    /// # Errors
    /// [`StoreError`] when keys cannot be asked for.
    pub async fn key_of(
        &self,
        key: &DigestKey,
        metadata: &DigestMetadata,
        fingerprint: &str,
    ) -> Result<Option<KeyLookup>, StoreError> {
        match signing_period(key, metadata, &self.places) {
            None => Ok(None),
            Some(period) => {
                let region = &key.chain.region;
                self.keys.find(region, fingerprint, period).await.map(Some)
            }
        }
    }

    pub(crate) async fn fetch(&self, at: &ObjectLocation) -> Result<Fetched, StoreError> {
        let mut object = self.store.read(at).await?;
        let metadata = if self.places.bare_copy {
            self.given_metadata(&at.key)
        } else {
            DigestMetadata::from_user_metadata(&object.metadata)
        };
        // Held as it is, and inflated at once: many digests may be under way.
        let mut compressed = Vec::new();
        let mut too_large = false;
        while let Some(bytes) = object.body.next().await? {
            compressed.extend_from_slice(&bytes);
            too_large = u64::try_from(compressed.len()).is_ok_and(|n| n > digest::MAX_OBJECT_BYTES);
            if too_large {
                break;
            }
        }
        let form = Form::of(&compressed, self.places.bare_copy);
        let inflated = form.inflate(&compressed, digest::MAX_INFLATED_BYTES);
        let content = if too_large {
            // What is no gzip stream, or ends before, says more of what it is.
            match inflated {
                Err(error) if form == Form::Gzip && error != GunzipError::Truncated => {
                    Err(error.into())
                }
                _ => Err(DigestError::ObjectTooLarge),
            }
        } else {
            inflated
                .map_err(DigestError::from)
                .and_then(|inflated| UnverifiedDigest::parse(&inflated))
        };
        Ok(Fetched {
            content,
            metadata,
            form,
        })
    }

    fn given_metadata(&self, key: &str) -> DigestMetadata {
        self.given
            .of(key)
            .map_or_else(DigestMetadata::default, DigestMetadata::signed)
    }

    /// Location, algorithm, key and signature, in this order: the first that fails is the
    /// finding.
    pub(crate) async fn judge(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        fetched: Fetched,
    ) -> Result<AuthenticDigest, Rejection> {
        let scope = self.scope(key);
        let finding = |kind, message: String| {
            Finding::new(kind, scope.clone(), at.clone(), message)
                .with_digest(DigestReference::by_key(at, Some(key)))
        };
        let reject = |finding: Finding| Err(Rejection::Finding(Box::new(finding)));
        let Fetched {
            content, metadata, ..
        } = fetched;
        let digest = match content {
            Ok(digest) => digest,
            Err(error) => return reject(not_a_digest(&error, finding)),
        };
        let finding =
            |kind, message: String| finding(kind, message).with_digest(reference(at, &digest));
        if let Some(moved) = self.moved(at, &digest, &scope) {
            return reject(moved);
        }
        if let Err(error) = metadata.check_algorithm() {
            return reject(not_a_digest(&error, finding));
        }
        let (Some(signature), Some(_)) = (&metadata.signature, &metadata.signature_algorithm)
        else {
            if self.places.bare_copy {
                return Err(Rejection::CannotTell(unsigned_copy(at)));
            }
            return reject(
                finding(
                    FindingKind::DigestSignatureMissing,
                    "The digest's metadata holds no signature, which CloudTrail always stores with it.".to_owned(),
                )
                .with_evidence(
                    "metadata entries signature and signature-algorithm",
                    match (&metadata.signature, &metadata.signature_algorithm) {
                        (None, None) => "neither",
                        (Some(_), None) => "signature alone",
                        _ => "signature-algorithm alone",
                    },
                ),
            );
        };
        let Some(period) = signing_period(key, &metadata, &self.places) else {
            return reject(
                finding(
                    FindingKind::DigestMalformed,
                    "The backfill digest's metadata does not say when, after its end, it was generated.".to_owned(),
                )
                .with_evidence(
                    "an RFC 3339 time in metadata entry backfill-generation-timestamp",
                    metadata.backfill_generated.as_deref().unwrap_or("none"),
                ),
            );
        };
        let (public_key, out_of_period) = self
            .public_key(key, &digest.key_fingerprint, period, finding)
            .await?;
        let digest_reference = reference(at, &digest);
        let hash = digest.hash;
        match signature::verify(digest, signature, &public_key) {
            Ok(digest) => Ok(digest.noting_period(out_of_period)),
            Err(error) => reject(
                Finding::new(
                    FindingKind::DigestSignatureInvalid,
                    scope.clone(),
                    at.clone(),
                    format!("The digest is not what CloudTrail signed: {error}."),
                )
                .with_digest(digest_reference)
                .with_evidence(
                    format!(
                        "a signature by key {} over content with SHA-256 {hash}",
                        public_key.fingerprint
                    ),
                    format!(
                        "signature {}",
                        signature.chars().take(2048).collect::<String>()
                    ),
                ),
            ),
        }
    }

    /// The key that the digest names, if CloudTrail lists it for the Region; and for which time,
    /// where it lists the key for another time than the digest's.
    ///
    /// Nothing proves that CloudTrail never signs late. It tries a delivery again for 30 days:
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>.
    async fn public_key(
        &self,
        key: &DigestKey,
        fingerprint: &str,
        period: SigningPeriod,
        finding: impl FnOnce(FindingKind, String) -> Finding,
    ) -> Result<(PublicKey, Option<OutOfPeriod>), Rejection> {
        let region = &key.chain.region;
        let looked_up = self.keys.find(region, fingerprint, period).await;
        match looked_up.map_err(Rejection::CannotTell)? {
            KeyLookup::Found(public_key) => Ok((public_key, None)),
            KeyLookup::OutsideValidity(known) => {
                let key = known.clone();
                let signed = period;
                Ok((known, Some(OutOfPeriod { key, signed })))
            }
            KeyLookup::Unknown => Err(Rejection::Finding(Box::new(
                finding(
                    FindingKind::DigestKeyUnknown,
                    format!("The digest names a key that CloudTrail does not list for {region}."),
                )
                .with_evidence(
                    expected_key(region, period),
                    format!("fingerprint {fingerprint}"),
                ),
            ))),
        }
    }

    /// What is to be reported of a digest's key, where CloudTrail lists it for another time.
    pub(crate) fn key_out_of_period(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        authentic: &AuthenticDigest,
    ) -> Option<Finding> {
        let OutOfPeriod { key: known, signed } = authentic.out_of_period()?;
        let finding = Finding::new(
            FindingKind::DigestKeyOutOfPeriod,
            self.scope(key),
            at.clone(),
            "The digest's signature is right, but CloudTrail lists its key for another time than the digest's.",
        )
        .with_digest(reference(at, authentic.digest()))
        .with_evidence(
            expected_key(&key.chain.region, *signed),
            format!(
                "key {}, valid from {} to {}",
                known.fingerprint, known.valid_from, known.valid_to
            ),
        );
        Some(finding)
    }

    /// A digest says where it was delivered: anywhere else it is a copy.
    fn moved(
        &self,
        at: &ObjectLocation,
        digest: &UnverifiedDigest,
        scope: &Scope,
    ) -> Option<Finding> {
        let original = ObjectLocation::new(self.places.original_of(&at.bucket), at.key.clone());
        let stays = if self.places.bare_copy {
            digest.location.key == original.key
        } else {
            digest.location == original
        };
        (!stays).then(|| {
            Finding::new(
                FindingKind::DigestMoved,
                scope.clone(),
                at.clone(),
                "The digest says that it was delivered elsewhere: this is a copy, or another digest was put in this one's place.",
            )
            .with_digest(reference(at, digest))
            .with_evidence(at.to_string(), digest.location.to_string())
        })
    }

    pub(crate) fn missing_on_arrival(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        absence: Absence,
    ) -> Finding {
        let from = key
            .end_time
            .saturating_sub(SignedDuration::from_hours(1))
            .ok();
        Finding::new(
            FindingKind::DigestMissing,
            self.scope(key),
            at.clone(),
            "The digest was delivered and is gone: its hour is not proven by any digest.",
        )
        .with_digest(DigestReference::by_key(at, Some(key)))
        .with_window(Window {
            from,
            to: key.end_time,
        })
        .with_evidence("the digest that was announced", absence.to_string())
    }
}

impl<S: ReadObject + ListObjects, K: ListPublicKeys> Digests<S, K> {
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

    /// Validates a digest that CloudTrail has just delivered: as [`Digests::validate`], and whether
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
                report
                    .findings
                    .extend(self.key_out_of_period(at, key, &digest));
                let mut begins = false;
                self.check_account(at, key, &digest, &mut report);
                if key.series == DigestSeries::Hourly {
                    match &digest.digest().predecessor {
                        Some(named) => {
                            self.check_predecessor(at, key, &digest, named, &[], &mut report)
                                .await;
                        }
                        None => {
                            begins = self.check_start(at, key, &digest, &[], &mut report).await;
                        }
                    }
                }
                accepted = Some(Accepted {
                    digest: reference(at, digest.digest()),
                    begins,
                });
            }
            Err(Rejection::Finding(finding)) => report.findings.push(*finding),
            Err(Rejection::CannotTell(error)) => {
                report.cannot_tell(error, &self.scope(key), at);
            }
        }
        (report, accepted)
    }

    /// Named like no digest, in a digest folder: a digest copied there is a finding; anything
    /// else is not CloudTrail's, or a kind of file that it has added.
    async fn validate_misnamed(&self, at: &ObjectLocation) -> Report {
        let mut report = Report::default();
        match self.fetch(at).await {
            Ok(Fetched {
                content: Ok(digest),
                ..
            }) => {
                let scope = match classify(&digest.location.key) {
                    ObjectKind::Digest(key) => self.scope(&key),
                    _ => Scope::default(),
                };
                report.findings.extend(self.moved(at, &digest, &scope));
            }
            Ok(Fetched { .. }) => {}
            Err(error) if error.absence().is_some() => {}
            Err(error) => report.cannot_tell(error, &Scope::default(), at),
        }
        report
    }

    pub(crate) fn check_account(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        digest: &AuthenticDigest,
        report: &mut Report,
    ) {
        let account = key.chain.folder.account.as_str();
        if digest.digest().account != account {
            report.findings.push(
                Finding::new(
                    FindingKind::DigestMalformed,
                    self.scope(key),
                    at.clone(),
                    "The digest's awsAccountId is not the account it was delivered for.",
                )
                .with_digest(reference(at, digest.digest()))
                .with_evidence(account, digest.digest().account.clone()),
            );
        }
    }

    /// The link to the predecessor. `known` are the ends of digests of the chain that are there,
    /// oldest first, as far as that is known.
    pub(crate) async fn check_predecessor(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        digest: &AuthenticDigest,
        named: &Predecessor,
        known: &[Timestamp],
        report: &mut Report,
    ) {
        let scope = self.scope(key);
        let successor = reference(at, digest.digest());
        let Some(predecessor_key) = chain::predecessor_key(key, named) else {
            report.findings.push(
                Finding::new(
                    FindingKind::DigestMalformed,
                    scope,
                    at.clone(),
                    "The digest names as its predecessor an object that is no earlier digest of its chain.",
                )
                .with_digest(successor)
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
                match error.absence() {
                    // A trail that was moved: its older digests are in no copy at hand.
                    Some(_) if !self.places.holds(&named.location.bucket) => {
                        report.cannot_tell(error, &scope, &named.location);
                    }
                    Some(absence) => {
                        let same_folder = predecessor_at.bucket == at.bucket
                            && predecessor_key.chain == key.chain;
                        let missing = Missing {
                            at: &predecessor_at,
                            key: &predecessor_key,
                            absence,
                            known: if same_folder { known } else { &[] },
                        };
                        let to = digest.digest().start_time;
                        self.report_missing_stretch(&missing, to, successor, report)
                            .await;
                    }
                    None => {
                        let successor = Some((&successor, named.signature.as_str()));
                        let unread =
                            self.unread(&predecessor_at, &predecessor_key, error, successor);
                        match unread.await {
                            Rejection::Finding(finding) => report.findings.push(*finding),
                            Rejection::CannotTell(error) => {
                                report.cannot_tell(error, &scope, &predecessor_at);
                            }
                        }
                    }
                }
                return;
            }
        };
        if self.places.bare_copy {
            fetched.metadata = DigestMetadata::signed(&named.signature);
        }
        let beside = Beside {
            at: &predecessor_at,
            content: &fetched.content,
            signature: fetched.metadata.signature.as_deref(),
        };
        if !self.compare(at, key, digest, named, &beside, report) {
            return;
        }
        match self.judge(&predecessor_at, &predecessor_key, fetched).await {
            Ok(digest) => report.findings.extend(self.key_out_of_period(
                &predecessor_at,
                &predecessor_key,
                &digest,
            )),
            Err(Rejection::Finding(finding)) => report.findings.push(*finding),
            Err(Rejection::CannotTell(error)) => {
                report.cannot_tell(error, &scope, &predecessor_at);
            }
        }
    }

    /// Compares a predecessor as it was read with what its successor says of it. Whether it is
    /// the one that its successor signed.
    pub(crate) fn compare(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        digest: &AuthenticDigest,
        named: &Predecessor,
        beside: &Beside<'_>,
        report: &mut Report,
    ) -> bool {
        let scope = self.scope(key);
        let modified = |expected: String, actual: String| {
            Finding::new(
                FindingKind::DigestModified,
                scope.clone(),
                beside.at.clone(),
                "The digest is not the one that its successor signed: it was changed or replaced after delivery.",
            )
            .with_digest(reference(at, digest.digest()))
            .with_evidence(expected, actual)
        };
        let content = match beside.content {
            Ok(content) => content,
            Err(error) => {
                report.findings.push(modified(
                    format!("content with SHA-256 {}", named.hash),
                    error.to_string(),
                ));
                return false;
            }
        };
        if let Some(difference) = chain::difference(named, content.hash, beside.signature) {
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
            .extend(gap(content, beside.at, digest, at, &scope));
        true
    }

    /// The predecessor is gone: how far back does the hole reach?
    async fn report_missing_stretch(
        &self,
        missing: &Missing<'_>,
        to: Timestamp,
        successor: DigestReference,
        report: &mut Report,
    ) {
        let Missing {
            at: predecessor_at,
            key: predecessor_key,
            absence,
            known,
        } = *missing;
        let last = self
            .last_authentic(&predecessor_at.bucket, predecessor_key, known, report)
            .await;
        let window = Window {
            from: match &last {
                Last::Found(_, end) => Some(*end),
                Last::NoneThere | Last::NotFound | Last::TooMany => None,
            },
            to,
        };
        let message = match (window.from, chain::hourly_digests(window)) {
            (Some(from), Some(1)) => {
                format!("The digest is gone: between {from} and {to} no log file is proven.")
            }
            (Some(from), Some(count)) => format!(
                "{count} hourly digests in a row are gone, this the newest of them: between {from} and {to} no log file is proven."
            ),
            _ if last == Last::NoneThere => format!(
                "The digest is gone, and with it every earlier one of its chain: up to {to} no log file is proven."
            ),
            _ => format!(
                "The digest is gone, and how many before it could not be found out: up to {to} no log file is proven."
            ),
        };
        // A bucket does not expire, and what is in it does not come back with it.
        let may_have_expired = last == Last::NoneThere && absence != Absence::NoBucket;
        let last = match last {
            Last::Found(last, _) => format!("the last digest before it is {last}"),
            Last::NoneThere => "no earlier digest is there".to_owned(),
            Last::NotFound => "no earlier digest that CloudTrail signed was found".to_owned(),
            Last::TooMany => format!(
                "none of the {MAX_CANDIDATES} last ones that are there proved to be CloudTrail's, and there are more"
            ),
        };
        let mut finding = Finding::new(
            FindingKind::DigestMissing,
            self.scope(predecessor_key),
            predecessor_at.clone(),
            message,
        )
        .with_digest(successor)
        .with_window(window)
        .with_evidence(
            "the digest that its successor names",
            format!("{absence}; {last}"),
        );
        finding.begin_of_what_is_kept = may_have_expired.then_some(predecessor_key.end_time);
        let bucket = self.places.role_of(&predecessor_at.bucket);
        report.absent(finding, absence, bucket);
    }

    /// A starting digest begins a chain. Where one existed, logging was off in between. Whether none
    /// did.
    pub(crate) async fn check_start(
        &self,
        at: &ObjectLocation,
        key: &DigestKey,
        digest: &AuthenticDigest,
        known: &[Timestamp],
        report: &mut Report,
    ) -> bool {
        let before = report.obstacles.len();
        let last = self.last_authentic(&at.bucket, key, known, report).await;
        let obstructed = report.obstacles.len() > before;
        let (window, continues) = match last {
            Last::NoneThere => return true,
            Last::NotFound | Last::TooMany => (
                Window {
                    from: None,
                    to: digest.digest().start_time,
                },
                format!(
                    "the chain before it, none of whose {}last digests proved to be CloudTrail's",
                    if last == Last::TooMany {
                        format!("{MAX_CANDIDATES} ")
                    } else {
                        String::new()
                    }
                ),
            ),
            Last::Found(last, end) => (
                chain::restart_window(end, digest.digest()),
                last.to_string(),
            ),
        };
        let from = window
            .from
            .map_or_else(|| "an unknown time".to_owned(), |from| from.to_string());
        let finding = Finding::new(
            FindingKind::ChainRestarted,
            self.scope(key),
            at.clone(),
            format!(
                "The digest starts a new chain although one existed: between {from} and {} CloudTrail delivered no log files that a digest covers.",
                window.to
            ),
        )
        .with_digest(reference(at, digest.digest()))
        .with_window(window)
        .with_evidence(
            format!("a digest that continues {continues}"),
            "a starting digest, which names no predecessor",
        );
        if window.from.is_none() && obstructed {
            // What could not be read may yet tell. An object that never can be, an archived one,
            // say, that somebody put there, must not hide the restart.
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

    /// The last digest of the chain before `key` that CloudTrail signed, and when it ends.
    ///
    /// A digest that is damaged or forged proves nothing and is passed over: its own event
    /// reports it. What cannot be read is an obstacle in `report`.
    async fn last_authentic(
        &self,
        first: &str,
        key: &DigestKey,
        known: &[Timestamp],
        report: &mut Report,
    ) -> Last {
        let mut last = Last::NoneThere;
        let (mut lists_left, mut candidates_left) = (MAX_LISTS, MAX_CANDIDATES);
        // A trail that was moved left its older digests in the bucket before.
        for bucket in self.places.buckets_from(first) {
            let chain = &key.chain;
            let known = if bucket == first { known } else { &[] };
            let before = known.partition_point(|end| *end < key.end_time);
            let known = known.iter().take(before).rev().copied();
            let mut lookback =
                Lookback::new(&self.store, bucket, chain, key.end_time, &mut lists_left)
                    .knowing(known);
            loop {
                let candidate = match lookback.next().await {
                    Ok(Some(candidate)) => candidate,
                    Ok(None) => break,
                    Err(error) if error.absence().is_some() => break,
                    Err(error) => {
                        last = last.or_not_found();
                        let at = ObjectLocation::new(bucket, chain.region_prefix());
                        report.cannot_tell(error, &self.scope(key), &at);
                        break;
                    }
                };
                if matches!(&last, Last::Found(_, end) if *end >= candidate.end_time) {
                    break;
                }
                last = last.or_not_found();
                let Some(left) = candidates_left.checked_sub(1) else {
                    if last == Last::NotFound {
                        last = Last::TooMany;
                    }
                    break;
                };
                candidates_left = left;
                let at = ObjectLocation::new(bucket, candidate.to_string());
                match self.authenticate(&at, &candidate).await {
                    Ok(digest) => {
                        last = Last::Found(at, digest.digest().end_time);
                        break;
                    }
                    Err(Rejection::Finding(_)) => {}
                    // Its own signature stands in a digest that is gone: its name alone tells.
                    Err(Rejection::CannotTell(_)) if self.places.bare_copy => {
                        last = Last::Found(at, candidate.end_time);
                        break;
                    }
                    Err(Rejection::CannotTell(error)) => {
                        report.cannot_tell(error, &self.scope(key), &at);
                        break;
                    }
                }
            }
        }
        last
    }
}

/// What a look back through the bucket came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Last {
    /// The last digest that CloudTrail signed, and when it ends.
    Found(ObjectLocation, Timestamp),
    /// The chain has no earlier digest.
    NoneThere,
    /// There are earlier ones, or it could not be seen whether there are; none that was tried is
    /// CloudTrail's.
    NotFound,
    /// There are more than may be tried, and none that was tried is CloudTrail's.
    TooMany,
}

impl Last {
    /// There may be digests, if none is known yet.
    fn or_not_found(self) -> Self {
        match self {
            Self::NoneThere => Self::NotFound,
            other => other,
        }
    }
}

/// Why the signature of a digest in a copy without metadata cannot be verified.
pub(crate) fn unsigned_copy(at: &ObjectLocation) -> StoreError {
    StoreError {
        action: "verify the signature of",
        subject: at.to_string(),
        cause: Cause::Failed(UNSIGNED_COPY.to_owned()),
    }
}

fn not_a_digest(
    error: &DigestError,
    finding: impl FnOnce(FindingKind, String) -> Finding,
) -> Finding {
    match error {
        DigestError::AlgorithmUnsupported {
            field,
            value,
            supported,
        } => finding(
            FindingKind::DigestAlgorithmUnsupported,
            format!("The digest names an algorithm that CloudTrail does not use: its {field} is `{value}`."),
        )
        .with_evidence(*supported, value.clone()),
        error => finding(
            FindingKind::DigestMalformed,
            format!("The object is no digest: {error}."),
        )
        .with_evidence("one gzip member holding a digest document", error.to_string()),
    }
}

fn gap(
    predecessor: &UnverifiedDigest,
    predecessor_at: &ObjectLocation,
    digest: &AuthenticDigest,
    at: &ObjectLocation,
    scope: &Scope,
) -> Option<Finding> {
    let (window, what) = match chain::meeting(predecessor, digest) {
        Meeting::Meets => return None,
        Meeting::Gap(window) => (window, "begins after its predecessor ends"),
        Meeting::Overlap(window) => (window, "begins before its predecessor ends"),
    };
    let finding = Finding::new(
        FindingKind::ChainGap,
        scope.clone(),
        at.clone(),
        format!("The digest {what}: their times do not meet."),
    );
    Some(
        finding
            .with_digest(reference(at, digest.digest()))
            .with_window(window)
            .with_evidence(
                format!("a range that begins at {}", predecessor.end_time),
                format!(
                    "a range that begins at {}, behind {predecessor_at}",
                    digest.digest().start_time
                ),
            ),
    )
}

/// The digest as findings name it.
pub(crate) fn reference(at: &ObjectLocation, digest: &UnverifiedDigest) -> DigestReference {
    DigestReference {
        bucket: at.bucket.clone(),
        key: at.key.clone(),
        start_time: Some(digest.start_time),
        end_time: Some(digest.end_time),
    }
}

/// The longest time after which a digest is still backfilled.
const MAX_BACKFILL_DELAY: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

/// When the digest was signed; none if a backfill digest does not say so.
///
/// Nothing in the document is believed yet: the hour is the one in the object's key, and what a
/// backfill digest's metadata says must lie behind it.
fn signing_period(
    key: &DigestKey,
    metadata: &DigestMetadata,
    places: &Places,
) -> Option<SigningPeriod> {
    match key.series {
        DigestSeries::Hourly => Some(SigningPeriod::of_hourly(key.end_time)),
        // A copy does not say: some time after.
        DigestSeries::Backfill if places.bare_copy => Some(SigningPeriod {
            from: key.end_time,
            to: key
                .end_time
                .saturating_add(MAX_BACKFILL_DELAY)
                .unwrap_or(Timestamp::MAX),
        }),
        DigestSeries::Backfill => {
            let generated: Timestamp = metadata.backfill_generated.as_ref()?.parse().ok()?;
            let delay = generated.duration_since(key.end_time);
            (SignedDuration::ZERO..=MAX_BACKFILL_DELAY)
                .contains(&delay)
                .then(|| SigningPeriod::of_backfill(generated))
        }
    }
}

/// The key that should have signed a digest.
fn expected_key(region: &Region, SigningPeriod { from, to }: SigningPeriod) -> String {
    format!("a public key of CloudTrail in {region}, valid between {from} and {to}")
}
