//! Incidents: what was published, so that it is published only once, and so is any news.
//!
//! All findings with one ID are one incident. It is a document in the evidence bucket,
//! `incidents/ID.json`. Only the `alerter` writes it, and only after SNS has accepted the message.
//! Its times are those of detection: the times in a record or a file name do not open, update or
//! close an incident.

use super::notice::{Notice, Pace};
use super::sent_finding::SentFinding;
use super::verified_again::look_at;
use crate::finding::Severity;
use crate::names::location::ObjectLocation;
use crate::names::printable::printable;
use crate::names::text::clip;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The schema of an incident's document.
pub const SCHEMA: &str = "trailseal.incident/1";

/// The maximum size in bytes of an incident's document that is read. A written document has at most
/// three quarters of that: its occurrences, and one complete finding.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// The maximum number of occurrences that an incident remembers individually. An older one that is
/// found again counts as another.
const MAX_REMEMBERED: usize = 400;

/// The maximum length in characters of an object's location that is stored with an occurrence.
const MAX_PLACE_CHARS: usize = 200;

/// The maximum length in characters of the text that distinguishes an occurrence.
const MAX_OCCURRENCE_CHARS: usize = 64;

/// The maximum time by which another function's clock may be ahead of the local clock.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// The longest time that a reminder waits in the queue.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// The time after which an overdue reminder counts as lost, so that another one is sent.
const REMINDER_LOST: Duration = Duration::from_mins(10);

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    schema: String,
    /// The ID of its findings.
    pub id: String,
    /// The kind of its findings.
    pub kind: String,
    /// The severity of its findings.
    pub severity: Severity,
    /// The account that it is about, as far as it is known.
    pub account: Option<String>,
    /// The Region that it is about, as far as it is known.
    pub region: Option<String>,
    /// The time when it was first found.
    pub first_seen: Timestamp,
    /// The time when it was last found.
    pub last_seen: Timestamp,
    /// The number of occurrences.
    pub occurrences: u64,
    /// The time of the last alert about it; `None` if SNS has not accepted a message about it yet.
    #[serde(rename = "toldAt")]
    pub published_at: Option<Timestamp>,
    /// The number of occurrences at that time.
    #[serde(rename = "toldOccurrences")]
    pub published_occurrences: u64,
    /// The time until which a reminder is on its way.
    pub reminder_until: Option<Timestamp>,
    /// The newest finding.
    pub latest: SentFinding,
    /// The newest occurrences, oldest first.
    pub recent: Vec<Occurrence>,
    /// The number of occurrences that are no longer remembered individually, and had not ended.
    #[serde(default)]
    pub forgotten: u64,
    /// The end of the incident, if everything that was found is right again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Box<Closing>>,
}

/// The end of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// The all-clear of the last occurrence that ended.
    pub all_clear: SentFinding,
    /// Indicates whether SNS has accepted a message about it.
    pub is_published: bool,
}

/// One occurrence of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// The text that distinguishes it from others: 16 hex digits.
    pub occurrence: String,
    /// The time when it was first found.
    pub at: Timestamp,
    /// The time when it was last found, if that is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_again_at: Option<Timestamp>,
    /// The start of the location of the object that shows it.
    pub object: String,
    /// The digest whose verification shows whether it is right again, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<ObjectLocation>,
    /// The time when it was found to be right again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Occurrence {
    /// Returns the time when it was last found.
    fn last_found(&self) -> Timestamp {
        self.found_again_at.unwrap_or(self.at)
    }
}

/// Returns the folder of an incident's findings that were not published immediately.
#[must_use]
pub fn folder(id: &str) -> String {
    format!("incidents/{id}/")
}

/// Returns whether a text is the ID of an incident, which becomes a part of an object's key: 64 hex
/// digits.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Returns the key of an incident's document.
#[must_use]
pub fn key(id: &str) -> String {
    format!("incidents/{id}.json")
}

impl Incident {
    /// Returns the incident that a finding opens, before that finding is counted.
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
            forgotten: 0,
            closing: None,
        }
    }

    /// Reads an incident's document. Returns `None` if it is not one, or belongs to another
    /// incident: an unreadable document never suppresses an alert.
    #[must_use]
    pub fn read(document: &[u8], id: &str) -> Option<Self> {
        let incident: Self = serde_json::from_slice(document).ok()?;
        (incident.schema == SCHEMA && incident.id == id).then_some(incident)
    }

    /// Returns the incident's document.
    #[must_use]
    pub fn document(&self) -> String {
        // Text, times and lists: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Adds a finding or an all-clear. Returns whether it changes the incident: whether the
    /// occurrence is new or happens again, or whether it ends.
    ///
    /// If a finding and an all-clear have the same time, the finding counts as the later one.
    pub fn add(&mut self, finding: &SentFinding, now: Timestamp) -> bool {
        let detected_at = finding.detected_at.min(now);
        if finding.all_clear {
            return self.end(finding, detected_at);
        }
        let known = self.known(&finding.occurrence);
        if known.is_some_and(|known| known.ended_at.is_none_or(|ended| detected_at < ended)) {
            self.last_seen = self.last_seen.max(detected_at).min(now);
            self.first_seen = self.first_seen.min(detected_at);
            return false;
        }
        if self.closing.take().is_some() {
            // It opens again, and people are notified as if it were new.
            self.published_at = None;
            self.first_seen = detected_at;
        }
        self.last_seen = self.last_seen.max(detected_at).min(now);
        self.first_seen = self.first_seen.min(detected_at);
        self.occurrences = self.occurrences.saturating_add(1);
        self.latest = finding.clone();
        self.remember(finding, detected_at);
        true
    }

    /// Remembers what a finding says about a known occurrence that has not ended. Returns whether the
    /// incident remembers something new.
    ///
    /// - The time: an all-clear of before does not end what was found again after it.
    /// - The digest that shows the occurrence. One function finds an object unreadable before its
    ///   digest arrives, and another one finds the same with the digest.
    pub fn learn(&mut self, finding: &SentFinding, now: Timestamp) -> bool {
        let mut recent = self.recent.iter_mut();
        let known = recent.find(|known| known.occurrence == finding.occurrence);
        let Some(known) = known.filter(|known| known.ended_at.is_none()) else {
            return false;
        };
        let found = finding.detected_at.min(now);
        let is_later = found > known.last_found();
        if is_later {
            known.found_again_at = Some(found);
        }
        let has_digest = known.look_at.is_some();
        if !has_digest {
            known.look_at = look_at(finding);
        }
        is_later || known.look_at.is_some() != has_digest
    }

    fn known(&self, occurrence: &str) -> Option<&Occurrence> {
        let mut recent = self.recent.iter();
        recent.find(|known| known.occurrence == occurrence)
    }

    fn remember(&mut self, finding: &SentFinding, at: Timestamp) {
        self.recent
            .retain(|known| known.occurrence != finding.occurrence);
        let place = printable(&finding.object.to_string());
        self.recent.push(Occurrence {
            occurrence: finding
                .occurrence
                .chars()
                .take(MAX_OCCURRENCE_CHARS)
                .collect(),
            at,
            found_again_at: None,
            object: clip(&place, MAX_PLACE_CHARS).to_owned(),
            look_at: look_at(finding),
            ended_at: None,
        });
        let too_many = self.recent.len().saturating_sub(MAX_REMEMBERED);
        let forgotten = self.recent.drain(..too_many);
        let open = forgotten.filter(|occurrence| occurrence.ended_at.is_none());
        let open = u64::try_from(open.count()).unwrap_or(u64::MAX);
        self.forgotten = self.forgotten.saturating_add(open);
    }

    /// Ends an occurrence, or all of them. Returns whether one was open.
    fn end(&mut self, all_clear: &SentFinding, detected_at: Timestamp) -> bool {
        let mut has_ended = false;
        for known in &mut self.recent {
            let is_meant = all_clear.ends_incident || known.occurrence == all_clear.occurrence;
            if is_meant && known.ended_at.is_none() && known.last_found() < detected_at {
                known.ended_at = Some(detected_at);
                has_ended = true;
            }
        }
        if !has_ended {
            return false;
        }
        if all_clear.ends_incident {
            // Those that are no longer remembered are older.
            self.forgotten = 0;
        }
        let is_over = self.recent.iter().all(|known| known.ended_at.is_some());
        if is_over && self.forgotten == 0 {
            self.closing = Some(Box::new(Closing {
                all_clear: all_clear.clone(),
                is_published: false,
            }));
        }
        true
    }

    /// Returns whether something that was found is not right again.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closing.is_none()
    }

    /// Returns the number of unpublished occurrences.
    #[must_use]
    pub fn unpublished(&self) -> u64 {
        self.occurrences.saturating_sub(self.published_occurrences)
    }

    /// Returns whether people are notified now.
    #[must_use]
    pub fn notice(&self, now: Timestamp, pace: Pace) -> Notice {
        if let Some(closing) = &self.closing {
            return if closing.is_published {
                Notice::Known
            } else {
                Notice::Closed
            };
        }
        let ahead = now.saturating_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX);
        // An alert time in the future is not valid.
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

    /// Records that SNS has accepted a message about the first `known` occurrences and about `new`
    /// others, which are among the newest. Occurrences that another execution environment has added
    /// between them count as unpublished.
    pub fn publish(&mut self, now: Timestamp, known: u64, new: u64) {
        self.published_at = Some(now);
        let before = self.occurrences.saturating_sub(new);
        let published = self.published_occurrences.max(known).min(before);
        self.published_occurrences = published.saturating_add(new);
        if self.unpublished() == 0 {
            self.reminder_until = None;
        }
    }

    /// Returns the time until a reminder is due, if something is to be published later and no
    /// reminder is on its way. The incident counts it as sent.
    pub fn remind(&mut self, now: Timestamp, pace: Pace) -> Option<Duration> {
        let at = match self.notice(now, pace) {
            Notice::Later { at } => at,
            // Another environment changed the incident after this one decided that nobody has to be
            // notified now.
            Notice::Opened | Notice::Closed => now,
            Notice::Known | Notice::Silenced | Notice::Grown { .. } | Notice::Persists { .. } => {
                return None;
            }
        };
        if at > now && self.reminder_until.is_some_and(|until| until >= now) {
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
