//! The command lines of `trailseal incidents` and `trailseal ack`.

use super::evidence::EvidenceFormat;
use super::paths::output_file;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal incidents s3://EVIDENCE-BUCKET
  trailseal incidents s3://EVIDENCE-BUCKET --all --format json --output incidents.json
  aws s3 sync s3://EVIDENCE-BUCKET copy && trailseal incidents copy

An incident is everything that Trailseal found about one object, key, principal or folder. It is open until Trailseal finds that what was wrong is right again. Some kinds stay open, because what happened cannot be undone.

Exit codes: 0 somebody has acknowledged every open incident, 1 an open incident is not acknowledged, 2 something could not be read, 64 wrong usage.")]
pub(crate) struct IncidentsArgs {
    /// The evidence bucket (`s3://BUCKET`), or a copy of it on disk
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// Also list the incidents that are over
    #[arg(long)]
    pub(crate) all: bool,
    /// How to print the list
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
  trailseal ack s3://EVIDENCE-BUCKET/incidents/ID.json --reason 'No version is left, ticket 4711'
  trailseal ack ID --evidence s3://EVIDENCE-BUCKET --reason 'The trail is stopped for maintenance' --until 2d

Trailseal does not repeat the alert about an acknowledged incident. What is new in it is still reported, and so is its end. If it ends and opens again, it needs another acknowledgment. The acknowledgment stays in the evidence bucket, and is in the evidence log.

The command needs s3:GetObject and s3:ListBucket for the incident, and s3:PutObject for acknowledgments/* in the evidence bucket.

Exit codes: 0 acknowledged, 2 something could not be read or written, 64 wrong usage.")]
pub(crate) struct AckArgs {
    /// The incident: its document, as an alert names it, or its ID or the start of its ID
    #[arg(value_name = "INCIDENT")]
    pub(crate) incident: String,
    /// The evidence bucket (`s3://BUCKET`), if INCIDENT does not name it
    #[arg(long, value_name = "SOURCE")]
    pub(crate) evidence: Option<String>,
    /// Why nobody has to hear of it again
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Repeat the alert after this time: a date, a time, or how long from now (2d, 12h). Without it, the alert is not repeated
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Who acknowledges it. Without it, the identity of the AWS credentials
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}
