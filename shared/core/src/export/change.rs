//! What changed in an incident, as an alert reports it.

use crate::alert::incident::is_id;
use crate::alert::sent_finding::SentFinding;
use crate::names::sha256::Sha256;
use crate::names::text::clip_visibly;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The maximum length in characters of each text of a finding. The incident's document has the
/// complete texts.
const MAX_TEXT_CHARS: usize = 3000;

/// The maximum length in characters of a name: an `s3://` URI of 63 + 1,024 bytes fits.
const MAX_NAME_CHARS: usize = 1100;

/// The change that an alert reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeState {
    /// The incident is new.
    Opened,
    /// There is something new in it.
    Grown,
    /// It is still found.
    Persists,
    /// Everything that was found is right again.
    Closed,
}

impl ChangeState {
    /// Returns the word in the JSON form of an alert.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Grown => "grown",
            Self::Persists => "persists",
            Self::Closed => "closed",
        }
    }
}

/// The part of a change that is about the incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedIncident {
    /// What changed.
    pub state: ChangeState,
    /// The time when the incident was first found.
    pub first_seen: Timestamp,
    /// The time when it was last found. An `alerter` of an earlier version leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// The number of occurrences.
    pub occurrences: u64,
    /// The number of occurrences since the last alert.
    pub new: u64,
    /// The time of the last alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_alert: Option<Timestamp>,
    /// The location of the incident's document.
    pub document: String,
    /// The location of the findings that were held back until this alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<String>,
}

/// A finding, or an all-clear, with the state of its incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The finding that the alert shows: the newest one, or the all-clear that closes the incident.
    #[serde(flatten)]
    pub finding: SentFinding,
    /// The incident.
    pub incident: ChangedIncident,
}

impl Change {
    /// Returns the change with texts of a bounded length. Returns `None` if its ID is not valid.
    #[must_use]
    pub fn bounded(mut self) -> Option<Self> {
        if !is_id(&self.finding.id) {
            return None;
        }
        let finding = &mut self.finding;
        let incident = &mut self.incident;
        for text in [
            Some(&mut finding.message),
            Some(&mut finding.advice),
            finding.expected.as_mut(),
            finding.actual.as_mut(),
        ] {
            clip(text, MAX_TEXT_CHARS);
        }
        for name in [
            Some(&mut finding.schema),
            Some(&mut finding.kind),
            Some(&mut finding.function),
            Some(&mut finding.version),
            Some(&mut finding.occurrence),
            Some(&mut finding.object.bucket),
            Some(&mut finding.object.key),
            finding.object.version_id.as_mut(),
            finding.account.as_mut(),
            finding.region.as_mut(),
            finding.trail.as_mut(),
            finding.home_region.as_mut(),
            Some(&mut incident.document),
            incident.waited.as_mut(),
        ] {
            clip(name, MAX_NAME_CHARS);
        }
        if let Some(digest) = &mut finding.digest {
            clip(Some(&mut digest.bucket), MAX_NAME_CHARS);
            clip(Some(&mut digest.key), MAX_NAME_CHARS);
        }
        Some(self)
    }

    /// Returns the time of the change.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        let found = self.finding.detected_at;
        match self.incident.state {
            ChangeState::Closed => found,
            _ => self
                .incident
                .last_seen
                .map_or(found, |seen| seen.max(found)),
        }
    }

    /// Returns the time when the incident was last found.
    #[must_use]
    pub fn last_seen(&self) -> Timestamp {
        let found = self.finding.detected_at;
        self.incident.last_seen.unwrap_or(found)
    }

    /// Returns whether it is a finding that no alert has reported before.
    #[must_use]
    pub fn is_new_finding(&self) -> bool {
        !self.finding.all_clear && self.incident.state != ChangeState::Persists
    }

    /// Returns the ID of the change, the same on every try: 32 hex digits.
    #[must_use]
    pub fn id(&self) -> String {
        let text = Sha256::of_parts(&[
            &self.finding.id,
            self.incident.state.as_str(),
            &self.time().to_string(),
            &self.incident.occurrences.to_string(),
        ])
        .to_string();
        text.chars().take(32).collect()
    }

    /// Returns the account and Region that the finding is about, as far as they are known.
    #[must_use]
    pub fn scope(&self) -> String {
        let parts = [&self.finding.account, &self.finding.region];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(" ")
    }
}

fn clip(text: Option<&mut String>, chars: usize) {
    if let Some(text) = text.filter(|text| text.len() > chars) {
        *text = clip_visibly(std::mem::take(text), chars);
    }
}

/// Returns the newest change of each incident. An alert, or the list that it names, may hold several
/// findings of an incident.
#[must_use]
pub fn of_incidents(changes: &[Change]) -> Vec<&Change> {
    let mut newest: BTreeMap<&str, &Change> = BTreeMap::new();
    for change in changes {
        let newest = newest.entry(change.finding.id.as_str()).or_insert(change);
        let order = |change: &Change| {
            let is_end = change.incident.state == ChangeState::Closed && change.finding.all_clear;
            (is_end, change.finding.order())
        };
        if order(change) > order(newest) {
            *newest = change;
        }
    }
    newest.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{all_clear, change};
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    #[test]
    fn the_newest_change_of_an_incident_counts_and_an_end_is_the_newest() {
        let first = change(ChangeState::Opened);
        let mut second = first.clone();
        second.finding.detected_at += SignedDuration::from_secs(60);
        let mut other = first.clone();
        other.finding.id = "f".repeat(64);
        let changes = [second.clone(), first.clone(), other.clone()];
        assert_eq!(of_incidents(&changes), [&second, &other]);
        let end = all_clear();
        let mut found = second.clone();
        found.incident.state = ChangeState::Closed;
        found.finding.detected_at = end.finding.detected_at + SignedDuration::from_secs(1);
        assert_eq!(of_incidents(&[found.clone(), end.clone()]), [&end]);
        assert_eq!(of_incidents(&[end.clone(), found]), [&end]);
    }

    #[test]
    fn a_change_has_one_id_and_another_change_has_another() {
        let opened = change(ChangeState::Opened);
        assert_eq!(opened.id(), opened.clone().id());
        assert_eq!(opened.id().len(), 32);
        let mut persists = change(ChangeState::Persists);
        persists.incident.last_seen = Some(persists.time() + SignedDuration::from_hours(24));
        let mut again = persists.clone();
        again.incident.last_seen = Some(persists.time() + SignedDuration::from_hours(24));
        let ids = [&opened, &persists, &again, &all_clear()].map(Change::id);
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn a_known_occurrence_and_an_end_are_not_new_findings() {
        assert!(change(ChangeState::Opened).is_new_finding());
        assert!(change(ChangeState::Grown).is_new_finding());
        assert!(!change(ChangeState::Persists).is_new_finding());
        assert!(!all_clear().is_new_finding());
    }

    proptest! {
        #[test]
        fn whatever_a_finding_says_its_json_is_bounded(length in 0_usize..20_000, c in any::<char>()) {
            let mut change = change(ChangeState::Grown);
            let text: String = std::iter::repeat_n(c, length).collect();
            let finding = &mut change.finding;
            for field in [&mut finding.message, &mut finding.advice, &mut finding.object.key, &mut finding.kind, &mut finding.version, &mut finding.occurrence] {
                field.clone_from(&text);
            }
            for field in [&mut finding.expected, &mut finding.actual, &mut finding.trail, &mut finding.region] {
                *field = Some(text.clone());
            }
            let json = serde_json::to_string(&change.bounded().unwrap()).unwrap();
            prop_assert!(json.len() <= 160 * 1024, "{}", json.len());
        }
    }

    #[test]
    fn a_change_without_a_valid_id_is_refused() {
        let mut change = change(ChangeState::Opened);
        change.finding.id = "../x".to_owned();
        assert_eq!(change.bounded(), None);
    }
}
