//! A step of the inspection, in its printed form.

use crate::output::finding::{write_evidence, write_head};
use std::fmt::Display;
use std::io::{self, Write};
use trailseal::alert::printable;
use trailseal::finding::{Finding, Verdict};
use trailseal::world::StoreError;

/// The indentation of facts.
const INDENT: &str = "                          ";

/// The text for a step that depends on one that failed.
pub(super) const NOT_CHECKED: &str = "not checked, because the digest itself is not verified";

/// Returns the verdict of a check that is right or wrong.
pub(super) fn verdict_of(is_ok: bool) -> Verdict {
    if is_ok {
        Verdict::Valid
    } else {
        Verdict::Finding
    }
}

/// Returns the printed form of a verdict.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "ok",
        Verdict::Finding => "FAIL",
        Verdict::CannotTell => "cannot tell",
        Verdict::Ignored => "-",
    }
}

/// A check and its facts.
#[derive(Debug)]
pub(super) struct InspectStep {
    name: &'static str,
    verdict: Verdict,
    facts: Vec<String>,
    findings: Vec<Finding>,
}

impl InspectStep {
    /// Returns a step with its first fact.
    pub(super) fn new(name: &'static str, verdict: Verdict, fact: impl Display) -> Self {
        Self {
            name,
            verdict,
            facts: vec![fact.to_string()],
            findings: Vec::new(),
        }
    }

    /// Returns the name of the step.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Adds a line.
    pub(super) fn fact(mut self, fact: impl Display) -> Self {
        self.facts.push(fact.to_string());
        self
    }

    /// Adds a finding, which makes the step fail.
    pub(super) fn find(&mut self, finding: Finding) {
        self.verdict = Verdict::Finding;
        self.findings.push(finding);
    }

    /// Adds the reason why it could not be checked, unless it fails.
    pub(super) fn add_obstacle(&mut self, error: &StoreError) {
        if self.verdict != Verdict::Finding {
            self.verdict = Verdict::CannotTell;
        }
        self.facts.push(error.to_string());
    }

    /// Prints the step. It may contain text from anybody.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut head = format!("{:<13}{:<13}", word(self.verdict), self.name);
        for fact in &self.facts {
            for line in fact.split('\n') {
                writeln!(out, "{head}{}", printable(line))?;
                INDENT.clone_into(&mut head);
            }
        }
        for finding in &self.findings {
            write_head(finding, INDENT, out)?;
            write_evidence(finding, INDENT, out)?;
        }
        Ok(())
    }
}
