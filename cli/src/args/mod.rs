//! The command line: one file a command.

mod baseline;
mod collect;
#[cfg(test)]
mod documents;
mod evidence;
mod incidents;
mod inspect;
mod keys;
mod kms;
mod paths;
mod selection;
mod validate_logs;
mod verify;

pub(crate) use baseline::BaselineArgs;
pub(crate) use collect::CollectArgs;
pub(crate) use evidence::{
    EvidenceArgs, EvidenceCommand, EvidenceFormat, EvidenceReportArgs, EvidenceReportFormat,
    EvidenceVerifyArgs, ProveArgs,
};
pub(crate) use incidents::{AckArgs, IncidentsArgs};
pub(crate) use inspect::InspectArgs;
pub(crate) use keys::KeysArgs;
pub(crate) use kms::{KmsArgs, KmsFormat};
pub(crate) use selection::SelectionArgs;
pub(crate) use validate_logs::ValidateLogsArgs;
pub(crate) use verify::{Format, VerifyArgs};

use clap::{Parser, Subcommand};
use std::ffi::OsString;

/// Verify that CloudTrail log files are unchanged since CloudTrail delivered them.
#[derive(Debug, Parser)]
#[command(
    name = "trailseal",
    version,
    after_help = "Exit codes: 0 all valid, 1 findings, 2 something could not be verified, 64 wrong usage.\n\nTrailseal uses the same credentials, Region and endpoint settings as the AWS CLI (--profile, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify every trail in a bucket or directory
    Verify(Box<VerifyArgs>),
    /// Verify every trail in a bucket, and save everything that this needs in a bundle, to verify it again without AWS
    Collect(Box<CollectArgs>),
    /// Validate log files as `aws cloudtrail validate-logs` does, with the same options, output and exit codes
    ValidateLogs(Box<ValidateLogsArgs>),
    /// Check one digest file step by step
    Inspect(InspectArgs),
    /// Check the KMS events in log files: who encrypted, wrote and read the trails' files, and with which key
    Kms(Box<KmsArgs>),
    /// Save CloudTrail's public keys, to verify a copy without AWS
    Keys(KeysArgs),
    /// Record the findings of a report that somebody has reviewed, so that nobody is alerted about them again
    Baseline(BaselineArgs),
    /// Verify the evidence log, prove what it says about an hour, and report on a period
    Evidence(Box<EvidenceArgs>),
    /// List the incidents in the evidence bucket, with who knows of them
    Incidents(IncidentsArgs),
    /// Acknowledge an incident: the alert about it is not repeated
    Ack(AckArgs),
    /// Check a deployed stack and its log buckets, and print what mends each thing that is wrong
    #[command(disable_help_flag = true)]
    Doctor {
        /// The options of `trailseal-doctor`, which this command runs: --help lists them
        #[arg(
            value_name = "OPTION",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        arguments: Vec<OsString>,
    },
    /// Print a shell completion script
    Completions {
        /// The shell to print it for
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}
