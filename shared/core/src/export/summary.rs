//! Which changes of an alert have a chat message of their own, and what is said about the others.
//!
//! Nobody reads thousands of messages in a channel, and the earlier ones of a repeated invocation
//! would arrive twice.

use super::change::{Change, ChangeState};
use crate::alert::choose;
use crate::finding::Severity;
use crate::names::sha256::Sha256;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// The maximum number of chat messages about single incidents of an alert.
pub const MAX_CHAT_MESSAGES: usize = 20;

/// What an alert has besides the changes that have a message of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The ID of the summary, the same on every try.
    pub id: String,
    /// The number of incidents without a message of their own.
    pub incidents: u64,
    /// The number of findings that are neither in the alert nor in a list that could be read.
    pub unlisted: u64,
    /// The highest severity of these incidents; if there are none, of the alert.
    pub severity: Severity,
    /// The time of the newest change.
    pub time: Timestamp,
    /// The location of the list of all findings, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
}

/// Splits the changes of an alert, one of each incident: those that have a message of their own, in
/// the order of the messages, and a summary of the others. The first of each kind and the most severe
/// have a message. `unlisted` is the number of findings that no list has.
#[must_use]
pub fn chosen<'a>(
    mut changes: Vec<&'a Change>,
    unlisted: u64,
    list: Option<&str>,
) -> (Vec<&'a Change>, Option<Summary>) {
    changes.sort_by_key(|change| rank(change));
    let kinds = changes.iter().map(|change| change.finding.kind.as_str());
    let mut shown = choose(kinds, MAX_CHAT_MESSAGES).into_iter();
    let (shown, others): (Vec<&Change>, Vec<&Change>) = changes
        .into_iter()
        .partition(|_| shown.next().unwrap_or(false));
    let summary = summary(&shown, &others, unlisted, list);
    (shown, summary)
}

/// Returns the place of a change: the most severe first, and new incidents before others.
fn rank(change: &Change) -> (Reverse<Severity>, u8) {
    let rank = match change.incident.state {
        ChangeState::Opened => 0,
        ChangeState::Grown => 1,
        ChangeState::Persists | ChangeState::Closed => 2,
    };
    (Reverse(change.finding.severity), rank)
}

fn summary(
    shown: &[&Change],
    others: &[&Change],
    unlisted: u64,
    list: Option<&str>,
) -> Option<Summary> {
    if others.is_empty() && unlisted == 0 {
        return None;
    }
    let about = if others.is_empty() { shown } else { others };
    let ids: Vec<String> = about.iter().map(|change| change.id()).collect();
    let mut parts: Vec<&str> = vec!["summary"];
    parts.extend(ids.iter().map(String::as_str));
    let id = Sha256::of_parts(&parts).to_string();
    let all = || shown.iter().chain(others);
    Some(Summary {
        id: id.chars().take(32).collect(),
        incidents: u64::try_from(others.len()).unwrap_or(u64::MAX),
        unlisted,
        severity: about
            .iter()
            .map(|change| change.finding.severity)
            .max()
            .unwrap_or(Severity::Low),
        time: all()
            .map(|change| change.time())
            .max()
            .unwrap_or(Timestamp::UNIX_EPOCH),
        list: list.map(ToOwned::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::change;
    use super::*;

    fn changes(count: usize) -> Vec<Change> {
        let changes = (0..count).map(|n| {
            let mut change = change(ChangeState::Opened);
            change.finding.id = format!("{n:064x}");
            change
        });
        changes.collect()
    }

    #[test]
    fn an_alert_with_few_incidents_has_no_summary() {
        let changes = changes(MAX_CHAT_MESSAGES);
        let (shown, summary) = chosen(changes.iter().collect(), 0, None);
        assert_eq!((shown.len(), summary), (MAX_CHAT_MESSAGES, None));
    }

    #[test]
    fn the_most_severe_and_one_of_each_kind_have_a_message() {
        let mut changes = changes(5000);
        for change in &mut changes {
            change.finding.severity = Severity::High;
        }
        changes[4000].finding.severity = Severity::Critical;
        changes[3000].finding.kind = "chain-started".to_owned();
        changes[3000].finding.severity = Severity::Low;
        let list = Some("s3://amzn-s3-demo-bucket/alerts/x.json");
        let (shown, summary) = chosen(changes.iter().collect(), 0, list);
        assert_eq!(shown.len(), MAX_CHAT_MESSAGES);
        assert_eq!(shown.first(), Some(&&changes[4000]));
        assert_eq!(shown.last(), Some(&&changes[3000]));
        let summary = summary.unwrap();
        assert_eq!((summary.incidents, summary.unlisted), (4980, 0));
        assert_eq!(summary.severity, Severity::High);
        assert_eq!(summary.list.as_deref(), list);
        let (again, same) = chosen(changes.iter().rev().collect(), 0, list);
        assert_eq!(again.len(), shown.len());
        assert_eq!(same.map(|it| it.incidents), Some(4980));
    }

    #[test]
    fn findings_that_no_list_has_are_counted() {
        let changes = changes(1);
        let (shown, summary) = chosen(changes.iter().collect(), 7, None);
        let summary = summary.unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!((summary.incidents, summary.unlisted), (0, 7));
        assert_eq!(summary.severity, Severity::Critical);
        let (_, nothing) = chosen(Vec::new(), 7, None);
        assert_eq!(nothing.map(|it| it.unlisted), Some(7));
    }
}
