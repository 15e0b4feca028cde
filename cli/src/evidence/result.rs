//! The result of `trailseal evidence verify`, as text and as JSON.

use super::against::ComparedTrail;
use crate::args::EvidenceFormat;
use crate::report::Outcome;
use serde::Serialize;
use std::fmt::Write as _;
use trailseal::alert::printable;
use trailseal::evidence_log::{LogFinding, LogKey, LogReport};
use trailseal::finding::Verdict;

/// The schema of the JSON document.
const SCHEMA: &str = "trailseal.evidence-verification/1";

/// The number of findings and obstacles that the text lists.
const MAX_LISTED: usize = 100;

/// The width of the labels.
const LABEL: usize = 22;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'a str,
    source: &'a str,
    verdict: Verdict,
    log: &'a str,
    key: String,
    key_from_evidence: bool,
    checkpoint: Option<String>,
    entries: u64,
    rounds: u64,
    first_round: Option<String>,
    newest_round: Option<String>,
    documents: u64,
    not_logged_yet: u64,
    agreeing_checkpoints: u64,
    against: Option<&'a ComparedTrail>,
    cosigners: Vec<Cosigned<'a>>,
    findings: &'a [LogFinding],
    cannot_tell: &'a [String],
    left_out: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cosigned<'a> {
    name: &'a str,
    at: Option<String>,
}

/// Returns the outcome.
pub(super) fn outcome(report: &LogReport) -> Outcome {
    match report.verdict() {
        Verdict::Valid => Outcome::Valid,
        Verdict::Finding => Outcome::Finding,
        Verdict::CannotTell | Verdict::Ignored => Outcome::CannotTell,
    }
}

/// Returns the result.
pub(super) fn of(
    report: &LogReport,
    trail: Option<&ComparedTrail>,
    source: &str,
    key: (&LogKey, bool),
    format: EvidenceFormat,
) -> String {
    match format {
        EvidenceFormat::Text => text(report, trail, key),
        EvidenceFormat::Json => json(report, trail, source, key),
    }
}

fn json(
    report: &LogReport,
    against: Option<&ComparedTrail>,
    source: &str,
    (key, key_from_evidence): (&LogKey, bool),
) -> String {
    let checkpoint = report.checkpoint.as_ref();
    let checkpoint = checkpoint.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
    let cosigners = report.cosigners.iter().map(|cosigner| Cosigned {
        name: &cosigner.name,
        at: cosigner.at.map(|at| at.to_string()),
    });
    let document = Document {
        schema: SCHEMA,
        source,
        verdict: report.verdict(),
        log: key.name(),
        key: key.to_string(),
        key_from_evidence,
        checkpoint,
        entries: report.entries,
        rounds: report.rounds,
        first_round: report.first_round.map(|at| at.to_string()),
        newest_round: report.newest_round.map(|at| at.to_string()),
        documents: report.documents,
        not_logged_yet: report.not_logged_yet,
        agreeing_checkpoints: report.agreeing_checkpoints,
        against,
        cosigners: cosigners.collect(),
        findings: &report.findings,
        cannot_tell: &report.cannot_tell,
        left_out: report.left_out,
    };
    // Text, times and numbers: JSON can hold everything in it.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn text(
    report: &LogReport,
    trail: Option<&ComparedTrail>,
    (key, key_from_evidence): (&LogKey, bool),
) -> String {
    let mut out = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(out, "{label:LABEL$}{}", printable(value));
    };
    line("Evidence log", key.name());
    let from = if key_from_evidence {
        " (from the evidence bucket)"
    } else {
        ""
    };
    line("Key", &format!("{key}{from}"));
    if let Some(checkpoint) = &report.checkpoint {
        let value = format!("{} entries, root {}", checkpoint.size, checkpoint.root);
        line("Checkpoint", &value);
    }
    for cosigner in &report.cosigners {
        let at = cosigner.at.map(|at| format!(" at {at}"));
        let value = format!("{}{}", cosigner.name, at.unwrap_or_default());
        line("Cosigned by", &value);
    }
    if let (Some(first), Some(newest)) = (report.first_round, report.newest_round) {
        let value = format!("{}, from {first} to {newest}", report.rounds);
        line("Rounds", &value);
    }
    line("Documents as logged", &report.documents.to_string());
    if report.not_logged_yet > 0 {
        line("Not logged yet", &report.not_logged_yet.to_string());
    }
    if report.agreeing_checkpoints > 0 {
        let value = format!("{} that the log continues", report.agreeing_checkpoints);
        line("Earlier checkpoints", &value);
    }
    if let Some(trail) = trail {
        let ComparedTrail {
            bucket, from, to, ..
        } = trail;
        let value = format!("{} in s3://{bucket}, from {from} to {to}", trail.same);
        line("Digests as recorded", &value);
        if trail.elsewhere > 0 {
            let value = format!("{}: compare them with --against, too", trail.elsewhere);
            line("In other buckets", &value);
        }
    }
    write_found(&mut out, report);
    out
}

/// Writes what was found, what could not be verified, and the conclusion.
fn write_found(out: &mut String, report: &LogReport) {
    for finding in report.findings.iter().take(MAX_LISTED) {
        let fault = serde_json::to_value(finding.fault).unwrap_or_default();
        let fault = fault.as_str().unwrap_or_default();
        let _ = write!(
            out,
            "\nFINDING {fault}: {}\n  {}\n",
            printable(&finding.key),
            printable(&finding.message)
        );
    }
    for why in report.cannot_tell.iter().take(MAX_LISTED) {
        let _ = write!(out, "\nCOULD NOT VERIFY: {}\n", printable(why));
    }
    let named = |count: usize| count.saturating_sub(MAX_LISTED);
    let more = named(report.findings.len()) + named(report.cannot_tell.len());
    if more > 0 || report.left_out > 0 {
        let _ = write!(
            out,
            "\nAnd {} more: --format json lists them.\n",
            u64::try_from(more)
                .unwrap_or(u64::MAX)
                .saturating_add(report.left_out)
        );
    }
    let findings = report.findings.len();
    let _ = match outcome(report) {
        Outcome::Valid => writeln!(
            out,
            "\nvalid: the log and its documents are as they were signed"
        ),
        Outcome::Finding => {
            let _ = writeln!(
                out,
                "\nWhat to do: save all versions of these objects before anybody changes them again (aws s3api list-object-versions), and find out who wrote or deleted them in the access logs of the evidence bucket."
            );
            let s = if findings == 1 { "" } else { "s" };
            writeln!(out, "\n{findings} finding{s}")
        }
        Outcome::CannotTell => writeln!(out, "\ncould not verify everything"),
    };
}
