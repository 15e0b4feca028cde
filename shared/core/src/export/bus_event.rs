//! Events for an event bus of EventBridge.
//!
//! Limits of `PutEvents`: "The total entry size must be less than 256KB", and at most 10 entries
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>,
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>). Some Regions
//! accept more. The lower limit is right in all of them.

use super::change::{Change, ChangeState};
use super::home::Home;
use super::parcels::parcels;
use crate::finding::Severity;
use jiff::Timestamp;
use serde::Serialize;

/// The source of all events.
pub const SOURCE: &str = "trailseal";

/// The schema of the detail of an event about an incident.
pub const INCIDENT_SCHEMA: &str = "trailseal.incident-change/1";

/// The maximum number of entries of a request.
pub const MAX_ENTRIES: usize = 10;

/// The maximum size in bytes of all entries of a request.
pub const MAX_BYTES: usize = 250 * 1024;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEvent {
    /// The kind of the event, which rules select.
    pub detail_type: &'static str,
    /// The content, as JSON.
    pub detail: String,
    /// The ARNs of what it is about.
    pub resources: Vec<String>,
}

impl BusEvent {
    /// Returns the size of the entry.
    ///
    /// Rule: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>. The
    /// 14 bytes are those of a time, which the entry does not have.
    #[must_use]
    pub fn size(&self) -> usize {
        let resources = self.resources.iter().map(String::len);
        let resources = resources.fold(0, usize::saturating_add);
        let texts = SOURCE.len() + self.detail_type.len() + 14;
        texts
            .saturating_add(self.detail.len())
            .saturating_add(resources)
    }
}

/// Splits events into requests, each with its position.
#[must_use]
pub fn requests(events: Vec<(usize, BusEvent)>) -> Vec<Vec<(usize, BusEvent)>> {
    parcels(events, |(_, event)| event.size(), MAX_ENTRIES, MAX_BYTES)
}

/// The detail of an event about an incident.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IncidentDetail<'a> {
    schema: &'static str,
    id: String,
    state: &'static str,
    time: Timestamp,
    severity: Severity,
    kind: &'a str,
    account: Option<&'a str>,
    region: Option<&'a str>,
    #[serde(flatten)]
    change: ChangeDetail<'a>,
}

#[derive(Serialize)]
struct ChangeDetail<'a> {
    incident: IncidentBody<'a>,
    finding: &'a crate::alert::sent_finding::SentFinding,
}

#[derive(Serialize)]
struct IncidentBody<'a> {
    id: &'a str,
    #[serde(flatten)]
    incident: &'a super::change::ChangedIncident,
}

/// Returns the event about a finding.
#[must_use]
pub fn of_finding(change: &Change, home: &Home) -> BusEvent {
    BusEvent {
        detail_type: "Trailseal Finding",
        detail: json(change),
        resources: resources(change, home),
    }
}

/// Returns the event about a change of an incident.
#[must_use]
pub fn of_incident(change: &Change, home: &Home) -> BusEvent {
    BusEvent {
        detail_type: match change.incident.state {
            ChangeState::Opened => "Trailseal Incident Opened",
            ChangeState::Grown => "Trailseal Incident Grown",
            ChangeState::Persists => "Trailseal Incident Persists",
            ChangeState::Closed => "Trailseal Incident Closed",
        },
        detail: incident_detail(change),
        resources: resources(change, home),
    }
}

/// Returns the JSON of a change of an incident.
#[must_use]
pub(super) fn incident_detail(change: &Change) -> String {
    let Change { finding, incident } = change;
    json(&IncidentDetail {
        schema: INCIDENT_SCHEMA,
        id: change.id(),
        state: incident.state.as_str(),
        time: change.time(),
        severity: finding.severity,
        kind: &finding.kind,
        account: finding.account.as_deref(),
        region: finding.region.as_deref(),
        change: ChangeDetail {
            incident: IncidentBody {
                id: &finding.id,
                incident,
            },
            finding,
        },
    })
}

/// Returns the ARNs of the object, of the digest that shows the finding, and of the trail.
pub(super) fn resources(change: &Change, home: &Home) -> Vec<String> {
    let finding = &change.finding;
    let digest = finding.digest.as_ref().map(|digest| {
        crate::names::location::ObjectLocation::new(digest.bucket.as_str(), digest.key.as_str())
    });
    let trail = finding.trail.clone();
    let mut arns: Vec<String> = [
        home.object_arn(&finding.object),
        digest.and_then(|digest| home.object_arn(&digest)),
        trail.filter(|trail| trail.starts_with("arn:")),
    ]
    .into_iter()
    .flatten()
    .collect();
    arns.dedup();
    arns
}

fn json(value: &impl Serialize) -> String {
    // Text, times and lists: JSON can hold everything in it.
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{all_clear, change, home};
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn detail(event: &BusEvent) -> Value {
        serde_json::from_str(&event.detail).unwrap()
    }

    #[test]
    fn each_change_has_an_event_that_rules_can_select() {
        for (change, detail_type, state) in [
            (
                change(ChangeState::Opened),
                "Trailseal Incident Opened",
                "opened",
            ),
            (
                change(ChangeState::Grown),
                "Trailseal Incident Grown",
                "grown",
            ),
            (
                change(ChangeState::Persists),
                "Trailseal Incident Persists",
                "persists",
            ),
            (all_clear(), "Trailseal Incident Closed", "closed"),
        ] {
            let event = of_incident(&change, &home());
            assert_eq!(event.detail_type, detail_type);
            let detail = detail(&event);
            assert_eq!(detail["schema"], "trailseal.incident-change/1");
            assert_eq!(detail["state"], state);
            assert_eq!(detail["severity"], "critical");
            assert_eq!(detail["kind"], "object-deleted");
            assert_eq!(detail["account"], "111122223333");
            assert_eq!(detail["incident"]["id"], change.finding.id.as_str());
            assert_eq!(
                detail["incident"]["document"],
                change.incident.document.as_str()
            );
            assert_eq!(
                detail["finding"]["message"],
                change.finding.message.as_str()
            );
            assert_eq!(detail["time"], change.time().to_string());
        }
    }

    #[test]
    fn the_event_of_a_finding_is_the_finding_with_its_incident() {
        let change = change(ChangeState::Opened);
        let event = of_finding(&change, &home());
        assert_eq!(event.detail_type, "Trailseal Finding");
        let detail = detail(&event);
        assert_eq!(detail["schema"], "trailseal.finding/1");
        assert_eq!(detail["object"]["key"], change.finding.object.key.as_str());
        assert_eq!(detail["incident"]["state"], "opened");
        let read: Change = serde_json::from_str(&event.detail).unwrap();
        assert_eq!(read, change);
    }

    #[test]
    fn the_resources_are_the_object_the_digest_and_the_trail() {
        let mut change = change(ChangeState::Opened);
        let arns = resources(&change, &home());
        assert_eq!(arns.len(), 3);
        assert!(
            arns[0]
                .starts_with("arn:aws:s3:::amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/")
        );
        assert!(arns[1].contains("/CloudTrail-Digest/"));
        assert_eq!(
            arns[2],
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events"
        );
        change.finding.trail = Some("management-events".to_owned());
        change.finding.digest = None;
        assert_eq!(resources(&change, &home()).len(), 1);
    }

    proptest! {
        #[test]
        fn every_request_is_within_the_limits(lengths in proptest::collection::vec(0_usize..9000, 0..40), c in any::<char>()) {
            let events: Vec<(usize, BusEvent)> = lengths.iter().enumerate().map(|(n, length)| {
                let mut change = change(ChangeState::Opened);
                change.finding.message = std::iter::repeat_n(c, *length).collect();
                change.finding.advice = std::iter::repeat_n(c, *length).collect();
                let change = change.bounded().unwrap();
                (n, of_incident(&change, &home()))
            }).collect();
            let requests = requests(events.clone());
            for request in &requests {
                let size: usize = request.iter().map(|(_, event)| event.size()).sum();
                prop_assert!(request.len() <= 10 && size < 256 * 1024, "{} {size}", request.len());
            }
            prop_assert_eq!(requests.concat(), events);
        }
    }
}
