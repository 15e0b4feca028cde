//! `trailseal incidents` and `trailseal ack`: what is open, and who knows of it.

mod ack;
mod list;
mod read;

use crate::args::{AckArgs, IncidentsArgs};
use crate::exit::Stop;
use std::process::ExitCode;

/// Lists incidents, and returns the exit code.
pub(crate) async fn list(args: IncidentsArgs) -> ExitCode {
    list::run(args).await.unwrap_or_else(Stop::print)
}

/// Acknowledges an incident, and returns the exit code.
pub(crate) async fn acknowledge(args: AckArgs) -> ExitCode {
    ack::run(args).await.unwrap_or_else(Stop::print)
}
