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
    /// The findings that name the digest of a known occurrence, which the record does not have.
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
            } else if !finding.all_clear && incident.learn(&finding) {
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
        let mut changes: Vec<&SentFinding> = self.new.iter().chain(&self.ended).collect();
        changes.sort_by_key(|finding| finding.order());
        changes.retain(|finding| incident.add(finding, now));
        for finding in &self.learned {
            incident.learn(finding);
        }
        let added = changes.iter().filter(|finding| !finding.all_clear).count();
        self.published(incident, u64::try_from(added).unwrap_or(u64::MAX), now)
    }

    fn published(&self, mut incident: Incident, new: u64, now: Timestamp) -> Incident {
        if self.is_published {
            incident.publish(now, self.known, new);
            if let (Notice::Closed, Some(closing)) = (self.notice, &mut incident.closing) {
                closing.is_published = true;
            }
        }
        incident
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::sample::{PACE, at, finding};

    fn arrived(occurrences: &[&str]) -> Arrived {
        Arrived {
            findings: occurrences.iter().map(|name| finding(name, 0)).collect(),
            reminded: false,
        }
    }

    /// Returns an incident with these occurrences, which was published at time 0.
    fn on_record(occurrences: &[&str]) -> Incident {
        let mut case = Case::of(arrived(occurrences), OnRecord::Nothing, at(0), PACE).unwrap();
        case.is_published = true;
        case.first_document(at(0))
    }

    fn known(occurrences: &[&str]) -> OnRecord {
        OnRecord::Incident(Box::new(on_record(occurrences)))
    }

    #[test]
    fn an_arrived_finding_is_new_or_known_and_due_or_not() {
        let since = at(0);
        for (came, record, minute, new, notice) in [
            (&["a"][..], OnRecord::Nothing, 0, 1, Notice::Opened),
            (&["a", "a"], OnRecord::Nothing, 0, 1, Notice::Opened),
            (&["a"], OnRecord::Unreadable, 0, 1, Notice::Opened),
            (&["a"], known(&["a"]), 5, 0, Notice::Known),
            (&["b"], known(&["a"]), 5, 1, Notice::Later { at: at(60) }),
            (&["b"], known(&["a"]), 60, 1, Notice::Grown { since }),
            (
                &["a"],
                known(&["a"]),
                24 * 60,
                0,
                Notice::Persists { since },
            ),
        ] {
            let case = Case::of(arrived(came), record, at(minute), PACE).unwrap();
            assert_eq!((case.new.len(), case.notice), (new, notice), "{came:?}");
        }
    }

    #[test]
    fn a_reminder_without_an_incident_makes_no_case() {
        let reminder = || Arrived {
            findings: Vec::new(),
            reminded: true,
        };
        for record in [OnRecord::Nothing, OnRecord::Unreadable] {
            assert!(Case::of(reminder(), record, at(0), PACE).is_none());
        }
        let case = Case::of(reminder(), known(&["a"]), at(5), PACE).unwrap();
        assert_eq!(case.notice, Notice::Known);
    }

    /// Checks that the write of another environment between reading and writing is kept, as not
    /// published.
    #[test]
    fn arrived_findings_are_added_to_the_newest_record() {
        let mut case = Case::of(arrived(&["b"]), known(&["a"]), at(60), PACE).unwrap();
        case.is_published = true;
        let mut meanwhile = on_record(&["a"]);
        meanwhile.add(&finding("c", 0), at(60));
        for (record, occurrences, unpublished) in [
            (Some(on_record(&["a"])), 2, 0),
            (Some(meanwhile), 3, 1),
            (None, 1, 0),
        ] {
            let incident = case.added_to(record, at(60));
            let counts = (incident.occurrences, incident.unpublished());
            assert_eq!(counts, (occurrences, unpublished));
        }
        // Unpublished occurrences are on record as such.
        case.is_published = false;
        let incident = case.added_to(Some(on_record(&["a"])), at(60));
        assert_eq!(incident.unpublished(), 1);
    }

    /// Two functions find an object unreadable: at first the one that knows of no digest.
    #[test]
    fn the_digest_of_a_known_occurrence_is_recorded() {
        use crate::finding::DigestReference;
        let found = |digest| SentFinding {
            kind: "object-unreadable-denied".to_owned(),
            digest,
            ..finding("a", 0)
        };
        let key = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20260115T120000Z.json.gz";
        let with_digest = || {
            found(Some(DigestReference {
                bucket: "amzn-s3-demo-bucket".to_owned(),
                key: key.to_owned(),
                start_time: None,
                end_time: None,
            }))
        };
        let arrived = |findings| Arrived {
            findings,
            reminded: false,
        };
        let look_at = |incident: &Incident| {
            let at = incident.recent[0].look_at.as_ref();
            at.map(|at| at.key.clone())
        };
        // In one batch, or in two.
        let both = arrived(vec![found(None), with_digest()]);
        let case = Case::of(both, OnRecord::Nothing, at(0), PACE).unwrap();
        assert_eq!(look_at(&case.first_document(at(0))).as_deref(), Some(key));
        let first = arrived(vec![found(None)]);
        let mut case = Case::of(first, OnRecord::Nothing, at(0), PACE).unwrap();
        case.is_published = true;
        let on_record = case.first_document(at(0));
        assert_eq!(look_at(&on_record), None);
        let record = || OnRecord::Incident(Box::new(on_record.clone()));
        let second = arrived(vec![with_digest()]);
        let case = Case::of(second, record(), at(5), PACE).unwrap();
        assert_eq!((case.notice, case.new.len()), (Notice::Known, 0));
        assert!(case.is_recorded_silently());
        let known = case.added_to(Some(on_record.clone()), at(5));
        assert_eq!(look_at(&known).as_deref(), Some(key));
        assert_eq!((known.occurrences, known.unpublished()), (1, 0));
        // The same again is nothing new.
        let third = arrived(vec![with_digest(), found(None)]);
        let known = OnRecord::Incident(Box::new(known));
        let case = Case::of(third, known, at(6), PACE).unwrap();
        assert!(!case.is_recorded_silently());
    }

    #[test]
    fn a_reminder_is_sent_once_for_each_later_update() {
        let mut incident = on_record(&["a"]);
        assert_eq!(incident.remind(at(5), PACE), None);
        incident.add(&finding("b", 0), at(5));
        let minutes = |wait: Option<std::time::Duration>| wait.map(|wait| wait.as_secs() / 60);
        for (minute, wait) in [
            (5, Some(15)),
            (6, None),
            (30, None),
            (31, Some(15)),
            (60, None),
        ] {
            assert_eq!(minutes(incident.remind(at(minute), PACE)), wait, "{minute}");
        }
    }
}
