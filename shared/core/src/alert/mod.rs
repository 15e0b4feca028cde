//! Alerts: one SNS message for everything that came in a batching window.
//!
//! Limits: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>: a message of 256 KiB
//! with all its attributes, a subject of less than 100 printable ASCII characters.

mod counts;
pub mod findings_message;
pub mod incident;
mod text;

use crate::alert::findings_message::SentFinding;
use crate::alert::incident::{Incident, Telling};
use crate::finding::Severity;
use crate::names::printable::json_for_queue;
pub use crate::names::printable::printable;
use crate::names::sha256::Sha256;
use counts::Count;
use jiff::Timestamp;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The schema of an alert's JSON form.
pub const SCHEMA: &str = "trailseal.alert/1";

/// SNS takes 262,144 bytes; some are left for attributes and for how JSON escapes JSON.
const MAX_MESSAGE_BYTES: usize = 250_000;

/// The most characters of a subject: "less than 100 characters", as SNS's API reference says.
const MAX_SUBJECT_CHARS: usize = 99;

/// How many findings are tried to fit into a message: none takes less than 500 bytes.
const MAX_FINDINGS_IN_MESSAGE: usize = 400;

/// How many findings the e-mail text shows in full: more is not read at night.
const MAX_FINDINGS_IN_TEXT: usize = 20;

/// The most accounts and Regions that a message lists for filter policies.
const MAX_LISTED: usize = 100;

/// An incident that people hear of in this message.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The incident with everything that is new in it.
    pub incident: &'a Incident,
    /// Why people hear of it now.
    pub telling: Telling,
    /// Whether some of what is new came earlier, and waited for its hour: it is listed in the
    /// incident's folder.
    pub waited: bool,
}

impl Entry<'_> {
    fn finding(&self) -> &SentFinding {
        &self.incident.latest
    }

    /// How many findings the entry stands for.
    fn count(&self) -> u64 {
        self.incident.untold().max(1)
    }

    fn severity(&self) -> Severity {
        self.finding().severity
    }
}

/// A message for SNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Severity, count, kind, account and Region.
    pub subject: String,
    /// The `MessageStructure: json` document: a text for each protocol.
    pub message: String,
    /// String attributes for filter policies.
    pub attributes: BTreeMap<&'static str, String>,
}

/// The whole list of findings, for the evidence bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeList {
    /// The object's key.
    pub key: String,
    /// Its content: an alert document with every finding.
    pub document: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    head: &'a Head<'a>,
    counts: &'a [Count<'a>],
    #[serde(skip_serializing_if = "is_zero")]
    counts_left_out: usize,
    findings: &'a [Listed<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOut<'a>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// What filter policies look at.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    severity: Severity,
    kinds: BTreeSet<&'a str>,
    accounts: BTreeSet<&'a str>,
    regions: BTreeSet<&'a str>,
    count: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    #[serde(flatten)]
    finding: &'a SentFinding,
    incident: State<'a>,
}

/// How a finding's incident is, as the message says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State<'a> {
    #[serde(rename = "state")]
    name: &'static str,
    first_seen: Timestamp,
    occurrences: u64,
    new: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_alert: Option<Timestamp>,
    document: &'a str,
    /// Where the occurrences are that waited for their hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    waited: Option<String>,
}

#[derive(Serialize, Clone, Copy)]
struct LeftOut<'a> {
    count: u64,
    #[serde(rename = "wholeList")]
    whole_list: &'a str,
}

/// The place of an entry in the order of a message: the most severe first; of one severity, what
/// is new before what persists.
#[must_use]
pub fn rank(entry: &Entry<'_>) -> (Reverse<Severity>, u8) {
    let rank = match entry.telling {
        Telling::Opened => 0,
        Telling::Grown { .. } | Telling::Later { .. } => 1,
        Telling::Persists { .. } | Telling::Known => 2,
    };
    (Reverse(entry.severity()), rank)
}

/// Writes the whole list of findings, each with the entry of its incident, which a message may name.
#[must_use]
pub fn whole_list(
    findings: &[(&SentFinding, Entry<'_>)],
    evidence_bucket: &str,
    now: Timestamp,
) -> WholeList {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        count: usize,
        findings: Vec<Listed<'a>>,
    }
    let documents: Vec<String> = findings
        .iter()
        .map(|(_, entry)| document_of(entry, evidence_bucket))
        .collect();
    let findings = findings.iter().zip(&documents);
    let findings: Vec<Listed<'_>> = findings
        .map(|((finding, entry), document)| Listed {
            finding,
            incident: state(entry, document),
        })
        .collect();
    let document = serde_json::to_string(&Document {
        schema: SCHEMA,
        count: findings.len(),
        findings,
    });
    // Texts, times and lists: there is nothing in it that JSON cannot hold.
    let document = document.unwrap_or_default();
    WholeList {
        key: format!(
            "alerts/{}/{}.json",
            now.strftime("%Y/%m/%d"),
            Sha256::of(document.as_bytes())
        ),
        document,
    }
}

/// The message, and which of the entries are in it in full, in one form at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The message.
    pub alert: Alert,
    /// Whether each entry is in the message's JSON form.
    pub shown: Vec<bool>,
}

/// Writes the alert for `entries`, which are in the order of their [rank]; none if there are none.
///
/// `more` is how many findings there are beside the newest one of each entry. `whole_list` is where
/// all of them are listed, if they are. `evidence_bucket` holds the incidents.
#[must_use]
pub fn compose(
    entries: &[Entry<'_>],
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
        let shown = choose(entries, limit);
        let listed: Vec<Listed<'_>> = entries
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
        let in_text = choose(entries, MAX_FINDINGS_IN_TEXT.min(limit.max(1)));
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
        // Proportionally fewer, and always fewer: a handful of rounds whatever the number.
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

/// Which entries are shown where `limit` are: of each kind the first, then the most severe.
fn choose(entries: &[Entry<'_>], limit: usize) -> Vec<bool> {
    let mut kinds = BTreeSet::new();
    let first_of_kind: Vec<bool> = entries
        .iter()
        .map(|entry| kinds.insert(entry.finding().kind.as_str()))
        .collect();
    let mut left = limit;
    let mut shown: Vec<bool> = first_of_kind
        .iter()
        .map(|first| {
            let shown = *first && left > 0;
            left = left.saturating_sub(usize::from(shown));
            shown
        })
        .collect();
    for shown in shown.iter_mut().filter(|shown| !**shown) {
        if left == 0 {
            break;
        }
        *shown = true;
        left -= 1;
    }
    shown
}

fn head<'a>(entries: &'a [Entry<'_>], severity: Severity) -> Head<'a> {
    let findings = || entries.iter().map(Entry::finding);
    let some = |values: BTreeSet<&'a str>| values.into_iter().take(MAX_LISTED).collect();
    Head {
        severity,
        kinds: findings().map(|finding| finding.kind.as_str()).collect(),
        accounts: some(findings().filter_map(|f| f.account.as_deref()).collect()),
        regions: some(findings().filter_map(|f| f.region.as_deref()).collect()),
        count: entries
            .iter()
            .map(Entry::count)
            .fold(0, u64::saturating_add),
    }
}

fn document_of(entry: &Entry<'_>, evidence_bucket: &str) -> String {
    format!(
        "s3://{evidence_bucket}/{}",
        incident::key(&entry.incident.id)
    )
}

fn listed<'a>(entry: &Entry<'a>, document: &'a str) -> Listed<'a> {
    Listed {
        finding: &entry.incident.latest,
        incident: state(entry, document),
    }
}

fn state<'a>(entry: &Entry<'_>, document: &'a str) -> State<'a> {
    let incident = entry.incident;
    State {
        name: entry.telling.as_str(),
        first_seen: incident.first_seen,
        occurrences: incident.occurrences,
        new: incident.untold(),
        last_alert: incident.told_at,
        document,
        waited: entry
            .waited
            .then(|| {
                document
                    .strip_suffix(".json")
                    .map(|stem| format!("{stem}/"))
            })
            .flatten(),
    }
}

fn document(
    head: &Head<'_>,
    counts: &[Count<'_>],
    findings: &[Listed<'_>],
    left_out: Option<LeftOut<'_>>,
) -> String {
    let (some, others) = counts
        .split_at_checked(counts::MAX_IN_JSON)
        .unwrap_or((counts, &[]));
    let document = Document {
        schema: SCHEMA,
        head,
        counts: some,
        counts_left_out: others.len(),
        findings,
        left_out,
    };
    // Texts, times and lists: there is nothing in it that JSON cannot hold.
    json_for_queue(serde_json::to_string(&document).unwrap_or_default())
}

/// The message with a text for each protocol.
///
/// A filter policy with `FilterPolicyScope: MessageBody` looks at the body as JSON. AWS's
/// documentation does not say whether that is the protocol's text or the whole message. So what
/// policies need is at the top level of both: keys that are no protocols are ignored by SNS
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>, `MessageStructure`).
fn protocols(text: &str, json: &str, head: &Head<'_>) -> String {
    let message = serde_json::json!({
        "default": text, "email": text,
        "sqs": json, "lambda": json, "http": json, "https": json,
        "severity": head.severity, "kinds": head.kinds,
        "accounts": head.accounts, "regions": head.regions,
    });
    json_for_queue(message.to_string())
}

/// The shortest alert: how many findings there are of which kind, and where they are listed. For the
/// case that SNS refuses the whole message for something in it.
#[must_use]
pub fn plain(entries: &[Entry<'_>], whole_list: &str) -> Option<Alert> {
    let worst = entries.first()?;
    let head = head(entries, worst.severity());
    let mut counts = counts::of(entries);
    for count in &mut counts {
        // What SNS refuses may be in a name.
        count.example.clear();
    }
    let left_out = LeftOut {
        count: head.count,
        whole_list,
    };
    let text = text::plain(&head, &counts, whole_list);
    let json = document(&head, &counts, &[], Some(left_out));
    Some(Alert {
        subject: format!(
            "[{}] Trailseal: {} findings",
            head.severity.as_str().to_ascii_uppercase(),
            head.count
        ),
        message: protocols(&text, &json, &head),
        attributes: BTreeMap::from([("severity", head.severity.as_str().to_owned())]),
    })
}

fn attributes(worst: &Entry<'_>) -> BTreeMap<&'static str, String> {
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

#[cfg(test)]
mod tests;
