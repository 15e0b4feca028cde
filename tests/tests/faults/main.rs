//! Many small trails with known attacks, while the calls between the functions and AWS break: no
//! finding is lost, none is false, no function panics, and each invocation ends in time.
//!
//! Each run has a seed, which decides about the trail, the attacks and the faults. The test runs a
//! sample. `make faults` runs a thousand, and writes `docs/faults.md`. A run that fails prints the
//! command that repeats it.

mod attack;
mod case;
mod document;
mod outcome;
mod run;
mod stage;
mod weather;

use crate::case::Case;
use crate::outcome::Outcome;
use crate::stage::Stage;
use anyhow::{Result, ensure};
use futures::stream::{self, StreamExt as _};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// The seeds of the sample.
const SAMPLE: u64 = 16;

/// How many stages are used at the same time.
const STAGES: usize = 3;

/// How many runs follow each other on a stage.
const RUNS_OF_A_STAGE: usize = 20;

/// What the variables of the environment say.
struct Settings {
    seeds: Vec<u64>,
    /// How many stages are used at the same time.
    stages: usize,
    /// No run starts after this.
    no_run_after: Option<Instant>,
    /// Whether the document is written.
    writes: bool,
}

impl Settings {
    fn read() -> Result<Self> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let number = |name| variable(name).map(|text| text.parse::<u64>()).transpose();
        let stages = number("TRAILSEAL_FAULT_STAGES")?.map_or(Ok(STAGES), usize::try_from)?;
        let minutes = number("TRAILSEAL_FAULT_MINUTES")?.map(Duration::from_mins);
        let seeds = match (
            number("TRAILSEAL_FAULT_SEED")?,
            number("TRAILSEAL_FAULT_RUNS")?,
        ) {
            (Some(seed), _) => vec![seed],
            (None, runs) => (1..=runs.unwrap_or(SAMPLE)).collect(),
        };
        Ok(Self {
            seeds,
            stages: stages.max(1),
            no_run_after: minutes.map(|minutes| Instant::now() + minutes),
            writes: variable("TRAILSEAL_WRITE").is_some(),
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_finding_is_lost_and_none_is_false_while_calls_break() -> Result<()> {
    let settings = Settings::read()?;
    let (seeds, stages) = (&settings.seeds, settings.stages);
    let start = Instant::now();
    let (encrypted, plain): (Vec<u64>, Vec<u64>) =
        seeds.iter().partition(|seed| Case::is_encrypted(**seed));
    let mut parts = Vec::new();
    for (seeds, is_encrypted) in [(plain, false), (encrypted, true)] {
        let each = seeds.len().div_ceil(stages).clamp(1, RUNS_OF_A_STAGE);
        parts.extend(seeds.chunks(each).map(|part| (part.to_vec(), is_encrypted)));
    }
    parts.sort();
    let outcomes: Vec<Outcome> = stream::iter(parts)
        .map(|(seeds, is_encrypted)| runs(seeds, is_encrypted, settings.no_run_after))
        .buffer_unordered(stages)
        .concat()
        .await;
    let mut failures = String::new();
    for failed in outcomes.iter().filter(|outcome| outcome.has_failed()) {
        writeln!(failures, "{failed}")?;
    }
    let took = start.elapsed();
    say(&document::summary(&outcomes, took));
    ensure!(failures.is_empty(), "{failures}");
    let is_complete = outcomes.len() == settings.seeds.len();
    ensure!(is_complete || settings.no_run_after.is_some());
    if settings.writes {
        document::write(&outcomes, took)?;
    }
    Ok(())
}

/// The document's text is the one that `make faults` writes, apart from the figures.
#[test]
fn the_document_has_its_text() -> Result<()> {
    document::assert_text()
}

/// Runs one seed after another. After a failure, the next run has a new stage.
async fn runs(seeds: Vec<u64>, is_encrypted: bool, no_run_after: Option<Instant>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut stage = None;
    for seed in seeds {
        if no_run_after.is_some_and(|end| Instant::now() > end) {
            break;
        }
        let outcome = one(&mut stage, seed, is_encrypted).await;
        let outcome = outcome.unwrap_or_else(|error| Outcome::broken(seed, &error));
        if outcome.has_failed() {
            say(&outcome.to_string());
            stage = None;
        } else {
            say(&format!("run {seed}: {}", outcome.line()));
        }
        outcomes.push(outcome);
    }
    outcomes
}

async fn one(stage: &mut Option<Stage>, seed: u64, is_encrypted: bool) -> Result<Outcome> {
    let used = match stage.take() {
        Some(used) => used,
        None => Stage::start(is_encrypted).await?,
    };
    let outcome = run::run(&used, seed).await;
    *stage = Some(used);
    outcome
}

/// Prints a line at once, also in a test that passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
