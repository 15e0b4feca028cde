//! The result of a run.

use crate::attack::Attack;
use crate::case::Case;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;
use trailseal_tests::local::Tally;

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) attacks: Vec<Attack>,
    /// How many calls broke.
    pub(crate) broken: Tally,
    /// How many findings are expected, and how many people were alerted to.
    pub(crate) expected: usize,
    pub(crate) found: usize,
    /// Expected findings that nobody was alerted to.
    pub(crate) lost: Vec<String>,
    /// Findings about what nobody did.
    pub(crate) false_ones: BTreeSet<String>,
    /// How many incidents about what could not be verified ended.
    pub(crate) all_clears: usize,
    /// How many incidents have no record, although people were alerted to them.
    pub(crate) without_record: usize,
    /// Whether the evidence bucket accepted nothing for so long that a record is given up.
    pub(crate) evidence_was_out: bool,
    /// How many parked messages were moved back.
    pub(crate) moved_back: usize,
    pub(crate) invocations: usize,
    /// The longest invocation.
    pub(crate) longest: Duration,
    /// What else is wrong.
    problems: Vec<String>,
}

impl Outcome {
    pub(crate) fn of(case: &Case) -> Self {
        Self {
            seed: case.seed,
            attacks: case.attacks.iter().map(|planned| planned.attack).collect(),
            evidence_was_out: case.evidence_is_out(),
            ..Self::default()
        }
    }

    /// Returns the result of a run that ended early.
    pub(crate) fn broken(seed: u64, error: &anyhow::Error) -> Self {
        Self {
            seed,
            problems: vec![format!("{error:#}")],
            ..Self::default()
        }
    }

    /// Returns the figures of a run that did not fail.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} calls broken, {} findings, {} messages moved back, {} invocations, the longest {:.1} s",
            self.broken.values().sum::<usize>(),
            self.found,
            self.moved_back,
            self.invocations,
            self.longest.as_secs_f64()
        )
    }

    pub(crate) fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.lost.is_empty() || !self.false_ones.is_empty() || !self.problems.is_empty()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "run {} failed. Attacks: {:?}", self.seed, self.attacks)?;
        for lost in &self.lost {
            writeln!(out, "  lost: {lost}")?;
        }
        for false_one in &self.false_ones {
            writeln!(out, "  false: {false_one}")?;
        }
        for problem in &self.problems {
            writeln!(out, "  {problem}")?;
        }
        for ((kind, service, operation), count) in &self.broken {
            writeln!(
                out,
                "  broken calls: {service} {operation}: {kind} ({count})"
            )?;
        }
        write!(out, "  Repeat it: make faults FAULT_SEED={}", self.seed)
    }
}
