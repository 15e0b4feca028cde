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
    /// The digest file: `s3://BUCKET/KEY`, or a file on disk
    pub(crate) digest: String,
    /// Public keys saved by `trailseal keys` or `aws cloudtrail list-public-keys`
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) keys: Option<PathBuf>,
    /// The signature (hexadecimal) of a digest that is in a file, as `aws s3api head-object --query Metadata.signature` prints it
    #[arg(long, value_name = "HEX")]
    pub(crate) signature: Option<String>,
    /// The directory that the file is in contains everything that was in the bucket. An object that is missing from it is a finding
    #[arg(long)]
    pub(crate) complete: bool,
    /// The account that must own the bucket
    #[arg(long, value_name = "ID")]
    pub(crate) bucket_owner: Option<String>,
    /// A bucket that CloudTrail delivers to, and the replica to read in its place. To give several, repeat the option or separate them with commas
    #[arg(long = "alias", value_name = "ORIGINAL=REPLICA")]
    pub(crate) aliases: Vec<String>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Do not check the log files that the digest lists
    #[arg(long)]
    pub(crate) no_log_files: bool,
}
