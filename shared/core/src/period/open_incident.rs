//! An incident that was open in a period, as a report has it.

use crate::finding::Severity;
use jiff::Timestamp;

/// Who took note of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// The person.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The time until which the incident is not reported again.
    pub until: Option<Timestamp>,
    /// The reason.
    pub reason: String,
}

/// An incident that was open in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodIncident {
    /// The ID of its findings.
    pub id: String,
    /// The kind of its findings.
    pub kind: String,
    /// Their severity.
    pub severity: Severity,
    /// The account.
    pub account: Option<String>,
    /// The Region.
    pub region: Option<String>,
    /// The newest object that shows it.
    pub object: String,
    /// The newest finding in a sentence.
    pub message: String,
    /// When it was found. If it was closed and found again, the time when it was found again.
    pub opened_at: Timestamp,
    /// When it was found last.
    pub repeated_at: Timestamp,
    /// How often it was found.
    pub occurrences: u64,
    /// Who took note of it.
    pub acknowledged: Option<Acknowledged>,
    /// When everything was right again.
    pub closed_at: Option<Timestamp>,
    /// When the log named it for the first time.
    pub logged_at: Option<Timestamp>,
    /// Indicates whether the document is the newest that the log names. Otherwise it was changed
    /// since the newest round.
    pub is_as_logged: bool,
}
