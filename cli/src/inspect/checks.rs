//! Reading and verification of the digest, and of the ones next to it. Every verdict is the core's.

use super::subject::InspectedDigest;
use crate::source::SourceDigests;
use jiff::{SignedDuration, Timestamp};
use trailseal::bucket::discovery::{self};
use trailseal::bucket::wanted::Wanted;
use trailseal::check::digest::{ChainWalk, ReadDigest, SettledDigest};
use trailseal::finding::Finding;
use trailseal::format::digest::{DigestError, DigestMetadata, Predecessor, UnverifiedDigest};
use trailseal::format::form::Form;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{DigestKey, DigestSeries};
use trailseal::names::places::Places;
use trailseal::names::region_folder::RegionFolder;
use trailseal::trust::chain;
use trailseal::trust::public_key::KeyLookup;
use trailseal::trust::signature;
use trailseal::world::StoreError;

/// The time after a digest in which the next one is searched for.
const SEARCHED_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The maximum number of them that are read. In a copy without signatures, the next digest is
/// verified by the one after it, and others may be in between.
const NEWER: usize = 4;

/// A digest, and all results about it.
pub(super) struct Examined {
    /// The digest as the walk along its chain settles it.
    pub(super) settled: SettledDigest,
    /// The object at its place; none if nothing could be read.
    pub(super) read: Option<ReadFacts>,
    /// The digest after it.
    pub(super) successor: NextDigest,
}

/// A digest object as it was read.
pub(super) struct ReadFacts {
    /// Its content, if it is a digest.
    pub(super) content: Result<UnverifiedDigest, DigestError>,
    /// The metadata of the object.
    pub(super) metadata: DigestMetadata,
    /// The signature that is tried, and its place.
    pub(super) signature: Option<(String, SignatureFrom)>,
    /// The key that it names.
    pub(super) key: Result<Option<KeyLookup>, StoreError>,
    /// The form that its content was read in.
    pub(super) form: Form,
    /// Whether the key made the signature over this content; none if that could not be tried.
    pub(super) is_signed: Option<bool>,
}

/// The place of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureFrom {
    /// In the object's metadata.
    Metadata,
    /// On the command line.
    CommandLine,
    /// In the next digest.
    Successor,
}

/// The digest after another one.
pub(super) enum NextDigest {
    /// Backfill digests are in no chain.
    NotInChain,
    /// There is no such digest.
    None,
    /// The search for it failed, or it could not be read.
    Unknown(StoreError),
    /// It exists, but names another digest as the one before it.
    NamesAnother(ObjectLocation),
    /// It names this one.
    NamesThis {
        /// Its place.
        at: ObjectLocation,
        /// Whether CloudTrail signed it.
        is_authentic: bool,
        /// The findings about this digest that it shows.
        findings: Vec<Finding>,
        /// Whether this digest does not exist, no earlier one does, and a lifecycle rule may have
        /// expired them.
        may_have_expired: bool,
    },
}

/// The surroundings of the digest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The place that the trail is delivered to.
    pub(super) places: &'a Places,
    /// Whether only the digest is available.
    pub(super) is_alone: bool,
    /// The current time: digests that are older than a day may have expired.
    pub(super) now: Timestamp,
}

/// Reads a digest and the ones next to it, and settles it.
pub(super) async fn examine(
    digests: &SourceDigests,
    subject: &InspectedDigest,
    around: Surroundings<'_>,
) -> Examined {
    let InspectedDigest { at, key, .. } = subject;
    let this = Box::pin(digests.read_digest(at.clone(), key.clone())).await;
    let mut walk = ChainWalk::default();
    let (successor, named) = if around.is_alone {
        (NextDigest::None, None)
    } else {
        Box::pin(settle_newer(digests, subject, around, &this, &mut walk)).await
    };
    let read = match this.unverified() {
        Some((content, metadata)) => {
            let mut read = facts(digests, key, content, metadata, named, around).await;
            read.form = this.form();
            Some(read)
        }
        None => None,
    };
    let older = match &read {
        Some(ReadFacts {
            content: Ok(content),
            ..
        }) if !around.is_alone => {
            Box::pin(read_older(digests, subject, content, around.places)).await
        }
        _ => None,
    };
    let mut settled = Box::pin(digests.settle(&mut walk, this, older.as_ref())).await;
    settled.report.allow_for_expiry(around.now);
    Examined {
        settled,
        read,
        successor,
    }
}

/// Finds the digests after one, and walks along them to it. Also returns how the next one names it.
async fn settle_newer(
    digests: &SourceDigests,
    subject: &InspectedDigest,
    around: Surroundings<'_>,
    this: &ReadDigest,
    walk: &mut ChainWalk,
) -> (NextDigest, Option<Predecessor>) {
    let InspectedDigest { at, key, .. } = subject;
    if key.series == DigestSeries::Backfill {
        return (NextDigest::NotInChain, None);
    }
    let folder = RegionFolder {
        bucket: at.bucket.clone(),
        folder: key.chain.folder.clone(),
        region: key.chain.region.clone(),
    };
    let wanted = Wanted {
        from: Some(key.end_time),
        to: key.end_time.checked_add(SEARCHED_AFTER).ok(),
        ..Wanted::default()
    };
    let listed = match discovery::digests(digests.store(), &folder, &wanted).await {
        Ok(mut listed) => listed.chains.remove(&key.chain).unwrap_or_default(),
        Err(error) => return (NextDigest::Unknown(error), None),
    };
    let later = listed.hourly.into_iter().filter(|end| *end > key.end_time);
    let mut newer = Vec::new();
    for end in later.take(NEWER) {
        let key = DigestKey::of(key.chain.clone(), DigestSeries::Hourly, end);
        let at = ObjectLocation::new(at.bucket.clone(), key.to_string());
        newer.push(Box::pin(digests.read_digest(at, key)).await);
    }
    let names_this = |digest: &ReadDigest| {
        let (content, _) = digest.unverified()?;
        let named = content.as_ref().ok()?.predecessor.as_ref()?;
        let bucket = around
            .places
            .actual_of(&named.location.bucket, &digest.at().bucket);
        (named.location.key == at.key && bucket == at.bucket).then(|| named.clone())
    };
    let mut nearest = (NextDigest::None, None);
    while let Some(digest) = newer.pop() {
        let named = names_this(&digest);
        let older = newer.last().unwrap_or(this);
        let mut settled = Box::pin(digests.settle(walk, digest, Some(older))).await;
        let findings = settled.report.findings.len();
        settled.report.allow_for_expiry(around.now);
        // A digest has one predecessor: if this digest is named, it is the one that may have
        // expired.
        let may_have_expired = settled.report.findings.len() < findings;
        let is_named = matches!(nearest, (NextDigest::NamesThis { .. }, _));
        nearest = match (named, settled.report.obstacles.into_iter().next()) {
            (Some(named), _) => {
                let findings = settled.report.findings.into_iter();
                let successor = NextDigest::NamesThis {
                    at: settled.at,
                    is_authentic: settled.authentic.is_some(),
                    findings: findings.filter(|finding| finding.object == *at).collect(),
                    may_have_expired,
                };
                (successor, Some(named))
            }
            // A digest in between names another one, and may be anybody's.
            (None, _) if is_named => nearest,
            (None, Some(obstacle)) if settled.authentic.is_none() => {
                (NextDigest::Unknown(obstacle.error), None)
            }
            (None, _) => (NextDigest::NamesAnother(settled.at), None),
        };
    }
    nearest
}

/// Returns the digest that this one names as the one before it, if it exists.
async fn read_older(
    digests: &SourceDigests,
    subject: &InspectedDigest,
    content: &UnverifiedDigest,
    places: &Places,
) -> Option<ReadDigest> {
    let named = content.predecessor.as_ref()?;
    let key = chain::predecessor_key(&subject.key, named)?;
    let bucket = places.actual_of(&named.location.bucket, &subject.at.bucket);
    let at = ObjectLocation::new(bucket, named.location.key.clone());
    let older = Box::pin(digests.read_digest(at, key)).await;
    // If it cannot be read, the check of the link says why.
    older.error().is_none().then_some(older)
}

/// Returns the content of the object, and the result of each check by itself.
async fn facts(
    digests: &SourceDigests,
    key: &DigestKey,
    content: &Result<UnverifiedDigest, DigestError>,
    metadata: &DigestMetadata,
    named: Option<Predecessor>,
    around: Surroundings<'_>,
) -> ReadFacts {
    let from = if around.places.is_copy() {
        SignatureFrom::CommandLine
    } else {
        SignatureFrom::Metadata
    };
    let looked_up = match content {
        Ok(content) => {
            digests
                .key_of(key, metadata, &content.key_fingerprint)
                .await
        }
        Err(_) => Ok(None),
    };
    let is_signed_by = |hex: &str| match (content, &looked_up) {
        (Ok(content), Ok(Some(KeyLookup::Found(key) | KeyLookup::OutsideValidity(key)))) => {
            Some(signature::verify(content.clone(), hex, key).is_ok())
        }
        _ => None,
    };
    let of_successor = named.map(|named| (named.signature, SignatureFrom::Successor));
    let signature = match &metadata.signature {
        // The signature on the command line may be that of another digest.
        Some(own) if around.places.is_copy() && is_signed_by(own) == Some(false) => of_successor
            .filter(|(hex, _)| is_signed_by(hex) == Some(true))
            .or(Some((own.clone(), from))),
        Some(own) => Some((own.clone(), from)),
        None => of_successor,
    };
    let is_signed = signature.as_ref().and_then(|(hex, _)| is_signed_by(hex));
    ReadFacts {
        content: content.clone(),
        metadata: metadata.clone(),
        signature,
        key: looked_up,
        is_signed,
        form: Form::Gzip,
    }
}
