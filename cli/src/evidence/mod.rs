//! `trailseal evidence`: verifies the evidence log, proves what it says about an hour, and reports
//! what it says about a period.

mod against;
mod hour;
mod key;
mod prove;
mod report;
mod result;
pub(crate) mod source;
mod verify;

use crate::args::{EvidenceArgs, EvidenceCommand};
use std::process::ExitCode;

/// Runs the command, and returns the exit code.
pub(crate) async fn run(args: EvidenceArgs) -> ExitCode {
    let done = match args.command {
        EvidenceCommand::Verify(args) => verify::run(args).await,
        EvidenceCommand::Prove(args) => prove::run(args).await,
        EvidenceCommand::Report(args) => report::run(args).await,
    };
    done.unwrap_or_else(crate::exit::Stop::print)
}
