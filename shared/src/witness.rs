//! The second look at what KMS events show being delivered: each such log file is listed by a
//! digest, in the end, and is there until then.
//!
//! The first look is the [`kms_check`](crate::kms_check)'s, when the event is read: minutes after
//! the delivery, and up to an hour before the digest. It writes what it saw into the evidence
//! bucket, one document for each log file that records deliveries and each chain that is to list
//! them. When a digest of that chain has been verified, what waits for it is [settled](settle).
//!
//! A digest may come before the event that shows a delivery in its hour; then the next digest
//! settles it, and looks back along the chain. So documents are only written and removed, and
//! whatever comes twice, late or out of order leads to the same end.

use crate::chain;
use crate::finding::{DigestReference, Finding, FindingKind, Report, RuleCount, Scope};
use crate::kms::docket::Waiting;
use crate::kms::rules::{Rule, is_under_kms};
use crate::location::ObjectLocation;
use crate::object_key::{Chain, DigestKey, DigestSeries, ObjectKind, classify};
use crate::sha256::Sha256;
use crate::signature::AuthenticDigest;
use crate::store::{
    Cause, Depth, KeepEvidence, ListObjects, ListPublicKeys, ReadEncryption, ReadObject,
    SettleEvidence, StoreError,
};
use crate::validation::{Digests, reference};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// The folder of the evidence bucket in which deliveries wait for their digest.
const FOLDER: &str = "pending";

/// The schema of a document there.
const SCHEMA: &str = "trailseal.pending/1";

/// The most bytes of a document: twenty thousand deliveries.
const MAX_DOCUMENT_BYTES: usize = 32 * 1024 * 1024;

/// The most documents that one digest settles, oldest first: a chain's hour has a dozen.
const MAX_DOCUMENTS: usize = 500;

/// How many digests back a delivery is looked for: more than a day.
const MAX_DIGESTS: usize = 30;

/// The most backfill digests that are looked into.
const MAX_BACKFILLS: usize = 32;

/// The most pages that are listed to find them.
const MAX_PAGES: usize = 100;

/// The most log files that are looked at for one digest.
const MAX_LOOKS: usize = 500;

/// How many requests are in flight.
const REQUESTS_AT_ONCE: usize = 16;

/// A delivery so short before a digest's end may be listed by the next.
const BORDER: SignedDuration = SignedDuration::from_mins(15);

/// For so long a log file that is there may be listed late, or by a backfill digest.
const LISTED_WITHIN: SignedDuration = SignedDuration::from_hours(6);

/// After so long what cannot be settled is given up.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Deliveries of one chain that one log file records.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema: String,
    /// The bucket of the log files.
    bucket: String,
    /// The log file with the events.
    recorded_in: String,
    deliveries: Vec<Delivery>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    key: String,
    event_id: String,
    time: Timestamp,
}

/// Where the deliveries of a chain wait. Of bounded length, whatever the trail's prefix.
fn folder(bucket: &str, chain: &Chain) -> String {
    let place = Sha256::of(format!("{bucket}/{}{}", chain.folder, chain.home_region).as_bytes());
    let place = place.to_string();
    format!(
        "{FOLDER}/{}/{}/{}/{}/",
        chain.folder.account,
        chain.region,
        chain.trail,
        place.get(..16).unwrap_or(&place)
    )
}

/// Keeps the deliveries that the log file at `recorded_in` shows, until their digests come.
///
/// # Errors
/// [`StoreError`]: some may not be kept.
pub async fn keep<E: KeepEvidence>(
    evidence: &E,
    recorded_in: &ObjectLocation,
    waiting: Vec<Waiting>,
) -> Result<(), StoreError> {
    let mut by_chain: BTreeMap<(String, Chain), Vec<Delivery>> = BTreeMap::new();
    for waiting in waiting {
        let chain = Chain {
            folder: waiting.key.folder,
            region: waiting.key.region,
            trail: waiting.trail.name,
            home_region: waiting.trail.home_region,
        };
        by_chain
            .entry((waiting.object.bucket, chain))
            .or_default()
            .push(Delivery {
                key: waiting.object.key,
                event_id: waiting.event_id,
                time: waiting.time,
            });
    }
    let name = Sha256::of(recorded_in.to_string().as_bytes()).to_string();
    stream::iter(by_chain)
        .map(Ok)
        .try_for_each_concurrent(REQUESTS_AT_ONCE, |((bucket, chain), deliveries)| {
            let oldest = deliveries.iter().map(|delivery| delivery.time).min();
            let key = format!(
                "{}{}_{}.json",
                folder(&bucket, &chain),
                oldest.unwrap_or_default().strftime("%Y%m%dT%H%M%SZ"),
                name.get(..16).unwrap_or(&name)
            );
            let document = Document {
                schema: SCHEMA.to_owned(),
                bucket,
                recorded_in: recorded_in.to_string(),
                deliveries,
            };
            // Texts, times and lists: there is nothing in it that JSON cannot hold.
            let document = serde_json::to_string(&document).unwrap_or_default();
            async move { evidence.keep(&key, document).await }
        })
        .await
}

/// What is to be done in the evidence bucket once the findings were told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Afterwards {
    /// Nothing of this document waits any more.
    Discard(String),
    /// Only this of it does.
    Keep(String, String),
    /// This of it does, under another name: the trail was moved, and later digests look there.
    Move(String, String, String),
}

impl Afterwards {
    /// Does it.
    ///
    /// # Errors
    /// [`StoreError`]: the next digest settles the same once more.
    pub async fn run<E: KeepEvidence + SettleEvidence>(
        self,
        evidence: &E,
    ) -> Result<(), StoreError> {
        match self {
            Self::Discard(key) => evidence.discard(&key).await,
            Self::Keep(key, document) => evidence.keep(&key, document).await,
            Self::Move(from, to, document) => {
                evidence.keep(&to, document).await?;
                evidence.discard(&from).await
            }
        }
    }
}

/// What became of the deliveries that waited for a digest.
#[derive(Debug, Default)]
pub struct Settlement {
    /// What was found.
    pub report: Report,
    /// What remains to be done.
    pub afterwards: Vec<Afterwards>,
}

/// Settles what waits for the digest at `at`, which CloudTrail signed.
///
/// A delivery is settled when the digest or one before it lists its log file. If none does and the
/// log file is gone, it was deleted before it was listed: `log-file-missing`. If none has listed it
/// for hours, also no backfill digest, and it is there: `log-file-unlisted`.
///
/// # Errors
/// [`StoreError`] when the evidence bucket cannot be read: nothing is settled.
pub async fn settle<S, K, E>(
    digests: &Digests<S, K>,
    evidence: &E,
    at: &ObjectLocation,
    digest: &AuthenticDigest,
) -> Result<Settlement, StoreError>
where
    S: ReadObject + ReadEncryption + ListObjects,
    K: ListPublicKeys,
    E: SettleEvidence,
{
    let ObjectKind::Digest(key) = classify(&at.key) else {
        return Ok(Settlement::default());
    };
    if key.series == DigestSeries::Backfill {
        return Ok(Settlement::default());
    }
    let mut settling = Settling {
        lists: Lists::new(digests, at, &key, digest),
        folder: folder(&at.bucket, &key.chain),
        scope: digests.scope(&key),
        listed_in: reference(at, digest.digest()),
        start: digest.digest().start_time,
        end: digest.digest().end_time,
        looks_left: MAX_LOOKS,
        backfills: Backfills::NotRead,
        seen: HashSet::new(),
        rule: RuleCount::default(),
        settlement: Settlement::default(),
    };
    let mut folders = vec![settling.folder.clone()];
    // A trail that was moved: what the old place still has waiting is listed here.
    if let Some(named) = &digest.digest().predecessor
        && let Some(before) = chain::predecessor_key(&key, named)
        && (before.chain != key.chain || named.location.bucket != at.bucket)
    {
        let bucket = digests.places.actual_of(&named.location.bucket, &at.bucket);
        folders.push(folder(bucket, &before.chain));
    }
    let mut documents = 0;
    for folder in folders {
        for name in evidence.waiting(&folder).await? {
            let is_due = oldest_in(&name).is_some_and(|oldest| oldest <= settling.end);
            if !is_due || documents >= MAX_DOCUMENTS {
                continue;
            }
            documents += 1;
            match evidence.recall(&name, MAX_DOCUMENT_BYTES).await {
                Ok(document) => settling.settle_document(&name, &document).await,
                // Another digest's settlement was faster.
                Err(error) if error.absence().is_some() => {}
                // None that was kept here is so large; it does not keep the others waiting.
                Err(error) if matches!(error.cause, Cause::Failed(_)) => {
                    tracing::warn!(document = name, error = ?error.to_string(), "passed over");
                }
                Err(error) => return Err(error),
            }
        }
    }
    if documents > 0 {
        settling.count_unwitnessed().await;
    }
    Ok(settling.done())
}

/// The time in a document's name.
fn oldest_in(name: &str) -> Option<Timestamp> {
    let (time, _) = name.rsplit('/').next()?.split_once('_')?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// What became of one delivery.
enum Fate {
    /// A digest lists it.
    Listed,
    /// It is told.
    Told,
    /// It is still to come.
    Waits,
}

/// What the backfill digests list.
enum Backfills {
    NotRead,
    Unreadable,
    Listed(HashSet<ObjectLocation>),
}

struct Settling<'a, S, K> {
    lists: Lists<'a, S, K>,
    /// Where what the digest at hand is to list waits.
    folder: String,
    scope: Scope,
    listed_in: DigestReference,
    start: Timestamp,
    end: Timestamp,
    looks_left: usize,
    backfills: Backfills,
    /// Every log file whose delivery was seen.
    seen: HashSet<ObjectLocation>,
    rule: RuleCount,
    settlement: Settlement,
}

impl<S, K> Settling<'_, S, K>
where
    S: ReadObject + ReadEncryption + ListObjects,
    K: ListPublicKeys,
{
    async fn settle_document(&mut self, name: &str, bytes: &[u8]) {
        let Ok(document) = serde_json::from_slice::<Document>(bytes) else {
            tracing::warn!(document = name, "not a document of deliveries; removed");
            let discard = Afterwards::Discard(name.to_owned());
            self.settlement.afterwards.push(discard);
            return;
        };
        if document.schema != SCHEMA {
            tracing::warn!(document = name, schema = document.schema, "passed over");
            return;
        }
        let mut newest = Timestamp::MIN;
        let (mut waits, mut told) = (Vec::new(), false);
        let mut listed = Vec::new();
        for delivery in &document.deliveries {
            newest = newest.max(delivery.time);
            match self.settle_delivery(&document, delivery).await {
                Fate::Listed => listed.push(delivery.clone()),
                Fate::Told => told = true,
                Fate::Waits => waits.push(delivery.clone()),
            }
        }
        // What the digest at hand lists is still to be counted when the next one comes.
        let is_counted = newest < self.start.saturating_sub(BORDER).unwrap_or(self.start);
        if waits.is_empty() && (is_counted || listed.is_empty()) {
            let discard = Afterwards::Discard(name.to_owned());
            self.settlement.afterwards.push(discard);
            return;
        }
        let moves = !name.starts_with(&self.folder);
        if !told && !moves {
            return;
        }
        listed.append(&mut waits);
        let rest = Document {
            deliveries: listed,
            ..document
        };
        let rest = serde_json::to_string(&rest).unwrap_or_default();
        self.settlement.afterwards.push(if moves {
            Afterwards::Move(name.to_owned(), self.moved(name), rest)
        } else {
            Afterwards::Keep(name.to_owned(), rest)
        });
    }

    /// The name in the folder at hand of a document of the place where the trail was before.
    fn moved(&self, name: &str) -> String {
        let time = name
            .rsplit('/')
            .next()
            .and_then(|name| name.split_once('_'));
        let (time, _) = time.unwrap_or_default();
        let before = Sha256::of(name.as_bytes()).to_string();
        let before = before.get(..16).unwrap_or(&before);
        format!("{}{time}_{before}.json", self.folder)
    }

    async fn settle_delivery(&mut self, document: &Document, delivery: &Delivery) -> Fate {
        let object = ObjectLocation::new(&document.bucket, &delivery.key);
        self.seen.insert(object.clone());
        if self.lists.newest_lists(&object) {
            self.rule.valid += 1;
            return Fate::Listed;
        }
        let border = delivery
            .time
            .saturating_add(BORDER)
            .unwrap_or(delivery.time);
        if border > self.end {
            return Fate::Waits;
        }
        self.lists.reach_back_to(delivery.time).await;
        if self.lists.list(&object) {
            return Fate::Listed;
        }
        let late = self.end.duration_since(delivery.time);
        let is_covered = self.lists.cover(delivery.time);
        if self.looks_left == 0 {
            return Fate::Waits;
        }
        self.looks_left -= 1;
        let unlisted = match self.lists.digests.store().encryption(&object).await {
            Err(error) => match error.absence() {
                // Whoever deletes it may delete its digest, too.
                Some(absence) => Finding::new(
                    FindingKind::LogFileMissing,
                    self.scope.clone(),
                    object,
                    format!(
                        "CloudTrail delivered the log file, as the KMS event {} in {} shows, and it {}.",
                        delivery.event_id,
                        document.recorded_in,
                        if is_covered {
                            "was gone before a digest listed it"
                        } else {
                            "is gone, as may be the digest that listed it"
                        }
                    ),
                )
                .with_evidence(
                    format!("the log file of the KMS event {} of {}", delivery.event_id, delivery.time),
                    absence.to_string(),
                ),
                None => return self.cannot_tell(late),
            },
            Ok(_) if !is_covered => return self.cannot_tell(late),
            Ok(_) if late < LISTED_WITHIN => return Fate::Waits,
            Ok(_) if late > GIVEN_UP_AFTER => return self.cannot_tell(late),
            Ok(_) => {
                match self.backfilled().await {
                    None => return self.cannot_tell(late),
                    Some(listed) if listed.contains(&object) => return Fate::Listed,
                    Some(_) => {}
                }
                Finding::new(
                    FindingKind::LogFileUnlisted,
                    self.scope.clone(),
                    object,
                    format!(
                        "The log file is in the bucket, and CloudTrail had a key generated for it (KMS event {} in {}), but no digest lists it.",
                        delivery.event_id, document.recorded_in
                    ),
                )
                .with_evidence(
                    format!(
                        "a digest from {} to {}, or a backfill digest, that lists it",
                        delivery.time, self.end
                    ),
                    "none lists it",
                )
            }
        };
        self.rule.finding += 1;
        let finding = unlisted.with_digest(self.listed_in.clone());
        self.settlement.report.findings.push(finding);
        Fate::Told
    }

    fn cannot_tell(&mut self, late: SignedDuration) -> Fate {
        self.rule.cannot_tell += 1;
        if late < GIVEN_UP_AFTER {
            return Fate::Waits;
        }
        let given_up = &mut self.settlement.report.counts;
        *given_up.entry("deliveriesGivenUp").or_default() += 1;
        Fate::Told
    }

    /// What the backfill digests list that end in the days before the digest at hand; none where
    /// they cannot be read.
    async fn backfilled(&mut self) -> Option<&HashSet<ObjectLocation>> {
        if matches!(self.backfills, Backfills::NotRead) {
            let from = self.end.saturating_sub(GIVEN_UP_AFTER).unwrap_or(self.end);
            let read = self.lists.read_backfills(from, self.end).await;
            self.backfills = read.map_or(Backfills::Unreadable, Backfills::Listed);
        }
        match &self.backfills {
            Backfills::Listed(listed) => Some(listed),
            Backfills::NotRead | Backfills::Unreadable => None,
        }
    }

    /// Counts the log files under a KMS key that the digest before lists and no event shows: all
    /// their events should have come by now. Said only where events come at all.
    async fn count_unwitnessed(&mut self) {
        self.lists
            .reach_back_to(self.start.saturating_sub(BORDER).unwrap_or(self.start))
            .await;
        let Some(before) = self.lists.second() else {
            return;
        };
        let unseen: Vec<_> = before.difference(&self.seen).cloned().collect();
        let witnessed = before.len() - unseen.len();
        if witnessed == 0 {
            return;
        }
        let store = self.lists.digests.store();
        let under_kms = stream::iter(unseen.into_iter().take(MAX_LOOKS))
            .map(|object| async move {
                let headers = store.encryption(&object).await;
                headers.is_ok_and(|headers| is_under_kms(&headers))
            })
            .buffer_unordered(REQUESTS_AT_ONCE)
            .filter(|under_kms| std::future::ready(*under_kms))
            .count()
            .await;
        let counts = &mut self.settlement.report.counts;
        counts.insert("witnessed", count(witnessed));
        counts.insert("unwitnessed", count(under_kms));
    }

    fn done(mut self) -> Settlement {
        if self.rule != RuleCount::default() {
            let rules = &mut self.settlement.report.rules;
            rules.insert(Rule::Witness.as_str(), self.rule);
        }
        self.settlement
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// What the digests of a chain list, from the one at hand back as far as was asked.
struct Lists<'a, S, K> {
    digests: &'a Digests<S, K>,
    at: &'a ObjectLocation,
    key: &'a DigestKey,
    read: Vec<HashSet<ObjectLocation>>,
    /// Begin of the oldest one that was read.
    reaches: Timestamp,
    /// What no digest covers between the oldest one that was read and the one at hand.
    gaps: Vec<(Timestamp, Timestamp)>,
    /// The digest before that.
    before: Option<(ObjectLocation, DigestKey)>,
}

impl<'a, S: ReadObject + ListObjects, K: ListPublicKeys> Lists<'a, S, K> {
    fn new(
        digests: &'a Digests<S, K>,
        at: &'a ObjectLocation,
        key: &'a DigestKey,
        digest: &AuthenticDigest,
    ) -> Self {
        let mut lists = Self {
            digests,
            at,
            key,
            read: Vec::new(),
            reaches: digest.digest().end_time,
            gaps: Vec::new(),
            before: None,
        };
        lists.add(at, key, digest);
        lists
    }

    fn add(&mut self, at: &ObjectLocation, key: &DigestKey, digest: &AuthenticDigest) {
        let digest = digest.digest();
        if digest.end_time < self.reaches {
            self.gaps.push((digest.end_time, self.reaches));
        }
        self.reaches = digest.start_time;
        self.read.push(self.listed_by(at, digest));
        self.before = digest.predecessor.as_ref().and_then(|named| {
            let bucket = self
                .digests
                .places
                .actual_of(&named.location.bucket, &at.bucket);
            let before = chain::predecessor_key(key, named)?;
            Some((ObjectLocation::new(bucket, &named.location.key), before))
        });
    }

    fn listed_by(
        &self,
        at: &ObjectLocation,
        digest: &crate::digest::UnverifiedDigest,
    ) -> HashSet<ObjectLocation> {
        let places = &self.digests.places;
        let files = digest.log_files.iter();
        files
            .map(|file| {
                let bucket = places.actual_of(&file.location.bucket, &at.bucket);
                ObjectLocation::new(bucket, &file.location.key)
            })
            .collect()
    }

    fn newest_lists(&self, object: &ObjectLocation) -> bool {
        self.read.first().is_some_and(|list| list.contains(object))
    }

    fn second(&self) -> Option<&HashSet<ObjectLocation>> {
        self.read.get(1)
    }

    fn list(&self, object: &ObjectLocation) -> bool {
        self.read.iter().any(|list| list.contains(object))
    }

    /// Whether what was delivered at `time` should be listed by a digest that was read.
    fn cover(&self, time: Timestamp) -> bool {
        let in_gap = |(from, to): &(Timestamp, Timestamp)| {
            let from = from.saturating_sub(BORDER).unwrap_or(*from);
            from <= time && time < *to
        };
        self.reaches <= time && !self.gaps.iter().any(in_gap)
    }

    /// Reads older digests until one begins before `time`, as far as CloudTrail signed them.
    async fn reach_back_to(&mut self, time: Timestamp) {
        while self.reaches > time && self.read.len() < MAX_DIGESTS {
            let Some((at, key)) = self.before.take() else {
                return;
            };
            // Whatever is wrong with it is told by the digest-validator.
            let Ok(digest) = self.digests.authenticate(&at, &key).await else {
                return;
            };
            self.add(&at, &key, &digest);
        }
    }

    async fn read_backfills(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Option<HashSet<ObjectLocation>> {
        let mut found = Vec::new();
        let mut pages = 0;
        let mut day = from.to_zoned(jiff::tz::TimeZone::UTC).date();
        let last = to.to_zoned(jiff::tz::TimeZone::UTC).date();
        while day <= last {
            let prefix = format!(
                "{}{}/",
                self.key.chain.region_prefix(),
                day.strftime("%Y/%m/%d")
            );
            let bucket = &self.at.bucket;
            let mut next: Option<String> = None;
            loop {
                if pages >= MAX_PAGES {
                    return None;
                }
                pages += 1;
                let store = self.digests.store();
                let page = store.list(bucket, &prefix, Depth::All, next.as_deref());
                let page = page.await.ok()?;
                found.extend(page.keys.iter().filter_map(|key| match classify(key) {
                    ObjectKind::Digest(digest)
                        if digest.series == DigestSeries::Backfill
                            && digest.chain == self.key.chain =>
                    {
                        Some((ObjectLocation::new(bucket, key), digest))
                    }
                    _ => None,
                }));
                if page.next.is_none() {
                    break;
                }
                next = page.next;
            }
            day = day.tomorrow().ok()?;
        }
        if found.len() > MAX_BACKFILLS {
            return None;
        }
        let mut listed = HashSet::new();
        for (at, key) in found {
            // Whatever is wrong with it is told by the digest-validator.
            if let Ok(digest) = self.digests.authenticate(&at, &key).await {
                listed.extend(self.listed_by(&at, digest.digest()));
            }
        }
        Some(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_documents_name_tells_its_oldest_delivery() {
        let told = oldest_in("pending/1/r/t/p/20260115T120431Z_0123456789abcdef.json");
        assert_eq!(told.unwrap().to_string(), "2026-01-15T12:04:31Z");
        for name in [
            "",
            "_",
            "20260115T120431Z",
            "20260230T000000Z_x.json",
            "x/_20260115T120431Z",
        ] {
            assert_eq!(oldest_in(name), None, "{name}");
        }
    }

    #[test]
    fn a_folder_is_one_chains_in_one_bucket() {
        let key = |key: &str| match classify(key) {
            ObjectKind::Digest(key) => key.chain,
            other => panic!("{other:?}"),
        };
        let chain = key(
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
        );
        let with_prefix = key(
            "p/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-east-1_20260115T000000Z.json.gz",
        );
        let other_home = key(
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_name_us-west-2_20260115T000000Z.json.gz",
        );
        let folders = [
            folder("bucket", &chain),
            folder("bucket2", &chain),
            folder("bucket", &with_prefix),
            folder("bucket", &other_home),
        ];
        assert_eq!(HashSet::from(folders).len(), 4);
    }

    proptest! {
        #[test]
        fn any_name_and_document_never_panic(name in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = oldest_in(&name);
            let _ = serde_json::from_slice::<Document>(&bytes);
        }
    }
}
