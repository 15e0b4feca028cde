//! The rounds of the log: each continues where the one before it ended, and the entries before it
//! are of its folders and times.

use super::report::{LogFault, LogReport};
use crate::evidence_log::entry::{LogEntry, LoggedDocument, LoggedFolder};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The rounds that were read so far.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// For each folder, the time up to which its documents are in the log.
    pub(super) done: BTreeMap<String, Timestamp>,
    /// The documents since the last round.
    waiting: Vec<(String, Timestamp)>,
    newest: Option<Timestamp>,
}

impl Rounds {
    /// Adds an entry. Returns the document that it names. `place` names the object that holds the
    /// entry.
    pub(super) fn add(
        &mut self,
        entry: LogEntry,
        place: &str,
        report: &mut LogReport,
    ) -> Option<LoggedDocument> {
        match entry {
            LogEntry::Document(document) => {
                self.waiting
                    .push((document.key.clone(), document.last_modified));
                Some(document)
            }
            LogEntry::Unread {
                key,
                last_modified,
                why,
            } => {
                report.obstacle(format!(
                    "{key}: the document could not be read when it was added to the log: {why}"
                ));
                self.waiting.push((key, last_modified));
                None
            }
            LogEntry::Round { at, folders } => {
                self.close(at, &folders, place, report);
                None
            }
        }
    }

    /// Returns when the newest round was made.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Returns whether entries follow the newest round.
    pub(super) fn is_open(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn close(
        &mut self,
        at: Timestamp,
        folders: &[LoggedFolder],
        place: &str,
        report: &mut LogReport,
    ) {
        if self.newest.is_some_and(|newest| at < newest) {
            let message = format!("The round of {at} follows a later one.");
            report.find(LogFault::Round, place, message);
        }
        self.newest = self.newest.max(Some(at));
        report.first_round = report.first_round.or(Some(at));
        report.newest_round = self.newest;
        report.rounds += 1;
        for (key, stored) in std::mem::take(&mut self.waiting) {
            let of_folder = folders
                .iter()
                .find(|folder| key.starts_with(&folder.folder));
            let is_in_time = of_folder.is_some_and(|folder| {
                folder.after.is_none_or(|after| stored > after) && stored <= folder.until
            });
            if !is_in_time {
                let message = format!(
                    "The log has the document under the round of {at}, to which it does not belong: it was stored at {stored}."
                );
                report.find(LogFault::Round, &key, message);
            }
        }
        for folder in folders {
            let done = self.done.get(&folder.folder).copied();
            if done != folder.after || folder.until > at || done >= Some(folder.until) {
                let message = format!(
                    "The round of {at} does not continue the round before it for this folder."
                );
                report.find(LogFault::Round, &folder.folder, message);
            }
            self.done.insert(folder.folder.clone(), folder.until);
        }
    }
}
