//! Who took note of the incidents of a period, by the acknowledgments that the log names.

use super::open_incident::{Acknowledged, PeriodIncident};
use super::report::PeriodReport;
use crate::alert::acknowledgment::{ACKNOWLEDGMENTS, Acknowledgment, MAX_ACKNOWLEDGMENT_BYTES};
use crate::evidence_log::{LogFault, LoggedDocument};
use crate::world::FetchEvidence;
use std::collections::BTreeMap;

/// The maximum number of acknowledgments of an incident that are read: the newest.
const MAX_OF_AN_INCIDENT: usize = 20;

/// The maximum number of acknowledgments.
const MAX_ACKNOWLEDGMENTS: usize = 200_000;

/// The acknowledgments that the log names.
#[derive(Debug, Default)]
pub(super) struct LoggedAcknowledgments {
    /// By their keys, which are in the order of incidents and times.
    logged: BTreeMap<String, LoggedDocument>,
    left_out: usize,
}

impl LoggedAcknowledgments {
    /// Adds an acknowledgment that the log names.
    pub(super) fn add(&mut self, document: LoggedDocument) {
        if self.logged.len() < MAX_ACKNOWLEDGMENTS || self.names(&document.key) {
            self.logged.insert(document.key.clone(), document);
        } else {
            self.left_out += 1;
        }
    }

    /// Returns whether the log names a document.
    pub(super) fn names(&self, key: &str) -> bool {
        self.logged.contains_key(key)
    }

    /// Returns whether acknowledgments were left out.
    pub(super) fn is_full(&self) -> bool {
        self.left_out > 0
    }

    /// Adds the newest acknowledgment of each incident of the report.
    pub(super) async fn read<E: FetchEvidence>(self, evidence: &E, report: &mut PeriodReport) {
        if self.is_full() {
            report.obstacle(format!(
                "there are more than {MAX_ACKNOWLEDGMENTS} acknowledgments: {} are left out",
                self.left_out
            ));
        }
        let mut incidents = std::mem::take(&mut report.incidents);
        for incident in &mut incidents {
            self.read_of(incident, evidence, report).await;
        }
        report.incidents = incidents;
    }

    async fn read_of<E: FetchEvidence>(
        &self,
        incident: &mut PeriodIncident,
        evidence: &E,
        report: &mut PeriodReport,
    ) {
        let folder = format!("{ACKNOWLEDGMENTS}{}/", incident.id);
        let of_incident = self.logged.range(folder.clone()..);
        let of_incident = of_incident.take_while(|(key, _)| key.starts_with(&folder));
        let newest: Vec<&LoggedDocument> = of_incident.map(|(_, document)| document).collect();
        for document in newest.into_iter().rev().take(MAX_OF_AN_INCIDENT) {
            let key = &document.key;
            let found = evidence.fetch(key, MAX_ACKNOWLEDGMENT_BYTES).await;
            let content = match found {
                Ok(Some(content)) if document.is_of(&content) => content,
                Ok(Some(_)) => {
                    let message = "The acknowledgment is not the one that the log names.";
                    report.find(LogFault::DocumentChanged, key, message);
                    continue;
                }
                Ok(None) => {
                    let message = "The log names the acknowledgment, and it does not exist.";
                    report.find(LogFault::DocumentMissing, key, message);
                    continue;
                }
                Err(error) => {
                    report.obstacle(error.to_string());
                    continue;
                }
            };
            let Some(read) = Acknowledgment::read(&content, &incident.id) else {
                report.obstacle(format!("{key}: the document is not an acknowledgment"));
                continue;
            };
            // One of the time before the incident opened again says nothing about it.
            if incident.acknowledged.is_none() && incident.opened_at <= read.at {
                incident.acknowledged = Some(Acknowledged {
                    by: read.by,
                    at: read.at,
                    until: read.until,
                    reason: read.reason,
                });
            }
        }
    }
}
