//! The walk through one series of digests, newest first, in the order of the AWS CLI.

use super::digest_file::{ANY_TIME, After, Candidate, DigestObject, TRAILING_DATA, find};
use super::folder::{DigestListing, digest_at, last_end, list};
use super::lines::Verdict;
use super::prefetch::Prefetch;
use super::time::{HOUR, ValidatedRange, before, display, parse};
use futures::stream::{self, Stream, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use trailseal::format::digest::{ListedLogFile, UnverifiedDigest};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{Chain, DigestKey, DigestSeries, ObjectKind, classify};
use trailseal::names::window::Window;
use trailseal::trust::chain::{hourly_digests, predecessor_key};
use trailseal::trust::public_key::{KeySet, SigningPeriod};
use trailseal::trust::signature::AuthenticDigest;
use trailseal::world::{ListObjects, ListPublicKeys, ReadObject, StoreError};

/// A result to print, or a log file to check before more is printed.
#[derive(Debug)]
pub(super) enum WalkStep {
    /// A digest was checked.
    Digest {
        /// Its place.
        at: ObjectLocation,
        /// The verdict on it.
        verdict: Verdict,
        /// The time that it covers, if CloudTrail signed it.
        covers: Option<ValidatedRange>,
    },
    /// A log file that the preceding digest lists.
    Log(ListedLogFile),
    /// Logging was off.
    Gap {
        /// The end of the last digest before.
        from: Timestamp,
        /// The start of the first digest after.
        to: Timestamp,
    },
    /// Hourly digests are missing that no digest names.
    Lost {
        /// The folder that they were in.
        folder: ObjectLocation,
        /// The end of the last digest before.
        from: Timestamp,
        /// The start of the first digest after.
        to: Timestamp,
        /// The number of digests.
        digests: u64,
    },
    /// A bucket that the chain leads to cannot be listed.
    Unlisted {
        /// The folder in it.
        folder: ObjectLocation,
        /// The reason.
        cause: String,
    },
}

/// A digest to check.
#[derive(Debug, Clone)]
struct DigestPlace {
    at: ObjectLocation,
    key: DigestKey,
}

/// The chain of one series in one folder.
#[derive(Debug)]
pub(super) struct ValidationWalk<S, K> {
    store: Arc<S>,
    key_service: Arc<K>,
    keys: KeySet,
    chain: Chain,
    series: DigestSeries,
    range: ValidatedRange,
    bucket: String,
    listed: BTreeSet<Timestamp>,
    /// The digest after the range, until it has been checked.
    successor: Option<Timestamp>,
    prefetch: Prefetch<S>,
    next: Option<DigestPlace>,
    last_start: Timestamp,
}

impl<S, K> ValidationWalk<S, K>
where
    S: ReadObject + ListObjects + 'static,
    K: ListPublicKeys,
{
    /// Returns a walk that starts with the newest of the listed digests. `keys` are those that are
    /// already known.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that a walk needs, each once"
    )]
    pub(super) fn new(
        store: Arc<S>,
        key_service: Arc<K>,
        keys: KeySet,
        bucket: &str,
        chain: Chain,
        series: DigestSeries,
        range: ValidatedRange,
        listing: DigestListing,
    ) -> Self {
        let mut walk = Self {
            prefetch: Prefetch::new(Arc::clone(&store)),
            store,
            key_service,
            keys,
            chain,
            series,
            range,
            bucket: bucket.to_owned(),
            successor: listing.successor.filter(|_| series == DigestSeries::Hourly),
            listed: listing.of(series),
            next: None,
            last_start: Timestamp::MAX,
        };
        walk.next = walk.listed.last().map(|end| walk.place(*end));
        walk
    }

    /// Returns all steps of the walk.
    pub(super) fn steps(self) -> impl Stream<Item = WalkStep> {
        stream::unfold(self, |mut walk| async move {
            let steps = walk.step().await?;
            Some((stream::iter(steps), walk))
        })
        .flatten()
    }

    /// Returns the next digest, the log files that it lists, and what is between it and the next
    /// one of the walk. Returns none at the start of the range.
    async fn step(&mut self) -> Option<Vec<WalkStep>> {
        if let Some(successor) = self.successor.take() {
            self.ask_successor(successor).await;
        }
        let place = self.next.take()?;
        if self.range.start > self.last_start {
            return None;
        }
        Some(match self.look_at(&place).await {
            Ok((digest, after)) => self.continue_after(place, digest.digest(), after).await,
            Err(verdict) => self.skip_digest(place, verdict),
        })
    }

    /// Starts with the digest that the one after the range names, if it is in the range and newer
    /// than all listed ones: then it is missing.
    async fn ask_successor(&mut self, successor: Timestamp) {
        let place = self.place(successor);
        let Ok((digest, _)) = self.look_at(&place).await else {
            return;
        };
        let Some(named) = &digest.digest().predecessor else {
            return;
        };
        if let Some(key) = self.predecessor(&place.key, named)
            && named.location.bucket == self.bucket
            && self.range.start.as_second() <= key.end_time.as_second()
            && key.end_time <= last_end(self.range)
            && self.listed.last().is_none_or(|last| *last < key.end_time)
        {
            self.next = Some(DigestPlace {
                at: named.location.clone(),
                key,
            });
        }
    }

    /// Reads and checks a digest. Those listed before it are read ahead.
    async fn look_at(&mut self, place: &DigestPlace) -> Result<(AuthenticDigest, After), Verdict> {
        let expected = self.listed.range(..place.key.end_time).rev();
        let expected = expected.map(|end| digest_at(&self.bucket, &self.chain, self.series, *end));
        let object = self.prefetch.read(&place.at, expected).await;
        self.judge(place, object).await
    }

    /// Continues after a digest that CloudTrail signed.
    async fn continue_after(
        &mut self,
        place: DigestPlace,
        digest: &UnverifiedDigest,
        after: After,
    ) -> Vec<WalkStep> {
        let named = digest.predecessor.as_ref().map(|named| {
            let key = self.predecessor(&place.key, named);
            (named, key)
        });
        let (verdict, next) = match (&named, after) {
            // CloudTrail writes no such digest. Following it could lead in a circle.
            (Some((_, None)), _) => (Verdict::Invalid("invalid format".into()), None),
            (_, After::Bytes) => (Verdict::Invalid(TRAILING_DATA.into()), named),
            (_, After::End) => (Verdict::Valid, named),
        };
        self.last_start = digest.start_time;
        let mut steps = vec![WalkStep::Digest {
            at: place.at,
            verdict,
            covers: Some(ValidatedRange {
                start: digest.start_time,
                end: digest.end_time,
            }),
        }];
        steps.extend(digest.log_files.iter().cloned().map(WalkStep::Log));
        if let Some((named, Some(key))) = next {
            if named.location.bucket != self.bucket {
                self.bucket.clone_from(&named.location.bucket);
                steps.extend(self.list_again(digest.end_time).await);
            }
            self.next = Some(DigestPlace {
                at: named.location.clone(),
                key,
            });
        } else {
            self.next = self.before(place.key.end_time);
            steps.extend(self.next.as_ref().map(|next| WalkStep::Gap {
                from: next.key.end_time,
                to: digest.start_time,
            }));
        }
        steps
    }

    /// Continues after a digest that is not usable, with the one that is listed before it.
    fn skip_digest(&mut self, place: DigestPlace, verdict: Verdict) -> Vec<WalkStep> {
        self.next = self.before(place.key.end_time);
        let lost = self.next.as_ref().and_then(|next| {
            let window = Window {
                from: Some(next.key.end_time),
                to: before(place.key.end_time, HOUR),
            };
            self.lost(window)
        });
        let mut steps = vec![WalkStep::Digest {
            at: place.at,
            verdict,
            covers: None,
        }];
        steps.extend(lost);
        steps
    }

    /// Returns a step for digests that neither exist nor are named by an existing digest.
    fn lost(&self, window: Window) -> Option<WalkStep> {
        let from = window.from.filter(|from| *from < window.to)?;
        let half_an_hour = HOUR.checked_div(2)?;
        if self.series == DigestSeries::Backfill || window.to.duration_since(from) < half_an_hour {
            return None;
        }
        Some(WalkStep::Lost {
            folder: self.folder(),
            from,
            to: window.to,
            digests: u64::try_from(hourly_digests(window)?).ok()?,
        })
    }

    /// Returns the key of a predecessor, if it can be one.
    fn predecessor(
        &self,
        of: &DigestKey,
        named: &trailseal::format::digest::Predecessor,
    ) -> Option<DigestKey> {
        match self.series {
            DigestSeries::Hourly => predecessor_key(of, named),
            DigestSeries::Backfill => match classify(&named.location.key) {
                ObjectKind::Digest(key)
                    if key.chain.same_trail(&of.chain) && key.end_time < of.end_time =>
                {
                    Some(key)
                }
                _ => None,
            },
        }
    }

    /// Returns the newest listed digest that ends before a time.
    fn before(&self, time: Timestamp) -> Option<DigestPlace> {
        let end = self.listed.range(..time).next_back()?;
        Some(self.place(*end))
    }

    fn place(&self, end: Timestamp) -> DigestPlace {
        DigestPlace {
            at: digest_at(&self.bucket, &self.chain, self.series, end),
            key: DigestKey::of(self.chain.clone(), self.series, end),
        }
    }

    fn folder(&self) -> ObjectLocation {
        ObjectLocation::new(&self.bucket, self.chain.region_prefix())
    }

    /// Lists the digests of a bucket that the trail was moved from.
    async fn list_again(&mut self, end: Timestamp) -> Option<WalkStep> {
        let range = ValidatedRange {
            start: self.range.start,
            end,
        };
        match list(&*self.store, &self.bucket, &self.chain, range).await {
            Ok(listing) => {
                self.listed = listing.of(self.series);
                None
            }
            Err(error) => {
                self.listed = BTreeSet::new();
                // A bucket that does not exist is empty: each of its digests is not found.
                error.absence().is_none().then(|| WalkStep::Unlisted {
                    folder: self.folder(),
                    cause: error.cause.to_string(),
                })
            }
        }
    }

    /// Checks a digest as it is in the bucket.
    async fn judge(
        &mut self,
        place: &DigestPlace,
        object: DigestObject,
    ) -> Result<(AuthenticDigest, After), Verdict> {
        let (inflated, metadata, after) = match object {
            DigestObject::Nothing(verdict) => return Err(verdict),
            DigestObject::Content {
                inflated,
                metadata,
                after,
            } => (inflated, metadata, after),
        };
        let candidate = Candidate::of(&inflated, &metadata, &place.at, place.key.series)
            .map_err(Verdict::Invalid)?;
        if let Some(generated) = candidate.generated
            && find(&self.keys, &self.chain.region, &candidate.fingerprint).is_none()
        {
            let generated = parse(generated).ok_or_else(|| {
                Verdict::Invalid(format!("Unable to parse date value: {generated}").into())
            })?;
            self.load_keys(SigningPeriod::of_backfill(generated))
                .await?;
        }
        let signed = |digest: &UnverifiedDigest| match place.key.series {
            DigestSeries::Hourly => SigningPeriod::of_hourly(digest.end_time),
            // Keys are requested by the generation time, which nobody signed: a key that is known
            // is accepted.
            DigestSeries::Backfill => ANY_TIME,
        };
        let Chain {
            region,
            home_region,
            ..
        } = &self.chain;
        let digest = candidate
            .verify(&self.keys, region, home_region, signed)
            .map_err(Verdict::Invalid)?;
        Ok((digest, after))
    }

    async fn load_keys(&mut self, period: SigningPeriod) -> Result<(), Verdict> {
        let region = &self.chain.region;
        let keys = self
            .key_service
            .list_public_keys(region, period)
            .await
            .map_err(|error: StoreError| Verdict::Unverified(error.to_string()))?;
        if keys.is_empty() {
            return Err(Verdict::Invalid(no_keys(period).into()));
        }
        self.keys.extend(keys);
        Ok(())
    }
}

/// Returns the AWS CLI's words for a time without keys.
pub(super) fn no_keys(period: SigningPeriod) -> String {
    format!(
        "No public keys found between {} and {}",
        display(period.from),
        display(period.to)
    )
}
