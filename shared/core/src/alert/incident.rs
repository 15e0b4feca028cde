//! Incidents: what people have heard of, so that they hear of it once, and of what is new.
//!
//! All findings of one id are one incident. It is a document in the evidence bucket,
//! `incidents/ID.json`, which the `alerter` alone writes, and only after SNS has accepted the
//! message. Its times are those of detection: what a record or a file name says about time opens,
//! grows and closes nothing.

use super::notice::{Notice, Pace};
use super::sent_finding::SentFinding;
use crate::finding::Severity;
use crate::names::printable::printable;
use crate::names::text::clip;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The schema of an incident's document.
pub const SCHEMA: &str = "trailseal.incident/1";

/// The most bytes of an incident's document that is read. What is written has half of that at most: its
/// occurrences, and one finding in full.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// The most occurrences that an incident remembers one by one. An older one that is found again
/// counts as another.
const MAX_REMEMBERED: usize = 400;

/// The most characters of an object's place that are kept with an occurrence.
const MAX_PLACE_CHARS: usize = 200;

/// The most characters of what tells an occurrence from others.
const MAX_OCCURRENCE_CHARS: usize = 64;

/// How far ahead of the clock at hand another function's may be.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// The longest time that a reminder waits in the queue.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// So much later than it is due a reminder counts as lost, and another one is sent.
const REMINDER_LOST: Duration = Duration::from_mins(10);

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    schema: String,
    /// The id of its findings.
    pub id: String,
    /// The kind of its findings.
    pub kind: String,
    /// The severity of its findings.
    pub severity: Severity,
    /// The account that it is about, as far as known.
    pub account: Option<String>,
    /// The Region that it is about, as far as known.
    pub region: Option<String>,
    /// When it was first found.
    pub first_seen: Timestamp,
    /// When it was last found.
    pub last_seen: Timestamp,
    /// How many occurrences there are.
    pub occurrences: u64,
    /// When people last heard of it; none if SNS has accepted no message about it yet.
    #[serde(rename = "toldAt")]
    pub published_at: Option<Timestamp>,
    /// How many occurrences there were then.
    #[serde(rename = "toldOccurrences")]
    pub published_occurrences: u64,
    /// Until when a reminder is on its way.
    pub reminder_until: Option<Timestamp>,
    /// The newest finding.
    pub latest: SentFinding,
    /// The newest occurrences, oldest first.
    pub recent: Vec<Occurrence>,
}

/// One occurrence of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// What tells it from others: 16 hex digits.
    pub occurrence: String,
    /// When it was first found.
    pub at: Timestamp,
    /// The begin of the place of the object that shows it.
    pub object: String,
}

/// The folder of the findings of an incident that people have not heard of at once.
#[must_use]
pub fn folder(id: &str) -> String {
    format!("incidents/{id}/")
}

/// The key of an incident's document.
#[must_use]
pub fn key(id: &str) -> String {
    format!("incidents/{id}.json")
}

impl Incident {
    /// The incident that a finding opens, before that finding is counted.
    #[must_use]
    pub fn of(finding: &SentFinding) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: finding.id.clone(),
            kind: finding.kind.clone(),
            severity: finding.severity,
            account: finding.account.clone(),
            region: finding.region.clone(),
            first_seen: finding.detected_at,
            last_seen: finding.detected_at,
            occurrences: 0,
            published_at: None,
            published_occurrences: 0,
            reminder_until: None,
            latest: finding.clone(),
            recent: Vec::new(),
        }
    }

    /// Reads an incident's document; none if it is none, or that of another incident: nothing that
    /// cannot be read keeps anybody silent.
    #[must_use]
    pub fn read(document: &[u8], id: &str) -> Option<Self> {
        let incident: Self = serde_json::from_slice(document).ok()?;
        (incident.schema == SCHEMA && incident.id == id).then_some(incident)
    }

    /// The incident's document.
    #[must_use]
    pub fn document(&self) -> String {
        // Texts, times and lists: there is nothing in it that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Takes a finding in. Whether its occurrence is a new one.
    pub fn add(&mut self, finding: &SentFinding, now: Timestamp) -> bool {
        let detected_at = finding.detected_at.min(now);
        self.first_seen = self.first_seen.min(detected_at);
        self.last_seen = self.last_seen.max(detected_at).min(now);
        let mut known = self.recent.iter();
        if known.any(|known| known.occurrence == finding.occurrence) {
            return false;
        }
        self.occurrences = self.occurrences.saturating_add(1);
        self.latest = finding.clone();
        let place = printable(&finding.object.to_string());
        self.recent.push(Occurrence {
            occurrence: finding
                .occurrence
                .chars()
                .take(MAX_OCCURRENCE_CHARS)
                .collect(),
            at: detected_at,
            object: clip(&place, MAX_PLACE_CHARS).to_owned(),
        });
        let too_many = self.recent.len().saturating_sub(MAX_REMEMBERED);
        self.recent.drain(..too_many);
        true
    }

    /// How many occurrences people have not heard of.
    #[must_use]
    pub fn unpublished(&self) -> u64 {
        self.occurrences.saturating_sub(self.published_occurrences)
    }

    /// Whether people hear of it now.
    #[must_use]
    pub fn notice(&self, now: Timestamp, pace: Pace) -> Notice {
        let ahead = now.saturating_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX);
        // Nobody has heard of it at a time that is still to come.
        let Some(since) = self.published_at.filter(|published| *published <= ahead) else {
            return Notice::Opened;
        };
        let silent_for = now.duration_since(since);
        if self.unpublished() == 0 {
            return if silent_for >= pace.repeat_after {
                Notice::Persists { since }
            } else {
                Notice::Known
            };
        }
        if silent_for >= pace.update_after {
            return Notice::Grown { since };
        }
        let at = since.saturating_add(pace.update_after);
        Notice::Later {
            at: at.unwrap_or(Timestamp::MAX),
        }
    }

    /// SNS has accepted a message about the first `known` occurrences and about `new` others, which
    /// are among the newest. What another execution environment has added between them counts as
    /// unheard of.
    pub fn publish(&mut self, now: Timestamp, known: u64, new: u64) {
        self.published_at = Some(now);
        let before = self.occurrences.saturating_sub(new);
        let published = self.published_occurrences.max(known).min(before);
        self.published_occurrences = published.saturating_add(new);
        if self.unpublished() == 0 {
            self.reminder_until = None;
        }
    }

    /// How long until a reminder is due, if people hear of something later and no reminder is on its
    /// way. The incident counts it as sent.
    pub fn remind(&mut self, now: Timestamp, pace: Pace) -> Option<Duration> {
        let Notice::Later { at } = self.notice(now, pace) else {
            return None;
        };
        if self.reminder_until.is_some_and(|until| until >= now) {
            return None;
        }
        let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
        let wait = wait.min(LONGEST_WAIT);
        self.reminder_until = now.checked_add(wait + REMINDER_LOST).ok();
        Some(wait)
    }
}

#[cfg(test)]
mod tests;
