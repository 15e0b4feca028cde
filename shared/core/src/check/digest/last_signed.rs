//! The last digest of a chain that CloudTrail signed, before one that is gone or starts anew.

use super::DigestVerifier;
use super::rejection::Rejection;
use crate::bucket::lookback::{Lookback, MAX_LISTS};
use crate::finding::Report;
use crate::finding::chain::LastSigned;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::world::{ListObjects, ListPublicKeys, ReadObject};
use jiff::Timestamp;

/// How many older digests are tried for one that CloudTrail signed. Whoever may write to the
/// bucket can plant any number.
const MAX_CANDIDATES: usize = 32;

impl<S: ReadObject + ListObjects, K: ListPublicKeys> DigestVerifier<S, K> {
    /// The last digest of the chain before `key` that CloudTrail signed, and when it ends.
    ///
    /// A digest that is damaged or forged proves nothing and is passed over: its own event
    /// reports it. What cannot be read is an obstacle in `report`.
    pub(super) async fn last_signed(
        &self,
        first: &str,
        key: &DigestKey,
        known: &[Timestamp],
        report: &mut Report,
    ) -> LastSigned {
        let mut last = LastSigned::NoneThere;
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
                    // Its own signature stands in a digest that is gone: its name alone tells.
                    Err(Rejection::CannotTell(_)) if self.places.bare_copy => {
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
