//! The way through one series of digests, newest first, as the AWS CLI takes it.

use super::ahead::Ahead;
use super::digest_file::{After, Candidate, DigestObject, EVER, TRAILING_DATA, find};
use super::folder::{DigestListing, digest_at, last_end, list};
use super::lines::Verdict;
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

/// Something that is said, or a log file to be checked before more is said.
#[derive(Debug)]
pub(super) enum WalkStep {
    /// A digest was checked.
    Digest {
        /// Where it is.
        at: ObjectLocation,
        /// What it is.
        verdict: Verdict,
        /// The time that it covers, where CloudTrail signed it.
        covers: Option<ValidatedRange>,
    },
    /// The digest before it lists this log file.
    Log(ListedLogFile),
    /// Logging was off.
    Gap {
        /// When the last digest before ends.
        from: Timestamp,
        /// When the first digest after begins.
        to: Timestamp,
    },
    /// Hourly digests are gone that no digest names.
    Lost {
        /// The folder they were in.
        folder: ObjectLocation,
        /// When the last digest before ends.
        from: Timestamp,
        /// When the first digest after begins.
        to: Timestamp,
        /// How many.
        digests: u64,
    },
    /// A bucket that the chain leads to cannot be listed.
    Unlisted {
        /// The folder in it.
        folder: ObjectLocation,
        /// Why.
        cause: String,
    },
}

/// A digest to look at.
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
    /// The digest after the range, until it was looked at.
    successor: Option<Timestamp>,
    ahead: Ahead<S>,
    next: Option<DigestPlace>,
    last_start: Timestamp,
}

impl<S, K> ValidationWalk<S, K>
where
    S: ReadObject + ListObjects + 'static,
    K: ListPublicKeys,
{
    /// A walk that begins with the newest of the listed digests. `keys` are those known already.
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
            ahead: Ahead::new(Arc::clone(&store)),
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

    /// Everything on the way.
    pub(super) fn steps(self) -> impl Stream<Item = WalkStep> {
        stream::unfold(self, |mut walk| async move {
            let steps = walk.step().await?;
            Some((stream::iter(steps), walk))
        })
        .flatten()
    }

    /// The next digest, what it lists and what lies between it and the one after; nothing at the
    /// begin of the range.
    async fn step(&mut self) -> Option<Vec<WalkStep>> {
        if let Some(successor) = self.successor.take() {
            self.ask_successor(successor).await;
        }
        let place = self.next.take()?;
        if self.range.start > self.last_start {
            return None;
        }
        Some(match self.look_at(&place).await {
            Ok((digest, after)) => self.go_on(place, digest.digest(), after).await,
            Err(verdict) => self.go_around(place, verdict),
        })
    }

    /// Begins with the digest that the one after the range names, where it is one of the range
    /// and newer than all that are listed: then it is gone.
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

    /// Reads and checks a digest; those listed before it are read ahead.
    async fn look_at(&mut self, place: &DigestPlace) -> Result<(AuthenticDigest, After), Verdict> {
        let expected = self.listed.range(..place.key.end_time).rev();
        let expected = expected.map(|end| digest_at(&self.bucket, &self.chain, self.series, *end));
        let object = self.ahead.read(&place.at, expected).await;
        self.judge(place, object).await
    }

    /// What follows a digest that CloudTrail signed.
    async fn go_on(
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
            // CloudTrail writes no such digest; following it could lead in a circle.
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
                steps.extend(self.list_anew(digest.end_time).await);
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

    /// What follows a digest that nothing can be taken from: the one that is listed before it.
    fn go_around(&mut self, place: DigestPlace, verdict: Verdict) -> Vec<WalkStep> {
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

    /// Digests that are neither there nor named by one that is.
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

    /// The key of a predecessor, if it can be one.
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

    /// The newest listed digest that ends before a time.
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
    async fn list_anew(&mut self, end: Timestamp) -> Option<WalkStep> {
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
                // A bucket that is gone holds nothing: each of its digests is not found.
                error.absence().is_none().then(|| WalkStep::Unlisted {
                    folder: self.folder(),
                    cause: error.cause.to_string(),
                })
            }
        }
    }

    /// Checks a digest as it lies in the bucket.
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
            // Asked for by the time of making, which nobody signed: a key that is known will do.
            DigestSeries::Backfill => EVER,
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

/// The AWS CLI's words for a time without keys.
pub(super) fn no_keys(period: SigningPeriod) -> String {
    format!(
        "No public keys found between {} and {}",
        display(period.from),
        display(period.to)
    )
}
