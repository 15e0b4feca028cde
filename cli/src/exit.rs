//! Exit codes, and the message of a command that cannot continue.

use crate::report::Outcome;
use std::io::Write as _;
use std::process::ExitCode;
use trailseal_sign_in::SignInError;

/// All valid.
pub(crate) const VALID: u8 = 0;
/// Findings.
pub(crate) const FINDINGS: u8 = 1;
/// Something could not be verified.
pub(crate) const CANNOT_TELL: u8 = 2;
/// The command line is wrong.
pub(crate) const USAGE: u8 = 64;

/// The reason why a command ended without a report: one line for people, and the exit code.
#[derive(Debug)]
pub(crate) struct Stop {
    line: String,
    code: u8,
}

impl Stop {
    /// Returns the stop for a wrong command line, or a wrong file that it names.
    pub(crate) fn usage(error: impl std::fmt::Display) -> Self {
        Self::new(error, USAGE)
    }

    /// Returns the stop for a run that could not verify anything.
    pub(crate) fn cannot_tell(error: impl std::fmt::Display) -> Self {
        Self::new(error, CANNOT_TELL)
    }

    fn new(error: impl std::fmt::Display, code: u8) -> Self {
        // Keeps the message on one line, even if hostile names are in it.
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

    /// Prints the line on standard error and returns the exit code.
    pub(crate) fn print(self) -> ExitCode {
        say(format_args!("{}", self.line));
        ExitCode::from(self.code)
    }
}

impl From<SignInError> for Stop {
    /// A profile that does not exist is wrong usage.
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Profile(error) => Self::usage(error),
            SignInError::Refused(why) => Self::cannot_tell(why),
        }
    }
}

/// Prints a line on standard error. If nobody can read it, for example because the terminal is
/// closed, the exit code still reports the result of the run.
pub(crate) fn say(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "trailseal: {line}");
}

/// Returns the exit code of an outcome.
pub(crate) fn code(outcome: Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Valid => VALID,
        Outcome::Finding => FINDINGS,
        Outcome::CannotTell => CANNOT_TELL,
    })
}
