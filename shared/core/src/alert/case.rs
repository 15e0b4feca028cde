//! An incident with new arrivals, compared with its record.

use super::entry::AlertEntry;
use super::incident::Incident;
use super::notice::{Notice, Pace};
use super::sent_finding::SentFinding;
use jiff::Timestamp;

/// The arrivals for one incident.
#[derive(Debug, Default)]
pub struct Arrived {
    /// The findings, in the order in which they were found.
    pub findings: Vec<SentFinding>,
    /// Indicates whether a reminder arrived.
    pub reminded: bool,
}

/// The record of an incident.
#[derive(Debug)]
pub enum OnRecord {
    /// It has no document, or the document cannot be read.
    Nothing,
    /// It has a document that does not hold an incident.
    Unreadable,
    /// Its document holds this incident.
    Incident(Box<Incident>),
}

impl OnRecord {
    /// Returns the incident, if there is one.
    #[must_use]
    pub fn incident(self) -> Option<Incident> {
        match self {
            Self::Incident(incident) => Some(*incident),
            Self::Nothing | Self::Unreadable => None,
        }
    }
}

/// An incident with new arrivals.
#[derive(Debug)]
pub struct Case {
    /// The incident, with the arrivals.
    pub incident: Incident,
    /// The decision whether people are notified now.
    pub notice: Notice,
    /// The findings that are new in the incident.
    pub new: Vec<SentFinding>,
    /// The all-clears that end an occurrence of the incident.
    pub ended: Vec<SentFinding>,
    /// The findings that say more about a known occurrence than the record does.
    learned: Vec<SentFinding>,
    /// Indicates whether this invocation's message published everything about it.
    pub is_published: bool,
    /// The number of occurrences on record.
    known: u64,
    is_first: bool,
    reminded: bool,
}

impl Case {
    /// Compares the arrivals for an incident with its record. Returns `None` if nothing is on
    /// record and no finding arrived, or only all-clears.
    #[must_use]
    pub fn of(arrived: Arrived, record: OnRecord, now: Timestamp, pace: Pace) -> Option<Self> {
        let Arrived { findings, reminded } = arrived;
        let is_first = matches!(record, OnRecord::Nothing);
        let known = record.incident();
        let occurrences = known.as_ref().map_or(0, |incident| incident.occurrences);
        let mut incident = known.or_else(|| {
            let mut opening = findings.iter().filter(|finding| !finding.all_clear);
            opening.next().map(Incident::of)
        })?;
        if reminded {
            incident.reminder_until = None;
        }
        let (mut changes, mut learned) = (Vec::new(), Vec::new());
        for finding in findings {
            if incident.add(&finding, now) {
                changes.push(finding);
            } else if !finding.all_clear && incident.learn(&finding, now) {
                learned.push(finding);
            }
        }
        let (ended, new) = changes.into_iter().partition(|finding| finding.all_clear);
        if !is_first {
            // The record is read again before it is written. Until then, thousands of them take no
            // memory.
            incident.recent = Vec::new();
        }
        Some(Self {
            notice: incident.notice(now, pace),
            incident,
            new,
            ended,
            learned,
            is_published: false,
            known: occurrences,
            is_first,
            reminded,
        })
    }

    /// Keeps an incident that somebody has acknowledged from being published. What is new in it is
    /// still recorded.
    pub fn silence(&mut self) {
        self.notice = Notice::Silenced;
    }

    /// Returns whether the arrivals are recorded although nothing about them is published.
    #[must_use]
    pub fn is_recorded_silently(&self) -> bool {
        let is_new = self.notice == Notice::Silenced && !self.new.is_empty();
        let is_news = is_new || !self.ended.is_empty() || !self.learned.is_empty();
        !self.notice.is_now() && is_news
    }

    /// Returns whether the incident had no document.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.is_first
    }

    /// Returns the incident's part of a message.
    #[must_use]
    pub fn entry(&self) -> AlertEntry<'_> {
        AlertEntry {
            incident: &self.incident,
            notice: self.notice,
            waited: self.incident.unpublished() > self.new_findings(),
        }
    }

    /// Returns the number of new findings besides the one that the incident's entry shows.
    #[must_use]
    pub fn not_in_entry(&self) -> usize {
        let shown = usize::from(self.notice != Notice::Closed);
        self.new.len().saturating_sub(shown)
    }

    fn new_findings(&self) -> u64 {
        u64::try_from(self.new.len()).unwrap_or(u64::MAX)
    }

    /// Returns the document of an incident that had none.
    #[must_use]
    pub fn first_document(&self, now: Timestamp) -> Incident {
        self.published(self.incident.clone(), self.new_findings(), now)
    }

    /// Adds the arrivals to the current record. Another environment may have written it in the
    /// meantime.
    #[must_use]
    pub fn added_to(&self, record: Option<Incident>, now: Timestamp) -> Incident {
        let mut incident = record.unwrap_or_else(|| Incident::of(&self.incident.latest));
        if self.reminded {
            incident.reminder_until = None;
        }
        let changes = self.new.iter().chain(&self.ended).chain(&self.learned);
        let mut changes: Vec<&SentFinding> = changes.collect();
        changes.sort_by_key(|finding| finding.order());
        changes.retain(|finding| {
            let is_change = incident.add(finding, now);
            if !is_change && !finding.all_clear {
                incident.learn(finding, now);
            }
            is_change
        });
        let added = changes.iter().filter(|finding| !finding.all_clear).count();
        self.published(incident, u64::try_from(added).unwrap_or(u64::MAX), now)
    }

    fn published(&self, mut incident: Incident, new: u64, now: Timestamp) -> Incident {
        if self.is_published {
            incident.publish(now, self.known, new);
            match (self.notice, &mut incident.closing) {
                (Notice::Closed, Some(closing)) => closing.is_published = true,
                // Another environment found something in the meantime, and people have heard that
                // everything is right: they are notified as if it were new.
                (Notice::Closed, None) => incident.published_at = None,
                _ => {}
            }
        }
        incident
    }
}

#[cfg(test)]
mod tests;
