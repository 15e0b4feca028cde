//! What one output did not accept: `exporter` sends it to its own queue, and the rest of the alert
//! is done.

use super::change::Change;
use super::parcels::parcels;
use super::summary::Summary;
use serde::{Deserialize, Serialize};

/// The schema of a rest.
pub const SCHEMA: &str = "trailseal.export/1";

/// The maximum size in bytes of a message with a rest. SQS accepts 256 KiB and more.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MAX_REST_BYTES: usize = 200 * 1024;

/// A place to which changes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// An event for each finding.
    FindingEvents,
    /// An event for each change of an incident.
    IncidentEvents,
    /// An OCSF event for each change of an incident.
    OcsfEvents,
    /// A finding in Security Hub for each incident.
    SecurityHub,
    /// A chat message for each change of an incident.
    Chat,
    /// A signed webhook for each change of an incident.
    Webhook,
}

impl Output {
    /// Returns the name in messages and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FindingEvents => "finding-events",
            Self::IncidentEvents => "incident-events",
            Self::OcsfEvents => "ocsf-events",
            Self::SecurityHub => "security-hub",
            Self::Chat => "chat",
            Self::Webhook => "webhook",
        }
    }
}

/// What one output did not accept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    schema: String,
    /// The output.
    pub output: Output,
    /// The changes that it did not accept.
    pub changes: Vec<Change>,
    /// What the alert has besides, if the output did not accept that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

/// Returns the messages with what an output did not accept.
#[must_use]
pub fn messages(output: Output, changes: Vec<Change>, summary: Option<Summary>) -> Vec<String> {
    let size = |change: &Change| json(change).len().saturating_add(1);
    let parcels = parcels(changes, size, usize::MAX, MAX_REST_BYTES);
    let of_changes = parcels.into_iter().map(|changes| (changes, None));
    // The summary comes last, in a message of its own.
    let of_summary = summary.map(|summary| (Vec::new(), Some(summary)));
    let rests = of_changes.chain(of_summary).map(|(changes, summary)| Rest {
        schema: SCHEMA.to_owned(),
        output,
        changes,
        summary,
    });
    rests.map(|rest| json(&rest)).collect()
}

fn json(value: &impl Serialize) -> String {
    // Text, times and lists: JSON can hold everything in it.
    let json = serde_json::to_string(value).unwrap_or_default();
    crate::names::printable::json_for_queue(json)
}

#[cfg(test)]
mod tests {
    use super::super::change::ChangeState;
    use super::super::incoming::{Incoming, read};
    use super::super::sample::change;
    use super::super::summary::chosen;
    use super::*;

    #[test]
    fn a_rest_is_split_into_messages_that_a_queue_accepts_and_read_without_loss() {
        let changes: Vec<Change> = (0..40)
            .map(|n| {
                let mut change = change(ChangeState::Opened);
                change.finding.occurrence = n.to_string();
                change.finding.message = "\u{ffff}".repeat(3000);
                change
            })
            .collect();
        let mut more = changes.clone();
        more.resize(60, change(ChangeState::Opened));
        let (_, summary) = chosen(more.iter().collect(), 3, Some("s3://amzn-s3-demo-bucket/x"));
        assert!(summary.is_some());
        let messages = messages(Output::Chat, changes.clone(), summary.clone());
        assert!(messages.len() > 2);
        let (mut read_again, mut summaries) = (Vec::new(), Vec::new());
        for message in messages {
            assert!(message.len() <= 256 * 1024, "{}", message.len());
            assert!(!message.contains('\u{ffff}'));
            let Incoming::Rest(rest) = read(message.as_bytes(), "b").unwrap() else {
                panic!("a rest");
            };
            assert_eq!(rest.output, Output::Chat);
            read_again.extend(rest.changes);
            summaries.push(rest.summary);
        }
        assert_eq!(read_again, changes);
        assert_eq!(summaries.pop().flatten(), summary);
        assert!(summaries.iter().all(Option::is_none));
    }

    #[test]
    fn the_name_of_an_output_is_the_one_in_messages() {
        for output in [
            Output::FindingEvents,
            Output::IncidentEvents,
            Output::OcsfEvents,
            Output::SecurityHub,
            Output::Chat,
            Output::Webhook,
        ] {
            assert_eq!(serde_json::to_value(output).unwrap(), output.as_str());
        }
    }
}
