//! Settles the deliveries that wait for a digest: reads the documents, the earlier digests and the
//! log files, has the fate of each delivery decided, and collects the findings and the updates.
//!
//! The tests are in `tests/tests/kms/story.rs` and `unsettled.rs`.

use super::document::{MAX_DOCUMENT_BYTES, NotADocument, PendingDelivery, PendingDocument, folder};
use super::due::{DueDocuments, due};
use super::fate::{
    BORDER, BackfillsUnknown, Fate, GIVEN_UP_AFTER, Known, ListedBy, Look, is_too_new,
};
use super::listed::ListedByChain;
use super::looks::{MAX_LOOKS, count_with_event, look_at};
use super::rewrite::Rewrites;
use super::update::PendingUpdate;
use crate::check::digest::DigestVerifier;
use crate::finding::kms::{
    FindingSubject, GivenUp, LeftOver, UnlistedLogFile, WhyUnsettled, missing_before_listed,
    unlisted_log_file,
};
use crate::finding::{Counts, DigestReference, Finding, Report, Scope};
use crate::kms::rules::Rule;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::trust::chain;
use crate::trust::signature::AuthenticDigest;
use crate::world::{
    ListObjects, ListPublicKeys, ReadEncryption, ReadObject, SettleEvidence, StoreError,
};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::pin::pin;

/// The number of documents that are held in memory at the same time.
const DOCUMENTS_AT_ONCE: usize = 16;

/// The result for the deliveries that waited for a digest.
#[derive(Debug, Default)]
pub struct Settlement {
    /// The findings and the counts.
    pub report: Report,
    /// The remaining updates.
    pub updates: Vec<PendingUpdate>,
}

/// Settles the deliveries that wait for the digest at `at`, which CloudTrail signed, until `stop`
/// resolves.
///
/// A delivery is settled when the digest or an earlier one lists its log file. If none does and the
/// log file is missing, it was deleted before it was listed: `log-file-missing`. If no digest, not
/// even a backfill digest, has listed it for hours and it exists: `log-file-unlisted`. If neither
/// can be found out for three days, it is given up: `delivery-unsettled`. The same kind reports
/// what there was no time for, or too much of. The next digest settles that.
///
/// # Errors
/// [`StoreError`] if the evidence bucket cannot be read. Nothing is settled.
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
    let own_folder = folder(&at.bucket, &key.chain);
    let mut folders = vec![own_folder.clone()];
    // The trail was moved: the pending deliveries of the old place are listed here.
    if let Some(named) = &digest.digest().predecessor
        && let Some(before) = chain::predecessor_key(&key, named)
        && (before.chain != key.chain || named.location.bucket != at.bucket)
    {
        let bucket = digests.places.actual_of(&named.location.bucket, &at.bucket);
        folders.push(folder(bucket, &before.chain));
    }
    let mut settling = Settling::new(digests, at, &key, digest, own_folder);
    let DueDocuments { names, left, more } = due(evidence, &folders, settling.end).await?;
    if names.is_empty() {
        return Ok(settling.done());
    }
    settling.left.documents = left;
    settling.left.more_documents = more;
    // The digest before shows which log files should have been seen by now.
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
    settling.count_with_event().await;
    Ok(settling.done())
}

struct Settling<'a, S, K> {
    lists: ListedByChain<'a, S, K>,
    at: &'a ObjectLocation,
    key: &'a DigestKey,
    scope: Scope,
    digest: DigestReference,
    start: Timestamp,
    end: Timestamp,
    looked: HashMap<ObjectLocation, Look>,
    /// The log files whose delivery was seen and that the previous digest lists.
    seen: HashSet<ObjectLocation>,
    /// The log files for which there is a finding.
    found: HashSet<ObjectLocation>,
    rule: Counts,
    given_up: GivenUp,
    left: LeftOver,
    rewrites: Rewrites,
    report: Report,
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
        folder: String,
    ) -> Self {
        Self {
            lists: ListedByChain::new(digests, at, key, digest),
            at,
            key,
            scope: digests.scope(key),
            digest: DigestReference::of(at, digest.digest()),
            start: digest.digest().start_time,
            end: digest.digest().end_time,
            looked: HashMap::new(),
            seen: HashSet::new(),
            found: HashSet::new(),
            rule: Counts::default(),
            given_up: GivenUp::default(),
            left: LeftOver::default(),
            rewrites: Rewrites::new(folder),
            report: Report::default(),
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
                    documents.extend(self.read(&name, &bytes).map(|it| (name, it)));
                }
                // Another digest's settlement was faster.
                Err(error) if error.absence().is_some() => {}
                // No document that Trailseal stored is that large. It does not keep the others
                // waiting.
                Err(error) if error.cause.is_permanent() => {
                    tracing::warn!(document = name, error = ?error.to_string(), "the document of pending deliveries cannot be read: it is skipped");
                    self.left.unreadable += 1;
                }
                Err(error) => return Err(error),
            }
        }
        drop(answers);
        let open = documents
            .iter()
            .flat_map(|(_, document)| &document.deliveries)
            .map(|delivery| delivery.time)
            .filter(|time| !is_too_new(self.late(*time)));
        if let Some(oldest) = open.min() {
            let given_up = self.end.saturating_sub(GIVEN_UP_AFTER).unwrap_or(self.end);
            self.lists.reach_back_to(oldest.max(given_up)).await;
        }
        self.look(&documents).await;
        for (name, document) in documents {
            self.settle_document(name, document).await;
        }
        Ok(())
    }

    /// Returns the deliveries of a document, or `None` if it holds none.
    fn read(&mut self, name: &str, bytes: &[u8]) -> Option<PendingDocument> {
        match PendingDocument::read(name, bytes) {
            Ok(document) => Some(document),
            Err(NotADocument::Malformed) => {
                tracing::warn!(
                    document = name,
                    "the document does not contain pending deliveries: it is removed"
                );
                self.rewrites.discard(name.to_owned());
                None
            }
            Err(NotADocument::UnknownSchema(schema)) => {
                tracing::warn!(
                    document = name,
                    schema,
                    "the document of pending deliveries is in the form of another version: it is skipped"
                );
                self.left.unreadable += 1;
                None
            }
        }
    }

    /// Returns how long before the end of the current digest a delivery was made.
    fn late(&self, delivered: Timestamp) -> SignedDuration {
        self.end.duration_since(delivered)
    }

    /// Looks up the log files that no digest lists, as many as are allowed for one digest.
    async fn look(&mut self, documents: &[(String, PendingDocument)]) {
        let mut asked = BTreeSet::new();
        for (_, document) in documents {
            for delivery in &document.deliveries {
                let object = document.object(delivery);
                if self.looked.len() + asked.len() < MAX_LOOKS
                    && !self.looked.contains_key(&object)
                    && !is_too_new(self.late(delivery.time))
                    && self.lists.listed_by(&object) == ListedBy::None
                {
                    asked.insert(object);
                }
            }
        }
        let looked = look_at(self.lists.digests.store(), asked).await;
        self.looked.extend(looked);
    }

    async fn settle_document(&mut self, name: String, mut document: PendingDocument) {
        let mut newest = Timestamp::MIN;
        let (mut listed, mut waiting) = (Vec::new(), Vec::new());
        let mut is_settled_in_part = false;
        for delivery in std::mem::take(&mut document.deliveries) {
            newest = newest.max(delivery.time);
            match self.settle_delivery(&document, &delivery).await {
                Fate::Listed(_) | Fate::Backfilled => listed.push(delivery),
                Fate::Waits | Fate::Unknown(_) => waiting.push(delivery),
                Fate::GivenUp(_) | Fate::Missing(_) | Fate::Unlisted | Fate::FoundBefore => {
                    is_settled_in_part = true;
                }
            }
        }
        // Deliveries that the current digest lists are still to be counted when the next one
        // arrives.
        let is_counted = newest < self.start.saturating_sub(BORDER).unwrap_or(self.start);
        if waiting.is_empty() && (is_counted || listed.is_empty()) {
            self.rewrites.discard(name);
            return;
        }
        listed.append(&mut waiting);
        document.deliveries = listed;
        self.rewrites.keep(name, &document, is_settled_in_part);
    }

    async fn settle_delivery(
        &mut self,
        document: &PendingDocument,
        delivery: &PendingDelivery,
    ) -> Fate {
        let object = document.object(delivery);
        if self
            .lists
            .second()
            .is_some_and(|before| before.contains(&object))
        {
            self.seen.insert(object.clone());
        }
        let known = Known {
            listed: self.lists.listed_by(&object),
            is_found: self.found.contains(&object),
            look: self.looked.get(&object).copied().unwrap_or(Look::NotTaken),
            is_covered: self.lists.cover(delivery.time),
            late: self.late(delivery.time),
        };
        let backfilled = if known.needs_backfills() {
            Some(self.lists.backfilled(&object).await)
        } else {
            None
        };
        if backfilled == Some(Err(BackfillsUnknown::TooMany)) {
            self.left.backfills = true;
        }
        let fate = known.fate(backfilled);
        self.note(fate, object, &known, (document, delivery));
        fate
    }

    /// Counts the fate of a delivery, and raises its finding.
    fn note(
        &mut self,
        fate: Fate,
        object: ObjectLocation,
        known: &Known,
        (document, delivery): (&PendingDocument, &PendingDelivery),
    ) {
        let subject = FindingSubject {
            scope: self.scope.clone(),
            object: object.clone(),
        };
        let log_file = UnlistedLogFile {
            event_id: &delivery.event_id,
            recorded_in: &document.recorded_in,
            delivered: delivery.time,
        };
        let digest = self.digest.clone();
        match fate {
            Fate::Listed(ListedBy::Current) => self.rule.valid += 1,
            Fate::Listed(_) | Fate::Backfilled | Fate::Waits | Fate::FoundBefore => {}
            Fate::Unknown(why) => self.note_unknown(why),
            Fate::GivenUp(why) => {
                self.note_unknown(why);
                self.given_up.add(object, why);
            }
            Fate::Missing(absence) => {
                let covered = known.is_covered;
                let finding = missing_before_listed(subject, &log_file, covered, absence, digest);
                self.raise(object, finding);
            }
            Fate::Unlisted => {
                let finding = unlisted_log_file(subject, &log_file, self.end, digest);
                self.raise(object, finding);
            }
        }
    }

    fn note_unknown(&mut self, why: WhyUnsettled) {
        self.rule.cannot_tell += 1;
        self.left.looks += usize::from(why == WhyUnsettled::NotLookedAt);
    }

    fn raise(&mut self, object: ObjectLocation, finding: Finding) {
        self.rule.finding += 1;
        self.report.findings.push(finding);
        self.found.insert(object);
    }

    /// Counts the log files under a KMS key that the previous digest lists, by whether an event
    /// shows them.
    async fn count_with_event(&mut self) {
        if let Some(before) = self.lists.second() {
            let store = self.lists.digests.store();
            let counts = count_with_event(store, before, &self.seen).await;
            self.report.counts.merge(counts);
        }
    }

    fn done(mut self) -> Settlement {
        self.left.digests = self.lists.more;
        self.left.unwritten = self.rewrites.unwritten;
        let mut report = self.report;
        report.counts.deliveries_given_up = self.given_up.count();
        // Not everything that should have been looked at was looked at.
        if self.left.is_something() {
            self.rule.cannot_tell += 1;
        }
        let place = self.key.chain.place_in(&self.at.bucket);
        let unsettled = [
            self.given_up.finding(&self.scope, &place, &self.digest),
            self.left
                .finding(&self.scope, self.at, &place, &self.digest),
        ];
        report.findings.extend(unsettled.into_iter().flatten());
        if self.rule != Counts::default() {
            report.rules.insert(Rule::Witness.as_str(), self.rule);
        }
        Settlement {
            report,
            updates: self.rewrites.updates,
        }
    }
}
