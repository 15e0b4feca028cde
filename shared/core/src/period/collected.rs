//! The documents of a period, as the log names them, and what their receipts say.

use super::acknowledgments::LoggedAcknowledgments;
use super::digest_record::DigestRecord;
use super::incidents::{self, LoggedIncidents};
use super::lost_days::{self, LostDays};
use super::lost_receipts::LostReceipt;
use super::receipt_key::{self, DigestsOf, ReceiptKey};
use super::report::{Build, ChainId, ObjectFinding, PeriodReport};
use super::scope::PeriodScope;
use super::seen_check::{SeenCheck, clipped_finding};
use super::span::PeriodSpan;
use crate::alert::acknowledgment::ACKNOWLEDGMENTS;
use crate::evidence_log::{LogEntry, LogFault, LoggedDocument};
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::names::sha256::Sha256;
use crate::names::text::{clip, clip_visibly};
use crate::receipt::places;
use crate::receipt::{Receipt, key_of_document, read_receipts};
use crate::watch::VALIDATOR;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The maximum number of receipts of a period.
const MAX_RECEIPTS: usize = 1_000_000;

/// The maximum number of folders of which the log says how far it goes: more than the days of 250 years.
/// Documents of a folder without this time count as newer than the log.
const MAX_FOLDERS: usize = 100_000;

/// The maximum number of chains.
pub(super) const MAX_CHAINS: usize = 100_000;

/// The maximum number of builds of a chain.
const MAX_BUILDS: usize = 50;

/// The maximum length in characters of a word of a receipt that is kept.
const MAX_WORD_CHARS: usize = 60;

/// How long after the end of a period a digest of its last hour ends at most.
pub(super) const ENDS_WITHIN: SignedDuration = SignedDuration::from_hours(2);

/// What the log and its documents say about a period.
#[derive(Debug)]
pub(super) struct CollectedPeriod {
    period: PeriodSpan,
    scope: PeriodScope,
    /// By the folder of the digest's own receipts.
    records: BTreeMap<String, DigestRecord>,
    lost_of_days: LostDays,
    /// The start of a hash of the key of each receipt of the period that the log names.
    named: HashSet<[u8; 16]>,
    /// The newest receipt of `digest-validator` from before the period, by trail.
    pub(super) before: BTreeMap<ChainId, LoggedDocument>,
    pub(super) builds: BTreeMap<ChainId, BTreeMap<Build, u64>>,
    pub(super) incidents: LoggedIncidents,
    pub(super) acknowledgments: LoggedAcknowledgments,
    /// For each folder, the time up to which its documents are in the log.
    pub(super) done: BTreeMap<String, Timestamp>,
    receipts: usize,
    left_out: usize,
    chains_left_out: bool,
}

fn name_of(key: &str) -> [u8; 16] {
    let hash = Sha256::of(key.as_bytes()).to_bytes();
    hash.first_chunk().copied().unwrap_or_default()
}

/// Returns the trail that the key of a receipt names, without its place.
fn trail_of(key: &ReceiptKey<'_>) -> ChainId {
    ChainId {
        account: key.account.to_owned(),
        region: key.region.to_owned(),
        trail: key.trail.to_owned(),
        home_region: key.home_region.to_owned(),
        bucket: None,
        folder: None,
    }
}

impl CollectedPeriod {
    pub(super) fn new(period: PeriodSpan, scope: PeriodScope) -> Self {
        Self {
            period,
            scope,
            records: BTreeMap::new(),
            lost_of_days: LostDays::default(),
            named: HashSet::new(),
            before: BTreeMap::new(),
            builds: BTreeMap::new(),
            incidents: LoggedIncidents::default(),
            acknowledgments: LoggedAcknowledgments::default(),
            done: BTreeMap::new(),
            receipts: 0,
            left_out: 0,
            chains_left_out: false,
        }
    }

    /// Returns whether the key is that of a receipt of the period.
    pub(super) fn has(&self, key: &str) -> bool {
        if let Some(named) = ReceiptKey::read(key) {
            return self.is_in_time(named.digests)
                && self.scope.has(Some(named.account), Some(named.region));
        }
        receipt_key::is_misnamed(key) && self.scope.is_everything() && self.is_day_of_period(key)
    }

    /// Returns whether a digest may be one of the period.
    fn is_in_time(&self, digests: DigestsOf) -> bool {
        let last = self.period.to.saturating_add(ENDS_WITHIN);
        digests.may_end_within(self.period.from, last.unwrap_or(Timestamp::MAX))
    }

    fn is_day_of_period(&self, key: &str) -> bool {
        let first = receipt_key::folder_of_receipts(self.period.from);
        let last = receipt_key::folder_of_receipts(self.period.to);
        key >= first.as_str() && (key < last.as_str() || key.starts_with(&last))
    }

    /// Returns whether the log names a receipt of the period.
    pub(super) fn names(&self, key: &str) -> bool {
        self.named.contains(&name_of(key))
    }

    /// Adds an entry of the log. Returns the document, if it is a receipt of the period.
    pub(super) fn add(
        &mut self,
        entry: LogEntry,
        report: &mut PeriodReport,
    ) -> Option<LoggedDocument> {
        match entry {
            LogEntry::Document(document) => self.add_document(document),
            LogEntry::Unread { key, .. } => {
                if self.has(&key) {
                    if !self.has_room() {
                        return None;
                    }
                    self.named.insert(name_of(&key));
                    let why = "a receipt could not be read when it was added to the log";
                    self.lose(&key, why, false);
                } else if key.starts_with(incidents::FOLDER) {
                    report.obstacle(format!(
                        "{key}: the incident could not be read when it was added to the log"
                    ));
                }
                None
            }
            LogEntry::Round { at, folders } => {
                report.newest_round = report.newest_round.max(Some(at));
                for folder in folders {
                    if self.done.len() < MAX_FOLDERS || self.done.contains_key(&folder.folder) {
                        self.done.insert(folder.folder, folder.until);
                    }
                }
                None
            }
        }
    }

    fn add_document(&mut self, document: LoggedDocument) -> Option<LoggedDocument> {
        if document.key.starts_with(incidents::FOLDER) {
            self.incidents.add(document);
            return None;
        }
        if document.key.starts_with(ACKNOWLEDGMENTS) {
            self.acknowledgments.add(document);
            return None;
        }
        if self.has(&document.key) {
            if !self.has_room() {
                return None;
            }
            self.named.insert(name_of(&document.key));
            return Some(document);
        }
        let key = ReceiptKey::read(&document.key)?;
        let is_before = key.digests.end_before(self.period.from)
            && places::is_receipt_of(VALIDATOR, key.name)
            && self.scope.has(Some(key.account), Some(key.region));
        if is_before {
            let trail = trail_of(&key);
            self.know_before(trail, document);
        }
        None
    }

    /// Counts a document of the period. Returns whether the period has room for it.
    fn has_room(&mut self) -> bool {
        let has_room = self.receipts < MAX_RECEIPTS;
        let count = if has_room {
            &mut self.receipts
        } else {
            &mut self.left_out
        };
        *count = count.saturating_add(1);
        has_room
    }

    /// Returns whether no document of the period is left out.
    pub(super) fn is_complete(&self) -> bool {
        self.left_out == 0 && self.lost_of_days.left_out() == 0
    }

    /// Records that a document has a receipt of the trail from before the period.
    fn know_before(&mut self, trail: ChainId, document: LoggedDocument) {
        if self.before.len() < MAX_CHAINS || self.before.contains_key(&trail) {
            self.before.insert(trail, document);
        } else {
            self.chains_left_out = true;
        }
    }

    /// Adds a receipt of the period that the bucket holds, as `content`, or lacks.
    pub(super) fn take(
        &mut self,
        document: &LoggedDocument,
        content: Option<Vec<u8>>,
        report: &mut PeriodReport,
    ) {
        let key = &document.key;
        let Some(content) = content else {
            let message = "The log names the receipt, and it does not exist.";
            report.find(LogFault::DocumentMissing, key, message);
            return self.lose(key, "a receipt is missing, though the log names it", true);
        };
        if !document.is_of(&content) {
            let message = format!(
                "The receipt is not the one that the log names: the log has SHA-256 {}, and the document has {}.",
                document.sha256,
                Sha256::of(&content)
            );
            report.find(LogFault::DocumentChanged, key, message);
            return self.lose(key, "a receipt is not the one that the log names", true);
        }
        let receipts = match read_receipts(&content) {
            Ok(receipts) => receipts,
            Err(error) => {
                report.obstacle(format!("{key}: {error}"));
                return self.lose(key, "a document in the folder is not a receipt", false);
            }
        };
        let json = String::from_utf8_lossy(&content);
        if key_of_document(&receipts, &json).as_ref() != Some(key) {
            report.obstacle(format!("{key}: the receipt is about another object"));
            return self.lose(key, "a receipt is about another object", false);
        }
        let checks = receipts.iter().map(|receipt| receipt.checked_at);
        if let Some(message) = document.backdating(checks) {
            report.find(LogFault::DocumentBackdated, key, message);
            return self.lose(key, "a receipt states another time than S3 stored it", true);
        }
        self.receipts = self
            .receipts
            .saturating_add(receipts.len().saturating_sub(1));
        let key: Arc<str> = key.as_str().into();
        for receipt in receipts {
            if let ObjectKind::Digest(digest) = classify(&receipt.object.key) {
                self.add_receipt(document, &key, receipt, &digest, report);
            } else {
                report.receipts += 1;
                other(&key, &receipt, report);
            }
        }
    }

    /// Adds the receipt of a digest, which a document with this key has.
    fn add_receipt(
        &mut self,
        document: &LoggedDocument,
        key: &Arc<str>,
        receipt: Receipt,
        digest: &DigestKey,
        report: &mut PeriodReport,
    ) {
        let bucket = &receipt.object.bucket;
        if !self.is_in_time(DigestsOf::Hour(digest.end_time)) {
            // Of a day in which the period starts or ends.
            if digest.end_time <= self.period.from && receipt.function == VALIDATOR {
                let trail = ChainId::of(bucket, &digest.chain).without_place();
                self.know_before(trail, document.clone());
            }
            return;
        }
        report.receipts += 1;
        let chain = ChainId::of(bucket, &digest.chain);
        self.count_build(&chain, &receipt);
        let object = format!("s3://{bucket}/{}", receipt.object.key);
        let is_backfill = digest.series == DigestSeries::Backfill;
        if is_backfill {
            other(key, &receipt, report);
        }
        let folder = places::folder_of_digest(bucket, digest);
        let function = receipt.function.clone();
        let check = SeenCheck::of(receipt, digest.end_time, Arc::clone(key));
        let record = self.record(folder, digest.end_time, chain.without_place());
        record.chain = Some(chain);
        record.object = Some(object);
        record.is_backfill = is_backfill;
        record.add(&function, check);
    }

    fn count_build(&mut self, chain: &ChainId, receipt: &Receipt) {
        let word = |text: &str| clip(text, MAX_WORD_CHARS).to_owned();
        let build = Build {
            function: word(&receipt.function),
            version: word(&receipt.version),
            function_version: word(&receipt.function_version),
        };
        let builds = self.builds.entry(chain.clone()).or_default();
        if builds.len() < MAX_BUILDS || builds.contains_key(&build) {
            let count = builds.entry(build).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Records that nobody knows what a document with receipts said.
    pub(super) fn lose(&mut self, key: &str, why: &'static str, is_finding: bool) {
        let Some(named) = ReceiptKey::read(key) else {
            return;
        };
        let lost = LostReceipt {
            key: key.into(),
            why,
            is_finding,
        };
        let trail = trail_of(&named);
        match named.digests {
            DigestsOf::Hour(end) => {
                let record = self.record(named.folder.to_owned(), end, trail);
                record.lost.add(lost);
            }
            DigestsOf::Day(start) => self.lost_of_days.add(trail, start, lost),
        }
    }

    /// Returns what the receipts of each digest say.
    pub(super) fn take_records(&mut self) -> Vec<DigestRecord> {
        let records = std::mem::take(&mut self.records);
        let mut records: Vec<DigestRecord> = records.into_values().collect();
        let lost = std::mem::take(&mut self.lost_of_days);
        lost.mark(&mut records, |end| self.is_in_time(DigestsOf::Hour(end)));
        records
    }

    /// Returns the record of the digest whose receipts of its own are in this folder.
    fn record(&mut self, folder: String, end: Timestamp, named: ChainId) -> &mut DigestRecord {
        let record = || DigestRecord::new(end, named);
        self.records.entry(folder).or_insert_with(record)
    }

    /// Says which bounds were reached.
    pub(super) fn say_bounds(&self, report: &mut PeriodReport) {
        if self.left_out > 0 {
            report.obstacle(format!(
                "the period has more than {MAX_RECEIPTS} receipts: {} are left out. Give a shorter period, or an account or a Region",
                self.left_out
            ));
        }
        let lost = self.lost_of_days.left_out();
        if lost > 0 {
            report.obstacle(format!(
                "documents with receipts are lost for more than {} days of trails: {lost} documents are left out. Give a shorter period, or an account or a Region",
                lost_days::MAX_DAYS
            ));
        }
        if self.chains_left_out {
            report.obstacle(format!(
                "the log names receipts of more than {MAX_CHAINS} chains before the period: chains without a receipt in the period may be left out"
            ));
        }
    }
}

/// Adds the findings of a receipt of an object that is not the digest of an hour.
fn other(key: &str, receipt: &Receipt, report: &mut PeriodReport) {
    let checked = format!("s3://{}/{}", receipt.object.bucket, receipt.object.key);
    let checked = clip_visibly(checked, 1_100);
    for finding in &receipt.findings {
        report.find_other(ObjectFinding {
            checked: checked.clone(),
            finding: clipped_finding(finding.clone()),
            checked_at: receipt.checked_at,
            receipt: key.to_owned(),
        });
    }
    let more = u64::try_from(receipt.findings_left_out).unwrap_or(u64::MAX);
    report.left_out = report.left_out.saturating_add(more);
    for why in receipt.cannot_tell.iter().take(5) {
        report.obstacle(clip_visibly(why.clone(), 1_100));
    }
}
