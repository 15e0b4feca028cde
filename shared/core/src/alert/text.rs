//! The text of an alert, for a reader who is woken up by it and has never heard of Trailseal.

use super::counts::FindingCount;
use super::document::AlertHead;
use super::entry::AlertEntry;
use super::notice::Notice;
use super::sent_finding::SentFinding;
use crate::check::guard::STATE_KEY;
use crate::finding::{FindingKind, Severity};
use crate::names::object_key::{ObjectKind, classify};
use crate::names::printable::printable;
use crate::names::seconds::whole_second;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::fmt::{Result, Write as _};

/// The start of every message.
const INTRODUCTION: &str = "Trailseal checks that the CloudTrail files in your S3 buckets are as CloudTrail delivered them: the log files, and the hourly digest files (digests), which are signed lists of log files.";

/// The maximum length of a subject: "less than 100 characters", according to SNS's API reference.
pub(super) const MAX_SUBJECT_CHARS: usize = 99;

/// The runbook of this version. Each kind of finding has a section with its name.
const RUNBOOK: &str = concat!(
    env!("CARGO_PKG_REPOSITORY"),
    "/blob/v",
    env!("CARGO_PKG_VERSION"),
    "/docs/runbook.md"
);

/// The label of an incident that is closed.
const ALL_CLEAR: &str = "ALL CLEAR";

/// The maximum number of lines of counts.
const MAX_COUNTS: usize = 50;

pub(super) fn subject(entries: &[AlertEntry<'_>], head: &AlertHead<'_>) -> String {
    let Some(worst) = entries.first() else {
        return String::new();
    };
    let others = match head.kinds.len().saturating_sub(1) {
        0 => String::new(),
        1 => " and 1 other kind".to_owned(),
        n => format!(" and {n} other kinds"),
    };
    let update = if entries.iter().any(|e| e.notice == Notice::Opened) {
        ""
    } else if entries
        .iter()
        .any(|e| matches!(e.notice, Notice::Grown { .. }))
    {
        "update: "
    } else {
        "still found: "
    };
    let finding = worst.finding();
    let mut place = String::new();
    for part in [&finding.account, &finding.region].into_iter().flatten() {
        place.push(' ');
        place.push_str(part);
    }
    let subject = format!(
        "{}: {}{others},{place}",
        start_of_subject(entries, head, update),
        finding.kind
    );
    subject
        .trim_end_matches(',')
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .take(MAX_SUBJECT_CHARS)
        .collect()
}

/// Returns the subject of the shortest alert.
pub(super) fn plain_subject(entries: &[AlertEntry<'_>], head: &AlertHead<'_>) -> String {
    start_of_subject(entries, head, "")
}

fn start_of_subject(entries: &[AlertEntry<'_>], head: &AlertHead<'_>, update: &str) -> String {
    if is_all_clear(entries) {
        format!("[{ALL_CLEAR}] Trailseal: {}", incidents_closed(entries))
    } else {
        let severity = uppercase_label(head.severity);
        format!("[{severity}] Trailseal: {update}{}", findings(head.count))
    }
}

fn findings(count: u64) -> String {
    match count {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    }
}

/// Returns whether the message only reports incidents that are closed.
fn is_all_clear(entries: &[AlertEntry<'_>]) -> bool {
    entries.iter().all(|entry| entry.notice == Notice::Closed)
}

fn incidents_closed(entries: &[AlertEntry<'_>]) -> String {
    match entries.len() {
        1 => "1 incident closed".to_owned(),
        n => format!("{n} incidents closed"),
    }
}

fn uppercase_label(severity: Severity) -> String {
    severity.as_str().to_ascii_uppercase()
}

pub(super) fn email(
    entries: &[AlertEntry<'_>],
    shown: &[bool],
    documents: &[String],
    counts: &[FindingCount<'_>],
    whole_list: Option<&str>,
    now: Timestamp,
) -> String {
    let mut text = String::new();
    // Writing into a `String` does not fail.
    let _ = write_all(
        &mut text, entries, shown, documents, counts, whole_list, now,
    );
    text
}

/// Returns the sentence that says how much the message reports, and how bad it is.
fn what_is_reported(entries: &[AlertEntry<'_>]) -> String {
    if is_all_clear(entries) {
        let incidents = incidents_closed(entries);
        return format!("{incidents}: Trailseal no longer finds what it reported.");
    }
    let counts = entries.iter().map(AlertEntry::count);
    let count = counts.fold(0, u64::saturating_add);
    let severity = if count == 1 {
        "Severity"
    } else {
        "Highest severity"
    };
    let worst = entries.first().map_or(Severity::Low, AlertEntry::severity);
    format!(
        "This alert reports {}. {severity}: {}.",
        findings(count),
        uppercase_label(worst)
    )
}

fn write_all(
    text: &mut String,
    entries: &[AlertEntry<'_>],
    shown: &[bool],
    documents: &[String],
    counts: &[FindingCount<'_>],
    whole_list: Option<&str>,
    now: Timestamp,
) -> Result {
    writeln!(text, "{INTRODUCTION}\n{}", what_is_reported(entries))?;
    writeln!(text, "\nSent {}. All times are in UTC.", whole_second(now))?;
    let in_full = entries.iter().zip(documents).zip(shown);
    let in_full = in_full.filter(|(_, shown)| **shown);
    let mut in_text = 0;
    for (number, ((entry, document), _)) in in_full.enumerate() {
        write_finding(text, number + 1, entry, document)?;
        in_text += 1;
    }
    if in_text < entries.len() {
        write_counts(text, counts)?;
    }
    if let Some(whole_list) = whole_list {
        writeln!(text, "\nAll findings: {whole_list}")?;
    } else if in_text < entries.len() {
        writeln!(
            text,
            "\nThis email does not show all findings. Subscriptions of the types sqs, lambda, http and https receive all of them. The logs of the functions contain all of them."
        )?;
    }
    Ok(())
}

/// Returns the text of the shortest alert.
pub(super) fn plain(
    entries: &[AlertEntry<'_>],
    counts: &[FindingCount<'_>],
    whole_list: &str,
) -> String {
    let mut text = format!(
        "{INTRODUCTION}\n{}\n\n\
         Amazon SNS did not accept the full alert. This short alert only counts the findings.\n",
        what_is_reported(entries)
    );
    // Writing into a `String` does not fail.
    let _ = write_counts(&mut text, counts);
    let _ = writeln!(text, "\nAll findings: {whole_list}");
    text
}

fn write_finding(
    text: &mut String,
    number: usize,
    entry: &AlertEntry<'_>,
    document: &str,
) -> Result {
    let finding = entry.finding();
    writeln!(text)?;
    let label = if entry.notice == Notice::Closed {
        ALL_CLEAR.to_owned()
    } else {
        uppercase_label(finding.severity)
    };
    writeln!(text, "{number}. {label} {}", printable(&finding.kind))?;
    writeln!(text, "   {}", printable(&finding.message))?;
    writeln!(text, "   What to do: {}\n", printable(&finding.advice))?;
    let mut line = |label: &str, value: &str| writeln!(text, "   {label:<11}{}", printable(value));
    for (label, value) in [
        ("Account", &finding.account),
        ("Region", &finding.region),
        ("Trail", &finding.trail),
    ] {
        if let Some(value) = value {
            line(label, value)?;
        }
    }
    // What is neither an object nor a bucket is only on record there.
    let is_record = finding.object.key == STATE_KEY;
    let label = if is_record { "Record" } else { "Object" };
    line(label, &finding.object.to_string())?;
    if let Some(digest) = &finding.digest
        && (digest.bucket != finding.object.bucket || digest.key != finding.object.key)
    {
        line(
            "Shown by",
            &format!("s3://{}/{}", digest.bucket, digest.key),
        )?;
    }
    if let Some(window) = finding.window {
        let from = window
            .from
            .map_or_else(|| "unknown".to_owned(), |from| from.to_string());
        line("Window", &format!("{from} to {}", window.to))?;
    } else if let Some(hour) = hour(finding) {
        line("Digest for", &hour)?;
    }
    if let Some(expected) = &finding.expected {
        line("Expected", expected)?;
    }
    if let Some(actual) = &finding.actual {
        line("Actual", actual)?;
    }
    let detected = format!("{} by {}", finding.detected_at, finding.function);
    line("Detected", &detected)?;
    if let Some(history) = history(entry) {
        line("History", &history)?;
    }
    line("Incident", document)?;
    // Another version may know kinds that this one does not.
    if entry.notice != Notice::Closed
        && let Some(kind) = FindingKind::named(&finding.kind)
    {
        line("Runbook", &format!("{RUNBOOK}#{}", kind.as_str()))?;
    }
    if matches!(entry.notice, Notice::Persists { .. }) {
        let command = format!("trailseal ack {document} --reason 'TEXT'");
        line("To silence", &command)?;
    }
    if entry.waited
        && let Some(stem) = document.strip_suffix(".json")
    {
        line("More", &format!("{stem}/"))?;
    }
    Ok(())
}

/// Returns the times of the digest that covers the object: the object itself, or the digest that
/// lists it. A digest that only shows what is wrong with another digest covers another hour.
fn hour(finding: &SentFinding) -> Option<String> {
    let digest = finding.digest.as_ref()?;
    if digest.key != finding.object.key
        && matches!(classify(&finding.object.key), ObjectKind::Digest(_))
    {
        return None;
    }
    let to = digest.end_time?;
    Some(match digest.start_time {
        Some(from) => format!("{from} to {to}"),
        None => format!("up to {to}"),
    })
}

/// Returns what people should know about the incident besides the newest finding.
fn history(entry: &AlertEntry<'_>) -> Option<String> {
    let incident = entry.incident;
    let (new, all) = (incident.unpublished(), incident.occurrences);
    match entry.notice {
        Notice::Opened if incident.published_occurrences > 0 => Some(format!(
            "Found again after an all-clear. {all} occurrences in total. This alert shows the newest."
        )),
        Notice::Opened if all > 1 => {
            Some(format!("{all} occurrences. This alert shows the newest."))
        }
        Notice::Closed => Some(format!(
            "This closes the incident that was first found at {}: {}",
            incident.first_seen, incident.latest.message
        )),
        Notice::Grown { since } | Notice::Later { at: since } => Some(format!(
            "{new} more since the alert at {}. {all} in total, the first at {}. This alert shows the newest.",
            whole_second(since),
            incident.first_seen
        )),
        Notice::Persists { since } => Some(format!(
            "Still found. Nothing is new since the alert at {}. First found at {}.",
            whole_second(since),
            incident.first_seen
        )),
        Notice::Opened | Notice::Known | Notice::Silenced => None,
    }
}

fn write_counts(text: &mut String, counts: &[FindingCount<'_>]) -> Result {
    writeln!(text, "\nNumber of findings by kind, account and Region:")?;
    let mut kinds = BTreeSet::new();
    for count in counts.iter().take(MAX_COUNTS) {
        let place: Vec<&str> = [count.account, count.region]
            .into_iter()
            .flatten()
            .collect();
        writeln!(
            text,
            "   {:<9}{} {} {}",
            uppercase_label(count.severity),
            count.findings,
            printable(count.kind),
            printable(&place.join(" "))
        )?;
        if kinds.insert(count.kind) && !count.example.is_empty() {
            writeln!(text, "            for example {}", count.example)?;
        }
    }
    let others = counts.len().saturating_sub(MAX_COUNTS);
    if others > 0 {
        writeln!(text, "   … and in {others} more accounts and Regions")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::incident::Incident;
    use super::super::sample::finding;
    use super::*;

    fn text_of(kind: &str, notice: Notice) -> String {
        let mut found = finding("x", 1);
        found.kind = kind.to_owned();
        let incident = Incident::of(&found);
        let entry = AlertEntry {
            incident: &incident,
            notice,
            waited: false,
        };
        let documents = ["s3://amzn-s3-demo-bucket/incidents/x.json".to_owned()];
        email(&[entry], &[true], &documents, &[], None, found.detected_at)
    }

    #[test]
    fn each_finding_names_the_section_of_the_runbook_of_this_version() {
        let page = include_str!("../../../../docs/runbook.md");
        for kind in FindingKind::ALL {
            let name = kind.as_str();
            let text = text_of(name, Notice::Opened);
            let url = format!(
                "\n   Runbook    https://github.com/trailseal/trailseal/blob/v{}/docs/runbook.md#{name}\n",
                env!("CARGO_PKG_VERSION")
            );
            assert!(text.contains(&url), "{text}");
            // GitHub makes the anchor of a title without its backticks.
            assert!(page.contains(&format!("\n### `{name}`\n")), "{name}");
        }
    }

    #[test]
    fn what_has_no_section_names_none() {
        assert!(!text_of("kind-of-another-version", Notice::Opened).contains("Runbook"));
        assert!(!text_of("digest-missing", Notice::Closed).contains("Runbook"));
    }
}
