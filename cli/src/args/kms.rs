//! The command line of `trailseal kms`.

use super::paths::output_file;
use crate::options;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const KMS_EXAMPLES: &str = "\
Examples:
  One log file, and what each rule says of each of its events
    trailseal kms s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz --all

  A day of a Region, as the function kms-context-checker judges it
    trailseal kms s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/ \\
        --trail arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events \\
        --key arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab \\
        --reader 'arn:aws:iam::111122223333:role/Audit*' --reader athena.amazonaws.com

  The last week of everything that a bucket holds
    trailseal kms s3://amzn-s3-demo-bucket --start-time 7d

  A copy on disk, by program: headers and keys are not at hand there
    trailseal kms copy --format json --output kms.json

Exit codes: 0 all valid, 1 findings, 2 something could not be judged, 64 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = KMS_EXAMPLES)]
pub(crate) struct KmsArgs {
    /// `s3://BUCKET/KEY` of a log file, `s3://BUCKET[/PREFIX]` for every one below, a file, or a directory
    pub(crate) source: String,
    /// A trail that delivers there; may be repeated, or hold several with commas between. Without it, every one whose digests lie beside the log files
    #[arg(long = "trail", value_name = "ARN")]
    pub(crate) trails: Vec<String>,
    /// A key that log files are encrypted under; may be repeated, or hold several with commas between. Without it, any
    #[arg(long = "key", value_name = "ARN")]
    pub(crate) keys: Vec<String>,
    /// Who may read log files: an ARN pattern (`*` and `?` stand for any characters and for one) or a service principal, for itself and for callers of the accounts that own trail, key and bucket. With `=via:SERVICE` after it, through this service only; with `=enclave`, from within a Nitro Enclave only. May be repeated, or hold several with commas between. Without it, nobody asks who reads
    #[arg(long = "reader", value_name = "PATTERN[=via:SERVICE|=enclave]")]
    pub(crate) readers: Vec<String>,
    /// A role of Trailseal's own functions, which read log files, too; may be repeated, or hold several with commas between
    #[arg(long = "own-role", value_name = "ARN")]
    pub(crate) own_roles: Vec<String>,
    /// PCR0 of an enclave that may use KMS; may be repeated, or hold several with commas between. Without it, any
    #[arg(long = "enclave-image", value_name = "PCR0")]
    pub(crate) enclave_images: Vec<String>,
    /// A bucket that the trails deliver to; may be repeated, or hold several with commas between. Without it, the one of SOURCE; on disk those that the events name for log files
    #[arg(long = "bucket", value_name = "NAME")]
    pub(crate) buckets: Vec<String>,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A replica, and the bucket that CloudTrail delivered to; may be repeated, or hold several with commas between
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Use this profile of the AWS configuration; it comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Only log files that were delivered since: a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (7d, 24h)
    #[arg(long, value_name = "TIME")]
    pub(crate) start_time: Option<String>,
    /// Only log files that were delivered before, as --start-time
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// Explain also what is valid, event by event
    #[arg(long)]
    pub(crate) all: bool,
    /// The most log files that are looked at together
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = options::concurrency)]
    pub(crate) concurrency: u16,
    /// How to print what was found
    #[arg(long, value_enum, ignore_case = true, default_value_t = KmsFormat::Text)]
    pub(crate) format: KmsFormat,
    /// Write to FILE, not to standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

/// An output format of `trailseal kms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KmsFormat {
    /// The events that a rule found something in, and a table of rules
    Text,
    /// One JSON object
    Json,
}
