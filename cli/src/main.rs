//! The command `trailseal`.
#![forbid(unsafe_code)]

mod args;
mod output;
mod report;
mod validate_logs;

fn main() {}
