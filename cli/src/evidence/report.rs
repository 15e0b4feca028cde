//! `trailseal evidence report`.

use super::key::{self, GivenKey};
use super::source::Evidence;
use crate::args::{EvidenceReportArgs, EvidenceReportFormat};
use crate::exit::{self, Stop};
use crate::options;
use crate::output::file_name;
use crate::output::html::auditor;
use crate::output::target;
use crate::progress::Display;
use crate::report::auditor::{AuditorReport, AuditorRun};
use crate::time;
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::process::ExitCode;
use trailseal::evidence_log::LogKey;
use trailseal::names::ids::{AccountId, Region};
use trailseal::names::seconds::whole_second;
use trailseal::period::{PeriodReader, PeriodReport, PeriodScope, PeriodSpan};

/// The maximum length of a period.
const MAX_PERIOD_DAYS: i64 = 400;

/// Writes a report, and returns the exit code.
pub(super) async fn run(args: EvidenceReportArgs) -> Result<ExitCode, Stop> {
    let format = format_of(&args);
    let name = match format {
        EvidenceReportFormat::Html => "html",
        EvidenceReportFormat::Json => "json",
    };
    file_name::check(args.output.as_deref(), name, &["html", "json"], &[])?;
    let now = Timestamp::now();
    let period = period(&args, now)?;
    let account = options::one("--account", args.account.as_deref(), AccountId::new)?;
    let region = options::one("--region", args.region.as_deref(), Region::new)?;
    let scope = PeriodScope {
        account: account.map(|account| account.as_str().to_owned()),
        region: region.map(|region| region.as_str().to_owned()),
    };
    let cosigners: Result<Vec<LogKey>, Stop> = args
        .cosigners
        .iter()
        .map(|text| key::read("--cosigner", text))
        .collect();
    let cosigners = cosigners?;
    let evidence = Evidence::open(&args.source, args.profile.as_deref()).await?;
    let GivenKey {
        key,
        is_from_bucket,
    } = key::of_log(args.key.as_deref(), &evidence).await?;
    let reader = PeriodReader {
        evidence: &evidence,
        key: &key,
        cosigners: &cosigners,
        period,
        scope: scope.clone(),
    };
    let mut report = read(&reader).await?;
    if is_from_bucket {
        report.cannot_tell.push(format!(
            "the key is the one in the evidence bucket, where an attacker may have replaced it: compare {key} with the key that you received when the log was started, or with that of KMS, and give it with --key"
        ));
    }
    let run = AuditorRun {
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        source: &args.source,
        account: scope.account,
        region: scope.region,
        key: &key,
        key_from_evidence: is_from_bucket,
        written_at: now,
    };
    let report = AuditorReport::of(report, run);
    let text = match format {
        EvidenceReportFormat::Html => auditor::page(&report),
        EvidenceReportFormat::Json => report.to_json(),
    };
    let name = target::write(args.output.as_deref(), &text)?;
    exit::say(format_args!(
        "{}. The report is in {name}",
        auditor::sentence(&report)
    ));
    Ok(exit::code(report.verdict))
}

fn format_of(args: &EvidenceReportArgs) -> EvidenceReportFormat {
    let is_json = |path: &Path| {
        let ending = path.extension();
        ending.is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
    };
    let by_name = if args.output.as_deref().is_some_and(is_json) {
        EvidenceReportFormat::Json
    } else {
        EvidenceReportFormat::Html
    };
    args.format.unwrap_or(by_name)
}

/// Reads the period.
fn period(args: &EvidenceReportArgs, now: Timestamp) -> Result<PeriodSpan, Stop> {
    let read = |option, text: Option<&str>| {
        let time = options::one(option, text, |text| time::parse(text, now))?;
        Ok::<Timestamp, Stop>(time.unwrap_or(whole_second(now)))
    };
    let from = read("--from", Some(&args.from))?;
    let to = read("--to", args.to.as_deref())?;
    let period = PeriodSpan::new(from, to).ok_or_else(|| {
        Stop::usage(format_args!(
            "--from {from} is not before --to {to}: exchange the two"
        ))
    })?;
    let most = SignedDuration::from_hours(MAX_PERIOD_DAYS * 24);
    if to.duration_since(from) > most {
        return Err(Stop::usage(format_args!(
            "the period has more than {MAX_PERIOD_DAYS} days: write several reports"
        )));
    }
    Ok(period)
}

/// Reads the evidence, and shows the progress.
async fn read(reader: &PeriodReader<'_, Evidence>) -> Result<PeriodReport, Stop> {
    let (display, work) = Display::counting("entries");
    let report = reader.run(|read, entries| work.note(read, entries)).await;
    display.stop();
    report.map_err(Stop::cannot_tell)
}
