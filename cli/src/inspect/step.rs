//! A step of the inspection, as it is printed.

use crate::output::finding::{write_evidence, write_head};
use std::fmt::Display;
use std::io::{self, Write};
use trailseal::alert::printable;
use trailseal::finding::Finding;
use trailseal::world::StoreError;

/// Where facts begin in a line.
const INDENT: &str = "                          ";

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As CloudTrail delivered it.
    Ok,
    /// Something was done to it.
    Fail,
    /// It could not be checked.
    CannotTell,
    /// There is nothing to check.
    Nothing,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fail => "FAIL",
            Self::CannotTell => "cannot tell",
            Self::Nothing => "-",
        }
    }

    /// Ok or not.
    pub(super) fn of(is_ok: bool) -> Self {
        if is_ok { Self::Ok } else { Self::Fail }
    }
}

/// A check and the facts.
#[derive(Debug)]
pub(super) struct Step {
    name: &'static str,
    state: State,
    facts: Vec<String>,
    findings: Vec<Finding>,
}

impl Step {
    /// A step with its first fact.
    pub(super) fn new(name: &'static str, state: State, fact: impl Display) -> Self {
        Self {
            name,
            state,
            facts: vec![fact.to_string()],
            findings: Vec::new(),
        }
    }

    /// What the step is called.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Adds a line.
    pub(super) fn fact(mut self, fact: impl Display) -> Self {
        self.facts.push(fact.to_string());
        self
    }

    /// Adds a finding: the step fails.
    pub(super) fn find(&mut self, finding: Finding) {
        self.state = State::Fail;
        self.findings.push(finding);
    }

    /// Adds why it could not be checked, unless it fails.
    pub(super) fn obstruct(&mut self, error: &StoreError) {
        if self.state != State::Fail {
            self.state = State::CannotTell;
        }
        self.facts.push(error.to_string());
    }

    /// Prints it. What stands in it may be anybody's text.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut head = format!("{:<13}{:<13}", self.state.word(), self.name);
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
