//! What the evidence bucket holds besides what the log names: documents that are newer than the log,
//! and documents that the log should name.

use super::collected::{CollectedPeriod, ENDS_WITHIN};
use super::incidents;
use super::receipt_key;
use super::report::PeriodReport;
use super::span::PeriodSpan;
use crate::alert::acknowledgment::ACKNOWLEDGMENTS;
use crate::evidence_log::{CONTINUED_WITHIN, LogFault, every_stored};
use crate::world::{ListStored, StoreError};
use jiff::{SignedDuration, Timestamp};

/// The maximum number of documents that are newer than the log and are named.
const MAX_NAMED: usize = 100;

/// Returns the folders of the days of a period.
fn day_folders(period: PeriodSpan) -> Vec<String> {
    let last = period.to.saturating_add(ENDS_WITHIN);
    let last = receipt_key::folder_of_receipts(last.unwrap_or(period.to));
    let mut folders: Vec<String> = Vec::new();
    let mut day = period.from;
    loop {
        let folder = receipt_key::folder_of_receipts(day);
        if folder > last {
            return folders;
        }
        folders.push(folder);
        let Ok(next) = day.checked_add(SignedDuration::from_hours(24)) else {
            return folders;
        };
        day = next;
    }
}

/// Compares the folders of a period, the incidents and the acknowledgments with what the log names.
///
/// # Errors
/// [`StoreError`]: a listing failed.
pub(super) async fn compare<E: ListStored>(
    evidence: &E,
    collected: &mut CollectedPeriod,
    report: &mut PeriodReport,
) -> Result<(), StoreError> {
    let mut newest: Option<Timestamp> = None;
    for folder in day_folders(report.period) {
        let done = collected.done.get(&folder).copied();
        every_stored(evidence, &folder, |document| {
            if !collected.has(&document.key) || collected.names(&document.key) {
                return;
            }
            if done.is_none_or(|done| document.last_modified > done) {
                newest = newest.max(Some(document.last_modified));
                not_logged_yet(&document.key, report);
            } else if collected.is_complete() {
                unlogged(&document.key, report);
            }
        })
        .await?;
    }
    let done = collected.done.get(incidents::FOLDER).copied();
    let known = &mut collected.incidents;
    every_stored(evidence, incidents::FOLDER, |document| {
        if done.is_none_or(|done| document.last_modified > done) {
            if known.add_later(&document.key, document.last_modified) {
                newest = newest.max(Some(document.last_modified));
                not_logged_yet(&document.key, report);
            }
        } else if incidents::is_incident(&document.key)
            && !known.names(&document.key)
            && !known.is_full()
        {
            unlogged(&document.key, report);
        }
    })
    .await?;
    let done = collected.done.get(ACKNOWLEDGMENTS).copied();
    let known = &collected.acknowledgments;
    every_stored(evidence, ACKNOWLEDGMENTS, |document| {
        if done.is_none_or(|done| document.last_modified > done) {
            newest = newest.max(Some(document.last_modified));
            not_logged_yet(&document.key, report);
        } else if !known.names(&document.key) && !known.is_full() {
            unlogged(&document.key, report);
        }
    })
    .await?;
    check_end(newest, report);
    Ok(())
}

fn not_logged_yet(key: &str, report: &mut PeriodReport) {
    report.not_logged_yet = report.not_logged_yet.saturating_add(1);
    if report.not_logged_yet_named.len() < MAX_NAMED {
        report.not_logged_yet_named.push(key.to_owned());
    }
}

fn unlogged(key: &str, report: &mut PeriodReport) {
    let message = "The log does not name the document, although it has all documents of that time.";
    report.find(LogFault::DocumentUnlogged, key, message);
}

/// Checks that the log goes on as long as documents do. If somebody removes the end of the log, the
/// rest still verifies.
fn check_end(newest: Option<Timestamp>, report: &mut PeriodReport) {
    let (Some(newest), Some(round)) = (newest, report.newest_round) else {
        return;
    };
    if newest.duration_since(round) > CONTINUED_WITHIN {
        report.obstacle(format!(
            "the newest round of the log was made at {round}, and documents were stored until {newest}: either nothing was appended since then, or somebody removed the end of the log"
        ));
    }
}
