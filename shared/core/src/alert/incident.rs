//! Incidents: what people have heard of, so that they hear of it once, and of what is new.
//!
//! All findings of one id are one incident. It is a document in the evidence bucket,
//! `incidents/ID.json`, which the `alerter` alone writes, and only after SNS has accepted the
//! message. Its times are those of detection: what a record or a file name says about time opens,
//! grows and closes nothing.

use crate::alert::findings_message::SentFinding;
use crate::finding::Severity;
use crate::names::printable::printable;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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

/// How often people hear of one incident.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Of what is new in it, not more often than this.
    pub update_after: SignedDuration,
    /// Of what is found again and again, and is not new, this often.
    pub repeat_after: SignedDuration,
}

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
    pub told_at: Option<Timestamp>,
    /// How many occurrences there were then.
    pub told_occurrences: u64,
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

/// Whether people hear of an incident now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// They have never heard of it.
    Opened,
    /// There is something new in it since they last heard of it.
    Grown {
        /// When they did.
        since: Timestamp,
    },
    /// Nothing is new, and it is still found.
    Persists {
        /// When they last heard of it.
        since: Timestamp,
    },
    /// There is something new, and they heard of it less than an hour ago.
    Later {
        /// When they hear of what is new.
        at: Timestamp,
    },
    /// They have heard of all this.
    Known,
}

impl Telling {
    /// Whether people hear of it now.
    #[must_use]
    pub fn is_now(self) -> bool {
        matches!(
            self,
            Self::Opened | Self::Grown { .. } | Self::Persists { .. }
        )
    }

    /// The word in alerts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Grown { .. } | Self::Later { .. } => "grown",
            Self::Persists { .. } | Self::Known => "persists",
        }
    }
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
            told_at: None,
            told_occurrences: 0,
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
            object: place.chars().take(MAX_PLACE_CHARS).collect(),
        });
        let too_many = self.recent.len().saturating_sub(MAX_REMEMBERED);
        self.recent.drain(..too_many);
        true
    }

    /// How many occurrences people have not heard of.
    #[must_use]
    pub fn untold(&self) -> u64 {
        self.occurrences.saturating_sub(self.told_occurrences)
    }

    /// Whether people hear of it now.
    #[must_use]
    pub fn telling(&self, now: Timestamp, pace: Pace) -> Telling {
        let ahead = now.saturating_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX);
        // Nobody has heard of it at a time that is still to come.
        let Some(since) = self.told_at.filter(|told| *told <= ahead) else {
            return Telling::Opened;
        };
        let silent_for = now.duration_since(since);
        if self.untold() == 0 {
            return if silent_for >= pace.repeat_after {
                Telling::Persists { since }
            } else {
                Telling::Known
            };
        }
        if silent_for >= pace.update_after {
            return Telling::Grown { since };
        }
        let at = since.saturating_add(pace.update_after);
        Telling::Later {
            at: at.unwrap_or(Timestamp::MAX),
        }
    }

    /// SNS has accepted a message about the first `known` occurrences and about `new` others, which
    /// are among the newest. What another execution environment has added between them counts as
    /// unheard of.
    pub fn told(&mut self, now: Timestamp, known: u64, new: u64) {
        self.told_at = Some(now);
        let before = self.occurrences.saturating_sub(new);
        let told = self.told_occurrences.max(known).min(before);
        self.told_occurrences = told.saturating_add(new);
        if self.untold() == 0 {
            self.reminder_until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::location::ObjectLocation;
    use proptest::prelude::*;

    const PACE: Pace = Pace {
        update_after: SignedDuration::from_hours(1),
        repeat_after: SignedDuration::from_hours(24),
    };

    fn at(minutes: i64) -> Timestamp {
        let begin: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
        begin + SignedDuration::from_mins(minutes)
    }

    fn finding(occurrence: &str, minute: i64) -> SentFinding {
        SentFinding {
            schema: "trailseal.finding/1".to_owned(),
            id: "0".repeat(64),
            severity: Severity::High,
            kind: "kms-delivery-denied".to_owned(),
            account: None,
            region: None,
            trail: None,
            home_region: None,
            object: ObjectLocation::new("amzn-s3-demo-bucket", occurrence),
            digest: None,
            window: None,
            expected: None,
            actual: None,
            message: "m".to_owned(),
            advice: "a".to_owned(),
            detected_at: at(minute),
            function: "kms-context-checker".to_owned(),
            version: "0".to_owned(),
            occurrence: occurrence.to_owned(),
        }
    }

    fn hear(incident: &mut Incident, now: Timestamp) {
        incident.told(now, incident.occurrences, 0);
    }

    #[test]
    fn what_another_environment_adds_counts_as_unheard_of() {
        let mut incident = Incident::of(&finding("a", 0));
        for n in 0..5 {
            incident.add(&finding(&n.to_string(), n), at(n));
        }
        // One environment has read two, and told of these and of one of its own.
        incident.add(&finding("own", 6), at(6));
        incident.told(at(7), 2, 1);
        assert_eq!(incident.untold(), 3);
        // The same once more makes it no more.
        incident.told(at(8), 2, 0);
        assert_eq!(incident.untold(), 3);
        hear(&mut incident, at(9));
        assert_eq!(incident.untold(), 0);
    }

    #[test]
    fn what_is_new_is_heard_of_at_once_and_then_once_an_hour() {
        let first = finding("a", 0);
        let mut incident = Incident::of(&first);
        assert!(incident.add(&first, at(0)));
        assert_eq!(incident.telling(at(0), PACE), Telling::Opened);
        hear(&mut incident, at(0));
        // The same occurrence, tried again or found by another function.
        assert!(!incident.add(&finding("a", 1), at(1)));
        assert_eq!(incident.telling(at(1), PACE), Telling::Known);
        // Another one is not lost: people hear of it when the hour has passed.
        assert!(incident.add(&finding("b", 5), at(5)));
        assert_eq!(incident.telling(at(5), PACE), Telling::Later { at: at(60) });
        assert_eq!(
            incident.telling(at(60), PACE),
            Telling::Grown { since: at(0) }
        );
        assert_eq!((incident.occurrences, incident.untold()), (2, 1));
        hear(&mut incident, at(60));
        assert_eq!(incident.telling(at(60 + 24 * 60 - 1), PACE), Telling::Known);
        assert_eq!(
            incident.telling(at(60 + 24 * 60), PACE),
            Telling::Persists { since: at(60) }
        );
    }

    #[test]
    fn nobody_can_claim_ahead() {
        let first = finding("a", 0);
        let mut incident = Incident::of(&first);
        incident.add(&first, at(0));
        hear(&mut incident, at(60 * 24 * 8));
        assert_eq!(incident.telling(at(0), PACE), Telling::Opened);
        // A finding of the future is one of now.
        let mut incident = Incident::of(&finding("a", 0));
        incident.add(&finding("b", 600), at(1));
        assert_eq!(incident.last_seen, at(1));
    }

    #[test]
    fn a_document_is_read_as_it_was_written_and_another_is_none() {
        let first = finding("a", 0);
        let mut incident = Incident::of(&first);
        for n in 0..2_000 {
            // Characters that JSON and UTF-8 make longer.
            let mut hostile = finding(&n.to_string(), n);
            hostile.object.key = "\u{1}\u{ffff}\"\\".repeat(256);
            hostile.occurrence = format!("{n}{}", "\u{1}".repeat(10_000));
            hostile.message = "\u{1}".repeat(2_100);
            hostile.actual = Some("\u{1}".repeat(2_100));
            incident.add(&hostile, at(n));
        }
        assert_eq!(incident.occurrences, 2_000);
        let document = incident.document();
        assert!(
            document.len() < MAX_DOCUMENT_BYTES / 2,
            "{}",
            document.len()
        );
        let read = Incident::read(document.as_bytes(), &incident.id);
        assert_eq!(read.as_ref(), Some(&incident));
        assert_eq!(Incident::read(document.as_bytes(), &"1".repeat(64)), None);
        assert_eq!(Incident::read(b"{}", &incident.id), None);
    }

    proptest! {
        /// Whatever comes when: no occurrence stays unheard of for more than an hour, and people
        /// hear of one incident once an hour at most.
        #[test]
        fn nothing_new_waits_longer_than_an_hour(steps in proptest::collection::vec((0_u8..8, 0_i64..90), 1..80)) {
            let mut incident = Incident::of(&finding("begin", 0));
            let (mut now, mut told, mut oldest_untold) = (0, Vec::<i64>::new(), None::<i64>);
            for (occurrence, minutes) in steps {
                // What waits is looked at when it is due, as the reminder does.
                if let Telling::Later { at: due } = incident.telling(at(now), PACE) {
                    let due = due.duration_since(at(0)).as_mins();
                    if due <= now + minutes {
                        let telling = incident.telling(at(due), PACE);
                        prop_assert!(telling.is_now(), "{telling:?}");
                        hear(&mut incident, at(due));
                        told.push(due);
                        oldest_untold = None;
                    }
                }
                now += minutes;
                if incident.add(&finding(&occurrence.to_string(), now), at(now)) {
                    oldest_untold = oldest_untold.or(Some(now));
                }
                if incident.telling(at(now), PACE).is_now() {
                    hear(&mut incident, at(now));
                    told.push(now);
                    oldest_untold = None;
                }
                prop_assert!(oldest_untold.is_none_or(|since| now - since <= 60));
            }
            prop_assert!(told.windows(2).all(|pair| pair[1] - pair[0] >= 60));
        }

        #[test]
        fn any_document_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Incident::read(&bytes, "x");
        }
    }
}
