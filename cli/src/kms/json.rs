//! The report as one JSON object, written as log files are judged.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use super::head::{KmsFoot, KmsHead};
use super::tally::{KmsEntry, KmsTally};
use crate::report::copy::Note;
use crate::report::{CannotTell, Outcome, Range};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use trailseal::finding::{Counts, FindingKind, Stamp, StampedFinding, Verdict};
use trailseal::kms::review::Explanation;
use trailseal::kms::rules::Rule;
use trailseal::names::ids::TrailArn;
use trailseal::names::location::ObjectLocation;
use trailseal::names::seconds::whole_second;

/// The schema of the JSON form.
const SCHEMA: &str = "trailseal.kms/1";

/// The name of the program that reports.
const REPORTER: &str = "trailseal kms";

#[derive(Default)]
pub(super) struct Json {
    entries: u64,
    stamp: Option<Stamp<'static>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    schema: &'static str,
    version: &'static str,
    command: Vec<String>,
    source: &'a str,
    requested: Range,
    #[serde(serialize_with = "trailseal::names::seconds::serialize")]
    started_at: Timestamp,
    #[serde(rename = "bareCopy")]
    is_copy: bool,
    buckets: &'a [String],
    buckets_from_events: bool,
    trails: Vec<String>,
    keys: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogFile<'a> {
    object: &'a ObjectLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    verdict: Outcome,
    kms_events: u64,
    rules: &'a BTreeMap<&'static str, Counts>,
    explanations: Vec<Explained<'a>>,
    findings: Vec<StampedFinding<'a>>,
    cannot_tell: &'a [String],
}

#[derive(Serialize)]
struct Explained<'a> {
    event: Option<Event<'a>>,
    rule: &'static str,
    verdict: Verdict,
    reason: &'a str,
}

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    id: &'a str,
    time: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct End<'a> {
    #[serde(serialize_with = "trailseal::names::seconds::serialize")]
    finished_at: Timestamp,
    interrupted: bool,
    verdict: Outcome,
    totals: JsonTotals,
    rules: BTreeMap<&'static str, Counts>,
    findings_by_kind: &'a BTreeMap<FindingKind, u64>,
    findings_left_out: u64,
    cannot_tell: &'a [CannotTell],
    cannot_tell_left_out: u64,
    notes: &'a [Note],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonTotals {
    log_files: u64,
    with_kms_events: u64,
    judged: u64,
    kms_events: u64,
    waiting: u64,
    requests: u64,
}

impl Json {
    pub(super) fn begin(&mut self, head: &KmsHead, out: &mut impl Write) -> io::Result<()> {
        self.stamp = Some(Stamp::by_command(REPORTER, whole_second(head.started_at)));
        let expected = &head.expected;
        let begin = Start {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            command: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            source: &head.source,
            requested: head.requested,
            started_at: head.started_at,
            is_copy: expected.places.is_copy(),
            buckets: &expected.places.log_buckets,
            buckets_from_events: head.buckets_found,
            trails: expected
                .places
                .trails
                .iter()
                .map(TrailArn::to_string)
                .collect(),
            keys: &expected.key_arns,
        };
        write!(out, "{{")?;
        write_fields(&begin, out)?;
        write!(out, ",\n\"logFiles\":[")
    }

    pub(super) fn entry(
        &mut self,
        head: &KmsHead,
        entry: &KmsEntry,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if entry.explanations.is_empty() && entry.outcome == Outcome::Valid {
            return Ok(());
        }
        let Some(stamp) = self.stamp else {
            return Ok(());
        };
        let comma = if self.entries == 0 { "" } else { "," };
        self.entries += 1;
        let file = entry.subject.file.as_ref();
        let log_file = LogFile {
            object: &entry.subject.at,
            file: file.map(|file| file.display().to_string()),
            verdict: entry.outcome,
            kms_events: entry.kms_events,
            rules: &entry.rules,
            explanations: entry
                .explanations
                .iter()
                .filter(|explanation| head.all || explanation.verdict != Verdict::Valid)
                .map(explained)
                .collect(),
            findings: entry.findings.iter().map(|f| stamp.stamp(f)).collect(),
            cannot_tell: &entry.reasons,
        };
        writeln!(out, "{comma}")?;
        serde_json::to_writer(&mut *out, &log_file)?;
        Ok(())
    }
}

/// Writes the facts that are known at the end.
pub(super) fn end(tally: &KmsTally, foot: &KmsFoot, out: &mut impl Write) -> io::Result<()> {
    let totals = tally.totals;
    let count = |rule: Rule| {
        let count = tally.rules.get(rule.as_str()).copied().unwrap_or_default();
        (rule.as_str(), count)
    };
    let end = End {
        finished_at: foot.finished_at,
        interrupted: foot.interrupted,
        verdict: foot.verdict,
        totals: JsonTotals {
            log_files: totals.log_files,
            with_kms_events: totals.with_kms_events,
            judged: totals.judged,
            kms_events: totals.kms_events,
            waiting: totals.waiting,
            requests: foot.requests,
        },
        rules: Rule::ALL.map(count).into(),
        findings_by_kind: &tally.findings_by_kind,
        findings_left_out: tally.findings_left_out,
        cannot_tell: tally.cannot_tell(),
        cannot_tell_left_out: tally.cannot_tell_left_out,
        notes: &foot.notes,
    };
    write!(out, "\n],\n")?;
    write_fields(&end, out)?;
    writeln!(out, "}}")
}

fn explained(explanation: &Explanation) -> Explained<'_> {
    Explained {
        event: explanation.event.as_ref().map(|event| Event {
            name: &event.name,
            id: &event.id,
            time: event.time,
        }),
        rule: explanation.rule.as_str(),
        verdict: explanation.verdict,
        reason: &explanation.reason,
    }
}

/// Writes the fields of an object, without its braces.
fn write_fields(object: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let text = serde_json::to_string(object)?;
    let fields = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    out.write_all(fields.unwrap_or_default().as_bytes())
}
