//! Trailseal's verdicts next to those of `aws cloudtrail validate-logs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use trailseal_tests::local::{
    Expected, FileKind, LocalAws, Ratio, ValidateLogs, Validation, Verdict,
};
use trailseal_tests::trail::Trail;

use crate::attack::{About, Attack};
use crate::inbox::Reported;
use crate::screen::{Screen, Style, counted};
use crate::verdicts::Valid;

/// The maximum time from detection until SNS has accepted the alert.
const ALERTED_WITHIN: Duration = Duration::from_secs(15);

/// The AWS CLI's verdicts on each Region.
pub(crate) type CliVerdicts = BTreeMap<String, Validation>;

/// Asks the AWS CLI about the whole day, Region by Region.
pub(crate) async fn ask_the_cli(aws: &LocalAws, trail: &Trail) -> Result<CliVerdicts> {
    let (from, to) = trail.time_span();
    let runs = trail.spec.regions.iter().map(async |region| {
        let validation = ValidateLogs::new(&trail.spec.trail_arn(), region, &from.to_string())
            .end(&to.to_string())
            .bucket(&trail.spec.bucket)
            .run(aws)
            .await?;
        ensure!(
            matches!(validation.code(), 0 | 1),
            "the AWS CLI could not finish in {region}:\n{}",
            validation.output.stderr
        );
        Ok((region.clone(), validation))
    });
    Ok(try_join_all(runs).await?.into_iter().collect())
}

/// Prints a row for each attack, and one for each finding that belongs to no attack.
pub(crate) fn print_verdicts(
    screen: &Screen,
    trail: &Trail,
    attacks: &[&Attack],
    reported: &[Reported],
    cli_verdicts: &CliVerdicts,
) {
    let rows: Vec<[String; 4]> = attacks
        .iter()
        .enumerate()
        .map(|(number, attack)| {
            [
                (number + 1).to_string(),
                format!("{}\n({})", attack.what, attack.region),
                trailseal_cell(attack, reported),
                cli_cell(attack, trail, cli_verdicts),
            ]
        })
        .chain(
            unexpected(attacks, reported)
                .into_iter()
                .map(|finding| ["-".to_owned(), "nothing".to_owned(), finding, String::new()]),
        )
        .collect();
    let head = ["", "Attack", "Trailseal", "AWS CLI"];
    screen.table([1, 31, 32, 30], head, &rows);
}

/// Prints what the AWS CLI counts, next to what there was to count.
pub(crate) fn print_totals(screen: &Screen, trail: &Trail, cli_verdicts: &CliVerdicts) {
    let rows: Vec<[String; 5]> = trail
        .spec
        .regions
        .iter()
        .map(|region| {
            let validation = &cli_verdicts[region];
            let delivered = Delivered::to(trail, region);
            let digests = validation.total(FileKind::Digest);
            let log_files = validation.total(FileKind::Log);
            let missed = Delivered {
                digests: delivered.digests.saturating_sub(digests.total),
                log_files: delivered.log_files.saturating_sub(log_files.total),
            };
            [
                region.clone(),
                delivered.to_string(),
                ratio(digests),
                ratio(log_files),
                missed.to_string(),
            ]
        })
        .collect();
    let head = [
        "Region",
        "CloudTrail delivered",
        "AWS CLI: digests",
        "AWS CLI: log files",
        "Not counted by the AWS CLI",
    ];
    screen.table([15, 24, 12, 12, 24], head, &rows);
}

/// Prints whether the functions reported exactly the attacks, and returns it.
pub(crate) fn print_conclusion(
    screen: &Screen,
    attacks: &[&Attack],
    reported: &[Reported],
) -> bool {
    let mut expected: Vec<Expected> = attacks.iter().flat_map(|d| d.expected.clone()).collect();
    let mut actual: Vec<Expected> = reported.iter().map(Reported::identity).collect();
    expected.sort();
    actual.sort();
    let is_exact = expected == actual;
    if is_exact {
        let text = format!(
            "{} made, {} reported. Trailseal reported each attack, and nothing else.",
            counted(attacks.len(), "attack"),
            counted(actual.len(), "finding")
        );
        screen.styled(&text, Style::Good);
    } else {
        screen.styled("The reports do not match the attacks.", Style::Bad);
        for missed in expected.iter().filter(|one| !actual.contains(one)) {
            screen.line(&format!("Not reported:       {missed}"));
        }
        for wrong in actual.iter().filter(|one| !expected.contains(one)) {
            screen.line(&format!("Reported wrongly:   {wrong}"));
        }
    }
    is_exact
}

/// Prints how long people waited, and how many messages they received.
pub(crate) fn print_latency(screen: &Screen, reported: &[Reported], alerts: usize) -> bool {
    let longest = reported.iter().map(|one| one.since_detection).max();
    let longest = longest.unwrap_or_default();
    let in_time = longest < ALERTED_WITHIN;
    let text = format!(
        "The function alerter sent {}, each at most {:.1} s after the finding was detected.",
        counted(alerts, "message"),
        longest.as_secs_f64()
    );
    screen.styled(&text, if in_time { Style::Good } else { Style::Bad });
    in_time
}

/// Prints whether everything else was called valid: each digest as it arrived, each log file with
/// the digest that lists it.
pub(crate) fn print_untouched(
    screen: &Screen,
    trail: &Trail,
    attacks: &[&Attack],
    valid: Valid,
) -> bool {
    let tampered = attacks
        .iter()
        .filter(|attack| attack.about == About::LogFile);
    let tampered: usize = tampered.map(|attack| attack.objects.len()).sum();
    let mut untouched = Valid::if_untouched(trail, i64::from(trail.spec.hours));
    untouched.log_files -= tampered;
    let is_exact = valid == untouched;
    let text = format!(
        "Valid when they arrived: {}/{} digests, {}/{} unchanged log files, {}/{} log files with KMS calls.",
        valid.digests,
        untouched.digests,
        valid.log_files,
        untouched.log_files,
        valid.kms,
        untouched.kms
    );
    screen.styled(&text, if is_exact { Style::Good } else { Style::Bad });
    is_exact
}

fn trailseal_cell(attack: &Attack, reported: &[Reported]) -> String {
    let lines = attack.expected.iter().map(|expected| {
        let found = reported.iter().find(|one| one.identity() == *expected);
        found.map_or_else(|| "NOT REPORTED".to_owned(), describe)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the kind, and how long the report took.
pub(crate) fn describe(reported: &Reported) -> String {
    if reported.is_silence() {
        let region = reported.finding.document["region"].as_str();
        return format!(
            "{}, found by watchdog in {}",
            reported.finding.kind,
            region.unwrap_or_default()
        );
    }
    let since = if reported.finding.kind == "object-deleted" {
        "the file was deleted"
    } else if reported.by_itself {
        "the file was written"
    } else {
        "the digest that names it arrived"
    };
    format!(
        "{}, {:.2} s after {since}",
        reported.finding.kind,
        reported.after.as_secs_f64()
    )
}

fn unexpected(attacks: &[&Attack], reported: &[Reported]) -> Vec<String> {
    let expected: BTreeSet<&Expected> =
        attacks.iter().flat_map(|attack| &attack.expected).collect();
    let others = reported
        .iter()
        .filter(|one| !expected.contains(&one.identity()));
    others.map(|one| one.identity().to_string()).collect()
}

fn cli_cell(attack: &Attack, trail: &Trail, cli_verdicts: &CliVerdicts) -> String {
    let mut by_line: BTreeMap<String, usize> = BTreeMap::new();
    for object in &attack.objects {
        let mut verdicts = cli_verdicts
            .values()
            .filter_map(|validation| validation.verdict(&object.bucket, &object.key));
        let line = match verdicts.next() {
            Some(Verdict::Invalid(reason)) => format!("INVALID: {reason}"),
            Some(Verdict::Valid) if attack.about == About::Restored => {
                "valid, because it was restored".to_owned()
            }
            Some(Verdict::Valid) => "not noticed (\"valid\")".to_owned(),
            None => "not noticed (no line)".to_owned(),
        };
        *by_line.entry(line).or_default() += 1;
    }
    let mut lines: Vec<String> = by_line
        .into_iter()
        .map(|(line, count)| match attack.objects.len() {
            1 => line,
            all => format!("{count} of {all}: {line}"),
        })
        .collect();
    let delivered = Delivered::to(trail, &attack.region).log_files;
    let counted_by_cli = cli_verdicts
        .get(&attack.region)
        .map_or(0, |validation| validation.total(FileKind::Log).total);
    if attack.about == About::Digests && counted_by_cli < delivered {
        lines.push(format!(
            "its totals do not include {} of {delivered} log files",
            delivered - counted_by_cli
        ));
    }
    lines.join("\n")
}

fn ratio(ratio: Ratio) -> String {
    format!("{}/{} valid", ratio.valid, ratio.total)
}

/// The number of delivered files.
struct Delivered {
    digests: usize,
    log_files: usize,
}

impl fmt::Display for Delivered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digests = counted(self.digests, "digest");
        write!(out, "{digests}, {}", counted(self.log_files, "log file"))
    }
}

impl Delivered {
    fn to(trail: &Trail, region: &str) -> Self {
        let digests = trail
            .digests
            .iter()
            .filter(|digest| digest.region == region);
        let log_files = trail.log_files.iter().filter(|log| log.region == region);
        Self {
            digests: digests.count(),
            log_files: log_files.count(),
        }
    }
}
