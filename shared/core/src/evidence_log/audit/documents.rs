//! The documents that the log names: what is in the evidence bucket now.

use super::report::{LogFault, LogReport};
use crate::evidence_log::entry::{CONTINUED_WITHIN, LoggedDocument};
use crate::evidence_log::folders::{self, RECEIPTS};
use crate::evidence_log::gather;
use crate::evidence_log::listing::every_stored;
use crate::names::sha256::Sha256;
use crate::receipt::{MAX_RECEIPT_BYTES, read_receipts};
use crate::world::{FetchEvidence, ListStored, StoreError};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The number of documents that are read at the same time.
const READS_AT_ONCE: usize = 32;

/// The maximum number of documents that are compared with a listing of their folder.
const MAX_NAMED_DOCUMENTS: usize = 20_000_000;

/// How long after the newest round days are looked for that the log does not know.
const LONGEST_GAP: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// The documents that the log names.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// The names of all of them: the start of a hash of each key.
    named: HashSet<[u8; 16]>,
    /// The newest entry of each document that may be replaced.
    replaceable: BTreeMap<String, LoggedDocument>,
    /// The documents that have not been read yet.
    waiting: Vec<LoggedDocument>,
    is_full: bool,
}

fn name_of(key: &str) -> [u8; 16] {
    let hash = Sha256::of(key.as_bytes()).to_bytes();
    hash.first_chunk().copied().unwrap_or_default()
}

impl Documents {
    /// Adds the key of a document that the log names.
    pub(super) fn name(&mut self, key: &str) {
        if self.named.len() < MAX_NAMED_DOCUMENTS {
            self.named.insert(name_of(key));
        } else {
            self.is_full = true;
        }
    }

    /// Adds a document.
    pub(super) fn add(&mut self, document: LoggedDocument) {
        self.name(&document.key);
        if document.key.starts_with(RECEIPTS) {
            self.waiting.push(document);
        } else {
            self.replaceable.insert(document.key.clone(), document);
        }
    }

    /// Reads the documents that were added since the last call, and compares them with the log.
    pub(super) async fn compare<E: FetchEvidence>(&mut self, evidence: &E, report: &mut LogReport) {
        let waiting = std::mem::take(&mut self.waiting);
        compare(evidence, waiting, report).await;
    }

    /// Compares the documents that may be replaced, and looks for documents that the log does not
    /// name. `done` gives for each folder the time up to which its documents are in the log.
    ///
    /// # Errors
    /// [`StoreError`]: a listing failed.
    pub(super) async fn finish<E: FetchEvidence + ListStored>(
        &mut self,
        evidence: &E,
        done: &BTreeMap<String, Timestamp>,
        report: &mut LogReport,
    ) -> Result<(), StoreError> {
        let mut replaced = BTreeSet::new();
        let mut newest = None;
        for (folder, done) in done {
            every_stored(evidence, folder, |document| {
                if document.last_modified > *done {
                    report.not_logged_yet += 1;
                    newest = newest.max(Some(document.last_modified));
                    if self.replaceable.contains_key(&document.key) {
                        replaced.insert(document.key);
                    }
                } else if !self.is_full && !self.named.contains(&name_of(&document.key)) {
                    let message = format!(
                        "The log does not name the document, although it was stored at {} and the log has all documents until {done}.",
                        document.last_modified
                    );
                    report.find(LogFault::DocumentUnlogged, &document.key, message);
                }
            })
            .await?;
        }
        if let Some(round) = report.newest_round {
            for folder in unknown_days(evidence, done, round).await? {
                every_stored(evidence, &folder, |document| {
                    report.not_logged_yet += 1;
                    newest = newest.max(Some(document.last_modified));
                })
                .await?;
            }
            check_end(round, newest, report);
        }
        if self.is_full {
            report.obstacle(format!(
                "the log names more than {MAX_NAMED_DOCUMENTS} documents: the others were not compared with the listings of their folders"
            ));
        }
        let mut replaceable = std::mem::take(&mut self.replaceable);
        replaceable.retain(|key, _| !replaced.contains(key));
        compare(evidence, replaceable.into_values(), report).await;
        Ok(())
    }
}

/// Returns the folders of days that the log has not looked at yet, and would look at each time: those
/// that had begun two days before the newest round, and later ones.
async fn unknown_days<E: ListStored>(
    evidence: &E,
    done: &BTreeMap<String, Timestamp>,
    round: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let last = round.checked_add(LONGEST_GAP).unwrap_or(round);
    let days = gather::days(evidence, last).await?.days;
    let first = folders::first_recent_day(round);
    let days = days.into_iter().filter(|day| *day >= first);
    let folders = days.map(folders::folder_of);
    Ok(folders
        .filter(|folder| !done.contains_key(folder))
        .collect())
}

/// Checks that the log goes on as long as documents do. If somebody removes the end of the log, the
/// rest still verifies.
fn check_end(round: Timestamp, newest: Option<Timestamp>, report: &mut LogReport) {
    let Some(newest) = newest.filter(|newest| newest.duration_since(round) > CONTINUED_WITHIN)
    else {
        return;
    };
    report.obstacle(format!(
        "the newest round of the log was made at {round}, and documents were stored until {newest}: either nothing was appended since then, or somebody removed the end of the log. Give a later checkpoint with --checkpoint"
    ));
}

/// Compares documents with the log.
async fn compare<E: FetchEvidence>(
    evidence: &E,
    documents: impl IntoIterator<Item = LoggedDocument>,
    report: &mut LogReport,
) {
    let mut reads = stream::iter(documents)
        .map(async |document| {
            let found = evidence.fetch(&document.key, MAX_RECEIPT_BYTES).await;
            (document, found)
        })
        .buffered(READS_AT_ONCE);
    while let Some((document, found)) = reads.next().await {
        let key = &document.key;
        match found {
            Ok(Some(content)) if document.is_of(&content) => {
                report.documents += 1;
                if key.starts_with(RECEIPTS) {
                    check_time(&document, &content, report);
                }
            }
            Ok(Some(content)) => {
                let message = format!(
                    "The document is not the one that the log names: the log has SHA-256 {}, and the document has {}.",
                    document.sha256,
                    Sha256::of(&content)
                );
                report.find(LogFault::DocumentChanged, key, message);
            }
            Ok(None) => report.find(
                LogFault::DocumentMissing,
                key,
                "The log names the document, and it does not exist.",
            ),
            Err(error) => report.obstacle(error.to_string()),
        }
    }
}

/// Checks that receipts were stored shortly after the checks that they are about.
fn check_time(document: &LoggedDocument, content: &[u8], report: &mut LogReport) {
    let receipts = match read_receipts(content) {
        Ok(receipts) => receipts,
        Err(error) => {
            report.obstacle(format!("{}: {error}", document.key));
            return;
        }
    };
    let checks = receipts.iter().map(|receipt| receipt.checked_at);
    if let Some(message) = document.backdating(checks) {
        report.find(LogFault::DocumentBackdated, &document.key, message);
    }
}
