//! Holds the receipts of a period against the trail: whether the digests in the log bucket are those
//! that the receipts are about, and whether each digest has a receipt.

use super::digest_record::{DigestRecord, in_hour_until};
use super::read::PeriodReader;
use super::report::{ChainId, PeriodReport};
use super::span::PeriodSpan;
use crate::check::digest::DigestVerifier;
use crate::evidence_log::{LogFault, LogFinding};
use crate::names::date_folder::day_folder;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::names::sha256::Sha256;
use crate::world::{
    Cause, FetchEvidence, ListAfter, ListPublicKeys, ListStored, ReadObject, StoreError,
};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The number of digests that are read at the same time.
const DIGESTS_AT_ONCE: usize = 64;

/// The maximum number of pages of digests of an account and Region in a period: 400 days of hourly
/// digests of 50 trails.
const MAX_PAGES: usize = 500;

/// The time after the end of a digest by which both functions have left their receipts, and the log
/// has them: CloudTrail delivers a digest half an hour late, and the functions try for some hours.
const LOGGED_WITHIN: SignedDuration = SignedDuration::from_hours(8);

/// The result of holding receipts against the trail.
#[derive(Debug)]
pub struct TrailComparison {
    /// The number of digests that are what their receipts state.
    pub same: u64,
    /// The number of digests of other buckets, which were not compared.
    pub elsewhere: u64,
    /// What the evidence itself shows: its findings and obstacles come first.
    pub report: PeriodReport,
}

/// A digest that CloudTrail signed, as its receipts state it.
struct RecordedDigest {
    at: ObjectLocation,
    sha256: Sha256,
    checked_at: Timestamp,
}

impl<E: FetchEvidence + ListStored> PeriodReader<'_, E> {
    /// Holds the receipts of the period against the digests in a bucket. Calls `progress` with the
    /// number of digests that were compared, and with that of all.
    ///
    /// # Errors
    /// [`StoreError`]: the evidence bucket could not be listed.
    pub async fn against<S, K>(
        &self,
        digests: &DigestVerifier<S, K>,
        bucket: &str,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<TrailComparison, StoreError>
    where
        S: ReadObject + ListAfter,
        K: ListPublicKeys,
    {
        let mut report = PeriodReport::new(self.period);
        let Some(mut collected) = self.collect(&mut report, |_, _| ()).await else {
            return Ok(TrailComparison::of(report));
        };
        let since = self.heads(&mut report).await?.into_iter().collect();
        let checkpoint = report.checkpoint.as_ref();
        let is_read = checkpoint.is_some_and(|checkpoint| checkpoint.size == report.entries);
        let is_complete = is_read && collected.is_complete();
        let records = collected.take_records();
        let mut comparison = TrailComparison::of(report);
        let mut recorded = Vec::new();
        for record in &records {
            comparison.note(record, bucket, &mut recorded);
        }
        if recorded.is_empty() {
            comparison.report.obstacle(format!(
                "no receipt of the period is about a digest in s3://{bucket} that CloudTrail signed: nothing was compared. Check the name of the bucket, and the period"
            ));
        }
        let all = u64::try_from(recorded.len()).unwrap_or(u64::MAX);
        let mut compared = 0;
        let mut reads = stream::iter(&recorded)
            .map(async |digest| (digest, digests.content_hash(&digest.at).await))
            .buffered(DIGESTS_AT_ONCE);
        while let Some((digest, found)) = reads.next().await {
            comparison.compare(digest, found);
            compared += 1;
            progress(compared, all);
        }
        if !is_complete {
            let why = "the log could not be read as a whole: digests without receipts were not looked for";
            comparison.report.obstacle(why);
            return Ok(comparison);
        }
        let listed = ListedDigests::new(records.iter(), bucket, self.period);
        listed.look(digests.store(), &since, &mut comparison).await;
        Ok(comparison)
    }
}

impl TrailComparison {
    fn of(report: PeriodReport) -> Self {
        Self {
            same: 0,
            elsewhere: 0,
            report,
        }
    }

    /// Returns the findings.
    #[must_use]
    pub fn findings(&self) -> &[LogFinding] {
        &self.report.findings
    }

    /// Notes what the receipts of a digest state about it.
    fn note(&mut self, record: &DigestRecord, bucket: &str, recorded: &mut Vec<RecordedDigest>) {
        let Some(at) = location(record) else {
            return;
        };
        if at.bucket != bucket {
            self.elsewhere += 1;
            return;
        }
        let checks = record.validated.iter().chain(&record.verified);
        let mut signed: Vec<_> = checks
            .filter_map(|check| Some((check.at, check.signed?)))
            .collect();
        signed.sort_by_key(|(at, _)| *at);
        let contents: BTreeSet<_> = signed.iter().map(|(_, hash)| hash.to_bytes()).collect();
        if contents.len() > 1 {
            let message = "Its receipts state different contents, and that CloudTrail signed each of them. CloudTrail signs one digest for an hour.";
            self.report
                .find(LogFault::DigestChanged, &at.to_string(), message);
        }
        if let Some((checked_at, sha256)) = signed.pop() {
            recorded.push(RecordedDigest {
                at,
                sha256,
                checked_at,
            });
        }
    }

    fn compare(&mut self, digest: &RecordedDigest, found: Result<Option<Sha256>, StoreError>) {
        let key = digest.at.to_string();
        let stated = format!(
            "A receipt states that CloudTrail signed this digest, with SHA-256 {}, when it was checked at {}.",
            digest.sha256, digest.checked_at
        );
        match found {
            Ok(Some(hash)) if hash == digest.sha256 => self.same += 1,
            Ok(Some(hash)) => {
                let message = format!("{stated} Its content has SHA-256 {hash} now.");
                self.report.find(LogFault::DigestChanged, &key, message);
            }
            Ok(None) => {
                let message = format!("{stated} The object is not a digest now.");
                self.report.find(LogFault::DigestChanged, &key, message);
            }
            Err(error) if error.absence().is_some() => {
                let message = format!("{stated} It does not exist now.");
                self.report.find(LogFault::DigestMissing, &key, message);
            }
            Err(error) => self.report.obstacle(error.to_string()),
        }
    }
}

/// Returns the location of a digest, if one of its receipts could be read.
fn location(record: &DigestRecord) -> Option<ObjectLocation> {
    let (bucket, key) = record
        .object
        .as_deref()?
        .strip_prefix("s3://")?
        .split_once('/')?;
    Some(ObjectLocation::new(bucket, key))
}

/// The digests in the folders of a bucket in which digests have receipts.
struct ListedDigests<'a> {
    folders: BTreeSet<RegionFolder>,
    recorded: BTreeSet<String>,
    /// The trails and the ends of the hours about which a receipt is lost.
    lost: BTreeMap<ChainId, Vec<Timestamp>>,
    bucket: &'a str,
    period: PeriodSpan,
}

impl<'a> ListedDigests<'a> {
    fn new<'r>(
        records: impl Iterator<Item = &'r DigestRecord>,
        bucket: &'a str,
        period: PeriodSpan,
    ) -> Self {
        let mut listed = Self {
            folders: BTreeSet::new(),
            recorded: BTreeSet::new(),
            lost: BTreeMap::new(),
            bucket,
            period,
        };
        for record in records {
            if !record.lost.is_empty() {
                let lost = listed.lost.entry(record.named.clone()).or_default();
                lost.push(record.end);
            }
            let Some(at) = location(record).filter(|at| at.bucket == bucket) else {
                continue;
            };
            if let ObjectKind::Digest(key) = classify(&at.key) {
                listed.folders.insert(RegionFolder {
                    bucket: at.bucket,
                    folder: key.chain.folder,
                    region: key.chain.region,
                });
                listed.recorded.insert(at.key);
            }
        }
        listed
    }

    /// Looks for digests without receipts.
    async fn look<S: ListAfter>(
        &self,
        store: &S,
        since: &BTreeMap<ChainId, Timestamp>,
        comparison: &mut TrailComparison,
    ) {
        let logged = comparison.report.newest_round;
        let Some(until) = logged.and_then(|round| round.checked_sub(LOGGED_WITHIN).ok()) else {
            let why = "the log does not say when it was continued: digests without receipts were not looked for";
            return comparison.report.obstacle(why);
        };
        let until = until.min(self.period.to);
        for folder in &self.folders {
            if let Err(error) = self
                .look_into(store, folder, until, since, comparison)
                .await
            {
                comparison.report.obstacle(error.to_string());
            }
        }
    }

    async fn look_into<S: ListAfter>(
        &self,
        store: &S,
        folder: &RegionFolder,
        until: Timestamp,
        since: &BTreeMap<ChainId, Timestamp>,
        comparison: &mut TrailComparison,
    ) -> Result<(), StoreError> {
        let prefix = folder.digests();
        let mut after = format!("{prefix}{}", day_folder(self.period.from));
        // Keys of later days sort after it.
        let last = format!("{prefix}{}~", day_folder(until));
        for _ in 0..MAX_PAGES {
            let page = store.list_after(self.bucket, &prefix, &after).await?;
            let is_over = page.keys.last().is_none_or(|key| *key > last);
            for key in page.keys {
                if let ObjectKind::Digest(digest) = classify(&key) {
                    self.check(&key, &digest, until, since, comparison);
                }
            }
            match page.next {
                Some(next) if !is_over => after = next,
                _ => return Ok(()),
            }
        }
        Err(StoreError {
            action: "list all of",
            subject: format!("s3://{}/{prefix}", self.bucket),
            cause: Cause::TooLarge(format!("it has more than {MAX_PAGES} pages of objects")),
        })
    }

    /// Returns whether a receipt of the digest may be one of those that are lost.
    fn may_be_lost(&self, digest: &DigestKey) -> bool {
        let trail = ChainId::of(self.bucket, &digest.chain).without_place();
        let lost = self.lost.get(&trail).into_iter().flatten();
        lost.copied().any(|end| in_hour_until(end, digest.end_time))
    }

    fn check(
        &self,
        key: &str,
        digest: &DigestKey,
        until: Timestamp,
        since: &BTreeMap<ChainId, Timestamp>,
        comparison: &mut TrailComparison,
    ) {
        let end = digest.end_time;
        let is_of_period = end > self.period.from && end <= until;
        if !is_of_period || digest.series != DigestSeries::Hourly || self.recorded.contains(key) {
            return;
        }
        // The time before the trail was watched has no receipts.
        let since = since.get(&ChainId::of(self.bucket, &digest.chain));
        if since.is_some_and(|since| end > *since) {
            let at = ObjectLocation::new(self.bucket, key).to_string();
            if self.may_be_lost(digest) {
                let report = &mut comparison.report;
                return report.obstacle(format!(
                    "{at}: a document that may have a receipt of the digest is lost or cannot be read"
                ));
            }
            let message = "The digest is in the bucket, and the log names no receipt of it.";
            comparison
                .report
                .find(LogFault::DigestUnrecorded, &at, message);
        }
    }
}
