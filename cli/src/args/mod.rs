//! The command line: one file a command.

mod inspect;
mod keys;
mod kms;
mod paths;
mod validate_logs;
mod verify;

pub(crate) use inspect::InspectArgs;
pub(crate) use keys::KeysArgs;
pub(crate) use kms::{KmsArgs, KmsFormat};
pub(crate) use validate_logs::ValidateLogsArgs;
pub(crate) use verify::{Format, VerifyArgs};

use clap::{Parser, Subcommand};

/// Verify that CloudTrail's log files still are what CloudTrail delivered.
#[derive(Debug, Parser)]
#[command(
    name = "trailseal",
    version,
    after_help = "Exit codes: 0 all valid, 1 findings, 2 something could not be verified, 64 wrong usage.\n\nCredentials, Region and endpoint come from where the AWS CLI takes them (--profile, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify every trail in a bucket or directory
    Verify(Box<VerifyArgs>),
    /// Do what `aws cloudtrail validate-logs` does, with its flags, lines and exit codes
    ValidateLogs(Box<ValidateLogsArgs>),
    /// Check one digest step by step
    Inspect(InspectArgs),
    /// Judge the KMS events in log files: who wrote, read and encrypted, under which key
    Kms(Box<KmsArgs>),
    /// Save CloudTrail's public keys, to verify without AWS
    Keys(KeysArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}
