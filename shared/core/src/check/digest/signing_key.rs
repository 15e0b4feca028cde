//! The key that should have signed a digest, and the time.

use super::DigestVerifier;
use super::rejection::Rejection;
use super::signed_digest::SignedDigest;
use crate::finding::Finding;
use crate::finding::digest::{self as finding, DigestSubject};
use crate::format::digest::DigestMetadata;
use crate::names::object_key::{DigestKey, DigestSeries};
use crate::names::places::Places;
use crate::trust::public_key::{KeyLookup, PublicKey, SigningPeriod};
use crate::trust::signature::OutOfPeriod;
use crate::world::{ListPublicKeys, ReadObject, StoreError};
use jiff::{SignedDuration, Timestamp};

/// The longest time after which a digest may still be backfilled.
const MAX_BACKFILL_DELAY: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Returns what is known about the key that a digest names; `None` if a backfill digest does
    /// not state when it was signed.
    ///
    /// # Errors
    /// [`StoreError`] if the keys cannot be requested.
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

    /// Returns the key that the digest names, if CloudTrail lists it for the Region, and the time
    /// for which CloudTrail lists it, if that is not the digest's.
    ///
    /// Nothing proves that CloudTrail never signs late. It retries a delivery for 30 days:
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>.
    pub(super) async fn public_key(
        &self,
        key: &DigestKey,
        fingerprint: &str,
        period: SigningPeriod,
        subject: &DigestSubject<'_>,
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
            KeyLookup::Unknown => {
                let finding = finding::key_unknown(subject.clone(), region, period, fingerprint);
                Err(Rejection::Finding(Box::new(finding)))
            }
        }
    }

    /// Returns the finding about a digest's key, if CloudTrail lists the key for another time.
    pub(in crate::check) fn key_out_of_period(&self, signed: SignedDigest<'_>) -> Option<Finding> {
        let out_of_period = signed.authentic.out_of_period()?;
        let subject = signed.subject(&self.places.trails);
        let region = &signed.key.chain.region;
        Some(finding::key_out_of_period(subject, region, out_of_period))
    }
}

/// Returns when the digest was signed; `None` if a backfill digest does not state it.
///
/// Nothing in the document is trusted yet. The hour is the one in the object's key, and the time in
/// a backfill digest's metadata must be after it.
pub(super) fn signing_period(
    key: &DigestKey,
    metadata: &DigestMetadata,
    places: &Places,
) -> Option<SigningPeriod> {
    match key.series {
        DigestSeries::Hourly => Some(SigningPeriod::of_hourly(key.end_time)),
        // A copy does not state the time: it is some time after.
        DigestSeries::Backfill if places.is_copy() => Some(SigningPeriod {
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
