//! The order in which a period is read: the checkpoint, the log with the receipts that it names, the
//! listings, the chain heads, the incidents.

use super::chains::{self, ChainContext, ChainParts};
use super::collected::{CollectedPeriod, MAX_CHAINS};
use super::digest_record::DigestRecord;
use super::listings;
use super::report::{ChainId, ObjectFinding, PeriodReport};
use super::scope::PeriodScope;
use super::span::PeriodSpan;
use crate::evidence_log::{
    CONTINUED_WITHIN, CheckpointError, LogCheckpoint, LogEntries, LogFault, LogKey, LoggedDocument,
    MAX_CHECKPOINT_BYTES, ProofError, every_stored, places as log_places,
};
use crate::names::object_key::{ObjectKind, classify};
use crate::receipt::{
    ChainHead, MAX_HEAD_BYTES, MAX_RECEIPT_BYTES, Receipt, places, read_receipts,
};
use crate::world::{FetchEvidence, ListStored, StoreError};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The number of documents that are read at the same time.
const READS_AT_ONCE: usize = 32;

/// Reads what the evidence bucket says about a period.
#[derive(Debug)]
pub struct PeriodReader<'a, E> {
    /// The evidence bucket, or a copy of it.
    pub evidence: &'a E,
    /// The key of the log.
    pub key: &'a LogKey,
    /// The keys of those who may have cosigned the checkpoint.
    pub cosigners: &'a [LogKey],
    /// The period.
    pub period: PeriodSpan,
    /// The accounts and Regions.
    pub scope: PeriodScope,
}

impl<E: FetchEvidence + ListStored> PeriodReader<'_, E> {
    /// Reads the period. Calls `progress` with the number of entries that were read, and with that
    /// of all.
    ///
    /// # Errors
    /// [`StoreError`]: a listing failed, so that nothing can be said.
    pub async fn run(&self, progress: impl FnMut(u64, u64)) -> Result<PeriodReport, StoreError> {
        let mut report = PeriodReport::new(self.period);
        let Some(mut collected) = self.collect(&mut report, progress).await else {
            return Ok(report);
        };
        listings::compare(self.evidence, &mut collected, &mut report).await?;
        let incidents = std::mem::take(&mut collected.incidents);
        incidents
            .read(self.evidence, &self.scope, &mut report)
            .await;
        let acknowledgments = std::mem::take(&mut collected.acknowledgments);
        acknowledgments.read(self.evidence, &mut report).await;
        self.chains(collected, &mut report).await?;
        Ok(report)
    }

    /// Reads the log, and the receipts of the period that it names. Returns `None` without a
    /// checkpoint: the report says why.
    pub(super) async fn collect(
        &self,
        report: &mut PeriodReport,
        mut progress: impl FnMut(u64, u64),
    ) -> Option<CollectedPeriod> {
        let checkpoint = self.checkpoint(report).await?;
        let mut collected = CollectedPeriod::new(self.period, self.scope.clone());
        let mut entries = LogEntries::new(self.evidence, &checkpoint);
        loop {
            let part = match entries.next().await {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(error) => {
                    self.unread(&error, report);
                    break;
                }
            };
            let mut wanted = Vec::new();
            for entry in part {
                match entry {
                    Ok(entry) => wanted.extend(collected.add(entry, report)),
                    Err(error) => report.obstacle(format!("an entry of the log: {error}")),
                }
            }
            self.receipts(wanted, &mut collected, report).await;
            progress(entries.read(), checkpoint.size);
        }
        report.entries = entries.read();
        report.is_signed = entries.are_signed();
        if !report.is_signed && report.entries == checkpoint.size {
            let message = "The entries of the log are not those that were signed.";
            report.find(LogFault::Checkpoint, log_places::CHECKPOINT, message);
        }
        collected.say_bounds(report);
        report.checkpoint = Some(checkpoint.clone());
        Some(collected)
    }

    async fn checkpoint(&self, report: &mut PeriodReport) -> Option<LogCheckpoint> {
        let key = log_places::CHECKPOINT;
        let found = match self.evidence.fetch(key, MAX_CHECKPOINT_BYTES).await {
            Ok(Some(found)) => found,
            Ok(None) => {
                report.obstacle(format!("there is no evidence log: {key} does not exist"));
                return None;
            }
            Err(error) => {
                report.obstacle(error.to_string());
                return None;
            }
        };
        let checkpoint = match LogCheckpoint::read(&found, self.key) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                let message = format!("The checkpoint is not one of this log: {error}.");
                report.find(LogFault::Checkpoint, key, message);
                return None;
            }
        };
        match checkpoint.cosigners(self.cosigners) {
            Ok(cosigners) => report.cosigners = cosigners,
            Err(error @ CheckpointError::Forged(_)) => {
                let message = format!("A cosignature is wrong: {error}.");
                report.find(LogFault::Checkpoint, key, message);
            }
            Err(error) => report.obstacle(format!("{key}: {error}")),
        }
        Some(checkpoint)
    }

    /// Records that entries of the log cannot be read.
    fn unread(&self, error: &ProofError, report: &mut PeriodReport) {
        match error {
            ProofError::Store(error) => report.obstacle(format!(
                "the log could not be read to its end, so that nothing rests on it: {error}"
            )),
            error => {
                let message = format!(
                    "{error}. Nothing rests on the log. Run `trailseal evidence verify` for {}.",
                    self.key.name()
                );
                report.find(LogFault::Entry, log_places::FOLDER, message);
            }
        }
    }

    async fn receipts(
        &self,
        wanted: Vec<LoggedDocument>,
        collected: &mut CollectedPeriod,
        report: &mut PeriodReport,
    ) {
        let mut reads = stream::iter(wanted)
            .map(async |document| {
                let found = self.evidence.fetch(&document.key, MAX_RECEIPT_BYTES).await;
                (document, found)
            })
            .buffered(READS_AT_ONCE);
        while let Some((document, found)) = reads.next().await {
            match found {
                Ok(content) => collected.take(&document, content, report),
                Err(error) => {
                    report.obstacle(error.to_string());
                    collected.lose(&document.key, "a receipt could not be read", false);
                }
            }
        }
    }

    /// Adds the chains to the report.
    async fn chains(
        &self,
        mut collected: CollectedPeriod,
        report: &mut PeriodReport,
    ) -> Result<(), StoreError> {
        let mut chains: BTreeMap<ChainId, ChainParts> = BTreeMap::new();
        for (id, since) in self.heads(report).await? {
            chains.entry(id).or_default().since = Some(since);
        }
        let records = collected.take_records();
        let (placed, unplaced): (Vec<_>, Vec<_>) = records
            .into_iter()
            .filter(|record| !record.is_backfill)
            .partition(|record| record.chain.is_some());
        for record in placed {
            if let Some(id) = record.chain.clone() {
                chains.entry(id).or_default().records.push(record);
            }
        }
        place(unplaced, &mut chains);
        for (trail, newest) in std::mem::take(&mut collected.before) {
            let from = chains.range_mut(&trail..);
            let mut same = from.take_while(|(id, _)| id.is_same_trail(&trail));
            if let Some((_, parts)) = same.next() {
                parts.is_known_before = true;
                same.for_each(|(_, parts)| parts.is_known_before = true);
            } else if let Some(id) = self.chain_of(&newest, report).await {
                chains.entry(id).or_default().is_known_before = true;
            }
        }
        for (id, builds) in std::mem::take(&mut collected.builds) {
            if let Some(parts) = chains.get_mut(&id) {
                parts.builds = builds;
            }
        }
        let logged_until = report.newest_round.and_then(|round| {
            let until = round.checked_sub(CONTINUED_WITHIN).ok()?;
            Some(until.min(self.period.to))
        });
        let context = ChainContext {
            period: self.period,
            logged_until: logged_until.unwrap_or(self.period.from),
            is_signed: report.is_signed,
        };
        let mut named = 0_usize;
        for (id, parts) in chains {
            if parts.exists() {
                let chain = chains::period_of(id, parts, context, named);
                named = named.saturating_add(chain.gaps.len());
                report.chains.push(chain);
            } else {
                parts
                    .records
                    .iter()
                    .for_each(|record| planted(record, report));
            }
        }
        Ok(())
    }

    /// Returns the chains that have heads, and since when they were verified.
    pub(super) async fn heads(
        &self,
        report: &mut PeriodReport,
    ) -> Result<Vec<(ChainId, Timestamp)>, StoreError> {
        let mut keys = Vec::new();
        let mut left_out = 0_u64;
        every_stored(self.evidence, &places::folder_of_heads(), |document| {
            let account = places::account_of_head(&document.key);
            let account = account.as_ref().map(crate::names::ids::AccountId::as_str);
            if !self.scope.has(account, None) {
                return;
            }
            if keys.len() < MAX_CHAINS {
                keys.push(document.key);
            } else {
                left_out += 1;
            }
        })
        .await?;
        if left_out > 0 {
            report.obstacle(format!(
                "there are more than {MAX_CHAINS} chain heads: {left_out} are left out"
            ));
        }
        let mut heads = Vec::new();
        let mut reads = stream::iter(keys)
            .map(async |key| {
                let found = self.evidence.fetch(&key, MAX_HEAD_BYTES).await;
                (key, found)
            })
            .buffered(READS_AT_ONCE);
        while let Some((key, found)) = reads.next().await {
            match found {
                Ok(Some(content)) => match head_of(&key, &content) {
                    Ok((id, since)) if self.scope.has(None, Some(&id.region)) => {
                        heads.push((id, since));
                    }
                    Ok(_) => {}
                    Err(error) => report.obstacle(format!("{key}: {error}")),
                },
                Ok(None) => {}
                Err(error) => report.obstacle(error.to_string()),
            }
        }
        Ok(heads)
    }

    /// Returns the chain of a receipt from before the period, if CloudTrail signed its digest.
    async fn chain_of(
        &self,
        newest: &LoggedDocument,
        report: &mut PeriodReport,
    ) -> Option<ChainId> {
        let content = match self.evidence.fetch(&newest.key, MAX_RECEIPT_BYTES).await {
            Ok(content) => content.filter(|content| newest.is_of(content)),
            Err(error) => {
                report.obstacle(error.to_string());
                return None;
            }
        };
        let Some(receipts) = content.and_then(|content| read_receipts(&content).ok()) else {
            report.obstacle(format!(
                "{}: the receipt is not the one that the log names. Its chain has no receipt in the period",
                newest.key
            ));
            return None;
        };
        let is_signed = |receipt: &&Receipt| {
            let digest = receipt.digest.as_ref();
            digest.is_some_and(|digest| digest.signed)
        };
        let signed = receipts.iter().find(is_signed)?;
        match classify(&signed.object.key) {
            ObjectKind::Digest(digest) => Some(ChainId::of(&signed.object.bucket, &digest.chain)),
            _ => None,
        }
    }
}

/// Adds the digests of which no receipt can be read to the chains that they may belong to.
fn place(records: Vec<DigestRecord>, chains: &mut BTreeMap<ChainId, ChainParts>) {
    for record in records {
        // The chains of a trail are neighbors, and follow the trail without a place.
        let mut chains_from = chains.range(&record.named..).map(|(id, _)| id);
        let same = chains_from
            .next()
            .filter(|id| id.is_same_trail(&record.named));
        let id = same.cloned().unwrap_or_else(|| record.named.clone());
        chains.entry(id).or_default().records.push(record);
    }
}

/// Adds the findings about an object that only looks like a digest of a chain.
fn planted(record: &DigestRecord, report: &mut PeriodReport) {
    let checks = record.validated.iter().chain(&record.verified);
    for check in checks {
        for finding in &check.findings {
            report.find_other(ObjectFinding {
                checked: record.object.clone().unwrap_or_default(),
                finding: finding.clone(),
                checked_at: check.at,
                receipt: check.document.to_string(),
            });
        }
        for reason in &check.reasons {
            report.obstacle(reason.clone());
        }
    }
}

fn head_of(key: &str, content: &[u8]) -> Result<(ChainId, Timestamp), String> {
    let head = ChainHead::read(content).map_err(|error| error.to_string())?;
    let ObjectKind::Digest(newest) = classify(&head.newest.key) else {
        return Err("its newest digest does not have the key of a digest".to_owned());
    };
    if head.key().as_deref() != Some(key) {
        return Err("it is the head of another chain".to_owned());
    }
    Ok((ChainId::of(&head.bucket, &newest.chain), head.since))
}
