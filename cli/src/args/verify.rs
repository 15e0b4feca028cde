//! The command line of `trailseal verify`.

use super::paths::{input_file, output_file};
use super::selection::SelectionArgs;
use crate::options;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const VERIFY_EXAMPLES: &str = "\
Examples:
  All trails in a bucket
    trailseal verify s3://amzn-s3-demo-bucket

  The last week of one account, in two Regions
    trailseal verify s3://amzn-s3-demo-bucket --start-time 7d \\
        --account 111122223333 --region us-east-1 --region eu-west-1

  A report of one month as a web page, including log files that no digest lists
    trailseal verify s3://amzn-s3-demo-bucket --start-time 2026-01-01 --end-time 2026-02-01 \\
        --unlisted --format html --output january.html

  A copy on disk, without AWS
    trailseal keys --start-time 90d --output keys.json
    aws s3 sync s3://amzn-s3-demo-bucket copy
    trailseal verify copy --keys keys.json --complete

  A bundle that `trailseal collect` wrote, without AWS
    trailseal verify bundle --manifest-sha256 SHA256

  One day of a Region
    trailseal verify s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/

  A trail that ended on purpose, because the account left the organization
    trailseal verify s3://amzn-s3-demo-bucket --ended 444455556666/organization-trail@2026-03-01T12:00:00Z

  A long run that can be interrupted and continued
    trailseal verify s3://amzn-s3-demo-bucket --resume progress.ndjson

Exit codes: 0 all valid, 1 findings, 2 something could not be verified, 64 wrong usage.";

#[derive(Debug, Clone, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// What to verify: `s3://BUCKET`, a prefix in it, the folder of an account, Region or day, or one digest file or log file. Or a directory that `aws s3 sync` wrote; its files can be decompressed. Or a bundle that `trailseal collect` wrote
    pub(crate) source: String,
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    /// Public keys saved by `trailseal keys` or `aws cloudtrail list-public-keys`. With a directory, the command then sends no requests to AWS
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) keys: Option<PathBuf>,
    /// Signatures of digest files, which a directory does not contain: a JSON object from each digest's key or file name to its hexadecimal signature, or to the output of `aws s3api head-object`
    #[arg(long, value_name = "FILE", value_parser = input_file())]
    pub(crate) signatures: Option<PathBuf>,
    /// Use this profile of the AWS configuration, and not access keys from environment variables
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The directory contains everything that was in the bucket. An object that is missing from it is a finding. Without this option, it could not be verified, because the copy may be incomplete
    #[arg(long)]
    pub(crate) complete: bool,
    /// The maximum number of requests at the same time. Without this option, it is 512 for S3. The command starts with fewer, sends more while that makes it faster, and sends fewer if S3 slows requests down. For a directory, it is the number of files, and 48
    #[arg(long, value_name = "N", value_parser = options::concurrency)]
    pub(crate) concurrency: Option<u16>,
    /// As many requests at a time as `--concurrency` says, from the start to the end: for measurements
    #[arg(long, hide = true, requires = "concurrency")]
    pub(crate) fixed_concurrency: bool,
    /// The SHA-256 of the bundle's manifest, as `trailseal collect` printed it. A bundle with another manifest is not verified
    #[arg(long, value_name = "HEX")]
    pub(crate) manifest_sha256: Option<String>,
    /// Save progress in FILE, and continue from it. The command adds each valid log file to FILE within a second, and does not read it again in the next run. A complete run removes FILE
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) resume: Option<PathBuf>,
    /// The form of the report
    #[arg(long, value_enum, ignore_case = true, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Write to FILE instead of standard output
    #[arg(long, value_name = "FILE", value_parser = output_file())]
    pub(crate) output: Option<PathBuf>,
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table of chains, and the findings
    Text,
    /// One JSON object
    Json,
    /// One JSON object for each line, written while the command runs
    Ndjson,
    /// One self-contained web page
    Html,
}
