//! `docs/faults.md`: how the runs are made, and what they showed.

use crate::outcome::Outcome;
use anyhow::{Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use trailseal_tests::local::{FaultKind, paths};

/// What comes before the figures.
const HEAD: &str = include_str!("head.md");

/// The start of what `make faults` writes.
const MARKER: &str = "<!-- `make faults` writes everything below. -->\n";

fn path() -> PathBuf {
    paths::repository().join("docs/faults.md")
}

/// The figures of some runs.
#[derive(Default)]
struct Row {
    runs: usize,
    calls: usize,
    expected: usize,
    found: usize,
    lost: usize,
    false_ones: usize,
    longest: Duration,
}

impl Row {
    fn add(&mut self, outcome: &Outcome, calls: usize) {
        self.runs += 1;
        self.calls += calls;
        self.expected += outcome.expected;
        self.found += outcome.found;
        self.lost += outcome.lost.len();
        self.false_ones += outcome.false_ones.len();
        self.longest = self.longest.max(outcome.longest);
    }

    fn cells(&self) -> String {
        let Self {
            runs,
            calls,
            expected,
            found,
            lost,
            false_ones,
            longest,
        } = self;
        let seconds = longest.as_secs_f64();
        format!("{runs} | {calls} | {expected} | {found} | {lost} | {false_ones} | {seconds:.1} s")
    }
}

/// Returns one line about all runs.
pub(crate) fn summary(outcomes: &[Outcome], took: Duration) -> String {
    let mut all = Row::default();
    for outcome in outcomes {
        all.add(outcome, outcome.broken.values().sum());
    }
    let moved_back: usize = outcomes.iter().map(|it| it.moved_back).sum();
    let all_clears: usize = outcomes.iter().map(|it| it.all_clears).sum();
    let invocations: usize = outcomes.iter().map(|it| it.invocations).sum();
    let failed = outcomes.iter().filter(|it| it.has_failed()).count();
    format!(
        "{} runs in {} s, {failed} failed: {} calls broken, {} findings expected, {} found, {} lost, {} false; {invocations} invocations, the longest {:.1} s; {moved_back} messages moved back; {all_clears} all-clears",
        all.runs,
        took.as_secs(),
        all.calls,
        all.expected,
        all.found,
        all.lost,
        all.false_ones,
        all.longest.as_secs_f64(),
    )
}

/// Writes the document.
pub(crate) fn write(outcomes: &[Outcome], took: Duration) -> Result<()> {
    let text = format!("{HEAD}\n{MARKER}{}", figures(outcomes, took)?);
    fs::write(path(), text)?;
    Ok(())
}

/// Checks that the document starts with its text, and has figures.
pub(crate) fn assert_text() -> Result<()> {
    let text = fs::read_to_string(path())?;
    let start = format!("{HEAD}\n{MARKER}");
    ensure!(
        text.starts_with(&start),
        "the text of docs/faults.md is in tests/tests/faults/head.md: run `make faults`"
    );
    ensure!(text.contains("| fault | service |"), "no figures");
    Ok(())
}

fn figures(outcomes: &[Outcome], took: Duration) -> Result<String> {
    let mut all = Row::default();
    let mut rows: BTreeMap<(FaultKind, &str), Row> = BTreeMap::new();
    let mut attacks: BTreeMap<String, usize> = BTreeMap::new();
    for outcome in outcomes {
        all.add(outcome, outcome.broken.values().sum());
        let mut of_run: BTreeMap<(FaultKind, &str), usize> = BTreeMap::new();
        for ((kind, service, _), calls) in &outcome.broken {
            *of_run.entry((*kind, service.as_str())).or_default() += calls;
        }
        for (part, calls) in of_run {
            rows.entry(part).or_default().add(outcome, calls);
        }
        let names = outcome.attacks.iter().map(|attack| format!("{attack:?}"));
        let of_run: BTreeSet<String> = names.collect();
        for attack in of_run {
            *attacks.entry(attack).or_default() += 1;
        }
    }
    let sum = |number: fn(&Outcome) -> usize| outcomes.iter().map(number).sum::<usize>();
    let mut text = String::from("\n## Result\n\n");
    writeln!(text, "| | |\n| --- | --- |")?;
    for (what, figure) in [
        ("runs", all.runs),
        (
            "runs without an attack",
            sum(|it| usize::from(it.attacks.is_empty())),
        ),
        ("invocations", sum(|it| it.invocations)),
        ("calls that broke", all.calls),
        ("findings expected", all.expected),
        ("findings found", all.found),
        ("findings lost", all.lost),
        ("false findings", all.false_ones),
        (
            "incidents without a record, after the evidence bucket accepted nothing for four rounds or more",
            sum(|it| it.without_record),
        ),
        (
            "messages moved back from dead-letter queues",
            sum(|it| it.moved_back),
        ),
        (
            "incidents about what could not be verified, each with its all-clear",
            sum(|it| it.all_clears),
        ),
    ] {
        writeln!(text, "| {what} | {figure} |")?;
    }
    writeln!(
        text,
        "| longest invocation | {:.1} s |",
        all.longest.as_secs_f64()
    )?;
    writeln!(
        text,
        "| time of all runs | {} min |",
        took.as_secs().div_ceil(60)
    )?;
    text.push_str("\n## By fault and service\n\n");
    text.push_str("| fault | service | runs | calls broken | expected | found | lost | false | longest invocation |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for ((kind, service), row) in &rows {
        writeln!(text, "| {kind} | {service} | {} |", row.cells())?;
    }
    text.push_str("\n## By attack\n\n| attack | runs |\n| --- | --- |\n");
    for (attack, runs) in attacks {
        writeln!(text, "| `{attack}` | {runs} |")?;
    }
    Ok(text)
}
