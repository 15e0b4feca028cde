//! The alerts that SNS accepted from the functions.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;
use trailseal_tests::local::{Alert, Expected, FaultProxy, Finding, Match};

use crate::feed::Feed;

/// An alert and the time at which it arrived.
pub(crate) struct Received {
    pub(crate) alert: Alert,
    pub(crate) at: Instant,
}

/// A finding and how long its report took.
pub(crate) struct Reported {
    pub(crate) finding: Finding,
    /// The time from the arrival of the object that led to the finding until the alert.
    pub(crate) after: Duration,
    /// The time from its detection, when a function sent it to the alerter, until the alert.
    pub(crate) since_detection: Duration,
    /// Whether that object is the finding's own; otherwise it is the digest that names it.
    pub(crate) by_itself: bool,
}

/// Returns every alert until now, oldest first.
pub(crate) fn alerts(proxy: &FaultProxy) -> Vec<Received> {
    proxy
        .calls(&Match::operation("sns", "Publish"))
        .iter()
        .filter(|call| call.succeeded())
        .map(|call| Received {
            alert: Alert::from_publish(&call.parameters),
            at: call.at,
        })
        .collect()
}

/// Returns the findings of alerts, each once: two functions may find the same, and delivery is at
/// least once. All-clears are left out.
pub(crate) fn findings(alerts: &[Received], feed: &Feed, proxy: &FaultProxy) -> Vec<Reported> {
    let finding_messages = finding_messages(proxy);
    let mut ids = BTreeSet::new();
    let mut reported = Vec::new();
    for received in alerts {
        for finding in received.alert.findings() {
            if !is_all_clear(&finding) && ids.insert(finding.id.clone()) {
                let detected = finding_messages
                    .iter()
                    .find(|(body, _)| body.contains(&finding.id));
                let detected = detected.map_or(received.at, |(_, at)| *at);
                reported.push(Reported::new(finding, received.at, detected, feed));
            }
        }
    }
    reported
}

/// Returns the all-clears of alerts.
pub(crate) fn all_clears(alerts: &[Received], feed: &Feed) -> Vec<Reported> {
    let mut reported = Vec::new();
    for received in alerts {
        let findings = received.alert.findings();
        for finding in findings.into_iter().filter(is_all_clear) {
            reported.push(Reported::new(finding, received.at, received.at, feed));
        }
    }
    reported
}

fn is_all_clear(finding: &Finding) -> bool {
    finding.document["allClear"] == true
}

/// Returns the command that the alert about an object gives.
pub(crate) fn command(alerts: &[Received], key: &str) -> Option<String> {
    let findings = alerts.iter().flat_map(|received| received.alert.findings());
    let mut of_object = findings.filter(|finding| finding.key == key);
    of_object.next()?.command().map(str::to_owned)
}

/// Returns the messages in which functions sent findings to the alerter, oldest first.
pub(crate) fn finding_messages(proxy: &FaultProxy) -> Vec<(String, Instant)> {
    let calls = proxy.calls(&Match::operation("sqs", "SendMessage"));
    calls
        .iter()
        .filter(|call| call.succeeded())
        .filter_map(|call| {
            let body = call.parameters.get("MessageBody")?.as_str()?.to_owned();
            Some((body, call.at))
        })
        .filter(|(body, _)| body.contains("\"schema\":\"trailseal.findings/1\""))
        .collect()
}

impl Reported {
    fn new(finding: Finding, at: Instant, detected: Instant, feed: &Feed) -> Self {
        let text = |pointer: &str| {
            let value = finding.document.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let digest = text("/digest/key");
        let is_change = text("/function") == "deletion-monitor";
        let trigger = if digest.is_empty() || is_change {
            &finding.key
        } else {
            &digest
        };
        let arrived = feed.last_write(trigger, at).unwrap_or(at);
        Self {
            after: at - arrived,
            since_detection: at - detected,
            by_itself: *trigger == finding.key,
            finding,
        }
    }

    /// Returns whether the finding says that a chain is new, as every trail's is once.
    pub(crate) fn is_start(&self) -> bool {
        self.finding.kind == "chain-started"
    }

    /// Returns whether a round of `watchdog` found it.
    pub(crate) fn is_silence(&self) -> bool {
        self.finding.kind == "digest-overdue"
    }

    /// Returns the kind, object and window, which identify the finding. The window of a silence
    /// ends at the time of the round.
    pub(crate) fn identity(&self) -> Expected {
        if self.is_silence() {
            return Expected::new(&self.finding.kind, &self.finding.key);
        }
        Expected::from(&self.finding)
    }
}
