//! The alerts that SNS accepted from the functions.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;
use trailseal_tests::local::{Alert, Expected, FaultProxy, Finding, Match};

use crate::feed::Feed;

/// An alert and when it came.
pub(crate) struct Received {
    pub(crate) alert: Alert,
    pub(crate) at: Instant,
}

/// A finding and what led to it.
pub(crate) struct Reported {
    pub(crate) finding: Finding,
    /// The time from the arrival of the object that led to it, until the alert.
    pub(crate) after: Duration,
    /// Whether that object is the finding's own; else it is the digest that names it.
    pub(crate) by_itself: bool,
}

/// Every alert until now, oldest first.
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

/// The findings of alerts, each once: two functions may see the same, and delivery is at least once.
pub(crate) fn findings(alerts: &[Received], feed: &Feed) -> Vec<Reported> {
    let mut ids = BTreeSet::new();
    let mut reported = Vec::new();
    for received in alerts {
        for finding in received.alert.findings() {
            if ids.insert(finding.id.clone()) {
                reported.push(Reported::new(finding, received.at, feed));
            }
        }
    }
    reported
}

impl Reported {
    fn new(finding: Finding, at: Instant, feed: &Feed) -> Self {
        let text = |pointer: &str| {
            let value = finding.document.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let digest = text("/digest/key");
        let trigger = if digest.is_empty() {
            &finding.key
        } else {
            &digest
        };
        let arrived = feed.last_write(trigger, at).unwrap_or(at);
        Self {
            after: at - arrived,
            by_itself: *trigger == finding.key,
            finding,
        }
    }

    /// Kind, object and window: what makes it the finding that it is.
    pub(crate) fn identity(&self) -> Expected {
        Expected::from(&self.finding)
    }
}
