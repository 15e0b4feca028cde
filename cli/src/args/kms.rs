//! The command line of `trailseal kms`.

use super::paths::output_file;
use crate::options;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const KMS_EXAMPLES: &str = "\
Examples:
  One log file, with the result of each rule for each of its events
    trailseal kms s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz --all

  One day of a Region, with the rules that the function kms-context-checker applies
    trailseal kms s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/ \\
        --trail arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events \\
        --key arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab \\
        --reader 'arn:aws:iam::111122223333:role/Audit*' --reader athena.amazonaws.com

  All log files in a bucket that were delivered in the last week
    trailseal kms s3://amzn-s3-demo-bucket --start-time 7d

  A copy on disk, as JSON. Object headers and KMS keys are not available there
    trailseal kms copy --format json --output kms.json

Exit codes: 0 all valid, 1 findings, 2 something could not be verified, 64 wrong usage.";

#[derive(Debug, Args)]
#[command(after_help = KMS_EXAMPLES)]
pub(crate) struct KmsArgs {
    /// The log files to check: `s3://BUCKET/KEY` of one log file, `s3://BUCKET[/PREFIX]` for all log files there, a file, or a directory
    pub(crate) source: String,
    /// A trail that delivers there. To give several, repeat the option or separate them with commas. Without it, every trail whose digests are next to the log files
    #[arg(long = "trail", value_name = "ARN")]
    pub(crate) trails: Vec<String>,
    /// A KMS key that log files are encrypted under. To give several, repeat the option or separate them with commas. Without it, any key
    #[arg(long = "key", value_name = "ARN")]
    pub(crate) keys: Vec<String>,
    /// A principal that may read log files: an ARN pattern (`*` matches any characters, `?` matches one), or a service principal, which covers the service itself and its use by callers of the accounts that own the trail, the key and the bucket. Add `=via:SERVICE` to allow reading only through this service, or `=enclave` to allow it only from a Nitro Enclave. To give several, repeat the option or separate them with commas. Without it, readers are not checked
    #[arg(long = "reader", value_name = "PATTERN[=via:SERVICE|=enclave]")]
    pub(crate) readers: Vec<String>,
    /// The role of a Trailseal function, which also reads log files. To give several, repeat the option or separate them with commas
    #[arg(long = "own-role", value_name = "ARN")]
    pub(crate) own_roles: Vec<String>,
    /// The PCR0 of a Nitro Enclave that may use the key. To give several, repeat the option or separate them with commas. Without it, any enclave
    #[arg(long = "enclave-image", value_name = "PCR0")]
    pub(crate) enclave_images: Vec<String>,
    /// For how many days log files must be kept. A lifecycle rule that removes them earlier is a finding. Without it, 90
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=36_500))]
    pub(crate) retention_days: Option<u64>,
    /// A bucket that the trails deliver to. To give several, repeat the option or separate them with commas. Without it, the bucket of SOURCE, or for a copy on disk the buckets that the events name for log files
    #[arg(long = "bucket", value_name = "NAME")]
    pub(crate) buckets: Vec<String>,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A bucket that CloudTrail delivers to, and the replica to read in its place. To give several, repeat the option or separate them with commas
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Only log files that were delivered after this time: a date (2026-01-15), a time (2026-01-15T08:00:00Z), or how long ago (7d, 24h)
    #[arg(long, value_name = "TIME")]
    pub(crate) start_time: Option<String>,
    /// Only log files that were delivered before this time, in the form of --start-time
    #[arg(long, value_name = "TIME")]
    pub(crate) end_time: Option<String>,
    /// Print the result of each rule for each event, also when it is valid
    #[arg(long)]
    pub(crate) all: bool,
    /// The maximum number of log files that are read at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = options::concurrency)]
    pub(crate) concurrency: u16,
    /// The form of the report
    #[arg(long, value_enum, ignore_case = true, default_value_t = KmsFormat::Text)]
    pub(crate) format: KmsFormat,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

/// An output format of `trailseal kms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KmsFormat {
    /// The events that break a rule, and a table of rules
    Text,
    /// One JSON object
    Json,
}
