//! Exit codes, and how the command says that it cannot go on.

use crate::report::Outcome;
use std::io::Write as _;
use std::process::ExitCode;

/// All valid.
pub(crate) const VALID: u8 = 0;
/// Findings.
pub(crate) const FINDINGS: u8 = 1;
/// Something could not be verified.
pub(crate) const CANNOT_TELL: u8 = 2;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 64;

/// Why a command ended without a report: one line for people, and the exit code.
#[derive(Debug)]
pub(crate) struct Stop {
    line: String,
    code: u8,
}

impl Stop {
    /// The command line, or a file it names, is wrong.
    pub(crate) fn usage(error: impl std::fmt::Display) -> Self {
        Self::new(error, USAGE)
    }

    /// Nothing could be verified.
    pub(crate) fn cannot_tell(error: impl std::fmt::Display) -> Self {
        Self::new(error, CANNOT_TELL)
    }

    fn new(error: impl std::fmt::Display, code: u8) -> Self {
        // One line, whoever wrote the names in it.
        let line = error
            .to_string()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        Self {
            line: trailseal::alert::printable(&line),
            code,
        }
    }

    /// Says it on standard error.
    pub(crate) fn tell(self) -> ExitCode {
        say(format_args!("{}", self.line));
        ExitCode::from(self.code)
    }
}

/// Says a line on standard error. Where nobody can read it, as when the terminal is gone, the exit
/// code still says what the run came to.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "trailseal: {line}");
}

/// The exit code of an outcome.
pub(crate) fn code(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Valid => VALID,
        Outcome::Finding => FINDINGS,
        Outcome::CannotTell => CANNOT_TELL,
    })
}
