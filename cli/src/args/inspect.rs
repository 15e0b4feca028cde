//! The command line of `trailseal inspect`.

use super::paths::input_file;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trailseal inspect s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz

Exit codes: 0 valid, 1 findings, 2 could not be verified, 64 wrong usage.")]
pub(crate) struct InspectArgs {
    /// The digest: `s3://BUCKET/KEY`, or a file
    pub(crate) digest: String,
    /// Public keys saved by `trailseal keys` or `aws cloudtrail list-public-keys`
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) keys: Option<PathBuf>,
    /// The signature (hex) of a digest in a file, as `aws s3api head-object --query Metadata.signature` prints it
    #[arg(long, value_name = "HEX")]
    pub(crate) signature: Option<String>,
    /// The directory that the file is in holds everything that was in the bucket: what is missing in it is a finding
    #[arg(long)]
    pub(crate) complete: bool,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A replica, and the bucket that CloudTrail delivered to; may be repeated, or hold several with commas between
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Use this profile of the AWS configuration; it comes before keys in the environment
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Do not look at the log files it lists
    #[arg(long)]
    pub(crate) no_log_files: bool,
}
