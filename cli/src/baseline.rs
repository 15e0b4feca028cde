//! `trailseal baseline`: writes down the findings of a report that somebody has reviewed.

use crate::args::BaselineArgs;
use crate::exit::{self, Stop};
use crate::input;
use crate::options;
use crate::output::file_name;
use crate::output::target;
use jiff::Timestamp;
use serde::Deserialize;
use std::path::Path;
use std::process::ExitCode;
use trailseal::alert::baseline::{Baseline, KnownFinding, MAX_BASELINE_BYTES};
use trailseal::finding::{FindingKind, Severity};
use trailseal::names::location::ObjectLocation;
use trailseal::names::seconds::whole_second;
use trailseal::names::window::Window;

/// The maximum size of a report in bytes: it has at most 10,000 findings.
const MAX_REPORT_BYTES: usize = 128 * 1024 * 1024;

/// The part of a report that is needed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema: String,
    interrupted: bool,
    findings: Vec<Reported>,
    findings_left_out: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    id: String,
    /// Reports of earlier versions do not have it.
    occurrence: Option<String>,
    kind: String,
    severity: Severity,
    object: ObjectLocation,
    window: Option<Window>,
}

/// Writes the baseline, and returns the exit code.
pub(crate) fn run(args: &BaselineArgs) -> ExitCode {
    match write(args) {
        Ok(()) => ExitCode::from(exit::VALID),
        Err(stop) => stop.print(),
    }
}

fn write(args: &BaselineArgs) -> Result<(), Stop> {
    let inputs = [Some(&args.report), args.add_to.as_ref()];
    file_name::check(args.output.as_deref(), "json", &["json"], &inputs)?;
    for (option, text) in [("--reviewer", &args.reviewer), ("--reason", &args.reason)] {
        if text.trim().is_empty() {
            return Err(Stop::usage(format_args!("{option} is empty")));
        }
    }
    let kinds = options::many("--kind", &args.kinds, |text| {
        let mut all = FindingKind::ALL.iter();
        let is_known = all.any(|kind| kind.as_str() == text);
        is_known
            .then(|| text.to_owned())
            .ok_or_else(|| options::is_not(text, "a kind of finding, such as digest-missing"))
    })?;
    let report = read_report(&args.report)?;
    let mut baseline = match &args.add_to {
        Some(path) => Baseline::read(&input::read(path, MAX_BASELINE_BYTES)?)
            .map_err(|error| Stop::usage(format_args!("{}: {error}", path.display())))?,
        None => Baseline::default(),
    };
    let earlier = baseline.len();
    let now = whole_second(Timestamp::now());
    let mut others = 0_usize;
    for finding in report.findings {
        if !kinds.is_empty() && !kinds.contains(&finding.kind) {
            others += 1;
            continue;
        }
        let known = known(finding, args, now)?;
        baseline.add(known).map_err(Stop::usage)?;
    }
    let name = target::write(args.output.as_deref(), &(baseline.to_json() + "\n"))?;
    exit::say(format_args!(
        "{} findings recorded in {name}, {earlier} of them before; {others} of other kinds were left out",
        baseline.len()
    ));
    Ok(())
}

/// Returns a finding of a report as the reviewer has seen it.
fn known(finding: Reported, args: &BaselineArgs, now: Timestamp) -> Result<KnownFinding, Stop> {
    let occurrence = finding.occurrence.ok_or_else(|| {
        Stop::usage("the report was written by an earlier version, which does not distinguish what exactly was found: verify again")
    })?;
    Ok(KnownFinding {
        id: finding.id,
        occurrence,
        kind: finding.kind,
        severity: finding.severity,
        object: finding.object,
        window: finding.window,
        reason: args.reason.trim().to_owned(),
        reviewer: args.reviewer.trim().to_owned(),
        reviewed_at: now,
    })
}

/// Reads a report. Whoever reviews it must have seen everything.
fn read_report(path: &Path) -> Result<Report, Stop> {
    let json = input::read(path, MAX_REPORT_BYTES)?;
    let report: Report = serde_json::from_slice(&json).map_err(|error| {
        Stop::usage(format_args!(
            "{} is not a report of trailseal verify --format json: {error}",
            path.display()
        ))
    })?;
    if report.schema != "trailseal.verification/1" {
        return Err(Stop::usage(format_args!(
            "{} is not a report of trailseal verify --format json: its schema is {}",
            path.display(),
            report.schema
        )));
    }
    if report.interrupted || report.findings_left_out > 0 {
        return Err(Stop::cannot_tell(format_args!(
            "{} is not complete: {}. Verify again, a smaller range or fewer accounts at a time, and add to the baseline with --add-to",
            path.display(),
            if report.interrupted {
                "the run was interrupted"
            } else {
                "it has more findings than a report can hold"
            }
        )));
    }
    Ok(report)
}
