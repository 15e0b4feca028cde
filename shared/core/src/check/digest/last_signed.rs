//! The last digest that CloudTrail signed in a chain, before a digest that is missing or restarts
//! the chain.

use super::DigestVerifier;
use super::rejection::Rejection;
use crate::bucket::lookback::{Lookback, MAX_LISTS};
use crate::finding::Report;
use crate::finding::chain::LastSigned;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::world::{ListObjects, ListPublicKeys, ReadObject};
use jiff::Timestamp;

/// The maximum number of older digests that are tried to find one that CloudTrail signed. Anybody
/// who can write to the bucket can plant any number.
const MAX_CANDIDATES: usize = 32;

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Returns the last digest of the chain before `key` that CloudTrail signed, and its end.
    ///
    /// A damaged or forged digest proves nothing and is skipped: its own event reports it. An
    /// unreadable object is an obstacle in `report`.
    pub(super) async fn last_signed(
        &self,
        first: &str,
        key: &DigestKey,
        known: &[Timestamp],
        report: &mut Report,
    ) -> LastSigned {
        let mut last = LastSigned::NoneExists;
        let (mut lists_left, mut candidates_left) = (MAX_LISTS, MAX_CANDIDATES);
        // A trail that was moved left its older digests in its previous bucket.
        for bucket in self.places.buckets_from(first) {
            let chain = &key.chain;
            let known = if bucket == first { known } else { &[] };
            let before = known.partition_point(|end| *end < key.end_time);
            let known = known.iter().take(before).rev().copied();
            let mut lookback =
                Lookback::new(&self.store, bucket, chain, key.end_time, &mut lists_left)
                    .with_known(known);
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
                if matches!(&last, LastSigned::Found(_, end) if *end >= candidate.end_time) {
                    break;
                }
                last = last.or_not_found();
                let Some(left) = candidates_left.checked_sub(1) else {
                    if last == LastSigned::NotFound {
                        last = LastSigned::TooMany {
                            tried: MAX_CANDIDATES,
                        };
                    }
                    break;
                };
                candidates_left = left;
                let at = ObjectLocation::new(bucket, candidate.to_string());
                match self.authenticate(&at, &candidate).await {
                    Ok(digest) => {
                        last = LastSigned::Found(at, digest.digest().end_time);
                        break;
                    }
                    Err(Rejection::Finding(_)) => {}
                    // Its own signature is in a missing digest. Only its name is available.
                    Err(Rejection::CannotTell(_)) if self.places.is_copy() => {
                        last = LastSigned::Found(at, candidate.end_time);
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
