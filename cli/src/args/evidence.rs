//! The command line of `trailseal evidence`.

use super::paths::{input_file, output_file};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct EvidenceArgs {
    #[command(subcommand)]
    pub(crate) command: EvidenceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Verify the evidence log, and every document that it names; or a proof
    Verify(EvidenceVerifyArgs),
    /// Write a small file that proves when an hour of a trail was verified, and with which result
    Prove(ProveArgs),
    /// Write a report on a period for an auditor: which hours were verified, when, and why not the others
    Report(EvidenceReportArgs),
}

/// The format of a report of `trailseal evidence report`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvidenceReportFormat {
    /// One self-contained web page
    Html,
    /// One JSON document
    Json,
}

/// The format of the result of `trailseal evidence verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvidenceFormat {
    /// For people
    Text,
    /// One JSON document
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal evidence verify s3://EVIDENCE-BUCKET --key 'NAME+ID+KEY'
  trailseal evidence verify s3://EVIDENCE-BUCKET --key log.key --checkpoint checkpoint-of-january.txt
  aws s3 sync s3://EVIDENCE-BUCKET copy && trailseal evidence verify copy --key log.key
  trailseal evidence verify s3://EVIDENCE-BUCKET --key log.key --against s3://amzn-s3-demo-bucket --start-time 2026-01-01
  trailseal evidence verify proof.json --key log.key

The key is the public key of the log. Take it from a place that nobody who can write to the evidence bucket can change: from KMS, or from a message that you received when the log was started. Without --key, the command uses the key in the evidence bucket and reports that it could not verify who signed.

Exit codes: 0 valid, 1 findings, 2 something could not be verified, 64 wrong usage.")]
pub(crate) struct EvidenceVerifyArgs {
    /// The evidence bucket (`s3://BUCKET`), a copy of it on disk, or a proof of `trailseal evidence prove`
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// The public key of the log: its text, or a file that contains it
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// A checkpoint that you received earlier: the log must continue it. To give several, repeat the option
    #[arg(long = "checkpoint", value_name = "FILE", value_parser = input_file())]
    pub(crate) checkpoints: Vec<PathBuf>,
    /// The public key of somebody who cosigns checkpoints: its text, or a file. To give several, repeat the option
    #[arg(long = "cosigner", value_name = "KEY")]
    pub(crate) cosigners: Vec<String>,
    /// Also compare the digest files in this log bucket (`s3://BUCKET`) with their receipts: of the last 7 days, unless --start-time says otherwise
    #[arg(long, value_name = "BUCKET")]
    pub(crate) against: Option<String>,
    /// With --against: only digest files that end after this time: a date, a time, or how long ago (7d, 24h)
    #[arg(long, value_name = "TIME", requires = "against")]
    pub(crate) start_time: Option<String>,
    /// With --against: only digest files that end at this time at the latest
    #[arg(long, value_name = "TIME", requires = "against")]
    pub(crate) end_time: Option<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: EvidenceFormat,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal evidence prove s3://EVIDENCE-BUCKET --trail management-events --hour 2026-01-15T12:00:00Z --region us-east-1 --output proof.json
  trailseal evidence verify proof.json --key log.key
  python3 docs/verify_evidence_proof.py proof.json --key \"$(cat log.key)\"

The file has the receipts of the hour, and for each of them the proof that it is in the evidence log, with a signed checkpoint. It verifies without a network and without the evidence bucket.

Exit codes: 0 written, 2 the hour has no receipt in the log, or something could not be read, 64 wrong usage.")]
pub(crate) struct ProveArgs {
    /// The evidence bucket (`s3://BUCKET`), or a copy of it on disk
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// The trail: its name or its ARN
    #[arg(long, value_name = "TRAIL")]
    pub(crate) trail: String,
    /// The start of the hour: a time, such as 2026-01-15T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) hour: String,
    /// Only this account
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Only this Region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The public key of the log: its text, or a file. Without it, the key in the evidence bucket
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal evidence report s3://EVIDENCE-BUCKET --from 2026-01-01 --to 2026-02-01 --key log.key -o january.html
  trailseal evidence report s3://EVIDENCE-BUCKET --from 90d --account 111122223333 --key log.key -o report.json
  aws s3 sync s3://EVIDENCE-BUCKET copy && trailseal evidence report copy --from 2026-01-01 --to 2026-02-01 --key log.key -o january.html

Everything in the report comes from the documents that the evidence log names: receipts and incidents. The command reads the log up to its newest checkpoint, and only the receipts of the period. It does not read the log bucket. Without --key, the command uses the key in the evidence bucket and reports that it could not verify who signed.

Exit codes: 0 every hour was verified, 1 findings, 2 some hours were not verified, or something could not be read, 64 wrong usage.")]
pub(crate) struct EvidenceReportArgs {
    /// The evidence bucket (`s3://BUCKET`), or a copy of it on disk
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// The start of the period: a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (90d). A period has at most 400 days
    #[arg(long, value_name = "TIME")]
    pub(crate) from: String,
    /// The end of the period, in the form of --from. Without it, now
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// The public key of the log: its text, or a file that contains it
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// The public key of somebody who cosigns checkpoints: its text, or a file. To give several, repeat the option
    #[arg(long = "cosigner", value_name = "KEY")]
    pub(crate) cosigners: Vec<String>,
    /// Only this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Only events of this Region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The form of the report. Without it, JSON if the name of the file ends in .json, otherwise HTML
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) format: Option<EvidenceReportFormat>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Write to FILE instead of standard output
    #[arg(short, long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}
