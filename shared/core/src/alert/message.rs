//! The message for SNS.

use super::counts;
use super::document::{AlertHead, LeftOut, ListedFinding, document, document_of, head, listed};
use super::entry::{AlertEntry, choose};
use super::text;
use crate::names::printable::{json_for_queue, printable};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// SNS accepts 262,144 bytes. Some are left for attributes and for JSON within JSON.
pub(super) const MAX_MESSAGE_BYTES: usize = 250_000;

/// The maximum number of findings that are tried in a message. Each takes at least 500 bytes.
const MAX_FINDINGS_IN_MESSAGE: usize = 400;

/// The maximum number of findings that the email text shows in full. Nobody reads more at night.
const MAX_FINDINGS_IN_TEXT: usize = 20;

/// A message for SNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Severity, count, kind, account and Region.
    pub subject: String,
    /// The `MessageStructure: json` document, with a text for each protocol.
    pub message: String,
    /// String attributes for filter policies.
    pub attributes: BTreeMap<&'static str, String>,
}

/// The message, and which of the entries it shows in full, in at least one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The message.
    pub alert: Alert,
    /// Indicates for each entry whether it is in the message's JSON form.
    pub shown: Vec<bool>,
}

/// Writes the alert for `entries`, which are sorted by their [rank](super::entry::rank). Returns
/// `None` if there are none.
///
/// `more` is the number of findings besides the newest one of each entry. `whole_list` is the
/// location of the complete list, if there is one. `evidence_bucket` holds the incidents.
#[must_use]
pub fn compose(
    entries: &[AlertEntry<'_>],
    more: u64,
    whole_list: Option<&str>,
    evidence_bucket: &str,
    now: Timestamp,
) -> Option<Composed> {
    let worst = entries.first()?;
    let counts = counts::of(entries);
    let head = head(entries, worst.severity());
    let documents: Vec<String> = entries
        .iter()
        .map(|entry| document_of(entry, evidence_bucket))
        .collect();
    let mut limit = MAX_FINDINGS_IN_MESSAGE;
    let (message, shown) = loop {
        let kinds = || entries.iter().map(|entry| entry.finding().kind.as_str());
        let shown = choose(kinds(), limit);
        let listed: Vec<ListedFinding<'_>> = entries
            .iter()
            .zip(&documents)
            .zip(&shown)
            .filter(|(_, shown)| **shown)
            .map(|((entry, document), _)| listed(entry, document))
            .collect();
        let not_shown = entries.len().saturating_sub(listed.len());
        let left_out = more.saturating_add(u64::try_from(not_shown).unwrap_or(u64::MAX));
        let left_out = (left_out > 0).then_some(LeftOut {
            count: left_out,
            whole_list: whole_list.unwrap_or("the functions' logs"),
        });
        let in_text = choose(kinds(), MAX_FINDINGS_IN_TEXT.min(limit.max(1)));
        let text = text::email(
            entries,
            &in_text,
            &documents,
            &counts,
            left_out.map(|l| l.whole_list),
            now,
        );
        let json = document(&head, &counts, &listed, left_out);
        let message = protocols(&text, &json, &head);
        if message.len() <= MAX_MESSAGE_BYTES || limit == 0 {
            break (message, shown);
        }
        // Proportionally fewer, and always fewer: a few rounds, whatever the number.
        let fitting = listed.len().saturating_mul(MAX_MESSAGE_BYTES) / message.len();
        limit = fitting.min(listed.len().saturating_sub(1));
    };
    Some(Composed {
        alert: Alert {
            subject: text::subject(entries, &head),
            message,
            attributes: attributes(worst),
        },
        shown,
    })
}

/// Returns the message, with a text for each protocol.
///
/// A filter policy with `FilterPolicyScope: MessageBody` reads the body as JSON. AWS's
/// documentation does not say whether that is the protocol's text or the complete message.
/// Therefore the fields that policies need are at the top level of both: SNS ignores keys that are
/// not protocols (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>,
/// `MessageStructure`).
fn protocols(text: &str, json: &str, head: &AlertHead<'_>) -> String {
    let message = serde_json::json!({
        "default": text, "email": text,
        "sqs": json, "lambda": json, "http": json, "https": json,
        "severity": head.severity, "kinds": head.kinds,
        "accounts": head.accounts, "regions": head.regions,
    });
    json_for_queue(message.to_string())
}

/// Returns the shortest alert: the number of findings of each kind, and where they are listed. It
/// is for the case that SNS refuses the complete message because of something in it.
#[must_use]
pub fn plain(entries: &[AlertEntry<'_>], whole_list: &str) -> Option<Alert> {
    let worst = entries.first()?;
    let head = head(entries, worst.severity());
    let mut counts = counts::of(entries);
    for count in &mut counts {
        // The part that SNS refuses may be in a name.
        count.example.clear();
    }
    let left_out = LeftOut {
        count: head.count,
        whole_list,
    };
    let text = text::plain(entries, &counts, whole_list);
    let json = document(&head, &counts, &[], Some(left_out));
    Some(Alert {
        subject: text::plain_subject(entries, &head),
        message: protocols(&text, &json, &head),
        attributes: BTreeMap::from([("severity", head.severity.as_str().to_owned())]),
    })
}

fn attributes(worst: &AlertEntry<'_>) -> BTreeMap<&'static str, String> {
    let finding = worst.finding();
    let mut attributes = BTreeMap::from([("severity", finding.severity.as_str().to_owned())]);
    for (name, value) in [
        ("account", &finding.account),
        ("region", &finding.region),
        ("trail", &finding.trail),
    ] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            attributes.insert(name, printable(value));
        }
    }
    attributes
}
