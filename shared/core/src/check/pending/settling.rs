//! What waits for a digest is settled with it.

use super::lists::{BackfillsUnknown, Lists, hash};
use super::queue::{Due, due, oldest_in};
use super::unsettled::{GivenUp, Left, Why};
use super::{
    Afterwards, BORDER, Delivery, Document, GIVEN_UP_AFTER, MAX_DOCUMENT_BYTES, REQUESTS_AT_ONCE,
    SCHEMA, folder,
};
use crate::check::digest::DigestVerifier;
use crate::finding::{DigestReference, Finding, FindingKind, Report, RuleCount, Scope};
use crate::kms::rules::Rule;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::names::sha256::Sha256;
use crate::trust::chain;
use crate::trust::signature::AuthenticDigest;
use crate::world::{
    Absence, ListObjects, ListPublicKeys, ReadEncryption, ReadObject, SettleEvidence, StoreError,
};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::pin::pin;

/// The most bytes of documents that are to be rewritten with one digest: they are held until its findings
/// were sent.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

/// How many documents are held in memory at once.
const DOCUMENTS_AT_ONCE: usize = 16;

/// The most log files that are looked at for one digest.
const MAX_LOOKS: usize = 2_000;

/// For so long a log file that is there may be listed late, or by a backfill digest.
const LISTED_WITHIN: SignedDuration = SignedDuration::from_hours(6);

/// What became of the deliveries that waited for a digest.
#[derive(Debug, Default)]
pub struct Settlement {
    /// What was found.
    pub report: Report,
    /// What remains to be done.
    pub afterwards: Vec<Afterwards>,
}

/// Settles what waits for the digest at `at`, which CloudTrail signed, until `stop` resolves.
///
/// A delivery is settled when the digest or one before it lists its log file. If none does and the
/// log file is gone, it was deleted before it was listed: `log-file-missing`. If none has listed it
/// for hours, also no backfill digest, and it is there: `log-file-unlisted`. If neither can be found
/// out for three days, it is given up: `delivery-unsettled`. The same says what there was no time
/// for, or too much of; the next digest settles that.
///
/// # Errors
/// [`StoreError`] when the evidence bucket cannot be read: nothing is settled.
pub async fn settle<S, K, E>(
    digests: &DigestVerifier<S, K>,
    evidence: &E,
    at: &ObjectLocation,
    digest: &AuthenticDigest,
    stop: impl Future<Output = ()> + Send,
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
    let mut settling = Settling::new(digests, at, &key, digest);
    let mut folders = vec![settling.folder.clone()];
    // A trail that was moved: what the old place still has waiting is listed here.
    if let Some(named) = &digest.digest().predecessor
        && let Some(before) = chain::predecessor_key(&key, named)
        && (before.chain != key.chain || named.location.bucket != at.bucket)
    {
        let bucket = digests.places.actual_of(&named.location.bucket, &at.bucket);
        folders.push(folder(bucket, &before.chain));
    }
    let Due { names, left, more } = due(evidence, &folders, settling.end).await?;
    if names.is_empty() {
        return Ok(settling.done());
    }
    settling.left.documents = left;
    settling.left.more_documents = more;
    // The digest before tells which log files should have been seen by now.
    let before = settling.start.saturating_sub(BORDER);
    let before = before.unwrap_or(settling.start);
    settling.lists.reach_back_to(before).await;
    let mut stop = pin!(stop);
    let mut batches = names.chunks(DOCUMENTS_AT_ONCE);
    while let Some(batch) = batches.next() {
        if futures::poll!(&mut stop).is_ready() {
            let rest: usize = batches.map(<[String]>::len).sum();
            settling.left.no_time = batch.len() + rest;
            break;
        }
        settling.settle_batch(evidence, batch).await?;
    }
    settling.count_unwitnessed().await;
    Ok(settling.done())
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

/// What a log file turned out to be.
#[derive(Clone, Copy)]
enum Looked {
    There,
    Gone(Absence),
    Unknown,
}

/// What the backfill digests list.
enum Backfills {
    NotRead,
    Read(Result<HashSet<Sha256>, BackfillsUnknown>),
}

struct Settling<'a, S, K> {
    lists: Lists<'a, S, K>,
    at: &'a ObjectLocation,
    key: &'a DigestKey,
    /// Where what the digest at hand is to list waits.
    folder: String,
    scope: Scope,
    listed_in: DigestReference,
    start: Timestamp,
    end: Timestamp,
    looked: HashMap<ObjectLocation, Looked>,
    backfills: Backfills,
    /// The log files whose delivery was seen and that the digest before lists.
    seen: HashSet<ObjectLocation>,
    /// The log files that something is told about.
    told: HashSet<ObjectLocation>,
    rule: RuleCount,
    given_up: GivenUp,
    left: Left,
    /// The bytes of the documents that are to be rewritten.
    held: usize,
    settlement: Settlement,
}

impl<'a, S, K> Settling<'a, S, K>
where
    S: ReadObject + ReadEncryption + ListObjects,
    K: ListPublicKeys,
{
    fn new(
        digests: &'a DigestVerifier<S, K>,
        at: &'a ObjectLocation,
        key: &'a DigestKey,
        digest: &AuthenticDigest,
    ) -> Self {
        Self {
            lists: Lists::new(digests, at, key, digest),
            at,
            key,
            folder: folder(&at.bucket, &key.chain),
            scope: digests.scope(key),
            listed_in: DigestReference::of(at, digest.digest()),
            start: digest.digest().start_time,
            end: digest.digest().end_time,
            looked: HashMap::new(),
            backfills: Backfills::NotRead,
            seen: HashSet::new(),
            told: HashSet::new(),
            rule: RuleCount::default(),
            given_up: GivenUp::default(),
            left: Left::default(),
            held: 0,
            settlement: Settlement::default(),
        }
    }

    async fn settle_batch<E: SettleEvidence>(
        &mut self,
        evidence: &E,
        names: &[String],
    ) -> Result<(), StoreError> {
        let mut answers = stream::iter(names.to_vec())
            .map(|name| async move {
                let answer = evidence.recall(&name, MAX_DOCUMENT_BYTES).await;
                (name, answer)
            })
            .buffered(DOCUMENTS_AT_ONCE);
        let mut documents = Vec::new();
        while let Some((name, answer)) = answers.next().await {
            match answer {
                Ok(bytes) => {
                    documents.extend(self.parse(&name, &bytes).map(|it| (name, it)));
                }
                // Another digest's settlement was faster.
                Err(error) if error.absence().is_some() => {}
                // None that was kept here is so large; it does not keep the others waiting.
                Err(error) if error.cause.is_permanent() => {
                    tracing::warn!(document = name, error = ?error.to_string(), "passed over");
                    self.left.unreadable += 1;
                }
                Err(error) => return Err(error),
            }
        }
        drop(answers);
        let open: Vec<&Delivery> = documents
            .iter()
            .flat_map(|(_, document)| &document.deliveries)
            .filter(|delivery| !self.is_too_new(delivery))
            .collect();
        if let Some(oldest) = open.iter().map(|delivery| delivery.time).min() {
            let given_up = self.end.saturating_sub(GIVEN_UP_AFTER).unwrap_or(self.end);
            self.lists.reach_back_to(oldest.max(given_up)).await;
        }
        self.look(&documents).await;
        for (name, document) in documents {
            self.settle_document(&name, document).await;
        }
        Ok(())
    }

    /// The deliveries of a document; none if it holds none.
    fn parse(&mut self, name: &str, bytes: &[u8]) -> Option<Document> {
        let Ok(mut document) = serde_json::from_slice::<Document>(bytes) else {
            tracing::warn!(document = name, "not a document of deliveries; removed");
            let discard = Afterwards::Discard(name.to_owned());
            self.settlement.afterwards.push(discard);
            return None;
        };
        if document.schema != SCHEMA {
            tracing::warn!(document = name, schema = document.schema, "passed over");
            self.left.unreadable += 1;
            return None;
        }
        // What one log file records was delivered within days. A later time is nobody's.
        let latest = oldest_in(name).and_then(|oldest| oldest.checked_add(GIVEN_UP_AFTER).ok());
        if let Some(latest) = latest {
            for delivery in &mut document.deliveries {
                delivery.time = delivery.time.min(latest);
            }
        }
        Some(document)
    }

    /// Looks at the log files that no digest lists, as far as that may be done for one digest.
    async fn look(&mut self, documents: &[(String, Document)]) {
        let mut asked = BTreeSet::new();
        for (_, document) in documents {
            for delivery in &document.deliveries {
                let object = ObjectLocation::new(&document.bucket, &delivery.key);
                if self.looked.len() + asked.len() < MAX_LOOKS
                    && !self.looked.contains_key(&object)
                    && !self.lists.newest_lists(&object)
                    && !self.is_too_new(delivery)
                    && !self.lists.list(&object)
                {
                    asked.insert(object);
                }
            }
        }
        let store = self.lists.digests.store();
        let mut answers = stream::iter(asked)
            .map(|object| async move {
                let looked = match store.encryption(&object).await {
                    Ok(_) => Looked::There,
                    Err(error) => error.absence().map_or(Looked::Unknown, Looked::Gone),
                };
                (object, looked)
            })
            .buffer_unordered(REQUESTS_AT_ONCE);
        while let Some((object, looked)) = answers.next().await {
            self.looked.insert(object, looked);
        }
    }

    async fn settle_document(&mut self, name: &str, document: Document) {
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
        let mut rest = serde_json::to_string(&rest).unwrap_or_default();
        rest.shrink_to_fit();
        let held = self.held.saturating_add(rest.len());
        let fits = held <= MAX_HELD_BYTES;
        if fits {
            self.held = held;
        } else {
            self.left.unwritten += 1;
        }
        let name = name.to_owned();
        self.settlement.afterwards.push(match (moves, fits) {
            (true, true) => Afterwards::Move(name.clone(), self.moved(&name), rest),
            (false, true) => Afterwards::Keep(name, rest),
            // The next digest looks in the new place only.
            (true, false) => Afterwards::MoveWhole(name.clone(), self.moved(&name)),
            // It stays as it is, and the next digest finds the same again: the same incidents.
            (false, false) => return,
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

    /// Whether the next digest may list it.
    fn is_too_new(&self, delivery: &Delivery) -> bool {
        let border = delivery.time.saturating_add(BORDER);
        border.unwrap_or(delivery.time) > self.end
    }

    async fn settle_delivery(&mut self, document: &Document, delivery: &Delivery) -> Fate {
        let object = ObjectLocation::new(&document.bucket, &delivery.key);
        if self
            .lists
            .second()
            .is_some_and(|before| before.contains(&object))
        {
            self.seen.insert(object.clone());
        }
        if self.lists.newest_lists(&object) {
            self.rule.valid += 1;
            return Fate::Listed;
        }
        if self.is_too_new(delivery) {
            return Fate::Waits;
        }
        if self.lists.list(&object) {
            return Fate::Listed;
        }
        if self.told.contains(&object) {
            return Fate::Told;
        }
        let late = self.end.duration_since(delivery.time);
        let is_covered = self.lists.cover(delivery.time);
        let finding = match self.looked.get(&object).copied() {
            None => {
                self.left.looks += 1;
                return self.cannot_tell(object, late, Why::NotLookedAt);
            }
            Some(Looked::Unknown) => return self.cannot_tell(object, late, Why::Unreadable),
            // Whoever deletes it may delete its digest, too.
            Some(Looked::Gone(absence)) => self.missing(document, delivery, is_covered, absence),
            Some(Looked::There) if !is_covered => {
                return self.cannot_tell(object, late, Why::NotCovered);
            }
            Some(Looked::There) if late < LISTED_WITHIN => return Fate::Waits,
            Some(Looked::There) if late > GIVEN_UP_AFTER => {
                return self.cannot_tell(object, late, Why::NotCovered);
            }
            Some(Looked::There) => match self.backfilled(&object).await {
                Err(BackfillsUnknown::NotListed) => {
                    return self.cannot_tell(object, late, Why::BackfillsNotListed);
                }
                Err(BackfillsUnknown::TooMany) => {
                    self.left.backfills = true;
                    return self.cannot_tell(object, late, Why::TooManyBackfills);
                }
                Ok(true) => return Fate::Listed,
                Ok(false) => self.unlisted(document, delivery),
            },
        };
        self.rule.finding += 1;
        let finding = finding.with_digest(self.listed_in.clone());
        self.settlement.report.findings.push(finding);
        self.told.insert(object);
        Fate::Told
    }

    fn missing(
        &self,
        document: &Document,
        delivery: &Delivery,
        is_covered: bool,
        absence: Absence,
    ) -> Finding {
        Finding::new(
            FindingKind::LogFileMissing,
            self.scope.clone(),
            ObjectLocation::new(&document.bucket, &delivery.key),
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
            format!(
                "the log file of the KMS event {} of {}",
                delivery.event_id, delivery.time
            ),
            absence.to_string(),
        )
    }

    fn unlisted(&self, document: &Document, delivery: &Delivery) -> Finding {
        Finding::new(
            FindingKind::LogFileUnlisted,
            self.scope.clone(),
            ObjectLocation::new(&document.bucket, &delivery.key),
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

    fn cannot_tell(&mut self, object: ObjectLocation, late: SignedDuration, why: Why) -> Fate {
        self.rule.cannot_tell += 1;
        if late < GIVEN_UP_AFTER {
            return Fate::Waits;
        }
        self.given_up.add(object, why);
        Fate::Told
    }

    /// Whether a backfill digest lists it that ends in the days before the digest at hand.
    async fn backfilled(&mut self, object: &ObjectLocation) -> Result<bool, BackfillsUnknown> {
        if matches!(self.backfills, Backfills::NotRead) {
            let from = self.end.saturating_sub(GIVEN_UP_AFTER).unwrap_or(self.end);
            let read = self.lists.read_backfills(from, self.end).await;
            self.backfills = Backfills::Read(read);
        }
        match &self.backfills {
            Backfills::Read(Ok(listed)) => Ok(listed.contains(&hash(object))),
            Backfills::Read(Err(unknown)) => Err(*unknown),
            Backfills::NotRead => Err(BackfillsUnknown::NotListed),
        }
    }

    /// Counts the log files under a KMS key that the digest before lists and no event shows: all
    /// their events should have come by now. Said only where events come at all.
    async fn count_unwitnessed(&mut self) {
        let Some(before) = self.lists.second() else {
            return;
        };
        let unseen: Vec<_> = before.difference(&self.seen).cloned().collect();
        let witnessed = before.len() - unseen.len();
        if witnessed == 0 {
            return;
        }
        let passed_over = unseen.len().saturating_sub(MAX_LOOKS);
        let store = self.lists.digests.store();
        let under_kms = stream::iter(unseen.into_iter().take(MAX_LOOKS))
            .map(|object| async move {
                let headers = store.encryption(&object).await;
                headers.is_ok_and(|headers| headers.kms_key().is_some())
            })
            .buffer_unordered(REQUESTS_AT_ONCE)
            .filter(|under_kms| std::future::ready(*under_kms))
            .count()
            .await;
        let counts = &mut self.settlement.report.counts;
        counts.insert("witnessed", count(witnessed));
        counts.insert("unwitnessed", count(under_kms));
        if passed_over > 0 {
            counts.insert("notLookedAt", count(passed_over));
        }
    }

    fn done(mut self) -> Settlement {
        self.left.digests = self.lists.more;
        let report = &mut self.settlement.report;
        let given_up = self.given_up.count();
        if given_up > 0 {
            report.counts.insert("deliveriesGivenUp", given_up);
        }
        // Not everything that should have been looked at was.
        if self.left.is_something() {
            self.rule.cannot_tell += 1;
        }
        let place = self.key.chain.place_in(&self.at.bucket);
        let unsettled = [
            self.given_up.finding(&self.scope, &place, &self.listed_in),
            self.left
                .finding(&self.scope, self.at, &place, &self.listed_in),
        ];
        report.findings.extend(unsettled.into_iter().flatten());
        if self.rule != RuleCount::default() {
            report.rules.insert(Rule::Witness.as_str(), self.rule);
        }
        self.settlement
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
