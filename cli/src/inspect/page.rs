//! The output and the verdict of an inspection.

use super::step::InspectStep;
use crate::output::finding::{advice_on, write_advice};
use crate::report::Outcome;
use std::collections::BTreeSet;
use std::io::{self, Write};
use trailseal::alert::printable;
use trailseal::finding::{Finding, Report};

/// The output and the verdict. A reader that closes the pipe early is not an error.
pub(super) struct InspectPage {
    out: io::Stdout,
    findings: Vec<Finding>,
    obstacles: usize,
}

impl InspectPage {
    pub(super) fn new(digest: &str) -> Self {
        let mut page = Self {
            out: io::stdout(),
            findings: Vec::new(),
            obstacles: 0,
        };
        page.line(&format!("{}\n", printable(digest)));
        page
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    pub(super) fn step(&mut self, step: &InspectStep) {
        let _ = step.write(&mut self.out);
    }

    /// Records the findings that another digest shows.
    pub(super) fn add_findings(&mut self, findings: &[Finding]) {
        self.findings.extend(findings.iter().cloned());
    }

    pub(super) fn take(&mut self, report: &Report) {
        self.findings.extend(report.findings.iter().cloned());
        self.obstacles += report.obstacles.len();
    }

    /// Prints the verdict and the advice.
    pub(super) fn end(mut self) -> Outcome {
        let ids: BTreeSet<_> = self.findings.iter().map(|f| f.id().to_string()).collect();
        let (outcome, line) = match (ids.len(), self.obstacles) {
            (0, 0) => (
                Outcome::Valid,
                "VALID: the digest and what it lists are as CloudTrail delivered them.".to_owned(),
            ),
            (0, 1) => (
                Outcome::CannotTell,
                "CANNOT TELL: 1 check could not be made; nothing wrong was found.".to_owned(),
            ),
            (0, count) => (
                Outcome::CannotTell,
                format!("CANNOT TELL: {count} checks could not be made; nothing wrong was found."),
            ),
            (1, _) => (
                Outcome::Finding,
                "1 FINDING: the record is not what CloudTrail delivered.".to_owned(),
            ),
            (count, _) => (
                Outcome::Finding,
                format!("{count} FINDINGS: the record is not what CloudTrail delivered."),
            ),
        };
        self.line(&format!("\n{line}"));
        let advice = self.findings.iter().map(advice_on).collect();
        let _ = write_advice(&advice, &mut self.out);
        outcome
    }
}
