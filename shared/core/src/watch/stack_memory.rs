//! What one round remembers about the whole stack for the next: `watch/stack.json` in the evidence
//! bucket. `docs/watchdog.md` describes the document.

use super::totals::Totals;
use crate::finding::{Report, monitoring};
use crate::names::location::ObjectLocation;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The schema of the document.
const SCHEMA: &str = "trailseal.watch-stack/1";

/// From this many lost digests in a round on, events do not arrive. SQS and EventBridge deliver at
/// least once, so that single losses are already unusual.
pub const MANY_LOST: u64 = 5;

/// From this many consecutive rounds with lost digests on, events do not arrive: a stack with one
/// chain loses one digest an hour.
const ROUNDS_WITH_LOSSES: u32 = 3;

/// Rounds that end within this time are about the same hour: the message of a round may be delivered
/// twice, and anybody may start a round in between.
pub(super) const SAME_HOUR: SignedDuration = SignedDuration::from_mins(45);

/// What one round remembers about the whole stack for the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackMemory {
    schema: String,
    /// A digest whose event did not arrive, if many events are reported as lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_lost: Option<ObjectLocation>,
    /// The number of consecutive rounds, up to the last one, that found lost digests.
    #[serde(default)]
    pub rounds_with_losses: u32,
    /// The time of the first complete round of the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hour_since: Option<Timestamp>,
    /// The time of the last complete round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Timestamp>,
}

impl Default for StackMemory {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            events_lost: None,
            rounds_with_losses: 0,
            hour_since: None,
            completed: None,
        }
    }
}

impl StackMemory {
    /// Reads the document. A document that is not one remembers nothing.
    #[must_use]
    pub fn read(document: &[u8]) -> Self {
        let memory: Option<Self> = serde_json::from_slice(document).ok();
        memory
            .filter(|memory| memory.schema == SCHEMA)
            .unwrap_or_default()
    }

    /// Returns the document as it is stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns what a whole round shows about the stack, and what the next round remembers.
    #[must_use]
    pub fn conclude(&self, totals: &Totals, now: Timestamp) -> (Report, Self) {
        let mut report = Report::new();
        let mut next = self.clone();
        next.completed = Some(now);
        let is_same_hour = self
            .hour_since
            .is_some_and(|first| now.duration_since(first).abs() < SAME_HOUR);
        if !is_same_hour {
            next.hour_since = Some(now);
        }
        next.rounds_with_losses = match (totals.lost, is_same_hour) {
            (0, false) => 0,
            (0, true) => self.rounds_with_losses,
            (_, false) => self.rounds_with_losses.saturating_add(1),
            (_, true) => self.rounds_with_losses.max(1),
        };
        let are_lost = totals.lost >= MANY_LOST || next.rounds_with_losses >= ROUNDS_WITH_LOSSES;
        match (&totals.example, &self.events_lost) {
            (Some(example), _) if are_lost => {
                let finding = monitoring::events_lost(example, totals.lost, now);
                report.findings.push(finding);
                next.events_lost = Some(example.clone());
            }
            (_, Some(example)) if totals.lost == 0 => {
                let finding = monitoring::events_lost(example, 0, now);
                // Each day of the losses is an occurrence.
                report.all_clears.push(finding.into_end_of_incident(
                    "Events arrive again: each digest of the last hour was verified without watchdog's help.",
                ));
                next.events_lost = None;
            }
            _ => {}
        }
        (report, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn lost(lost: u64) -> Totals {
        Totals {
            lost,
            example: (lost > 0).then(|| ObjectLocation::new("amzn-s3-demo-bucket", "x")),
            ..Totals::default()
        }
    }

    #[test]
    fn many_lost_events_are_reported_until_all_arrive_again() {
        let mut memory = StackMemory::default();
        let mut ids = Vec::new();
        for (hour, number, found, cleared) in [
            (0, 0, 0, 0),
            (1, MANY_LOST - 1, 0, 0),
            (2, MANY_LOST, 1, 0),
            (3, MANY_LOST + 7, 1, 0),
            // Some are still lost: the third round in a row.
            (4, 1, 1, 0),
            (5, 0, 0, 1),
            (6, 0, 0, 0),
            (7, MANY_LOST, 1, 0),
            (8, 0, 0, 1),
            // One chain loses one event an hour.
            (9, 1, 0, 0),
            (10, 1, 0, 0),
            (11, 1, 1, 0),
            (12, 1, 1, 0),
            (13, 0, 0, 1),
            (14, 1, 0, 0),
            (15, 0, 0, 0),
            (16, 1, 0, 0),
        ] {
            let (report, next) = memory.conclude(&lost(number), at(hour));
            let counts = (report.findings.len(), report.all_clears.len());
            assert_eq!(counts, (found, cleared), "hour {hour}");
            ids.extend(
                report
                    .findings
                    .iter()
                    .chain(&report.all_clears)
                    .map(crate::finding::Finding::id),
            );
            memory = StackMemory::read(next.to_json().as_bytes());
            assert_eq!(memory, next);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "one incident");
    }

    /// The losses of one day are over, and the all-clear is of the next day.
    #[test]
    fn the_all_clear_ends_the_losses_of_every_day() {
        let (_, memory) = StackMemory::default().conclude(&lost(MANY_LOST), at(23));
        let (report, _) = memory.conclude(&lost(0), at(24));
        assert!(report.all_clears[0].ends_incident);
    }

    #[test]
    fn a_round_that_is_repeated_within_the_hour_is_not_another_hour() {
        let minute = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let mut memory = StackMemory::default();
        for (now, number, rounds, found) in [
            (0, 1, 1, 0),
            (20, 1, 1, 0),
            (40, 0, 1, 0),
            (60, 1, 2, 0),
            (80, 0, 2, 0),
            (120, 1, 3, 1),
            (150, 1, 3, 1),
            (164, 0, 3, 0),
            (165, 0, 0, 0),
            (170, 1, 1, 0),
        ] {
            let (report, next) = memory.conclude(&lost(number), minute(now));
            assert_eq!(next.rounds_with_losses, rounds, "{now}");
            assert_eq!(report.findings.len(), found, "{now}");
            memory = next;
        }
    }

    #[test]
    fn another_document_remembers_nothing() {
        for document in ["", "{}", r#"{"schema":"trailseal.watch-stack/2"}"#] {
            assert_eq!(
                StackMemory::read(document.as_bytes()),
                StackMemory::default()
            );
        }
    }
}
