//! The incidents that were open in a period.

use super::open_incident::PeriodIncident;
use super::report::PeriodReport;
use super::scope::PeriodScope;
use super::span::PeriodSpan;
use crate::alert::incident::{Incident, MAX_DOCUMENT_BYTES};
use crate::evidence_log::{LogFault, LoggedDocument};
use crate::world::FetchEvidence;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The folder of incidents.
pub(super) const FOLDER: &str = "incidents/";

/// The maximum number of incidents that are read.
const MAX_INCIDENTS: usize = 100_000;

/// The number of incidents that are read at the same time.
const READS_AT_ONCE: usize = 32;

/// An incident that the log names.
#[derive(Debug, Clone)]
struct LoggedIncident {
    first: Timestamp,
    newest: LoggedDocument,
}

/// The incidents that the log names, and those that the bucket holds besides.
#[derive(Debug, Default)]
pub(super) struct LoggedIncidents {
    logged: BTreeMap<String, LoggedIncident>,
    /// Those that were written after the newest round.
    later: BTreeMap<String, Timestamp>,
    left_out: usize,
}

/// Returns the ID of the incident that is the document with this key.
fn id_of(key: &str) -> Option<&str> {
    let id = key.strip_prefix(FOLDER)?.strip_suffix(".json")?;
    (!id.contains('/')).then_some(id)
}

/// Returns whether this is the key of an incident.
pub(super) fn is_incident(key: &str) -> bool {
    id_of(key).is_some()
}

impl LoggedIncidents {
    /// Adds a state of an incident that the log names.
    pub(super) fn add(&mut self, document: LoggedDocument) {
        if id_of(&document.key).is_none() {
            return;
        }
        if let Some(known) = self.logged.get_mut(&document.key) {
            known.newest = document;
        } else if self.logged.len() < MAX_INCIDENTS {
            let first = document.last_modified;
            let incident = LoggedIncident {
                first,
                newest: document,
            };
            self.logged.insert(incident.newest.key.clone(), incident);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds a document that a listing names and that was written after the newest round. Returns
    /// whether it is an incident.
    pub(super) fn add_later(&mut self, key: &str, stored: Timestamp) -> bool {
        let is_incident = id_of(key).is_some();
        if is_incident && self.later.len() < MAX_INCIDENTS {
            self.later.insert(key.to_owned(), stored);
        }
        is_incident
    }

    /// Returns whether the log names a document.
    pub(super) fn names(&self, key: &str) -> bool {
        self.logged.contains_key(key)
    }

    /// Returns whether incidents were left out.
    pub(super) fn is_full(&self) -> bool {
        self.left_out > 0
    }

    /// Reads the incidents, and adds those of the period to the report.
    pub(super) async fn read<E: FetchEvidence>(
        self,
        evidence: &E,
        scope: &PeriodScope,
        report: &mut PeriodReport,
    ) {
        if self.left_out > 0 {
            report.obstacle(format!(
                "there are more than {MAX_INCIDENTS} incidents: {} are left out",
                self.left_out
            ));
        }
        let only_later = self
            .later
            .keys()
            .filter(|key| !self.logged.contains_key(*key));
        let keys: Vec<String> = self.logged.keys().chain(only_later).cloned().collect();
        let mut reads = stream::iter(keys)
            .map(async |key| {
                let found = evidence.fetch(&key, MAX_DOCUMENT_BYTES).await;
                (key, found)
            })
            .buffered(READS_AT_ONCE);
        while let Some((key, found)) = reads.next().await {
            let content = match found {
                Ok(Some(content)) => content,
                Ok(None) => {
                    let message = "The log names the incident, and it does not exist.";
                    report.find(LogFault::DocumentMissing, &key, message);
                    continue;
                }
                Err(error) => {
                    report.obstacle(error.to_string());
                    continue;
                }
            };
            self.take(&key, &content, scope, report);
        }
        report
            .incidents
            .sort_by(|a, b| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)));
    }

    fn take(&self, key: &str, content: &[u8], scope: &PeriodScope, report: &mut PeriodReport) {
        let logged = self.logged.get(key);
        let is_as_logged = logged.is_some_and(|logged| logged.newest.is_of(content));
        if !is_as_logged && !self.later.contains_key(key) {
            let message = "The incident is not the one that the log names.";
            report.find(LogFault::DocumentChanged, key, message);
            return;
        }
        let Some(incident) = id_of(key).and_then(|id| Incident::read(content, id)) else {
            report.obstacle(format!("{key}: the document is not an incident"));
            return;
        };
        let logged_at = logged.map(|logged| logged.first);
        let incident = summary(incident, logged_at, is_as_logged);
        if scope.has(incident.account.as_deref(), incident.region.as_deref())
            && is_open_in(&incident, report.period)
        {
            report.incidents.push(incident);
        }
    }
}

fn is_open_in(incident: &PeriodIncident, period: PeriodSpan) -> bool {
    let opened = incident
        .opened_at
        .min(incident.logged_at.unwrap_or(Timestamp::MAX));
    opened < period.to
        && incident
            .closed_at
            .is_none_or(|closed| closed >= period.from)
}

fn summary(incident: Incident, logged_at: Option<Timestamp>, is_as_logged: bool) -> PeriodIncident {
    let closed_at = incident
        .closing
        .map(|closing| closing.all_clear.detected_at);
    PeriodIncident {
        id: incident.id,
        kind: incident.kind,
        severity: incident.severity,
        account: incident.account,
        region: incident.region,
        object: incident.latest.object.to_string(),
        message: incident.latest.message,
        opened_at: incident.first_seen,
        repeated_at: incident.last_seen,
        occurrences: incident.occurrences,
        acknowledged: None,
        closed_at,
        logged_at,
        is_as_logged,
    }
}
